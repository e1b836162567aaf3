"""From a unit as a plan prints it to who it is here: a department, divisions, an institution, or nobody we know."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from luoshi.plans import directory
from luoshi.platform.regions.models import Department, DepartmentAlias, Division, Institution

Kind = Literal["department", "division", "institution", "unknown"]
_GOVERNMENT = ("people-government", "administration-committee")
_ZONE = re.compile(r"高新|经开|经济(?:技术)?开发|新区|园区|管理区|开发区|示范区")


@dataclass(frozen=True)
class Body:
    """One unit that can answer for a duty. `name` is its own name, `printed` how the plan has it; `division` is the code
    of the division it sits in (for a division: itself) with its `path`; `department` the id of the directory where
    known; `institution` its code. `kind` is `unknown` for what could not be mapped: the duty then sits with the division
    of the plan until somebody assigns it."""

    kind: Kind
    name: str
    printed: str
    division: str
    path: str
    department: str = ""
    institution: str = ""

    @property
    def key(self) -> str:
        """What makes it one unit: the same key is the same unit."""
        return f"{self.division}|{self.institution}|{self.department or self.name if self.kind != 'division' else ''}"


class Registers:
    """The registers as one plan needs them, read once: departments with their aliases, the divisions below, the
    institutions of the plan's division by name. Four queries, however many units are asked for."""

    def __init__(self, division: Division) -> None:
        self.division = division
        self.below = list(Division.objects.current().filter(parent__code=division.code).order_by("code"))
        departments = Department.objects.filter(division__code=division.code)
        self.departments: dict[str, Department] = {d.name: d for d in departments}
        for alias in DepartmentAlias.objects.filter(department__division__code=division.code).select_related(
            "department"
        ):
            self.departments.setdefault(alias.text, alias.department)
        own = Institution.objects.current().filter(division__code=division.code).select_related("division")
        self.institutions = {i.name: i for i in own}

    def bodies(self, printed: str) -> list[Body]:
        """Who a printed name means: several for 各县（区）人民政府, one of kind `unknown` where nobody is known."""
        name = re.sub(r"\s", "", printed)
        found = directory.resolve(name)
        if found and found.department in _GOVERNMENT:
            divisions = self._divisions(found, name)
            if divisions:
                return [self._division(d, printed) for d in divisions]
        if found and found.place.startswith(("各", "有关", "相关")):
            # A department of every county is answered for by the county.
            return [self._division(d, printed, found.department) for d in self.below] or [self._unknown(printed)]
        if institution := self.institutions.get(name):
            return [_institution(institution, printed)]
        if department := self.departments.get(name):
            return [Body("department", department.name, printed, *self._seat, department=department.code)]
        if found:
            return [Body("department", printed, printed, *self._seat, department=found.department)]
        return [self._unknown(printed)]

    @property
    def _seat(self) -> tuple[str, str]:
        return self.division.code, self.division.path

    def _divisions(self, found: directory.Resolved, name: str) -> Sequence[Division]:
        zones = [d for d in self.below if d.kind == Division.Kind.FUNCTIONAL]
        if found.department == "administration-committee":
            words = _ZONE.findall(name)
            return [d for d in zones if not words or any(_zone_word(d.name, word) for word in words)]
        if found.place.startswith(("各", "有关", "相关", "全")):
            named = [d for d in self.below if d.kind != Division.Kind.FUNCTIONAL]
            return named if zones and "开发区" not in name and "新区" not in name else self.below
        return [d for d in self.below if found.place and d.name.startswith(found.place)]

    def _division(self, division: Division, printed: str, department: str = "") -> Body:
        return Body("division", division.name, printed, division.code, division.path, department)

    def _unknown(self, printed: str) -> Body:
        return Body("unknown", printed, printed, *self._seat)


def _zone_word(name: str, word: str) -> bool:
    """Whether a zone's name answers to a short word: 高新 to 高新技术产业开发区."""
    return word[:2] in name


def _institution(row: Institution, printed: str) -> Body:
    return Body("institution", row.name, printed, row.division.code, row.division.path, institution=row.code)


def division_body(row: Division) -> Body:
    """A division as a unit."""
    return Body("division", row.name, row.name, row.code, row.path)


def institution_body(row: Institution) -> Body:
    """An institution as a unit; `row.division` is read."""
    return _institution(row, row.name)
