"""Divisions and institutions of the fictional city, laid out for a given number of residents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product

import numpy as np

from luoshi.kernel.identifiers import organisation_check_character, uscc_check_character
from luoshi.simulate.chance import Bools, Floats, Ints, Span, chance, iso
from luoshi.simulate.words import (
    CITY,
    COMMUNITY_FIRST,
    COUNTIES,
    PLACE_FIRST,
    PLACE_SECOND,
    PROVINCE,
    STREET_NAMES,
    VILLAGE_FIRST,
    VILLAGE_SECOND,
    ZONE,
)

FIRST_VALID = "2010-01-01"


@dataclass(frozen=True)
class Division:
    """One division; `level` 1 province … 5 village. Days of validity as ISO text, `valid_to` empty while it exists."""

    code: str
    name: str
    level: int
    parent: str
    kind: str
    urban: bool
    valid_from: str = FIRST_VALID
    valid_to: str = ""
    successor: str = ""


@dataclass(frozen=True)
class Institution:
    """One institution of the register. `parent` is the code of the body that leads it, or empty."""

    code: str
    name: str
    type: str
    level: int
    parent: str
    division: str
    uscc: str
    public: bool
    valid_from: str = FIRST_VALID
    valid_to: str = ""


@dataclass
class Geography:
    """The region's map. Villages are numbered 0…V-1, townships 0…T-1, counties 0…C-1 and institutions 0…I-1.

    `village_*` and `township_*` columns are indexed by those numbers; `serving` is the institution that keeps the
    records of a village's residents (its room or station, else the township's centre).
    """

    divisions: list[Division] = field(default_factory=list)
    institutions: list[Institution] = field(default_factory=list)
    counties: list[str] = field(default_factory=list)
    townships: list[str] = field(default_factory=list)
    villages: list[str] = field(default_factory=list)
    village_township: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    village_urban: Bools = field(default_factory=lambda: np.zeros(0, np.bool_))
    village_weight: Floats = field(default_factory=lambda: np.zeros(0))
    township_county: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    centre: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    serving: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    hospital: dict[str, Ints] = field(default_factory=dict)
    """kind (`general`, `tcm`, `mch`) -> institution of each county; `emergency`, `psychiatric`, `infectious`, `city-general`."""

    @property
    def village_county(self) -> Ints:
        """County number of each village."""
        return self.township_county[self.village_township]

    @cached_property
    def _parents(self) -> dict[str, str]:
        return {d.code: d.parent for d in self.divisions}

    def ancestors(self, code: str) -> list[str]:
        """Codes from the province down to `code` itself."""
        path = [code]
        while self._parents[path[-1]]:
            path.append(self._parents[path[-1]])
        return path[::-1]


def institution_code(serial: int) -> str:
    """A nine-character organisation code in the range no register uses, with its check character."""
    first = f"99{serial:06d}"
    return first + organisation_check_character(first)


_MOST_DIVIDED = 100_000  # residents; more make no more townships


def lay_out(residents: int, seed: int, span: Span) -> Geography:
    """The map for about `residents` people: four counties and a functional zone, townships and villages in proportion.

    Twenty thousand residents make about thirty townships and a hundred and twenty villages; the number of townships grows
    with the root of the population up to a hundred thousand. Larger cities have larger townships and villages, as they
    do: in Guizhou some 2,200 people live in a village or community, here 1,100 in a city of half a million.
    """
    draw = chance(seed, "geography")
    where = Geography()
    where.divisions += [
        Division(PROVINCE[0], PROVINCE[1], 1, "", "statutory", False),
        Division(CITY[0], CITY[1], 2, PROVINCE[0], "statutory", True),
    ]
    scale = min(residents, _MOST_DIVIDED) / 20_000
    townships = max(8, round(29 * scale**0.5))
    per_township = max(2.0, 4.0 * scale**0.35)
    places = _names(PLACE_FIRST, PLACE_SECOND, draw)
    streets = list(STREET_NAMES)
    village_names = _names(VILLAGE_FIRST, VILLAGE_SECOND, draw)
    pairs = [COMMUNITY_FIRST[i : i + 2] for i in range(0, len(COMMUNITY_FIRST), 2)]
    village_township, village_urban, weights, township_county = [], [], [], []
    for county, (code, name, urban_share, share) in enumerate((*COUNTIES, ZONE)):
        functional = code == ZONE[0]
        where.counties.append(code)
        kind = "functional" if functional else "statutory"
        where.divisions.append(Division(code, name, 3, CITY[0], kind, urban_share > 0.5))
        count = max(1 if functional else 2, round(townships * share))
        urban_count = max(1, round(count * urban_share))
        for i in range(count):
            urban = i < urban_count
            serial = i + 1 if urban else 100 + i - urban_count
            town_code = f"{code}{serial:03d}"
            stem = streets.pop(0) if urban and streets else next(places)
            suffix = "街道" if urban else ("乡" if draw.random() < 0.25 else "镇")
            where.divisions.append(Division(town_code, stem + suffix, 4, code, kind, urban))
            town = len(where.townships)
            where.townships.append(town_code)
            township_county.append(county)
            villages = max(2, round(per_township * (0.75 + 0.5 * draw.random())))
            taken: set[str] = set()
            for j in range(villages):
                built_up = urban or j == 0
                village_code = f"{town_code}{j + 1 if built_up else 200 + j:03d}"
                label = f"{pairs[int(draw.integers(len(pairs)))]}社区" if built_up else f"{next(village_names)}村"
                while label in taken:
                    label = f"{pairs[int(draw.integers(len(pairs)))]}{chr(0x4E00)}社区" if built_up else label + "村"
                taken.add(label)
                where.divisions.append(Division(village_code, label, 5, town_code, kind, built_up))
                where.villages.append(village_code)
                village_township.append(town)
                village_urban.append(built_up)
                weights.append(share / count / villages * (0.6 + 0.8 * draw.random()))
    # A village that was merged into its neighbour half a year after the first day told.
    merged_day = iso(span.start + 181)
    neighbour = where.villages[-3]
    gone = Division(
        f"{neighbour[:9]}299", "旧渡口村", 5, neighbour[:9], "statutory", False, FIRST_VALID, merged_day, neighbour
    )
    where.divisions.append(gone)
    where.village_township = np.array(village_township, np.int64)
    where.village_urban = np.array(village_urban, np.bool_)
    where.village_weight = np.array(weights) / sum(weights)
    where.township_county = np.array(township_county, np.int64)
    _found(where, draw)
    return where


def _names(first: str, second: str, draw: np.random.Generator) -> Iterator[str]:
    """Every pair of one character of each row, in an order of chance, without end (later rounds carry a third)."""
    pairs = [a + b for a, b in product(first, second) if a != b]
    order = draw.permutation(len(pairs))
    yield from (pairs[i] for i in order)
    for tail in "东西南北中上下":
        yield from (pairs[i] + tail for i in order)


def _found(where: Geography, draw: np.random.Generator) -> None:
    """Found the institutions: city bodies, county bodies, a centre per township, a room or station per village."""
    names = {d.code: d.name for d in where.divisions}
    kinds = {d.code: d.kind for d in where.divisions}

    def add(name: str, kind: str, level: int, division: str, parent: str = "", public: bool = True) -> int:
        code = institution_code(len(where.institutions) + 1)
        first = ("12" if public else "52") + (division + "00")[:6] + code
        uscc = first + uscc_check_character(first)
        where.institutions.append(Institution(code, name, kind, level, parent, division, uscc, public))
        return len(where.institutions) - 1

    city, city_name = CITY
    general = add(f"{city_name}第一人民医院", "general-hospital", 3, city)
    add(f"{city_name}第二人民医院", "general-hospital", 3, city)
    tcm = add(f"{city_name}中医医院", "tcm-hospital", 3, city)
    mch = add(f"{city_name}妇幼保健院", "mch-hospital", 3, city)
    psychiatric = add(f"{city_name}精神卫生中心", "specialist-hospital", 2, city)
    infectious = add(f"{city_name}传染病医院", "specialist-hospital", 2, city)
    emergency = add(f"{city_name}急救中心", "emergency-centre", 0, city)
    add(f"{city_name}疾病预防控制中心", "cdc", 0, city)
    add(f"{city_name}康和医院", "general-hospital", 2, city, public=False)
    add(f"{city_name}颐年护理院", "nursing-home", 0, city, public=False)
    by_county: dict[str, list[int]] = {"general": [], "tcm": [], "mch": []}
    for code in where.counties:
        name = names[code]
        if kinds[code] == "functional":
            lead = add("云岭高新区人民医院", "general-hospital", 2, code)
            by_county["general"].append(lead)
            by_county["tcm"].append(tcm)
            by_county["mch"].append(mch)
            continue
        lead = add(f"{name}人民医院", "general-hospital", 2, code)
        parent = where.institutions[lead].code
        by_county["general"].append(lead)
        by_county["tcm"].append(add(f"{name}中医医院", "tcm-hospital", 2, code))
        by_county["mch"].append(add(f"{name}妇幼保健院", "mch-hospital", 2, code))
        add(f"{name}疾病预防控制中心", "cdc", 0, code)
        add(f"{name}夕阳红护理院", "nursing-home", 0, code, parent if draw.random() < 0.5 else "", public=False)
    centre, serving = [], []
    for town, code in enumerate(where.townships):
        lead = where.institutions[by_county["general"][where.township_county[town]]].code
        street = names[code].endswith("街道")
        label = names[code] + ("社区卫生服务中心" if street else "卫生院")
        centre.append(add(label, "community-centre" if street else "township-centre", 1, code, lead))
    for village, code in enumerate(where.villages):
        town = int(where.village_township[village])
        parent = where.institutions[centre[town]].code
        if where.village_urban[village]:
            if draw.random() < 0.6:
                serving.append(add(f"{names[code]}卫生服务站", "community-station", 0, code, parent))
            else:
                serving.append(centre[town])
        else:
            serving.append(add(f"{names[code]}卫生室", "village-room", 0, code, parent, public=draw.random() < 0.86))
    where.centre = np.array(centre, np.int64)
    where.serving = np.array(serving, np.int64)
    counties = len(where.counties)
    where.hospital = {k: np.array(v, np.int64) for k, v in by_county.items()} | {
        "emergency": np.full(counties, emergency, np.int64),
        "psychiatric": np.full(counties, psychiatric, np.int64),
        "infectious": np.full(counties, infectious, np.int64),
        "city-general": np.full(counties, general, np.int64),
    }
