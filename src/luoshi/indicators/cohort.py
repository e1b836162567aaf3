"""A cohort: one SQL query giving one row per subject, and the YAML beside it saying what each column is.

Every cohort has the columns `subject` (text id), `person` (number, may be null), `division` (code of where it counts)
and `institution` (code of who serves it, may be null), then its own. `shared` queries are computed once for several
cohorts; `schedules` are small dated tables (which dose is due when).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import Field
from sqlglot import exp

from luoshi.catalog.loader import Entry, read_entry
from luoshi.indicators.expressions import parse_query
from luoshi.indicators.tables import TABLES, Type
from luoshi.kernel.errors import CatalogError, nearest

FIXED: dict[str, Type] = {"subject": "text", "person": "integer", "division": "text", "institution": "text"}

# `bucket`: computed person bucket by person bucket. `unknown-person`: also where the person is not known (calls).
# `region`: from registers alone, once.
Scope = Literal["bucket", "unknown-person", "region"]


class Column(Entry):
    """What one column holds: its type and its name in both languages."""

    type: Type
    zh: str
    en: str


class CohortText(Entry):
    """The YAML beside a cohort's SQL. `fed_by` lists, per table, the services or codes that feed the cohort (empty list:
    any): the last day heard of them is how fresh its values are."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    title_en: str
    subject: str
    subject_en: str
    scope: Scope = "bucket"
    drill_down: bool = True
    description: str
    fed_by: dict[str, tuple[str, ...]] = {}
    columns: dict[str, Column]


class SharedText(Entry):
    """The YAML of all shared queries: name → what it is; `region` ones look across all buckets."""

    queries: dict[str, SharedQuery]


class SharedQuery(Entry):
    """One shared query; not `stored` where reading the lake again costs less than keeping the rows. `of_visit`, of a region-wide
    one: the column with the id of the visit that a row is about; where a row becomes another, the person of that visit is
    looked at again, and only then can results be brought up to date without reading everybody."""

    description: str
    scope: Scope = "bucket"
    stored: bool = True
    of_visit: str | None = None


SharedText.model_rebuild()


class Schedule(Entry):
    """A small table used by cohorts (which dose is due when, the limits of growth); `rows` in the order of `columns`. A long
    one has its rows in the CSV file `file` beside it, whose heading names the columns."""

    name: str
    description: str
    source: str
    columns: dict[str, Type]
    rows: tuple[tuple[Any, ...], ...] = ()
    file: str | None = None


@dataclass(frozen=True)
class Shared:
    """A query computed once per bucket (or region) and read by cohorts as a table of its name."""

    name: str
    scope: Scope
    query: exp.Query
    columns: tuple[str, ...]
    reads: frozenset[str]
    stored: bool = True
    of_visit: str | None = None


@dataclass(frozen=True)
class Cohort:
    """A checked cohort. `types` covers every output column; `reads` are the tables, shared queries and schedules."""

    text: CohortText
    query: exp.Query
    reads: frozenset[str]
    path: Path

    @property
    def name(self) -> str:
        """The name indicators refer to."""
        return self.text.name

    @property
    def scope(self) -> Scope:
        """How it is computed; see `Scope`."""
        return self.text.scope

    @property
    def types(self) -> dict[str, Type]:
        """Type of every output column, the fixed ones first."""
        return {**FIXED, **{name: column.type for name, column in self.text.columns.items()}}


def read_schedule(path: Path) -> Schedule:
    """One schedule file. Raises `CatalogError` when a row has not as many values as there are columns."""
    schedule = read_entry(path, Schedule)
    if schedule.file is not None:
        schedule = schedule.model_copy(update={"rows": _rows_of(path.parent / schedule.file, schedule.columns)})
    for number, row in enumerate(schedule.rows, 1):
        if len(row) != len(schedule.columns):
            raise CatalogError(f"row {number} has {len(row)} values, not {len(schedule.columns)}.", where=str(path))
    return schedule


_FROM_TEXT: dict[Type, Any] = {
    "text": str, "integer": int, "double": float, "boolean": lambda text: {"true": True, "false": False}[text],
    "date": date.fromisoformat,
}  # fmt: skip


def _rows_of(path: Path, columns: dict[str, Type]) -> tuple[tuple[Any, ...], ...]:
    """The rows of a CSV file, typed. Raises `CatalogError` naming the line of a wrong value."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            lines = list(csv.reader(file))
    except OSError as error:
        raise CatalogError(f"cannot be read ({error.strerror}).", where=str(path)) from error
    if not lines or lines[0] != list(columns):
        raise CatalogError(f"the heading must be {', '.join(columns)}.", where=str(path))
    make = [_FROM_TEXT.get(kind, str) for kind in columns.values()]
    found = []
    for number, line in enumerate(lines[1:], 2):
        try:
            found.append(tuple(None if cell == "" else to(cell) for to, cell in zip(make, line, strict=True)))
        except (ValueError, KeyError) as error:
            raise CatalogError(f"line {number} does not fit the columns ({error}).", where=str(path)) from error
    return tuple(found)


def read_shared(folder: Path, schedules: dict[str, Schedule]) -> dict[str, Shared]:
    """The shared queries of a folder, in an order in which each finds the ones it reads already computed."""
    listing = folder / "shared.yaml"
    if not listing.exists():
        return {}
    schema: dict[str, dict[str, Any]] = {**TABLES, **{name: dict(s.columns) for name, s in schedules.items()}}
    found: dict[str, Shared] = {}
    for name, entry in read_entry(listing, SharedText).queries.items():
        path = folder / f"{name}.sql"
        query, columns, reads = parse_query(_sql(path), schema, where=str(path))
        found[name] = Shared(name, entry.scope, query, columns, reads, entry.stored, entry.of_visit)
        schema[name] = dict.fromkeys(columns, "text")
    return found


def read_cohort(path: Path, shared: dict[str, Shared], schedules: dict[str, Schedule]) -> Cohort:
    """A cohort from its YAML and the SQL file of the same name.

    Raises `CatalogError` when the SQL does not give exactly the columns the YAML declares, or names what does not exist.
    """
    text = read_entry(path, CohortText)
    if text.name != path.stem:
        raise CatalogError(f"the file is called {path.stem!r} and the cohort {text.name!r}.", where=str(path))
    sql_path = path.with_suffix(".sql")
    schema: dict[str, dict[str, Any]] = {
        **TABLES,
        **{name: dict(s.columns) for name, s in schedules.items()},
        **{name: dict.fromkeys(s.columns, "text") for name, s in shared.items()},
    }
    query, columns, reads = parse_query(_sql(sql_path), schema, where=str(sql_path))
    declared = {**FIXED, **text.columns}
    for name in columns:
        if name not in declared:
            raise CatalogError(f"the SQL gives a column {name!r} that {path.name} does not declare.",
                               where=str(sql_path), todo=nearest(name, declared))  # fmt: skip
    if missing := [name for name in declared if name not in columns]:
        raise CatalogError(f"the SQL does not give {', '.join(missing)}.", where=str(sql_path))
    for table in text.fed_by:
        if table not in TABLES:
            raise CatalogError(f"fed_by: unknown table {table!r}.", where=str(path), todo=nearest(table, TABLES))
    return Cohort(text, query, reads, path)


def _sql(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise CatalogError("there is no SQL beside the YAML.", where=str(path)) from error
