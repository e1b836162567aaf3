"""Evaluated results kept as Parquet, so that a page answers in milliseconds.

```
<results>/current.json                     names the folder in use; replaced in one step, so a reader sees old or new
<results>/<made>/manifest.json             periods, how far each cohort's sources reach, unplaced subjects
<results>/<made>/values/<period>.parquet   VALUE_COLUMNS, divisions down to townships first, then in order of indicator
<results>/<made>/rows/<period>/<cohort>/   cohort rows in order of division, for the worklists
<results>/<made>/tree.parquet, over.parquet   divisions and institutions with all above them
```

A folder made after some persons changed holds only what differs from another, which its manifest names as its `ground`:
`moved/<period>/*.parquet` is added to the values, and `kept` tells what becomes of the rows.
"""

# ruff: noqa: S608 (SQL is what this module makes, from checked definitions and quoted values)
from __future__ import annotations

import itertools
import json
import os
import shutil
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from luoshi.engines.base import Listed
from luoshi.engines.cells import TOP, Moved, ValueFiles
from luoshi.engines.ground import Ground
from luoshi.engines.kept import KeptRows
from luoshi.engines.listing import listed_from, memberships, page, place_condition
from luoshi.engines.remembered import Remembered
from luoshi.engines.rendered import render
from luoshi.indicators import Catalogue, Cohort, Indicator
from luoshi.indicators.cohort import FIXED
from luoshi.indicators.plan import listing, membership
from luoshi.kernel.errors import NotFound, UnreadableFile
from luoshi.kernel.period import Period

KEPT_BESIDES = 1  # older folders left for readers still at work
KEPT_ADDITIONS = 8  # and of the newest with the same ground: they are small, and come one after the other


@dataclass(frozen=True)
class StoredPeriod:
    """One evaluated period: as asked for (`nominal`), as far as the data reach (`actual`), what its rows are worth."""

    label: str
    nominal: Period
    actual: Period
    indicators: frozenset[str]
    has_rows: bool


class ResultStore:
    """The results of one lake. Opening is cheap; `reading` notices when a newer evaluation has been put in place."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._pointer = folder / "current.json"
        self._seen: tuple[tuple[int, int], Reading] | None = None  # the pointer as last read, and what it names

    def begin(self, made_at: datetime) -> Path:
        """A fresh folder to evaluate into; it counts for nothing until `publish`."""
        for number in itertools.count():
            target = self.folder / f"{made_at:%Y%m%dT%H%M%S.%f}-{os.getpid()}{f'.{number}' if number else ''}"
            with suppress(FileExistsError):  # another one of this instant, perhaps the one in use
                target.mkdir(parents=True)
                return target
        raise AssertionError("unreachable")

    def publish(
        self,
        target: Path,
        periods: Sequence[Mapping[str, Any]],
        *,
        made_at: datetime,
        lake_built_at: datetime,
        data_until: date | None,
        reach: Mapping[str, date | None],
        missing: Mapping[str, Sequence[str]],
        lake_position: str = "",
        ground: str | None = None,
    ) -> None:
        """Put `target` in use. `periods`: what `kept.keep_values` and `kept.keep_moved` say of them; `reach` and `missing`
        as in `About`; `lake_built_at` and `lake_position` name the state of the lake; `ground`: the folder, beside it, of the
        results to which those in `target` are additions."""
        manifest = {
            "made_at": made_at.isoformat(),
            "lake_built_at": lake_built_at.isoformat(),
            "lake_position": lake_position,
            "data_until": data_until and data_until.isoformat(),
            "reach": {name: day and day.isoformat() for name, day in reach.items()},
            "missing": {name: list(tables) for name, tables in missing.items()},
            "periods": list(periods),
            **({"ground": ground} if ground else {}),
        }
        (target / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=1), "utf-8")
        pointer = self.folder / f".current-{os.getpid()}"
        pointer.write_text(json.dumps({"folder": target.name}), "utf-8")
        pointer.replace(self.folder / "current.json")
        self._tidy(target.name)

    def reading(self, catalogue: Catalogue) -> Reading:
        """What is in use now. Raises `UnreadableFile` when nothing was evaluated yet."""
        seen = self._seen
        try:
            # A page asks hundreds of times; the file is read again only when it was replaced.
            status = self._pointer.stat()
            mark = (status.st_ino, status.st_mtime_ns)
            if seen is not None and seen[0] == mark:
                return seen[1]
            name = str(json.loads(self._pointer.read_text("utf-8"))["folder"])
        except FileNotFoundError as error:
            raise UnreadableFile(
                "nothing has been evaluated yet.", where=str(self.folder), todo="Run `luoshi lake refresh`."
            ) from error
        except (OSError, ValueError, KeyError) as error:
            raise UnreadableFile(f"cannot be read ({error}).", where=str(self._pointer)) from error
        self._seen = (mark, _reading(self.folder / name, catalogue))
        return self._seen[1]

    def _tidy(self, current: str) -> None:
        folders = sorted((f for f in self.folder.iterdir() if f.is_dir()), key=lambda f: f.name, reverse=True)
        others = [folder.name for folder in folders if folder.name != current]
        grounds = {name: _ground_of(self.folder / name) for name in (current, *others)}
        alike = [name for name in others if grounds[name] == grounds[current]]
        stay = {current, *others[:KEPT_BESIDES], *alike[:KEPT_ADDITIONS]}
        stay |= {grounds[name] for name in stay}
        for folder in folders:
            if folder.name not in stay:
                shutil.rmtree(folder, ignore_errors=True)


def _ground_of(folder: Path) -> str:
    """The folder of the results to which those in `folder` are additions; itself where they are none."""
    try:
        return str(json.loads((folder / "manifest.json").read_text("utf-8")).get("ground", folder.name))
    except (OSError, ValueError):
        return folder.name  # of an attempt that was cut short


_readings: dict[Path, Reading] = {}
_lock = threading.Lock()


def _reading(folder: Path, catalogue: Catalogue) -> Reading:
    with _lock:
        if folder not in _readings:
            others = [_readings.pop(other) for other in [f for f in _readings if f.parent == folder.parent]]
            _readings[folder] = Reading(folder, catalogue, others[0] if others else None)
        return _readings[folder]


class Reading:
    """One evaluation, read. Values down to townships are held in memory, the rest is looked up in the files."""

    def __init__(self, folder: Path, catalogue: Catalogue, before: Reading | None = None) -> None:
        """`before`: another one; what has not changed since is taken over from it."""
        self.folder, self.catalogue = folder, catalogue
        self.manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text("utf-8"))
        self.periods = {entry["label"]: _stored(entry) for entry in self.manifest["periods"]}
        ground = folder.parent / self.manifest.get("ground", folder.name)
        same = before is not None and before.ground.folder == ground
        self.ground: Ground = before.ground if before is not None and same else Ground(ground)
        self.rows = KeptRows(ground, folder)
        self._rendered: dict[str, str] = {}
        self.remembered = Remembered()

    def warm(self) -> None:
        """Read what every board asks for: places, and the values of divisions down to townships."""
        for label in self.periods:
            self._values.read(label)

    @cached_property
    def data_until(self) -> date | None:
        """The last day the lake had heard of when it was evaluated."""
        return _day(self.manifest["data_until"])

    def reach(self, cohort: str) -> date | None:
        """The last day the sources of a cohort have heard of."""
        return _day(self.manifest["reach"].get(cohort))

    def missing(self, cohort: str) -> list[str]:
        """Tables a cohort needs that hold nothing at all."""
        return list(self.manifest["missing"].get(cohort, ()))

    def period(self, period: Period, indicator: str) -> StoredPeriod | None:
        """The stored period that answers `period` for an indicator: the same label, else the same days as evaluated,
        else the running one that starts on the same day and has been cut at the data."""
        known = [stored for stored in self.periods.values() if indicator in stored.indicators]
        return (
            next((s for s in known if s.label == period.label), None)
            or next((s for s in known if (s.actual.start, s.actual.end) == (period.start, period.end)), None)
            or next(
                (s for s in known if s.nominal.start == period.start and s.actual.end <= period.end <= s.nominal.end),
                None,
            )
        )

    @property
    def tree(self) -> dict[str, tuple[int, tuple[str, ...]]]:
        """Division → level and the codes above it, itself last."""
        return self.ground.tree

    def leaves(self, division: str) -> list[str]:
        """A division and all below it."""
        return self.ground.below.get(division, [])

    def children(self, division: str) -> list[str]:
        """The divisions directly below."""
        return self.ground.children.get(division, [])

    def members(self, institution: str) -> list[str]:
        """An institution and all below it."""
        return self.ground.institutions[0].get(institution, [])

    def institutions(self, division: str) -> list[str]:
        """Institutions that stand in a division or below it, in order of code."""
        standing = self.ground.institutions[1]
        return sorted(code for leaf in self.leaves(division) for code in standing.get(leaf, ()))

    def cell(
        self, stored: StoredPeriod, indicator: Indicator, *, division: str | None = None, institution: str | None = None
    ) -> tuple[int, int | None]:
        """Numerator and denominator of one cell; zeros where nobody is in it."""
        key = division if division is not None else (institution or "")
        cells = self.cells(stored, indicator, [key], institution=division is None)
        return cells[key]

    def cells(
        self, stored: StoredPeriod, indicator: Indicator, codes: Sequence[str], *, institution: bool = False
    ) -> dict[str, tuple[int, int | None]]:
        """Numerator and denominator of several divisions (or institutions) at once."""
        empty = (0, None if indicator.kind in ("count", "per-population") else 0)
        deep = institution or any(self.tree.get(code, (0, ()))[0] > TOP for code in codes)
        values = self._values
        cells = (values.all if deep else values.top)(stored.label, indicator.id)
        found = cells.at([values.places.number(code, institution=institution) for code in codes])
        return {code: cell or empty for code, cell in zip(codes, found, strict=True)}

    def page(
        self,
        stored: StoredPeriod,
        indicator: Indicator,
        *,
        division: str | None = None,
        institution: str | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> tuple[list[Listed], int]:
        """A page of the worklist, and its whole length. Raises `NotFound` when the rows of the period are not kept."""
        cohort = self.catalogue.cohort_of(indicator)
        source = self._rows(stored, cohort)
        if source is None:
            raise NotFound(
                f"The rows behind {indicator.id!r} are not kept for {stored.label}.",
                todo=f"Ask `luoshi indicator why {indicator.id} --period {stored.actual.label}`.",
            )
        where = place_condition(
            self.leaves(division) if division is not None else None,
            self.members(institution) if institution is not None else None,
        )
        return page(self.ground.cursor(), source, indicator, cohort, where, limit, offset)

    def of_person(self, person: int, chunk: int, stored: StoredPeriod) -> list[tuple[Indicator, bool, Listed]]:
        """Every indicator a person is in: whether it counts them, and their row with the reason shown beside it."""
        sources = {}
        for cohort in self.catalogue.cohorts.values():
            if cohort.scope != "region" and (source := self.rows.of_person(person, chunk, stored.label, cohort.name)):
                sources[cohort.name] = source
        if not sources:
            return []
        # One look for the cohorts the person is in, then only those in full.
        looks = (
            f"SELECT '{name}' FROM {source} WHERE person = {int(person)} GROUP BY ALL"
            for name, source in sources.items()
        )
        found = []
        for (name,) in self.ground.cursor().execute(" UNION ALL ".join(looks)).fetchall():
            chosen = [
                i for i in self.catalogue.indicators.values()
                if i.cohort == name and i.kind == "ratio" and i.id in stored.indicators
            ]  # fmt: skip
            if chosen:
                columns = [self._questions(indicator) for indicator in chosen]
                cohort = self.catalogue.cohorts[name]
                try:
                    found += memberships(self.ground.cursor(), sources[name], cohort, chosen, columns, person)
                except duckdb.BinderException:
                    continue  # kept from before the definition got another column: said again once evaluated anew
        return found

    def of_subjects(
        self, stored: StoredPeriod, indicator: Indicator, subjects: Sequence[str]
    ) -> dict[str, tuple[bool, Listed]]:
        """Those of some subjects that are in the population: whether each is on the worklist, and its row with the reason
        shown beside it. Who is not in the answer has left the population. Raises `NotFound` when the rows of the period
        are not kept."""
        cohort = self.catalogue.cohort_of(indicator)
        source = self._rows(stored, cohort)
        if source is None:
            raise NotFound(f"The rows behind {indicator.id!r} are not kept for {stored.label}.")
        own = [name for name in cohort.types if name not in FIXED]
        (listed, reason), (inside, _counted) = listing(indicator), membership(indicator)
        columns = ", ".join(f'"{name}"' for name in own)
        rows = self.ground.cursor().execute(
            f"""SELECT {render(listed)}, subject, person, division, institution, {render(reason)}{", " if columns else ""}{columns}
            FROM {source} WHERE {render(inside)} AND subject IN (SELECT unnest(?))""",
            [list(subjects)],
        )
        return {row[1]: (bool(row[0]), listed_from(row[1:], own, len(indicator.reasons))) for row in rows.fetchall()}

    def _questions(self, indicator: Indicator) -> str:
        """SQL of three columns: is a subject in, does it count, which reason is shown. Made once: rendering is dear."""
        if indicator.id not in self._rendered:
            inside, counted = membership(indicator)
            self._rendered[indicator.id] = ", ".join((render(inside), render(counted), render(listing(indicator)[1])))
        return self._rendered[indicator.id]

    @cached_property
    def _values(self) -> ValueFiles | Moved:
        values = self.ground.values
        if self.folder == self.ground.folder:
            return values
        return Moved(values, ValueFiles(self.folder / "moved", values.places))

    def _rows(self, stored: StoredPeriod, cohort: Cohort) -> str | None:
        return self.rows.source(stored.label, cohort.name)


def _stored(entry: Mapping[str, Any]) -> StoredPeriod:
    nominal, actual = (
        Period(date.fromisoformat(p["start"]), date.fromisoformat(p["end"]), p["kind"])
        for p in (entry["nominal"], entry["actual"])
    )
    return StoredPeriod(entry["label"], nominal, actual, frozenset(entry["indicators"]), bool(entry["rows"]))


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
