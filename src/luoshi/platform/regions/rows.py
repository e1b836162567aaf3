"""One row of each register as an unsaved object, or the reason in words why it cannot be one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from luoshi.kernel.errors import InvalidValue
from luoshi.kernel.identifiers import check_institution_code, check_uscc
from luoshi.platform.regions import cells
from luoshi.platform.regions.divisions import _latest
from luoshi.platform.regions.files import Row
from luoshi.platform.regions.models import (
    SINCE_EVER,
    Answer,
    BedCount,
    Department,
    DepartmentAlias,
    Division,
    Event,
    Institution,
    InstitutionType,
    Population,
    StaffCount,
    Statistic,
    Title,
    Unit,
)

STAFF_ROLES = (
    "doctor", "gp", "nurse", "psychiatrist", "paediatrician", "public-health", "health-education", "village-doctor",
)  # fmt: skip
BED_KINDS = ("all", "icu")
POPULATION_KINDS = (
    "resident", "household", "served", "insured", "students", "hiv-estimated", "htn-estimated", "dm-estimated",
)  # fmt: skip
UNIT_KINDS = (
    "childcare", "kindergarten-class", "school", "agency", "enterprise", "canteen", "nursing-room", "day-care",
    "elder-home", "fitness-site",
)  # fmt: skip
EVENT_KINDS = (
    "warning-signal", "health-emergency", "supervision-finding", "inspection", "food-sample", "outreach", "drug-shortage",
    "fp-subsidy",
)  # fmt: skip
SEXES = ("all", "male", "female")


class NotYet(Exception):
    """The row refers to a row of its own register that has not come yet."""


@dataclass
class Known:
    """Divisions and institutions by code, looked up once per chunk."""

    divisions: dict[str, Division] = field(default_factory=dict)
    institutions: dict[str, Institution] = field(default_factory=dict)

    def look_up(self, rows: Iterable[Row]) -> None:
        """Find what the rows name."""
        rows = list(rows)
        self.divisions = _latest({row.cells.get("division", "") for row in rows} - {""})
        names = {row.cells.get(column, "") for row in rows for column in ("institution", "parent")} - {""}
        self.institutions = {row.code: row for row in Institution.objects.filter(code__in=names)}

    def division(self, data: Mapping[str, str], *, required: bool = True) -> Division | None:
        """The division a row names."""
        code = cells.text(data, "division", longest=24, required=required)
        if code and code not in self.divisions:
            raise InvalidValue(f"there is no division {code}; import the divisions first.")
        return self.divisions.get(code)

    def institution(self, data: Mapping[str, str], *, required: bool = True) -> Institution | None:
        """The institution a row names."""
        code = cells.text(data, "institution", longest=40, required=required)
        if code and code not in self.institutions:
            raise InvalidValue(f"there is no institution {code}; import the institutions first.")
        return self.institutions.get(code)


def institution_row(data: Mapping[str, str], known: Known) -> Institution:
    """An institution; `NotYet` while its parent has not come."""
    code = cells.text(data, "code", longest=40)
    parent = data.get("parent", "")
    if parent == code:
        raise InvalidValue("an institution cannot be its own parent.")
    division = known.division(data)
    uscc, ws218 = data.get("uscc", ""), data.get("ws218", "")
    valid_from = cells.day(data, "valid_from") or SINCE_EVER
    valid_to = cells.day(data, "valid_to")
    if valid_to and valid_to < valid_from:
        raise InvalidValue("valid_to lies before valid_from.")
    name = cells.text(data, "name", longest=120)
    kind = cells.choice(data, "type", InstitutionType.values)
    level = cells.whole(data, "level", low=0, high=3) or 0
    public = cells.flag(data, "public")
    uscc = check_uscc(uscc) if uscc else ""
    ws218 = check_institution_code(ws218) if ws218 else ""
    if parent and parent not in known.institutions:
        raise NotYet(f"its parent {parent} is not known.")
    return Institution(
        code=code, name=name, type=kind, level=level, division=division, parent=known.institutions.get(parent),
        uscc=uscc, ws218=ws218, public=public is not False, valid_from=valid_from, valid_to=valid_to,
    )  # fmt: skip


def department_row(data: Mapping[str, str], known: Known) -> Department:
    """A department of government."""
    return Department(
        code=cells.text(data, "code", longest=40),
        name=cells.text(data, "name", longest=120),
        level=cells.needed_whole(data, "level", low=0, high=5),
        division=known.division(data, required=False),
    )


def aliases(saved: Any, data: Mapping[str, str]) -> None:
    """The names of a department, parted by | or 、 in one cell; the validity of the row is theirs."""
    texts = {part.strip() for part in data.get("aliases", "").replace("、", "|").split("|")} - {""}
    valid_from = cells.day(data, "valid_from") or SINCE_EVER
    valid_to = cells.day(data, "valid_to")
    for text in sorted(texts):
        DepartmentAlias.objects.update_or_create(
            department=saved, text=text[:120], valid_from=valid_from, defaults={"valid_to": valid_to}
        )


def title_row(data: Mapping[str, str], known: Known) -> Title:
    """A title of an institution or a division."""
    institution, division = known.institution(data, required=False), known.division(data, required=False)
    if (institution is None) == (division is None):
        raise InvalidValue("a title belongs to one institution or one division.")
    granted, revoked = cells.needed_day(data, "granted"), cells.day(data, "revoked")
    if revoked and revoked < granted:
        raise InvalidValue("revoked lies before granted.")
    return Title(
        institution=institution,
        division=division,
        title=cells.text(data, "title", longest=60),
        granted=granted,
        revoked=revoked,
    )


def staff_row(data: Mapping[str, str], known: Known) -> StaffCount:
    """A number of staff."""
    return StaffCount(
        institution=known.institution(data),
        role=cells.choice(data, "role", STAFF_ROLES),
        count=cells.needed_whole(data, "count", low=0, high=10**6),
        as_of=cells.needed_day(data, "as_of"),
    )


def bed_row(data: Mapping[str, str], known: Known) -> BedCount:
    """A number of beds."""
    return BedCount(
        institution=known.institution(data),
        kind=cells.choice(data, "kind", BED_KINDS),
        count=cells.needed_whole(data, "count", low=0, high=10**5),
        as_of=cells.needed_day(data, "as_of"),
    )


def population_row(data: Mapping[str, str], known: Known) -> Population:
    """A number of people."""
    low = cells.whole(data, "age_from", low=0, high=150)
    high = cells.whole(data, "age_to", low=0, high=150)
    if low is not None and high is not None and high < low:
        raise InvalidValue("age_to lies below age_from.")
    return Population(
        division=known.division(data),
        year=cells.needed_whole(data, "year", low=1900, high=2200),
        kind=cells.choice(data, "kind", POPULATION_KINDS),
        sex=cells.choice(data, "sex", SEXES, default="all"),
        age_from=low,
        age_to=high,
        value=cells.needed_whole(data, "value", low=0, high=2 * 10**9),
        source=cells.text(data, "source", longest=120, required=False),
        version=cells.text(data, "version", longest=40, required=False),
    )


def unit_row(data: Mapping[str, str], known: Known) -> Unit:
    """A body that is no health institution."""
    valid_from, valid_to = cells.day(data, "valid_from") or SINCE_EVER, cells.day(data, "valid_to")
    if valid_to and valid_to < valid_from:
        raise InvalidValue("valid_to lies before valid_from.")
    return Unit(
        code=cells.text(data, "code", longest=40),
        name=cells.text(data, "name", longest=120),
        kind=cells.choice(data, "kind", UNIT_KINDS),
        division=known.division(data),
        public=cells.flag(data, "public"),
        affordable=cells.flag(data, "affordable"),
        places=cells.whole(data, "places", low=0, high=10**6),
        enrolled=cells.whole(data, "enrolled", low=0, high=10**6),
        filed=cells.day(data, "filed"),
        award=cells.text(data, "award", longest=60, required=False),
        awarded=cells.day(data, "awarded"),
        valid_from=valid_from,
        valid_to=valid_to,
        as_of=cells.needed_day(data, "as_of"),
    )


def event_row(data: Mapping[str, str], known: Known) -> Event:
    """A dated event about no resident."""
    day, done = cells.needed_day(data, "day"), cells.day(data, "done_day")
    if done and done < day:
        raise InvalidValue("done_day lies before day.")
    return Event(
        code=cells.text(data, "code", longest=40),
        kind=cells.choice(data, "kind", EVENT_KINDS),
        division=known.division(data),
        institution=known.institution(data, required=False),
        day=day,
        done_day=done,
        published=cells.day(data, "published"),
        result=cells.text(data, "result", longest=24, required=False),
    )


def statistic_row(data: Mapping[str, str], known: Known) -> Statistic:
    """A figure of a return."""
    institution, division = known.institution(data, required=False), known.division(data, required=False)
    if (institution is None) == (division is None):
        raise InvalidValue("a figure is of one institution or one division.")
    return Statistic(
        institution=institution,
        division=division,
        item=cells.text(data, "item", longest=40),
        day=cells.needed_day(data, "day"),
        value=cells.needed_whole(data, "value", low=-(10**15), high=10**15),
    )


def answer_row(data: Mapping[str, str], known: Known) -> Answer:
    """An answer of a sample survey."""
    return Answer(
        survey=cells.text(data, "survey", longest=40),
        respondent=cells.text(data, "respondent", longest=24),
        division=known.division(data),
        stratum=cells.text(data, "stratum", longest=40),
        cluster=cells.text(data, "cluster", longest=40),
        clusters=cells.whole(data, "clusters", low=1, high=10**6),
        weight=cells.needed_whole(data, "weight", low=0, high=10**8),
        sex=cells.choice(data, "sex", SEXES, default="all"),
        age=cells.whole(data, "age", low=0, high=150),
        question=cells.text(data, "question", longest=40),
        value=cells.needed_whole(data, "value", low=-(10**6), high=10**6),
        day=cells.needed_day(data, "day"),
    )
