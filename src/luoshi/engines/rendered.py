"""From the catalogue's trees and tables to DuckDB's words: SQL text, types, small tables; each made once."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pyarrow as pa
from sqlglot import exp

from luoshi.engines.folding import Calendars, Folded
from luoshi.engines.periods import Lifted, depends, lift
from luoshi.engines.pruning import asked_codes, constants, held_to, keys
from luoshi.indicators import Cohort
from luoshi.indicators.cohort import Schedule, Shared
from luoshi.indicators.tables import Type
from luoshi.kernel.clock import CHINA

MOST_SETS = 4096  # of files whose columns are remembered

_TYPES: dict[Type, str] = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "double": "DOUBLE",
    "date": "DATE",
    "instant": "TIMESTAMP",  # Chinese time, as the lake has it
    "boolean": "BOOLEAN",
}

_ARROW: dict[Type, pa.DataType] = {
    "text": pa.string(), "integer": pa.int64(), "double": pa.float64(), "date": pa.date32(),
    "instant": pa.timestamp("us"), "boolean": pa.bool_(),
}  # fmt: skip


def arrow(columns: Mapping[str, Type], rows: Iterable[Sequence[Any]]) -> pa.Table:
    """Python rows as a table of those columns."""
    kept = list(zip(*rows, strict=True)) or [()] * len(columns)
    arrays = [pa.array([_stored(v) for v in column], _ARROW[kind])
              for column, kind in zip(kept, columns.values(), strict=True)]  # fmt: skip
    return pa.Table.from_arrays(arrays, names=list(columns))


def sql_type(kind: Type) -> str:
    """DuckDB's spelling of a portable type."""
    return _TYPES[kind]


def quoted(text: str) -> str:
    """A text literal."""
    return "'" + text.replace("'", "''") + "'"


def render(tree: exp.Expression) -> str:
    """Tree to DuckDB SQL, every name quoted."""
    sql: str = with_doubles(tree).sql(dialect="duckdb", identify=True, copy=False)  # of a tree of its own
    return sql


def with_doubles(tree: exp.Expression) -> exp.Expression:
    """The same with every number that has a point a double: engines differ in how exact their decimals are."""

    def double(node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.Literal) and not node.is_string and "." in node.name and "e" not in node.name.lower():
            return exp.Literal(this=f"{node.name}e0", is_string=False)
        return node

    made: exp.Expression = tree.transform(double)
    return made


@dataclass(frozen=True)
class Use:
    """What is made of a shared query: how many places read it, the columns of its key which all of them hold to some texts,
    and the query with no more codes than they ask for; `cut` is what they are where the query is not as it was."""

    readers: int
    codes: tuple[tuple[str, tuple[str, ...]], ...]
    query: exp.Query
    cut: tuple[str, ...] = ()


class Rendered:
    """SQL of catalogue queries, made once: making text from a tree costs more than a small query."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._kept: dict[tuple[int, tuple[str, ...]], tuple[object, str]] = {}
        self._folded: dict[tuple[int, tuple[str, ...]], tuple[object, tuple[str, Calendars] | None]] = {}
        self._schedules: dict[str, tuple[Schedule, pa.Table]] = {}
        self._able: dict[tuple[object, ...], tuple[Cohort, bool]] = {}
        self._columns: dict[tuple[str, ...], tuple[list[tuple[int, int, int]], dict[str, str]]] = {}
        self._named: dict[tuple[int, ...], tuple[object, frozenset[str]]] = {}
        self._uses: dict[tuple[int, ...], tuple[object, Use]] = {}
        # What lifting found, by the catalogue's queries (kept, so that an id is not used again).
        self.lifted: dict[tuple[int, ...], tuple[object, Lifted | None]] = {}

    def sql(self, owner: object, names: tuple[str, ...], build: Callable[[], exp.Query]) -> str:
        """The SQL of the query that `owner` and `names` stand for, with `$start` and `$end` still in it."""
        key = (id(owner), names)
        if key not in self._kept:
            with self._lock:  # of two threads that want it one makes it
                if key not in self._kept:
                    self._kept[key] = (owner, render(build()))  # the owner is kept, so that its id is not used again
        return self._kept[key][1]

    def folded(
        self, owner: object, names: tuple[str, ...], build: Callable[[], Folded | None]
    ) -> tuple[str, Calendars] | None:
        """The SQL of what folding the query gave that `owner` and `names` stand for, and the calendars it reads."""
        key = (id(owner), names)
        if key not in self._folded:
            with self._lock:
                if key not in self._folded:
                    found = build()
                    made = (render(found.query), found.calendars) if found is not None else None
                    self._folded[key] = (owner, made)
        return self._folded[key][1]

    def can_lift(self, cohort: Cohort, lifted: Lifted) -> bool:
        """Whether a cohort can be computed for several periods at once, where the tables `lifted` differ between them."""
        key = (id(cohort), *sorted(lifted.dated & cohort.reads))
        if key not in self._able:
            able = not depends(cohort.query, lifted.dated) or lift(cohort.query, lifted) is not None
            self._able[key] = (cohort, able)
        return self._able[key][1]

    def use(self, shared: Shared, cohorts: Sequence[Cohort], among: Sequence[Shared]) -> Use:
        """What `cohorts` and the shared queries `among` make of a shared query."""
        key = (id(shared), *map(id, cohorts), 0, *map(id, among))
        if key not in self._uses:
            queries = [*(c.query for c in cohorts), *(s.query for s in among)]
            readers = sum(t.name == shared.name for query in queries for t in query.find_all(exp.Table))
            codes = [
                (column, tuple(texts))
                for column in (sorted((keys(shared.query) or frozenset()) - {"person"}) if cohorts else ())
                if (texts := constants(shared.name, column, queries)) is not None
            ]
            asked = asked_codes(shared.name, shared.query, queries)
            query, cut = (
                (shared.query, ()) if asked is None else (held_to(shared.query, *asked), ("held to", *asked[1]))
            )
            self._uses[key] = ((shared, *cohorts, *among), Use(readers, tuple(codes), query, cut))
        return self._uses[key][1]

    def columns_named(self, cohorts: Sequence[Cohort], among: Sequence[Shared]) -> frozenset[str]:
        """The names of all columns, of whatever table, in `cohorts` and the shared queries `among`."""
        key = (*map(id, cohorts), 0, *map(id, among))
        if key not in self._named:
            queries = [*(c.query for c in cohorts), *(s.query for s in among)]
            names = {column.name for query in queries for column in query.find_all(exp.Column)}
            self._named[key] = ((*cohorts, *among), frozenset(names))
        return self._named[key][1]

    def columns_of(self, files: Sequence[str], ask: Callable[[], list[tuple[Any, ...]]]) -> dict[str, str]:
        """Column → type of Parquet files, as `ask` tells them when one of the files is another than the last time."""
        key, marks = tuple(files), [(s.st_ino, s.st_mtime_ns, s.st_size) for s in map(os.stat, files)]
        known = self._columns.get(key)
        if known is None or known[0] != marks:
            if len(self._columns) >= MOST_SETS:
                self._columns.clear()
            self._columns[key] = known = (marks, {row[0]: row[1] for row in ask()})
        return known[1]

    def schedule(self, schedule: Schedule) -> pa.Table:
        """The rows of a schedule as a table."""
        if self._schedules.get(schedule.name, (None,))[0] is not schedule:
            self._schedules[schedule.name] = (schedule, arrow(schedule.columns, schedule.rows))
        return self._schedules[schedule.name][1]


def _stored(value: Any) -> Any:
    """A Python value as a column keeps it: an instant without zone, in Chinese time."""
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(CHINA).replace(tzinfo=None)
    return value


def column(name: str, kind: Type, found: str | None) -> str:
    """A column of a table as the catalogue declares it, from files that have it as `found`, or do not have it."""
    wanted = sql_type(kind)
    if found is None:
        return f'CAST(NULL AS {wanted}) AS "{name}"'
    # A narrower whole number needs no cast: sums are widened where they are made.
    same = found == wanted or (kind == "integer" and found in ("INTEGER", "SMALLINT", "TINYINT"))
    return f'"{name}"' if same else f'CAST("{name}" AS {wanted}) AS "{name}"'


def believed(columns: Mapping[str, str], known_at: datetime | None) -> str:
    """The condition of the rows that were believed at an instant; None: that are now."""
    if "known_to" not in columns:
        return ""
    if known_at is None:
        return ' WHERE "known_to" IS NULL'
    instant = literal(known_at)
    return f' WHERE "known_from" <= {instant} AND ("known_to" IS NULL OR "known_to" > {instant})'


def literal(value: Any) -> str:
    """A Python value as SQL: text, number, truth, day, instant or nothing."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, datetime):
        local = value.astimezone(CHINA).replace(tzinfo=None) if value.tzinfo else value
        return f"TIMESTAMP {quoted(local.isoformat(sep=' '))}"
    if isinstance(value, date):
        return f"DATE {quoted(value.isoformat())}"
    return quoted(str(value))
