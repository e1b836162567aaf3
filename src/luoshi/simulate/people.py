"""Residents: ages, homes, households, names, identifiers, deaths and moves."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from luoshi.simulate import words
from luoshi.simulate.chance import NEVER, Bools, Floats, Ints, Span, age_on, chance
from luoshi.simulate.geography import Geography

MALE, FEMALE = 0, 1
# Share of residents by five-year age group, 0-4 … 85-89, 90-99: close to a Chinese inland prefecture of the 2020s.
_URBAN = (4.4, 6.6, 6.3, 5.4, 5.6, 6.8, 9.0, 9.2, 7.8, 7.3, 8.0, 7.4, 4.9, 4.3, 3.0, 2.0, 1.2, 0.6, 0.2)
_RURAL = (3.7, 5.7, 6.4, 4.8, 3.6, 4.0, 5.6, 6.2, 6.1, 7.0, 9.8, 10.2, 7.0, 7.4, 5.6, 3.4, 2.2, 1.0, 0.3)
# Deaths a year per resident, by age from (years).
_MORTALITY = (
    (0, 0.003), (1, 0.0004), (5, 0.0003), (25, 0.0009), (45, 0.003), (55, 0.007), (65, 0.019), (75, 0.05), (85, 0.13),
)  # fmt: skip


@dataclass
class People:
    """Columns of residents, numbered 0…P-1 (the person number of the lake).

    `birth`, `death`, `moved` (away), `opened` (health record), `granted` (record opened to the resident) are days,
    NEVER where it did not happen; `numbered` says
    whether a resident ID is known (1) or not (0);
    `mother` is the mother's number for the children born within the told days, else -1; `cause` is the
    cause of death in `codes.CAUSES` where a topic has decided it, else -1; `care` is how readily the
    person takes up services, about 0 on average.
    """

    birth: Ints
    sex: Ints
    village: Ints
    household: Ints
    surname: Ints
    given: Ints
    death: Ints
    moved: Ints
    opened: Ints
    granted: Ints
    numbered: Ints
    area: Ints
    phone: Ints
    mother: Ints
    cause: Ints
    care: Floats

    def __len__(self) -> int:
        return len(self.birth)

    def extend(self, more: People) -> None:
        """Append `more`, who get the next numbers."""
        for column in fields(self):
            setattr(self, column.name, np.concatenate([getattr(self, column.name), getattr(more, column.name)]))

    @property
    def stays(self) -> Bools:
        """Who has not moved away by the last day."""
        return np.asarray(self.moved == NEVER, dtype=np.bool_)

    def alive(self, day: int) -> Bools:
        """Who is born and not dead at the end of `day`."""
        return np.asarray((self.birth <= day) & ((self.death == NEVER) | (self.death > day)), dtype=np.bool_)

    def resident(self, day: int) -> Bools:
        """Who is counted as a resident on `day`: alive, and not known to have moved away."""
        return self.alive(day) & self.stays

    def last_day(self, span: Span) -> Ints:
        """The last day each person can be served: death, move, or the last day told."""
        # NEVER, read without its sign, comes after every day.
        gone = np.minimum(self.death.view(np.uint64), self.moved.view(np.uint64))
        return np.minimum(gone, np.uint64(span.end)).view(np.int64)


def settle(residents: int, seed: int, span: Span, where: Geography) -> People:
    """The residents on the first day told, with the deaths and moves of the days that follow."""
    draw = chance(seed, "people")
    village = np.sort(draw.choice(len(where.villages), residents, p=where.village_weight)).astype(np.int64)
    urban = where.village_urban[village]
    age = np.zeros(residents)
    for shares, chosen in ((_URBAN, urban), (_RURAL, ~urban)):
        band = draw.choice(len(shares), int(chosen.sum()), p=np.array(shares) / sum(shares))
        age[chosen] = band * 5 + draw.random(len(band)) * 5
    birth = (span.start - 1 - np.floor(age * 365.2425)).astype(np.int64)
    # More boys are born, more women grow old.
    sex = (draw.random(residents) < np.interp(age, [0, 20, 60, 75, 95], [0.475, 0.485, 0.5, 0.53, 0.63])).astype(
        np.int64
    )
    household, surname = _households(age, sex, village, draw)
    county = where.village_county[village]
    people = People(
        birth=birth, sex=sex, village=village, household=household, surname=surname,
        given=draw.integers(0, 1 << 20, residents), death=np.full(residents, NEVER), moved=np.full(residents, NEVER),
        opened=np.full(residents, NEVER), granted=np.full(residents, NEVER), numbered=np.ones(residents, np.int64),
        area=np.where(draw.random(residents) < 0.9, county, draw.integers(0, 4, residents)),
        phone=draw.integers(0, 100_000_000, residents), mother=np.full(residents, -1),
        cause=np.full(residents, -1), care=draw.normal(0, 1, residents),
    )  # fmt: skip
    _die_and_move(people, span, draw)
    people.numbered[draw.random(residents) < 0.015] = 0
    _open_records(people, span, draw)
    return people


def _households(age: Floats, sex: Ints, village: Ints, draw: np.random.Generator) -> tuple[Ints, Ints]:
    """Household number and family name of each person: adults fill homes, children join a home with a mother's age."""
    count = len(age)
    adult = np.flatnonzero(age >= 18)
    order = adult[np.lexsort((draw.random(len(adult)), village[adult]))]
    sizes = draw.choice([1, 2, 3, 4], len(order), p=[0.22, 0.44, 0.22, 0.12])
    starts = np.zeros(len(order), bool)
    ends = np.cumsum(sizes)
    starts[np.concatenate([[0], ends[ends < len(order)]])] = True
    starts[1:] |= village[order][1:] != village[order][:-1]
    number = np.cumsum(starts) - 1
    household = np.zeros(count, np.int64)
    household[order] = number
    homes = int(number[-1]) + 1 if len(number) else 1
    # Children: a woman of 20-45 in the village, else any adult there, else anyone.
    child = np.flatnonzero(age < 18)
    mothers = adult[(sex[adult] == FEMALE) & (age[adult] >= 20) & (age[adult] < 45)]
    mothers = mothers[np.argsort(village[mothers], kind="stable")]
    low, high = (
        np.searchsorted(village[mothers], village[child]),
        np.searchsorted(village[mothers], village[child], "right"),
    )
    some = high > low
    pick = low + np.floor(draw.random(len(child)) * np.maximum(high - low, 1)).astype(np.int64)
    fallback = order[np.minimum(np.searchsorted(village[order], village[child]), len(order) - 1)]
    host = np.where(some, mothers[np.minimum(pick, len(mothers) - 1)], fallback)
    household[child] = household[host]
    family = draw.integers(0, len(words.SURNAMES), homes)
    family = np.minimum(family, draw.integers(0, len(words.SURNAMES), homes))  # the common names come first
    married_in = (age >= 18) & (draw.random(count) < 0.42)
    own = np.minimum(*draw.integers(0, len(words.SURNAMES), (2, count)))
    return household, np.where(married_in, own, family[household]).astype(np.int64)


def mortality(age: Ints) -> Floats:
    """Chance of dying within a year, by completed years of age."""
    starts = np.array([a for a, _ in _MORTALITY])
    rates = np.array([r for _, r in _MORTALITY])
    return np.asarray(rates[np.searchsorted(starts, age, "right") - 1], dtype=np.float64)


def _die_and_move(people: People, span: Span, draw: np.random.Generator) -> None:
    days = span.end - span.start + 1
    age = age_on(people.birth, span.start)
    rate = mortality(age) * days / 365.25
    dies = draw.random(len(people)) < rate * np.where(people.sex == MALE, 1.18, 0.82)
    people.death[dies] = span.start + draw.integers(0, days, int(dies.sum()))
    moves = ~dies & (draw.random(len(people)) < np.where((age >= 18) & (age < 45), 0.022, 0.008))
    people.moved[moves] = span.start + draw.integers(30, days, int(moves.sum()))


def _open_records(people: People, span: Span, draw: np.random.Generator) -> None:
    """Most residents have a record, opened some time since 2010 and after birth; most of those may see their own."""
    count = len(people)
    has = draw.random(count) < 0.915 + 0.02 * np.clip(people.care, -2, 2)
    low = np.maximum(people.birth + 20, span.start - 14 * 365)
    high = np.minimum(people.last_day(span), span.end)
    # The more recent the rarer: squared chance pulls towards the earlier day.
    day = low + np.floor(draw.random(count) ** 2 * np.maximum(high - low, 1)).astype(np.int64)
    people.opened[:] = np.where(has & (day <= high), day, NEVER)
    shown = (people.opened != NEVER) & (draw.random(count) < 0.74)
    late = np.maximum(people.opened, span.start - 900)
    grant = late + np.floor(draw.random(count) * np.maximum(high - late, 1)).astype(np.int64)
    people.granted[:] = np.where(shown, np.maximum(grant, people.opened), NEVER)


def newborn(birth: Ints, sex: Ints, mother: Ints, people: People, span: Span, draw: np.random.Generator) -> People:
    """The children born within the told days, in the home of their mothers."""
    count = len(birth)
    child = People(
        birth=birth, sex=sex, village=people.village[mother], household=people.household[mother],
        surname=np.minimum(*draw.integers(0, len(words.SURNAMES), (2, count))), given=draw.integers(0, 1 << 20, count),
        death=np.full(count, NEVER), moved=np.full(count, NEVER), opened=np.full(count, NEVER),
        granted=np.full(count, NEVER), numbered=np.ones(count, np.int64), area=people.area[mother],
        phone=people.phone[mother], mother=mother, cause=np.full(count, -1),
        care=0.6 * people.care[mother] + 0.8 * draw.normal(0, 1, count),
    )  # fmt: skip
    gone = people.moved[mother]
    child.moved[:] = np.where(gone > birth, gone, NEVER)
    opened = birth + draw.integers(7, 45, count)
    keeps = (draw.random(count) < 0.9) & (opened <= span.end) & ((child.moved == NEVER) | (opened < child.moved))
    child.opened[:] = np.where(keeps, opened, NEVER)
    # The household register comes weeks after birth: the youngest have no number yet, some for much longer.
    registered = birth + np.floor(25 + draw.exponential(60, count)).astype(np.int64)
    child.numbered[registered > span.end] = 0
    return child


def resident_ids(people: People, where: Geography) -> NDArray[np.str_]:
    """Resident IDs with valid check characters and area codes no register uses; empty where none is known.

    Rule of the number: GB 11643-1999 (six of area, eight of birth date, three of order with the sex, one check).
    """
    areas = np.array([int(code) for code in where.counties])[people.area]
    born = people.birth.astype("datetime64[D]")
    year = born.astype("datetime64[Y]").astype(np.int64) + 1970
    months = born.astype("datetime64[M]")
    month = months.astype(np.int64) % 12 + 1
    day = (born - months.astype("datetime64[D]")).astype(np.int64) + 1
    key = np.lexsort((np.arange(len(people)), people.sex, people.birth, areas))
    same = (areas[key][1:] == areas[key][:-1]) & (people.birth[key][1:] == people.birth[key][:-1])
    same &= people.sex[key][1:] == people.sex[key][:-1]
    place = np.arange(len(people))
    first = np.concatenate([[True], ~same]) if len(people) else np.zeros(0, bool)
    rank = np.zeros(len(people), np.int64)
    rank[key] = place - np.maximum.accumulate(np.where(first, place, 0))
    order = (rank % 499) * 2 + np.where(people.sex == MALE, 1, 2)
    number = ((areas * 10_000 + year) * 10_000 + month * 100 + day) * 1_000 + order
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum((number // 10 ** (16 - i)) % 10 * weight for i, weight in enumerate(weights))
    check = np.array(list("10X98765432"))[np.asarray(total) % 11]
    text = np.char.add(number.astype("U17"), check)
    return np.where(people.numbered == 1, text, "")
