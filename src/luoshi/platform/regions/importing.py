"""`luoshi region import`: which file is which register, in what order, and what becomes of the rows.

Good rows are kept, bad ones come back beside the file as `<name>.rejected.csv`: the row as it was, with its line and the
reason. Importing the same file again changes nothing.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from django.db import transaction

from luoshi.kernel.errors import UnreadableFile, UserError, nearest
from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.platform.regions import divisions, files, registers
from luoshi.platform.regions.divisions import Tally
from luoshi.platform.regions.files import Row

# Stem of a file -> (register, level where all rows are of one). Divisions first, from the top down; then institutions,
# which stand in them; then what is counted of both.
FILES: dict[str, tuple[str, int | None]] = {
    "provinces": ("division", 1),
    "cities": ("division", 2),
    "areas": ("division", 3),
    "streets": ("division", 4),
    "villages": ("division", 5),
    "divisions": ("division", None),
    "institutions": ("institution", None),
    "departments": ("department", None),
    "titles": ("title", None),
    "staff": ("staff", None),
    "beds": ("bed", None),
    "population": ("population", None),
    "units": ("unit", None),
    "events": ("event", None),
    "statistics": ("statistic", None),
    "answers": ("answer", None),
}
_SINGULAR = {"division": "divisions", "institution": "institutions", "department": "departments", "title": "titles",
             "bed": "beds", "populations": "population", "unit": "units", "event": "events", "statistic": "statistics",
             "answer": "answers"}  # fmt: skip
REJECTED = ".rejected"
# china-division ships the same rows in other shapes too.
_OTHER_SHAPES = {"pc", "pc-code", "pca", "pca-code", "pcas", "pcas-code", "HK-MO-TW"}


@dataclass(frozen=True)
class Found:
    """A file to import."""

    path: Path
    register: str
    level: int | None
    rank: int


@dataclass(frozen=True)
class FileReport:
    """What became of one file. `rejected_file` holds the bad rows, None when there are none."""

    path: Path
    register: str
    tally: Tally
    rejected_file: Path | None


def find(paths: Iterable[Path]) -> list[Found]:
    """The register files among `paths`, folders searched, in the order they must be imported.

    A file is known by its name (`divisions.csv`, `streets.json`), else by its columns. In a folder, JSON and CSV of the
    same name are one file, and files that are no registers are passed over; a file named outright must be one: raises
    `UnreadableFile`.
    """
    found: list[Found] = []
    for path in paths:
        if path.is_dir():
            stems: dict[str, Path] = {}
            for file in sorted(path.iterdir()):
                name = _known_stem(file)
                if _handed_back(file):
                    continue
                if file.suffix.lower() in files.SUFFIXES and name in FILES:
                    # .csv sorts before .json and .xlsx and streams.
                    stems.setdefault(name, file)
            if not stems:
                raise UnreadableFile(
                    "holds no register file.", where=str(path), todo=f"Known names are {', '.join(FILES)}."
                )
            found += [_found(file, name) for name, file in stems.items()]
        elif not path.exists():
            raise UnreadableFile("does not exist.", where=str(path))
        else:
            found.append(_found(path, _known_stem(path)))
    return sorted(found, key=lambda item: item.rank)


def _handed_back(path: Path) -> bool:
    """Whether the file is one of bad rows, handed back by an earlier import."""
    return path.stem.endswith(REJECTED)


def _known_stem(path: Path) -> str:
    stem = path.stem.lower().removesuffix(REJECTED)
    return _SINGULAR.get(stem, stem)


def _found(path: Path, name: str) -> Found:
    if path.stem in _OTHER_SHAPES and path.suffix == ".json":
        raise UnreadableFile(
            "holds a nested form of the divisions.",
            where=str(path),
            todo="Use provinces, cities, areas, streets, villages.",
        )
    if name not in FILES:
        name = _by_columns(path)
    register, level = FILES[name]
    return Found(path, register, level, list(FILES).index(name))


def _by_columns(path: Path) -> str:
    columns = set(files.headings(path)) - ({"line", "reason"} if _handed_back(path) else set())
    for name, (register, level) in FILES.items():
        known = divisions.COLUMNS if register == "division" else registers.REGISTERS[register].columns
        if level is None and columns and columns <= known and len(columns) >= 3:
            return name
    raise UnreadableFile(
        "is not known as a register by its name nor by its columns.",
        where=str(path),
        todo=nearest(path.stem, FILES) or f"Known names are {', '.join(FILES)}.",
    )


def import_files(
    paths: Iterable[Path],
    *,
    by: User | str,
    rejected_in: Path | None = None,
    progress: Callable[[Path, int], None] | None = None,
) -> list[FileReport]:
    """Import the registers among `paths` (files or folders); one audit row per file.

    `rejected_in` is where rejected rows go, by default beside each file. `progress` is told the file and how many more
    rows were dealt with. A file that cannot be read at all stops the work there; what came before is kept.
    """
    tell = progress or (lambda path, count: None)
    reports = []
    for found in find(paths):
        reports.append(_import_file(found, by, rejected_in, partial(tell, found.path)))
    return reports


def _import_file(found: Found, by: User | str, rejected_in: Path | None, progress: Callable[[int], None]) -> FileReport:
    bad = _Rejected((rejected_in or found.path.parent) / f"{found.path.stem}{REJECTED}.csv")
    keeper = (
        divisions.Keeper(bad.add, found.level)
        if found.register == "division"
        else registers.Keeper(registers.REGISTERS[found.register], bad.add)
    )
    try:
        tally = keeper.keep(_rows(found.path), progress)
    finally:
        bad.close()
    if not sum((tally.added, tally.changed, tally.unchanged, tally.rejected)):
        raise UnreadableFile("holds no row.", where=str(found.path))
    with transaction.atomic():
        audit.record(
            by=by,
            action="region.import",
            object_type="register",
            object_id=found.register,
            detail={
                "file": found.path.name,
                "added": tally.added,
                "changed": tally.changed,
                "unchanged": tally.unchanged,
                "rejected": tally.rejected,
            },
        )
    return FileReport(found.path, found.register, tally, bad.path if bad.count else None)


def _rows(path: Path) -> Iterator[Row]:
    """The rows of the file; of one handed back earlier and mended, without the line and reason it was given then."""
    for row in files.rows(path):
        if _handed_back(path):
            row.cells.pop("line", None)
            row.cells.pop("reason", None)
        yield row


class _Rejected:
    """The file of bad rows, made when the first one comes; an old one of the same name goes."""

    def __init__(self, path: Path) -> None:
        self.path, self.count = path, 0
        self._columns: list[str] = []
        self._rows: list[tuple[int, str, dict[str, str]]] = []
        path.unlink(missing_ok=True)

    def add(self, row: Row, reason: str) -> None:
        """Keep one bad row."""
        self.count += 1
        for column in row.cells:
            if column not in self._columns:
                self._columns.append(column)
        self._rows.append((row.number, reason, row.cells))

    def close(self) -> None:
        """Write them, in order of line."""
        if not self._rows:
            return
        try:
            with self.path.open("w", encoding="utf-8-sig", newline="") as file:
                writer = csv.writer(file)
                writer.writerow([*self._columns, "line", "reason"])
                for number, reason, data in sorted(self._rows, key=lambda item: item[0]):
                    writer.writerow([*(data.get(column, "") for column in self._columns), number, reason])
        except OSError as error:
            raise UserError(
                f"the rejected rows could not be written ({error.strerror}).",
                where=str(self.path),
                todo="Name a folder that can be written with --rejected.",
            ) from error
