"""Records of residents as several institutions would write them, with the errors they make, and whose each one is.

For measuring how well people are told apart: families in one home with one telephone, twins, newborns before they have
a name or a number, common names, moves, typing errors. Nothing here looks at how the matching works.
"""

# ruff: noqa: S311 (nothing here is a secret)
from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

import pyarrow as pa

from luoshi.kernel.identifiers import resident_id_check_character
from luoshi.simulate import words

COLUMNS = (
    "name", "sex", "birth", "resident_id", "other_id", "record_number", "phone", "division", "address", "household",
    "mother_id", "mother_name", "birth_order",
)  # fmt: skip
Row = dict[str, str | None]
_TODAY = date(2025, 6, 30)


@dataclass(frozen=True)
class Difficulty:
    """Chances per record. `again`: of one more record of the same person; `no_id`, `no_phone`, `no_place`: a field left
    out; `name`, `born`, `number`, `phone`, `sex`: written wrongly; `new_phone`, `moved`: changed since; `infant`: of a
    small child being written down before it has a name; `borrowed`: the number of the mother on a child."""

    again: float
    no_id: float
    no_phone: float
    no_place: float
    name: float
    born: float
    number: float
    phone: float
    sex: float
    new_phone: float
    moved: float
    infant: float
    borrowed: float


DIFFICULTIES = {
    "easy": Difficulty(0.4, 0.10, 0.10, 0.05, 0.03, 0.01, 0.01, 0.01, 0.002, 0.10, 0.05, 0.2, 0.00),
    "medium": Difficulty(0.4, 0.35, 0.20, 0.10, 0.08, 0.04, 0.03, 0.03, 0.005, 0.25, 0.15, 0.4, 0.01),
    "hard": Difficulty(0.4, 0.65, 0.30, 0.20, 0.14, 0.08, 0.06, 0.05, 0.010, 0.40, 0.25, 0.6, 0.03),
}


@dataclass(frozen=True)
class Labelled:
    """`rows`: `rid` and the raw columns as text; `person`: whose record each row is, in order of `rid`."""

    rows: pa.Table
    person: list[int]

    @property
    def pairs(self) -> set[tuple[int, int]]:
        """Every pair of records of one person, the smaller id first."""
        by_person: dict[int, list[int]] = defaultdict(list)
        for rid, person in enumerate(self.person):
            by_person[person].append(rid)
        return {(a, b) for rids in by_person.values() for i, a in enumerate(rids) for b in rids[i + 1 :]}


def labelled(persons: int, *, difficulty: str = "medium", seed: int = 1) -> Labelled:
    """About `persons` residents and all their records, in a mixed order; the same for the same seed."""
    draw = random.Random(f"{seed} {difficulty} {persons}")
    how = DIFFICULTIES[difficulty]
    rows: list[tuple[Row, int]] = []
    for number, person in enumerate(_residents(persons, draw)):
        times = 1
        while times < 5 and draw.random() < how.again:
            times += 1
        rows += [(_written(person, how, draw, first=i == 0), number) for i in range(times)]
    draw.shuffle(rows)
    return Labelled(table([row for row, _ in rows]), [person for _, person in rows])


def table(rows: list[Row], first: int = 0) -> pa.Table:
    """Rows as a table with `rid` from `first` on."""
    columns = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in COLUMNS}
    return pa.table({"rid": pa.array(range(first, first + len(rows)), pa.int64()), **columns})


def population(persons: int, *, seed: int = 1) -> list[Row]:
    """Residents without errors, one row each."""
    return _residents(persons, random.Random(f"{seed} population"))


def written_again(row: Row, *, difficulty: str, seed: int) -> Row:
    """One more record of a resident of `population`, with errors."""
    return _written(row, DIFFICULTIES[difficulty], random.Random(seed), first=False)


# ---- who lives there


def _residents(wanted: int, draw: random.Random) -> list[Row]:
    towns = [f"{county}{100 + t}" for county, _, _, _ in words.COUNTIES for t in range(1, max(2, wanted // 20_000) + 1)]
    villages = [f"{town}{200 + v:03}" for town in towns for v in range(1, 9)]
    taken: dict[str, int] = defaultdict(int)
    people: list[Row] = []
    home = 0
    while len(people) < wanted:
        home += 1
        people += _home(home, draw.choice(villages), taken, draw)
    return people[:wanted]


def _home(number: int, village: str, taken: dict[str, int], draw: random.Random) -> list[Row]:
    """One household: a couple or one adult, children, twins now and then."""
    door = f"{draw.choice('一二三四五六七八')}组{draw.randint(1, 99)}号"
    if draw.random() < 0.4:
        door = f"{draw.randint(1, 30)}栋{draw.randint(1, 3)}单元{draw.randint(101, 1802)}室"
    shared = {"division": village, "address": door, "household": f"{village[:9]}{number:07}"}
    age = 20 + int(draw.betavariate(1.4, 1.8) * 70)
    married = draw.random() < 0.7
    family = _surname(draw)
    father = _adult(family, "male", age, shared, taken, draw) if married or draw.random() < 0.5 else None
    mother_age = max(20, age - draw.randint(-3, 6))
    mother = _adult(_surname(draw), "female", mother_age, shared, taken, draw) if married or father is None else None
    people = [person for person in (father, mother) if person]
    if mother is not None and mother_age < 62 and draw.random() < 0.75:
        for _ in range(draw.choice((1, 1, 1, 2, 2, 3))):
            child_age = draw.randint(max(0, mother_age - 42), max(0, mother_age - 21))
            born = _TODAY - timedelta(days=child_age * 365 + draw.randint(0, 364))
            twins = draw.random() < 0.025
            first_character = draw.choice(words.GIVEN_CHILD)
            for order in range(2 if twins else 1):
                sex = draw.choice(("male", "female"))
                given = first_character + draw.choice(words.GIVEN_CHILD) if twins else _given(sex, child_age, draw)
                child = _person(family, given, sex, born, shared, taken, draw)
                child["phone"] = mother["phone"] if child_age < 14 else child["phone"]
                child["mother_id"], child["mother_name"] = mother["resident_id"], mother["name"]
                child["birth_order"] = str(order + 1)
                people.append(child)
    return people


def _adult(family: str, sex: str, age: int, shared: dict[str, str], taken: dict[str, int], draw: random.Random) -> Row:
    born = _TODAY - timedelta(days=age * 365 + draw.randint(0, 364))
    return _person(family, _given(sex, age, draw), sex, born, shared, taken, draw)


def _person(
    family: str, given: str, sex: str, born: date, shared: dict[str, str], taken: dict[str, int], draw: random.Random
) -> Row:
    area = shared["division"][:6] if draw.random() < 0.9 else draw.choice(words.COUNTIES)[0]
    key = f"{area}{born:%Y%m%d}{sex}"
    taken[key] += 1
    first17 = f"{area}{born:%Y%m%d}{taken[key] * 2 - (sex == 'male'):03}"[:17]
    return {
        **shared,
        "name": family + given,
        "sex": sex,
        "birth": born.isoformat(),
        "resident_id": first17 + resident_id_check_character(first17),
        "other_id": f"passport:E{draw.randint(10_000_000, 99_999_999)}" if draw.random() < 0.02 else None,
        "record_number": f"{shared['division']}{draw.randint(0, 99_999):05}",
        "phone": _phone(draw),
    }


def _surname(draw: random.Random) -> str:
    return words.SURNAMES[min(draw.randrange(len(words.SURNAMES)), draw.randrange(len(words.SURNAMES)))]


def _given(sex: str, age: int, draw: random.Random) -> str:
    pool = words.GIVEN_CHILD if age < 22 else words.GIVEN_MALE if sex == "male" else words.GIVEN_FEMALE
    first = pool[min(draw.randrange(len(pool)), draw.randrange(len(pool)))]
    return first if draw.random() < (0.08 if age < 22 else 0.3) else first + draw.choice(pool)


def _phone(draw: random.Random) -> str:
    return draw.choice(("135", "138", "139", "150", "158", "177", "186", "189")) + f"{draw.randrange(10**8):08}"


# ---- how it is written down


def _written(person: Row, how: Difficulty, draw: random.Random, *, first: bool) -> Row:
    row = dict(person)
    chance: Callable[[float], bool] = lambda share: draw.random() < share  # noqa: E731
    born = date.fromisoformat(str(person["birth"]))
    age = (_TODAY - born).days / 365.25
    if chance(how.no_id):
        row["resident_id"] = None
    elif chance(how.number):
        row["resident_id"] = _wrong_digit(str(row["resident_id"]), draw)
    elif born.year < 1985 and chance(0.04):
        text = str(row["resident_id"])
        row["resident_id"] = text[:6] + text[8:17]
    if age < 16 and person.get("mother_id") and chance(how.borrowed):
        row["resident_id"] = person["mother_id"]
    if chance(how.name):
        row["name"] = _wrong_name(str(row["name"]), draw)
    if chance(how.born):
        row["birth"] = _wrong_date(born, draw)
    if chance(how.sex):
        row["sex"] = {"male": "female", "female": "male"}[str(row["sex"])]
    elif chance(0.02):
        row["sex"] = None
    row["phone"] = _phone(draw) if chance(how.new_phone) else row["phone"]
    if chance(how.no_phone):
        row["phone"] = None
    elif chance(how.phone):
        row["phone"] = _wrong_digit(str(row["phone"]), draw)
    if chance(how.moved):
        row["division"] = (
            str(draw.choice(words.COUNTIES)[0]) + f"{100 + draw.randint(1, 3)}{200 + draw.randint(1, 8):03}"
        )
        row["address"], row["household"] = f"{draw.randint(1, 30)}栋{draw.randint(101, 1802)}室", None
    if chance(how.no_place):
        row["division"] = row["address"] = None
    elif chance(0.3):
        row["address"] = str(row["address"]).replace("号", "").replace("组", "组 ").replace("栋", "幢")
    if not first or chance(0.5):
        row["record_number"] = None
    if chance(0.5):
        row["household"] = None
    if age >= 7 or chance(0.3):
        row["mother_id"] = row["mother_name"] = row["birth_order"] = None
    elif age < 3 and person.get("mother_name") and chance(how.infant):
        word = "子" if row["sex"] == "male" else "女"
        row["name"] = f"{person['mother_name']}之{word}"
        row["resident_id"] = row["record_number"] = None
        if chance(0.3):
            row["mother_id"] = None
    return row


def _wrong_digit(text: str, draw: random.Random) -> str:
    place = draw.randrange(1, len(text) - 1)
    if draw.random() < 0.4 and text[place] != text[place - 1]:
        return text[: place - 1] + text[place] + text[place - 1] + text[place + 1 :]
    return text[:place] + draw.choice([d for d in "0123456789" if d != text[place]]) + text[place + 1 :]


def _wrong_date(born: date, draw: random.Random) -> str:
    kind = draw.random()
    if kind < 0.25 and born.day <= 12 and born.day != born.month:
        return date(born.year, born.day, born.month).isoformat()
    if kind < 0.5:
        return (born - timedelta(days=draw.randint(19, 48))).isoformat()
    if kind < 0.6:
        return f"{born.year}-01-01"
    if kind < 0.8:
        return f"{born.year + draw.choice((-10, -1, 1, 10))}-{born:%m-%d}".replace("-02-29", "-02-28")
    other = draw.choice([d for d in range(1, 29) if d != born.day])
    return f"{born:%Y-%m}-{other:02}"


def _wrong_name(name: str, draw: random.Random) -> str:
    kind = draw.random()
    place = draw.randrange(1, len(name))
    if kind < 0.5:
        return name[:place] + draw.choice(_same_sound().get(name[place], name[place])) + name[place + 1 :]
    if kind < 0.6:
        return _traditional(name)
    if kind < 0.75:
        return name[:place] + draw.choice(words.GIVEN_MALE + words.GIVEN_FEMALE) + name[place + 1 :]
    if kind < 0.83 and len(name) > 2:
        return name[:place] + name[place + 1 :]
    if kind < 0.9 and len(name) > 2:
        return name[0] + name[:0:-1]
    if kind < 0.95:
        return " ".join(name)
    return _latin(name)


@cache
def _same_sound() -> dict[str, str]:
    """Character -> other characters in common use that sound the same."""
    from pypinyin import Style, pinyin

    common = "".join(
        bytes((high, low)).decode("gb2312", "ignore") for high in range(0xB0, 0xD8) for low in range(0xA1, 0xFF)
    )
    by_sound: dict[str, list[str]] = defaultdict(list)
    for character in common:
        by_sound[pinyin(character, style=Style.NORMAL)[0][0]].append(character)
    used = set(words.SURNAMES + words.GIVEN_MALE + words.GIVEN_FEMALE + words.GIVEN_CHILD)
    return {
        c: "".join(other for other in by_sound[pinyin(c, style=Style.NORMAL)[0][0]] if other != c) or c for c in used
    }


def _traditional(name: str) -> str:
    return str(_converter().convert(name))


@cache
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("s2t")


def _latin(name: str) -> str:
    from pypinyin import lazy_pinyin

    return " ".join(lazy_pinyin(name)).upper()
