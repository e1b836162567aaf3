"""Building the lake from a source, whole or where persons changed.

Memory is bounded: bodies stream through in batches, rows of one table of one bucket are put in order by DuckDB within
`memory` and beyond it on disk. Both ways give the same rows in the same order.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from luoshi.kernel import lake_layout as layout
from luoshi.kernel.clock import CHINA
from luoshi.kernel.errors import InvalidValue
from luoshi.platform.lake import changes as noted
from luoshi.platform.lake import counts, files, registers, updates
from luoshi.platform.lake.source import Changes, Source
from luoshi.platform.lake.tables import Flattener, connect

# Above this share of a bucket's persons the bucket is read whole from the source.
_WHOLE_BUCKET = 0.1
# Conditions take the institution of their visit, so visits are written first.
TABLES = tuple(sorted(layout.PERSON_TABLES, key=lambda table: table == "condition"))

Progress = Callable[[str, int], None]


@dataclass(frozen=True)
class Report:
    """What a build or an update did: the manifest now, the buckets it wrote, and whether registers changed."""

    manifest: layout.Manifest
    buckets: tuple[int, ...]
    registers_changed: bool

    def __bool__(self) -> bool:
        return bool(self.buckets) or self.registers_changed


def build(
    source: Source,
    lake: Path,
    *,
    at: datetime,
    bucket_size: int = layout.DEFAULT_BUCKET_SIZE,
    register_rows: registers.Registers | None = None,
    memory: str = "1GB",
    progress: Progress = lambda table, resources: None,
) -> Report:
    """Make the whole lake anew; the one in use stays until the new one is complete.

    `at`: now, an instant with zone. `register_rows`: instead of those of the database. `progress` is told the table and
    the number of resources read since it was last told. Raises `Refused` when another process writes the lake.
    """
    if bucket_size < 1:
        raise InvalidValue(f"A bucket must hold at least one person, not {bucket_size}.")
    with files.writing(lake) as scratch, files.rebuilding(lake) as new:
        position = source.position()
        connection = connect(scratch, memory=memory)
        rows, _ = registers.write(new, register_rows if register_rows is not None else registers.from_database())
        counts.load_registers(connection, new)
        stats: files.Stats = {}
        today = at.astimezone(CHINA).date()
        for table in TABLES:
            flattener = Flattener(connection, table)
            for bucket, batches in _by_bucket(source.bodies(flattener.resource_type), bucket_size, table):
                for batch in batches:
                    flattener.add(batch)
                    progress(table, batch.num_rows)
                unreadable = _write(flattener, new, bucket)
                _count(connection, new, table, bucket, stats, today, unreadable)
            if layout.NO_PERSON not in stats.get(table, {}):
                _write(flattener, new, layout.NO_PERSON)
                _count(connection, new, table, layout.NO_PERSON, stats, today)
        manifest = counts.manifest(stats, rows, bucket_size=bucket_size, built_at=at, position=position)
        connection.close()
        # From here until the manifest is written, a crash leaves the new tables without a position: built again.
        layout.manifest_path(lake).unlink(missing_ok=True)
        noted.note_everything(lake)
        files.write_stats(lake, stats)
        files.exchange(lake, new)
        files.write_manifest(lake, manifest)
    return Report(manifest, manifest.buckets, True)


def update(
    source: Source,
    lake: Path,
    *,
    at: datetime,
    register_rows: registers.Registers | None = None,
    with_registers: bool = True,
    memory: str = "1GB",
    progress: Progress = lambda table, resources: None,
) -> Report:
    """Bring the lake up to now: only the files of persons that changed since it was last written.

    `with_registers`: compare the registers too. A lake that is missing, was not filled from a store or is of an older
    layout is built whole. A crash leaves the old position, so the next update does the rest again. Raises as `build` does.
    """
    before = files.read_manifest(lake)
    if before is None or not before.position or before.version != layout.LAYOUT_VERSION:
        size = before.bucket_size if before else layout.DEFAULT_BUCKET_SIZE
        return build(
            source, lake, at=at, bucket_size=size, register_rows=register_rows, memory=memory, progress=progress
        )
    with files.writing(lake) as scratch:
        lies = updates.state(lake)
        position = source.position()
        changes = source.changed(before.position)
        rows, registers_changed = {table: before.rows.get(table, 0) for table in layout.REGISTERS}, False
        if with_registers:
            given = register_rows if register_rows is not None else registers.from_database()
            rows, registers_changed = registers.write(lake, given)
        if not changes and not registers_changed:
            if position != before.position:
                files.write_manifest(lake, replace(before, position=position, rows=before.rows | rows))
                updates.log(lake, lies, ())
            return Report(before, (), False)
        connection = connect(scratch, memory=memory)
        counts.load_registers(connection, lake)
        stats = files.read_stats(lake)
        today = at.astimezone(CHINA).date()
        written = _redo(source, lake, connection, changes, before.bucket_size, stats, today, progress)
        if registers_changed:
            noted.note_everything(lake)
            for table, bucket in [(table, bucket) for table, buckets in stats.items() for bucket in buckets]:
                unreadable = stats[table][bucket].get("unreadable", 0)
                _count(connection, lake, table, bucket, stats, today, unreadable)
        connection.close()
        manifest = counts.manifest(stats, rows, bucket_size=before.bucket_size, built_at=at, position=position)
        files.write_stats(lake, stats)
        files.write_manifest(lake, manifest)
        updates.log(lake, lies, changes.persons)
    return Report(manifest, tuple(sorted(written)), registers_changed)


def _write(flattener: Flattener, root: Path, bucket: int) -> int:
    """Write one file. Gives the number of bodies that could not be read."""
    visits = layout.table_path(root, "visit", bucket)
    flattener.write(layout.table_path(root, flattener.table, bucket), visits=visits)
    unreadable = flattener.unreadable
    flattener.forget()
    return unreadable


def _count(
    connection: duckdb.DuckDBPyConnection,
    root: Path,
    table: str,
    bucket: int,
    stats: files.Stats,
    today: date,
    unreadable: int = 0,
) -> None:
    """Count one file; an empty one is removed, but each table keeps the one without persons, so that it can be read."""
    path = layout.table_path(root, table, bucket)
    counted = counts.count_file(connection, table, path, today=today) if path.exists() else {"rows": 0}
    if unreadable:
        counted["unreadable"] = unreadable
    if counted["rows"] or unreadable or bucket == layout.NO_PERSON:
        stats.setdefault(table, {})[bucket] = counted
    else:
        stats.get(table, {}).pop(bucket, None)
    if not counted["rows"] and bucket != layout.NO_PERSON:
        path.unlink(missing_ok=True)


def _redo(
    source: Source,
    lake: Path,
    connection: duckdb.DuckDBPyConnection,
    changes: Changes,
    bucket_size: int,
    stats: files.Stats,
    today: date,
    progress: Progress,
) -> set[int]:
    """Write again the files of changed persons. Gives the buckets in which a row is different."""
    changed: dict[int, list[int]] = defaultdict(list)
    for person in changes.persons:
        changed[layout.bucket_of(person, bucket_size)].append(person)
    if changes.unassigned:
        changed[layout.NO_PERSON] = []
    complete = {bucket for bucket, persons in changed.items() if _is_whole(bucket, persons, bucket_size)}
    noted.note(lake, {b: p for b, p in changed.items() if b not in complete}, complete)
    written = set()
    flatteners = {table: Flattener(connection, table) for table in TABLES}
    for bucket, persons in sorted(changed.items()):
        whole = bucket in complete
        redone = pa.table({"person": pa.array(persons, pa.int64())})
        visits = layout.table_path(lake, "visit", bucket)
        for table, flattener in flatteners.items():
            path = layout.table_path(lake, table, bucket)
            for batch in _bodies(source, flattener.resource_type, bucket, persons, bucket_size, whole=whole):
                flattener.add(batch)
                progress(table, batch.num_rows)
            unreadable = 0 if whole else stats.get(table, {}).get(bucket, {}).get("unreadable", 0)
            if not whole and flattener.same_as(path, redone, visits=visits):
                flattener.forget()
            else:
                if not whole:
                    flattener.add_file(path, without=redone)
                unreadable = max(unreadable, _write(flattener, lake, bucket))
                written.add(bucket)
            _count(connection, lake, table, bucket, stats, today, unreadable)
    return written


def _is_whole(bucket: int, persons: list[int], bucket_size: int) -> bool:
    """Whether a bucket is read whole rather than person by person."""
    return bucket == layout.NO_PERSON or len(persons) > max(8, _WHOLE_BUCKET * bucket_size)


def _bodies(
    source: Source, resource_type: str, bucket: int, persons: list[int], bucket_size: int, *, whole: bool
) -> Iterator[pa.Table]:
    if bucket == layout.NO_PERSON:
        yield from source.unassigned(resource_type)
    elif whole:
        yield from source.bodies(resource_type, persons=layout.persons_of(bucket, bucket_size))
    else:
        yield from source.bodies(resource_type, persons=persons)


def _by_bucket(tables: Iterable[pa.Table], bucket_size: int, name: str) -> Iterator[tuple[int, Iterator[pa.Table]]]:
    """Tables in order of person cut at the edges of buckets."""

    def pieces() -> Iterator[tuple[int, pa.Table]]:
        for table in tables:
            if not table.num_rows:
                continue
            persons = table.column("person")
            numbers = persons.fill_null(-1).to_numpy()
            buckets = np.where(numbers < 0, layout.NO_PERSON, numbers // bucket_size)
            edges = [0, *(np.flatnonzero(np.diff(buckets)) + 1).tolist(), table.num_rows]
            for start, stop in itertools.pairwise(edges):
                yield int(buckets[start]), table.slice(start, stop - start)

    done: set[int] = set()
    for bucket, group in itertools.groupby(pieces(), key=lambda piece: piece[0]):
        if bucket in done:
            raise RuntimeError(f"bodies for the table {name} do not come in order of person")
        done.add(bucket)
        yield bucket, (piece for _, piece in group)
