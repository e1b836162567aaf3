"""The other registers: institutions, departments, titles, staff, beds, population. One table says how each is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.db import models, transaction

from luoshi.kernel.errors import InvalidValue
from luoshi.kernel.identifiers import check_institution_code, check_uscc
from luoshi.platform.regions import cells
from luoshi.platform.regions.divisions import CHUNK, Reject, Tally, _latest
from luoshi.platform.regions.files import Row
from luoshi.platform.regions.models import (
    SINCE_EVER,
    BedCount,
    Department,
    DepartmentAlias,
    Division,
    Institution,
    InstitutionType,
    Population,
    StaffCount,
    Title,
)

STAFF_ROLES = (
    "doctor", "gp", "nurse", "psychiatrist", "paediatrician", "public-health", "health-education", "village-doctor",
)  # fmt: skip
BED_KINDS = ("all", "icu")
POPULATION_KINDS = ("resident", "household", "served")
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


@dataclass(frozen=True)
class Register:
    """How one register is read: its columns, from a row to an unsaved object, and what makes two objects the same."""

    name: str
    model: type[models.Model]
    columns: frozenset[str]
    parse: Callable[[Mapping[str, str], Known], models.Model]
    key: tuple[str, ...]
    after: Callable[[Any, Mapping[str, str]], None] | None = None


def _institution(data: Mapping[str, str], known: Known) -> Institution:
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


def _department(data: Mapping[str, str], known: Known) -> Department:
    return Department(
        code=cells.text(data, "code", longest=40),
        name=cells.text(data, "name", longest=120),
        level=cells.needed_whole(data, "level", low=0, high=5),
        division=known.division(data, required=False),
    )


def _aliases(saved: Any, data: Mapping[str, str]) -> None:
    """The names of a department, parted by | or 、 in one cell; the validity of the row is theirs."""
    texts = {part.strip() for part in data.get("aliases", "").replace("、", "|").split("|")} - {""}
    valid_from = cells.day(data, "valid_from") or SINCE_EVER
    valid_to = cells.day(data, "valid_to")
    for text in sorted(texts):
        DepartmentAlias.objects.update_or_create(
            department=saved, text=text[:120], valid_from=valid_from, defaults={"valid_to": valid_to}
        )


def _title(data: Mapping[str, str], known: Known) -> Title:
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


def _staff(data: Mapping[str, str], known: Known) -> StaffCount:
    return StaffCount(
        institution=known.institution(data),
        role=cells.choice(data, "role", STAFF_ROLES),
        count=cells.needed_whole(data, "count", low=0, high=10**6),
        as_of=cells.needed_day(data, "as_of"),
    )


def _bed(data: Mapping[str, str], known: Known) -> BedCount:
    return BedCount(
        institution=known.institution(data),
        kind=cells.choice(data, "kind", BED_KINDS),
        count=cells.needed_whole(data, "count", low=0, high=10**5),
        as_of=cells.needed_day(data, "as_of"),
    )


def _population(data: Mapping[str, str], known: Known) -> Population:
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


_VALID = {"valid_from", "valid_to"}
REGISTERS = {
    register.name: register
    for register in (
        Register(
            "institution",
            Institution,
            frozenset({"code", "name", "type", "level", "parent", "division", "uscc", "ws218", "public"} | _VALID),
            _institution,
            ("code",),
        ),
        Register(
            "department",
            Department,
            frozenset({"code", "name", "level", "division", "aliases"} | _VALID),
            _department,
            ("code",),
            _aliases,
        ),
        Register(
            "title",
            Title,
            frozenset({"institution", "division", "title", "granted", "revoked"}),
            _title,
            ("institution_id", "division_id", "title", "granted"),
        ),
        Register(
            "staff",
            StaffCount,
            frozenset({"institution", "role", "count", "as_of"}),
            _staff,
            ("institution_id", "role", "as_of"),
        ),
        Register(
            "bed",
            BedCount,
            frozenset({"institution", "kind", "count", "as_of"}),
            _bed,
            ("institution_id", "kind", "as_of"),
        ),
        Register(
            "population",
            Population,
            frozenset({"division", "year", "kind", "sex", "age_from", "age_to", "value", "source", "version"}),
            _population,
            ("division_id", "year", "kind", "sex", "age_from", "age_to", "source", "version"),
        ),
    )
}


@dataclass
class Keeper:
    """Takes the rows of one file of `register`."""

    register: Register
    reject: Reject
    tally: Tally = field(default_factory=Tally)
    _seen: dict[tuple[Any, ...], int] = field(default_factory=dict)

    def keep(self, rows: Iterable[Row], progress: Callable[[int], None]) -> Tally:
        """Keep all rows; `progress` is told how many were dealt with."""
        waiting = self._pass(rows, progress)
        while waiting:
            still = self._pass([row for row, _ in waiting], progress)
            if len(still) == len(waiting):
                for row, reason in still:
                    self._refuse(row, reason)
                break
            waiting = still
        return self.tally

    def _refuse(self, row: Row, reason: str) -> None:
        self.tally.rejected += 1
        self.reject(row, reason)

    def _pass(self, rows: Iterable[Row], progress: Callable[[int], None]) -> list[tuple[Row, str]]:
        waiting: list[tuple[Row, str]] = []
        stream = iter(rows)
        while chunk := list(islice(stream, CHUNK)):
            with transaction.atomic():
                waiting += self._chunk(chunk)
            progress(len(chunk))
        return waiting

    def _chunk(self, chunk: list[Row]) -> list[tuple[Row, str]]:
        known = Known()
        known.look_up(chunk)
        waiting: list[tuple[Row, str]] = []
        parsed: list[tuple[Row, models.Model, tuple[Any, ...]]] = []
        for row in chunk:
            try:
                unknown = set(row.cells) - self.register.columns
                if unknown:
                    raise InvalidValue(f"unknown columns: {', '.join(sorted(unknown))}.")
                item = self.register.parse(row.cells, known)
                key = tuple(getattr(item, name) for name in self.register.key)
                if key in self._seen and self._seen[key] != row.number:
                    raise InvalidValue(f"repeats line {self._seen[key]}.")
            except NotYet as wait:
                waiting.append((row, str(wait)))
                continue
            except InvalidValue as error:
                self._refuse(row, str(error))
                continue
            self._seen[key] = row.number
            parsed.append((row, item, key))
        self._write(parsed)
        return waiting

    def _write(self, parsed: Sequence[tuple[Row, models.Model, tuple[Any, ...]]]) -> None:
        manager = self.register.model._default_manager
        first = self.register.key[0]
        held: dict[tuple[Any, ...], models.Model] = {}
        wanted = {key[0] for _, _, key in parsed}
        query = manager.filter(**{f"{first}__in": wanted - {None}})
        if None in wanted:
            query = query | manager.filter(**{f"{first}__isnull": True})
        for old in query:
            held[tuple(getattr(old, name) for name in self.register.key)] = old
        names = [f.attname for f in self.register.model._meta.concrete_fields if not f.primary_key]
        fresh, changed = [], []
        for row, item, key in parsed:
            same = held.get(key)
            if same is None:
                fresh.append((row, item))
                continue
            item.pk = same.pk
            if any(getattr(item, name) != getattr(same, name) for name in names):
                changed.append(item)
            else:
                self.tally.unchanged += 1
            if self.register.after:
                self.register.after(same, row.cells)
        manager.bulk_create([item for _, item in fresh], batch_size=5000)
        manager.bulk_update(changed, [f.name for f in self.register.model._meta.concrete_fields if not f.primary_key],
                            batch_size=500)  # fmt: skip
        if self.register.after:
            for row, item in fresh:
                self.register.after(item, row.cells)
        self.tally.added += len(fresh)
        self.tally.changed += len(changed)
