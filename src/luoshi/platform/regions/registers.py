"""The other registers: institutions, titles, staff, beds, population, units, events … One table says how each is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.db import models, transaction

from luoshi.kernel.errors import InvalidValue
from luoshi.platform.regions import rows as read
from luoshi.platform.regions.divisions import CHUNK, Reject, Tally
from luoshi.platform.regions.files import Row
from luoshi.platform.regions.models import (
    Answer,
    BedCount,
    Department,
    Event,
    Institution,
    Population,
    StaffCount,
    Statistic,
    Title,
    Unit,
)
from luoshi.platform.regions.rows import Known, NotYet


@dataclass(frozen=True)
class Register:
    """How one register is read: its columns, from a row to an unsaved object, and what makes two objects the same."""

    name: str
    model: type[models.Model]
    columns: frozenset[str]
    parse: Callable[[Mapping[str, str], Known], models.Model]
    key: tuple[str, ...]
    after: Callable[[Any, Mapping[str, str]], None] | None = None


_VALID = {"valid_from", "valid_to"}
REGISTERS = {
    register.name: register
    for register in (
        Register(
            "institution",
            Institution,
            frozenset({"code", "name", "type", "level", "parent", "division", "uscc", "ws218", "public"} | _VALID),
            read.institution_row,
            ("code",),
        ),
        Register(
            "department",
            Department,
            frozenset({"code", "name", "level", "division", "aliases"} | _VALID),
            read.department_row,
            ("code",),
            read.aliases,
        ),
        Register(
            "title",
            Title,
            frozenset({"institution", "division", "title", "granted", "revoked"}),
            read.title_row,
            ("institution_id", "division_id", "title", "granted"),
        ),
        Register(
            "staff",
            StaffCount,
            frozenset({"institution", "role", "count", "as_of"}),
            read.staff_row,
            ("institution_id", "role", "as_of"),
        ),
        Register(
            "bed",
            BedCount,
            frozenset({"institution", "kind", "count", "as_of"}),
            read.bed_row,
            ("institution_id", "kind", "as_of"),
        ),
        Register(
            "population",
            Population,
            frozenset({"division", "year", "kind", "sex", "age_from", "age_to", "value", "source", "version"}),
            read.population_row,
            ("division_id", "year", "kind", "sex", "age_from", "age_to", "source", "version"),
        ),
        Register(
            "unit",
            Unit,
            frozenset({"code", "name", "kind", "division", "public", "affordable", "places", "enrolled", "filed", "award",
                       "awarded", "as_of"} | _VALID),
            read.unit_row,
            ("code",),
        ),
        Register(
            "event",
            Event,
            frozenset({"code", "kind", "division", "institution", "day", "done_day", "published", "result"}),
            read.event_row,
            ("kind", "code"),
        ),
        Register(
            "statistic",
            Statistic,
            frozenset({"institution", "division", "item", "day", "value"}),
            read.statistic_row,
            ("institution_id", "division_id", "item", "day"),
        ),
        Register(
            "answer",
            Answer,
            frozenset({"survey", "respondent", "division", "stratum", "cluster", "clusters", "weight", "sex", "age",
                       "question", "value", "day"}),
            read.answer_row,
            ("survey", "respondent", "question"),
        ),
    )
}  # fmt: skip


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
