"""The library of checks as data: `catalog/checks/*.yaml`, read strictly, every expression parsed before it runs.

A check looks at the rows of one lake table. `rows` says which of them it is asked of, `fails` which of those are wrong:
expressions of SQL over the columns of the table and over what is put beside it:

- the resident, always: `person_sex`, `person_birth_date`, `person_death_date`, `person_division`, `person_institution`;
- `with`: the `visit`, `episode`, `institution` or `division` the row names, as `visit_day`, `visit_id`, …; all null where
  there is none (`institution_code` and `division_code` tell whether the register knows the code);
- `related`: how many rows of another table belong to this one, by a `key` of theirs (`to`: of ours, else `id`);
- `window`: columns over the rows of the same residents (windows never look across residents);
- `compare`: columns of groups over the whole region;
- `received`: the day the row came;
- `:services`, `:vaccines`, `:programs`: the codes that have a word in the vocabulary.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from string import Formatter
from typing import Any, Literal

import sqlglot
from pydantic import Field, field_validator
from sqlglot import exp
from sqlglot.errors import ParseError

from luoshi.catalog.loader import CATALOG, Entry, files, read_entry, read_yaml
from luoshi.kernel import lake_layout as layout
from luoshi.kernel.errors import CatalogError, NotFound, nearest

Severity = Literal["error", "warning", "note"]
Beside = Literal["visit", "episode", "institution", "division"]
PERSON = ("sex", "birth_date", "death_date", "division", "institution")
BESIDE: dict[str, tuple[str, ...]] = {
    "visit": ("id", "day", "end_day", "service", "institution", "status"),
    "episode": ("id", "program", "start_day", "end_day", "status"),
    "institution": ("code", "type", "level", "division"),
    "division": ("code", "level"),
}
# What an expression may call: no table, file or network function is among them.
FUNCTIONS = frozenset({
    "abs", "and", "bool_or", "case", "cast", "coalesce", "count", "date_diff", "date_part", "datediff", "extract",
    "filter", "first_value", "floor", "greatest", "if", "lag", "lead", "least", "length", "logical_or", "lower", "max",
    "min", "not", "nullif", "or", "regexp_like", "regexp_matches", "round", "row_number", "substring", "sum",
    "ts_or_ds_to_date", "upper", "window",
})  # fmt: skip


@cache
def _known_codes() -> dict[str, str]:
    words_of = read_yaml(CATALOG / "vocabulary" / "record_words.yaml")
    return {
        name: "(" + ", ".join(f"'{code}'" for code in words_of[name]) + ")"
        for name in ("services", "vaccines", "programs")
    }


class Kind(Entry):
    """A kind of mistake, in words."""

    name: str
    name_en: str


class Related(Entry):
    """How many rows of `table` (those for which `rows` holds) name this row in their column `key`. `to` is our column
    that they name."""

    table: str
    key: str
    rows: str = "true"
    to: str = "id"


class Compare(Entry):
    """Groups over the whole region: rows for which `rows` holds, `by` these columns, each with these sums."""

    by: tuple[str, ...]
    rows: str = "true"
    columns: dict[str, str]


class Check(Entry):
    """One check; see the module. `touches` are the columns it speaks of (`table.column`), `codes` narrow them to what
    bears these codes. `say` may name columns as `{value}`. Each of `cases` is a tiny lake with the number of rows that
    must fail."""

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    kind: str
    name: str
    name_en: str
    table: str
    rows: str = "true"
    fails: str
    severity: Severity
    beside: tuple[Beside, ...] = Field((), alias="with")
    related: dict[str, Related] = {}
    window: dict[str, str] = {}
    compare: dict[str, Compare] = {}
    say: str
    say_en: str
    touches: tuple[str, ...]
    codes: tuple[str, ...] = ()
    source: str
    confidence: Literal["high", "medium", "low"]
    cases: tuple[dict[str, Any], ...] = Field(min_length=2)

    @field_validator("rows", "fails", mode="before")
    @classmethod
    def _lists(cls, text: str) -> str:
        """`:services` and its like stand for the codes that have a word in `catalog/vocabulary/record_words.yaml`."""
        for name, codes in _known_codes().items():
            text = text.replace(f":{name}", codes)
        return text

    @property
    def regional(self) -> bool:
        """Whether it looks across residents, so that a change anywhere may change it everywhere."""
        return bool(self.compare)

    @cached_property
    def said(self) -> tuple[str, ...]:
        """The columns the words name."""
        return tuple(dict.fromkeys(name for text in (self.say, self.say_en) for name in _placeholders(text)))


class Family(Entry):
    """One file: the checks of one dimension of quality."""

    family: str
    name: str
    name_en: str
    kinds: dict[str, Kind]
    checks: tuple[Check, ...]


@dataclass(frozen=True)
class Library:
    """All checks. `family_of` and `kinds` by check id and kind."""

    families: tuple[Family, ...]

    @cached_property
    def checks(self) -> dict[str, Check]:
        """By id, in the order of the files."""
        return {check.id: check for family in self.families for check in family.checks}

    @cached_property
    def kinds(self) -> dict[str, Kind]:
        """By name."""
        return {name: kind for family in self.families for name, kind in family.kinds.items()}

    @cached_property
    def family_of(self) -> dict[str, Family]:
        """By id of the check."""
        return {check.id: family for family in self.families for check in family.checks}

    @cached_property
    def fingerprint(self) -> str:
        """Changes when any check does."""
        plain = [family.model_dump(mode="json") for family in self.families]
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]

    def check(self, name: str) -> Check:
        """The check of that id. Raises `NotFound` naming the nearest."""
        if name not in self.checks:
            raise NotFound(f"There is no check {name!r}.", todo=nearest(name, self.checks))
        return self.checks[name]


@cache
def library(folder: Path = CATALOG / "checks") -> Library:
    """The library we ship (or another folder's), checked. Raises `CatalogError` naming file, check and what is wrong."""
    paths = files("checks") if folder == CATALOG / "checks" else tuple(sorted(folder.glob("*.yaml")))
    families = []
    seen: dict[str, str] = {}
    for path in paths:
        family = read_entry(path, Family)
        for check in family.checks:
            where = f"{path}: {check.id}"
            if check.id in seen:
                raise CatalogError(f"the id is used in {seen[check.id]} too.", where=where)
            seen[check.id] = path.name
            if check.kind not in family.kinds:
                raise CatalogError(f"unknown kind {check.kind!r}.", where=where, todo=nearest(check.kind, family.kinds))
            _verify(check, where)
        families.append(family)
    return Library(tuple(families))


def columns_of(check: Check) -> set[str]:
    """Every column an expression of the check may name."""
    names = set(layout.PERSON_TABLES[check.table]) | {f"person_{name}" for name in PERSON} | {"received"}
    for other in check.beside:
        names |= {f"{other}_{name}" for name in BESIDE[other]}
    names |= set(check.related) | set(check.window)
    for group in check.compare.values():
        names |= set(group.columns)
    return names


def _verify(check: Check, where: str) -> None:
    if check.table not in layout.PERSON_TABLES:
        raise CatalogError(
            f"unknown table {check.table!r}.", where=where, todo=nearest(check.table, layout.PERSON_TABLES)
        )
    own = set(layout.PERSON_TABLES[check.table])
    names = columns_of(check)
    for key in ("rows", "fails"):
        _expression(getattr(check, key), names, f"{where}: {key}")
    for name, text in check.window.items():
        if name in own:
            raise CatalogError(f"{name!r} is a column of the table.", where=f"{where}: window")
        _expression(text, names - set(check.window), f"{where}: window.{name}")
    for name, related in check.related.items():
        if related.table not in layout.PERSON_TABLES:
            raise CatalogError(f"unknown table {related.table!r}.", where=f"{where}: related.{name}")
        theirs = set(layout.PERSON_TABLES[related.table])
        _expression(related.key, theirs, f"{where}: related.{name}.key")
        _expression(related.rows, theirs, f"{where}: related.{name}.rows")
        _expression(related.to, own, f"{where}: related.{name}.to")
    for name, group in check.compare.items():
        for text in (*group.by, group.rows, *group.columns.values()):
            _expression(text, own | {"received"}, f"{where}: compare.{name}")
    for text in (check.say, check.say_en):
        for name in _placeholders(text, where):
            if name not in names:
                raise CatalogError(f"{text!r} names no column {name!r}.", where=where, todo=nearest(name, names))
    for touched in check.touches:
        table, _, column = touched.partition(".")
        if column not in layout.PERSON_TABLES.get(table, {}):
            raise CatalogError(f"touches: there is no column {touched!r}.", where=where)
    if not {0} < {case.get("fails", 0) for case in check.cases}:
        raise CatalogError("cases: one must fail and one must pass.", where=where)


def _expression(text: str, columns: set[str], where: str) -> None:
    """Hold an expression to the columns and functions it may use."""
    try:
        trees = sqlglot.parse(f"SELECT {text}", dialect="duckdb")
    except ParseError as error:
        raise CatalogError(f"{text!r} cannot be read.", where=where) from error
    tree = trees[0]
    if len(trees) != 1 or tree is None or len(tree.expressions) != 1 or list(tree.find_all(exp.Table, exp.Subquery)):
        raise CatalogError(f"{text!r} must be one expression.", where=where)
    for column in tree.find_all(exp.Column):
        if column.table or column.name not in columns:
            raise CatalogError(
                f"unknown column {column.sql()!r} in {text!r}.", where=where, todo=nearest(column.name, columns)
            )
    for node in tree.find_all(exp.Func):
        name = (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()
        if name not in FUNCTIONS:
            raise CatalogError(f"the function {name!r} is not allowed in a check.", where=where)


def _placeholders(text: str, where: str = "") -> list[str]:
    try:
        return [field for _, field, _, _ in Formatter().parse(text) if field is not None]
    except ValueError as error:
        raise CatalogError(f"the braces of {text!r} do not close.", where=where) from error


def words(text: str, values: Mapping[str, Any]) -> str:
    """`text` with the values of a failing row in their places; whole numbers without a point, unknown ones as —."""
    shown = {}
    for name, value in values.items():
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        shown[name] = "—" if value is None else str(value).removesuffix(" 00:00:00")
    return text.format(**{name: shown.get(name, "—") for name in _placeholders(text)})
