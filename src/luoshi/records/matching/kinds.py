"""Kinds of fields: what is derived from the raw text, and the levels on which two values agree, as DuckDB SQL.

A kind turns its raw columns into derived columns (`<field>`, `<field>_<x>`), which keys and levels use. The first level
whose condition holds is the one of the pair; a level says in words what was seen. Where a value is missing on either
side the field says nothing. `same` and `other` are first guesses of how often each level is met among pairs that are
one person and among others; they are learned from the data and only start the learning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Level:
    """`when`: SQL with `{l}` and `{r}` for the two sides' `<alias>.<field>`. `only`: where `when` needs more than equality,
    cheap SQL (equality and `_near`) that holds whenever `when` does. `exact`: agreement on the very value, so that a rare
    one weighs more, and `value` the suffix of the derived column it is counted in; `related`: how often a relative of the
    household shows it. `say`, `say_en`: what was seen."""

    name: str
    when: str
    say: str
    say_en: str
    same: float
    other: float
    exact: bool = False
    related: float | None = None
    value: str = ""
    only: str = ""


@dataclass(frozen=True)
class Kind:
    """`columns`: derived column suffix -> SQL over the raw columns `{0}`, `{1}`… and what was worked out before, `{f}__<x>`.
    `stages`: columns `<field>__<x>` worked out before, each stage from the ones before it. `sounds`: the last raw column is
    a name; its parts (`chinese.PARTS`) are there as `<field>__<part>`.
    `missing`: SQL that holds when the pair says nothing, over `{l}` and `{r}`."""

    columns: dict[str, str]
    levels: tuple[Level, ...]
    sounds: bool = False
    stages: tuple[dict[str, str], ...] = ()
    missing: str = "{l} IS NULL OR {r} IS NULL"

    def derived(self, field: str) -> list[str]:
        """Names of the derived columns of a field of this kind."""
        return [f"{field}{suffix}" for suffix in self.columns]

    def prepare(self, field: str, columns: Sequence[str]) -> dict[str, str]:
        """Derived column -> SQL over the raw columns and what was worked out before."""
        given = [f'raw."{column}"' for column in columns]
        return {f"{field}{suffix}": sql.format(*given, f=f"raw.{field}") for suffix, sql in self.columns.items()}

    def level_sql(
        self, field: str, crosses: str = "", *, left: str = "l.", right: str = "r.", only: bool = False
    ) -> str:
        """The number of the level of a pair (0 is the strongest agreement), −1 where nothing can be said. `left` and
        `right` stand before the names of derived columns. `only`: by the cheap conditions, so that a level which has one
        means this level or a later one."""
        given = {"l": f"{left}{field}", "r": f"{right}{field}", "lx": f"{left}{crosses}", "rx": f"{right}{crosses}"}
        whens = [
            f"WHEN {((only and level.only) or level.when).format(**given)} THEN {number}"
            for number, level in enumerate(self.levels[:-1])
            if crosses or "{lx}" not in level.when
        ]
        return f"CASE WHEN {self.missing.format(**given)} THEN -1 {' '.join(whens)} ELSE {len(self.levels) - 1} END"


def _text(sql: str) -> str:
    return f"nullif(trim({sql}), '')"


_DIGITS = "nullif(regexp_replace({0}, '[^0-9]', '', 'g'), '')"
_NAME = "{f}__canonical"
# An address with its digits in the usual width.
_NARROW = "translate({1}, '０１２３４５６７８９－＃', '0123456789-#')"
_CLOSE = "damerau_levenshtein({l}, {r})"
# Days between two dates, null where one does not exist.
_DAYS = "abs({l}_j - {r}_j)"


def _near(edits: int, suffix: str = "") -> str:
    """What holds of any two texts at most so many edits apart (`levels.bags`)."""
    return f"bit_count(xor({{l}}{suffix}__bag, {{r}}{suffix}__bag)) <= {2 * edits}"


KINDS: dict[str, Kind] = {
    "chinese_name": Kind(
        columns={
            "": _NAME,
            "_p": "{f}__sound",
            "_f": "{f}__blurred",
            "_s": "{f}__surname",
            "_g": "{f}__given",
            "_n": "length({f}__canonical)",
            "_o": "{f}__ordered",
            "_1": "substr({f}__canonical, 1, 1)",
            "_2": "substr({f}__canonical, 2, 1)",
            "_3": "substr({f}__canonical, 3, 1)",
            "_4": "substr({f}__canonical, 4, 1)",
        },
        sounds=True,
        levels=(
            Level("exact", "{l} = {r}", "姓名相同", "same name", 0.88, 0.002, exact=True, related=0.002),
            Level(
                "sound", "{l}_p = {r}_p", "姓名同音", "the names sound the same", 0.05, 0.002, exact=True, value="_p",
                related=0.004,
            ),
            Level(
                "near",
                "{l}_f = {r}_f OR damerau_levenshtein({l}_f, {r}_f) <= 1 AND length({l}_f) > 5"
                " OR {l}_o = {r}_o",
                "姓名音近或字序颠倒", "the names sound alike or have their characters in another order", 0.03, 0.004, related=0.02,
                only=f"{{l}}_f = {{r}}_f OR {_near(1, '_f')} OR {{l}}_o = {{r}}_o",
            ),
            Level(
                "one",
                "(greatest({l}_n, {r}_n) >= 3 AND abs({l}_n - {r}_n) <= 1 AND {l}_n >= 2 AND {r}_n >= 2 AND ("
                "({l}_n = {r}_n AND ({l}_1 = {r}_1)::INT + ({l}_2 = {r}_2)::INT + ({l}_3 = {r}_3)::INT"
                " + ({l}_4 = {r}_4)::INT >= {l}_n - 1 + (4 - {l}_n))"
                " OR ({l}_n = {r}_n + 1 AND {l}_1 = {r}_1 AND ({l}_2 = {r}_2 OR {l}_3 = {r}_2))"
                " OR ({r}_n = {l}_n + 1 AND {l}_1 = {r}_1 AND ({l}_2 = {r}_2 OR {l}_2 = {r}_3))))",
                "姓名有一字不同或缺一字", "one character of the names differs or is missing", 0.03, 0.01, related=0.2),
            Level("surname", "{l}_s = {r}_s", "仅姓相同", "only the family name agrees", 0.005, 0.05, related=0.63),
            Level("given", "{l}_g = {r}_g", "仅名同音", "only the given name agrees", 0.003, 0.005, related=0.004),
            Level("differ", "", "姓名不同", "different names", 0.002, 0.93, related=0.14),
        ),
    ),
    "date": Kind(
        stages=({"d": _DIGITS}, {"w": "CASE WHEN length({f}__d) = 8 THEN {f}__d END"}),
        columns={
            "": "{f}__w",
            "_y": "CASE WHEN length({f}__d) >= 4 THEN substr({f}__d, 1, 4) END",
            "_ym": "CASE WHEN length({f}__d) >= 6 THEN substr({f}__d, 1, 6) END",
            "_md": "least(substr({f}__w, 5, 2), substr({f}__w, 7, 2)) || greatest(substr({f}__w, 5, 2), substr({f}__w, 7, 2))",
            "_j": "try_strptime({f}__w, '%Y%m%d')::DATE - DATE '1900-01-01'",
        },
        levels=(
            Level("exact", "{l} = {r}", "出生日期相同", "same date of birth", 0.92, 0.00004, related=0.4),
            Level(
                "swapped", "{l}_y = {r}_y AND {l}_md = {r}_md", "出生月日颠倒", "day and month swapped", 0.01, 0.00004,
                related=0.001),
            Level("digit", f"{_CLOSE} = 1", "出生日期差一位", "the dates of birth differ by one digit", 0.045, 0.001, related=0.01,
                  only=_near(1)),
            Level(
                "lunar", f"coalesce({_DAYS} BETWEEN 17 AND 52, false) OR coalesce({_DAYS} <= 3, false)",
                "出生日期相近（可能公历与农历混用）", "dates of birth close by (perhaps solar and lunar)", 0.015, 0.003,
                related=0.02),
            Level("year", "{l}_y = {r}_y", "仅出生年相同", "only the year of birth agrees", 0.006, 0.01, related=0.1),
            Level("differ", "", "出生日期不同", "different dates of birth", 0.004, 0.986, related=0.469),
        ),
    ),
    "resident_id": Kind(
        # Without blanks, in capitals; then one of 15 digits upgraded; then whether it is correct by its own rules.
        stages=(
            {"n": "nullif(upper(regexp_replace({0}, '[\\s\\-]', '', 'g')), '')"},
            {"w": "resident_id_17({f}__n)"},
            {"i": "coalesce({f}__w || resident_id_check({f}__w), {f}__n)"},
            {"v": "resident_id_valid({f}__i)"},
        ),
        columns={
            "": "{f}__i",
            "_v": "{f}__v",
            "_b": "CASE WHEN length({f}__i) = 18 THEN substr({f}__i, 1, 14) END",
            "_t": "CASE WHEN length({f}__i) = 18 THEN substr({f}__i, 11, 8) END",
            # A valid number that says another year of birth or another sex than the record: perhaps a parent's.
            "_c": "coalesce({f}__v AND (substr({f}__i, 7, 4) <> substr({1}, 1, 4) OR {2} IN ('male', 'female')"
            " AND (substr({f}__i, 17, 1) IN ('1', '3', '5', '7', '9')) <> ({2} = 'male')), false)",
        },
        levels=(
            Level("exact", "{l} = {r} AND NOT {l}_c AND NOT {r}_c", "证件号码相同", "same resident ID", 0.93, 0.0000005,
                  related=0.0005),
            Level(
                "borrowed", "{l} = {r}", "证件号码相同，但与其中一方的出生年或性别不符（可能借用他人证件）",
                "same resident ID, which does not fit the birth year or sex of one of them (perhaps somebody else's)",
                0.02, 0.00001, related=0.05,
            ),
            Level(
                "typo", f"NOT ({{l}}_v AND {{r}}_v) AND {_CLOSE} <= 2",
                "证件号码差一两位，且其中一个校验不符", "resident IDs differ by a digit or two and one fails its check",
                0.05, 0.000002, related=0.002, only=f"NOT ({{l}}_v AND {{r}}_v) AND {_near(2)}"),
            Level(
                "slip", f"{_CLOSE} <= 2", "证件号码差一两位，但都校验相符", "resident IDs differ by a digit or two, both valid",
                0.002, 0.000002, related=0.35, only=_near(2)),
            Level("garbled", "NOT ({l}_v AND {r}_v)", "证件号码不同，其中一个校验不符",
                  "different resident IDs, one fails its check", 0.015, 0.02, related=0.03),
            Level("differ", "", "两个有效证件号码不同", "two valid, different resident IDs", 0.003, 0.98, related=0.62),
        ),
    ),
    "sex": Kind(
        columns={"": "CASE WHEN {0} IN ('male', 'female') THEN {0} END"},
        levels=(
            Level("same", "{l} = {r}", "性别相同", "same sex", 0.985, 0.5, related=0.55),
            Level("differ", "", "性别不同", "different sex", 0.015, 0.5, related=0.45),
        ),
    ),
    "phone": Kind(
        columns={"": f"CASE WHEN length({_DIGITS}) >= 7 THEN right({_DIGITS}, 11) END"},
        levels=(
            Level("exact", "{l} = {r}", "电话相同", "same telephone", 0.6, 0.000002, related=0.5),
            Level("digit", f"{_CLOSE} = 1 AND length({{l}}) = length({{r}})", "电话差一位",
                  "the telephones differ by one digit", 0.04, 0.000002, related=0.01, only=_near(1)),
            Level("differ", "", "电话不同", "different telephones", 0.36, 0.999, related=0.49),
        ),
    ),
    "place": Kind(
        stages=({"d": _text("{0}"), "t": _NARROW},),
        columns={
            "": "coalesce({0}, {1})",
            "_d": "{f}__d",
            "_v": "CASE WHEN length({f}__d) >= 12 THEN {f}__d END",
            "_6": "CASE WHEN length({0}) >= 6 THEN substr({0}, 1, 6) END",
            "_9": "CASE WHEN length({0}) >= 9 THEN substr({0}, 1, 9) END",
            "_a": "nullif(regexp_replace({f}__t, '[\\s,，。、号#]', '', 'g'), '')",
            "_h": "nullif(array_to_string(regexp_extract_all({f}__t, '\\d+'), '-'), '')",
        },
        missing="({l}_6 IS NULL OR {r}_6 IS NULL) AND NOT coalesce({l}_a = {r}_a, false)",
        levels=(
            Level("door", "{l}_a = {r}_a AND {l}_h IS NOT NULL AND coalesce({l}_d = {r}_d, true)", "住址相同",
                  "same address", 0.35, 0.00001, related=0.7),
            Level("house", "{l}_h = {r}_h AND {l}_d = {r}_d", "同村（社区）同门牌", "same village and house number",
                  0.15, 0.0001, related=0.15),
            Level("village", "{l}_v = {r}_v", "同村（社区）", "same village", 0.2, 0.003, related=0.1),
            Level("town", "{l}_9 = {r}_9", "同乡镇（街道）", "same township", 0.1, 0.02, related=0.02),
            Level("county", "{l}_6 = {r}_6", "同区县", "same county", 0.1, 0.2, related=0.02),
            Level("differ", "", "不在同一区县", "different counties", 0.1, 0.78, related=0.01),
        ),
    ),
    "number": Kind(
        # A kind may stand before a colon ("passport:E1234567"): numbers of two kinds say nothing of each other.
        stages=({"n": "nullif(upper(regexp_replace({0}, '[\\s\\-]', '', 'g')), '')"},),
        columns={"": "{f}__n", "_k": "CASE WHEN contains({f}__n, ':') THEN split_part({f}__n, ':', 1) END"},
        missing="{l} IS NULL OR {r} IS NULL OR {l}_k IS NOT NULL AND {l}_k IS DISTINCT FROM {r}_k",
        levels=(
            Level("exact", "{l} = {r}", "号码相同", "same number", 0.9, 0.000001),
            Level("digit", f"{_CLOSE} = 1 AND length({{l}}) > 5", "号码差一位", "the numbers differ by one digit", 0.05, 0.000002,
                  only=_near(1)),
            Level("differ", "", "号码不同", "different numbers", 0.05, 0.999),
        ),
    ),
    "kindred": Kind(
        # Who somebody's mother is: her resident ID and her name.
        columns={
            "": "coalesce(nullif(trim({0}), ''), {f}__canonical)",
            "_i": "nullif(upper(trim({0})), '')",
            "_p": "{f}__sound",
        },
        sounds=True,
        missing="NOT coalesce({l}_i IS NOT NULL AND {r}_i IS NOT NULL OR {l}_p IS NOT NULL AND {r}_p IS NOT NULL, false)",
        levels=(
            Level("exact", "{l}_i = {r}_i", "母亲证件号码相同", "same resident ID of the mother", 0.6, 0.000002, related=0.9),
            Level("digit", "damerau_levenshtein({l}_i, {r}_i) <= 2", "母亲证件号码差一两位",
                  "the mother's resident IDs differ by a digit or two", 0.05, 0.000002, related=0.02, only=_near(2, "_i")),
            Level("sound", "{l}_p = {r}_p", "母亲姓名相同或同音", "the mother's name sounds the same", 0.3, 0.0005, related=0.07),
            Level("differ", "", "母亲不同", "different mothers", 0.05, 0.999, related=0.01),
        ),
    ),
    "order": Kind(
        columns={"": "nullif(regexp_replace({0}, '[^0-9]', '', 'g'), '')"},
        levels=(
            Level("same", "{l} = {r}", "胎次相同", "same order of birth", 0.97, 0.8, related=0.6),
            Level("differ", "", "胎次不同", "another order of birth (twins)", 0.03, 0.2, related=0.4),
        ),
    ),
    "text": Kind(
        columns={
            "": "nullif(regexp_replace(lower({0}), '[^a-z0-9]', '', 'g'), '')",
            "_3": "nullif(substr(regexp_replace(lower({0}), '[^a-z0-9]', '', 'g'), 1, 3), '')",
        },
        levels=(
            Level("exact", "{l} = {r}", "相同", "same", 0.8, 0.01, exact=True),
            Level("crossed", "{l} = {rx} AND {lx} = {r}", "互换", "swapped with the other field", 0.02, 0.0001),
            Level("near", "jaro_winkler_similarity({l}, {r}) >= 0.9 OR abs(length({l}) - length({r})) <= 1 AND"
                  " damerau_levenshtein({l}, {r}) <= 1", "相近",
                  "nearly the same", 0.12, 0.01, only="true"),
            Level("alike", "jaro_winkler_similarity({l}, {r}) >= 0.78", "有些像", "somewhat alike", 0.03, 0.03, only="true"),
            Level("differ", "", "不同", "different", 0.03, 0.95),
        ),
    ),
    "digits": Kind(
        columns={"": _DIGITS},
        levels=(
            Level("exact", "{l} = {r}", "相同", "same", 0.85, 0.001, exact=True),
            Level("digit", f"{_CLOSE} = 1", "差一位", "differs by one digit", 0.1, 0.003, only=_near(1)),
            Level("two", f"{_CLOSE} = 2 AND length({{l}}) > 4", "差两位", "differs by two digits", 0.01, 0.005, only=_near(2)),
            Level("differ", "", "不同", "different", 0.04, 0.99),
        ),
    ),
}  # fmt: skip
