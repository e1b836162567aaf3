"""One table of one bucket: bodies flattened by the catalogue's view, put in order, written as Parquet."""

# ruff: noqa: S608 (SQL is what this module makes, from the layout's own names)
from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from luoshi.kernel import lake_layout as layout
from luoshi.platform.lake.files import part_name
from luoshi.records import views

_KEPT = ("resource_id", "person", "source", "known_from", "known_to")
_EIGHT_HOURS_US = 8 * 3600 * 1_000_000
# Bodies flattened in one go: enough to make planning the query cheap, few enough to hold in memory.
_AT_ONCE = 50_000
_PIECE = 4_096


def connect(scratch: Path, *, memory: str = "1GB", threads: int | None = None) -> duckdb.DuckDBPyConnection:
    """A DuckDB that spills to `scratch` beyond `memory`."""
    settings: dict[str, str | int | bool] = {"memory_limit": memory, "temp_directory": str(scratch)}
    if threads:
        settings["threads"] = threads
    return duckdb.connect(config=settings)


class Flattener:
    """Collects the rows of one table in DuckDB, batch by batch, then writes them, bucket by bucket.

    `unreadable`: bodies met since the last `forget` that are no JSON.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, table: str) -> None:
        self.connection = connection
        self.table = table
        self._flat = f"flat_{table}"
        self._waiting: list[pa.Table] = []
        self.unreadable = 0
        self.columns = layout.PERSON_TABLES[table]
        self.view = views.catalog_view(table)
        made = ", ".join(f'"{name}" {kind}' for name, kind in self.columns.items())
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {self._flat} ({made})")
        given = {column.name for column in self.view.columns} | set(_KEPT)
        cells = {name: f'"{name}"' for name in given} | {name: _china(name) for name in ("known_from", "known_to")}
        # The id the store reads a resource by, not the one its sender gave: two senders may have given the same.
        cells["id"] = "resource_id"
        if "phone" in self.columns:
            cells["phone"] = layout.stand_in('"phone"')
        listed = ", ".join(
            f'CAST({cells.get(name, "NULL")} AS {kind}) AS "{name}"' for name, kind in self.columns.items()
        )
        # A version replaced in the instant it became known was never believed.
        believed = "SELECT *, id AS resource_id FROM batch WHERE (known_to IS NULL OR known_to > known_from)"
        self._insert, self._insert_valid = (
            f"INSERT INTO {self._flat} SELECT {listed} "
            f"FROM ({self.view.sql(f'({believed}{only})', keep=_KEPT, one_type=True)})"
            for only in ("", " AND json_valid(body)")
        )

    @property
    def resource_type(self) -> str:
        """The FHIR type the table is made of."""
        return self.view.resource

    def add(self, bodies: pa.Table) -> None:
        """Take in one table of bodies."""
        self._waiting.append(bodies)
        if sum(waiting.num_rows for waiting in self._waiting) >= _AT_ONCE:
            self._flatten()

    def _flatten(self) -> None:
        bodies = pa.concat_tables(self._waiting) if self._waiting else None
        self._waiting = []
        if bodies is None or not bodies.num_rows:
            return
        if "source" not in bodies.column_names:
            bodies = bodies.append_column("source", pa.nulls(bodies.num_rows, pa.string()))
        # Small pieces, so that every core has one to work on.
        self.connection.register("batch", pa.Table.from_batches(bodies.to_batches(max_chunksize=_PIECE)))
        try:
            self.connection.execute(self._insert)
        except duckdb.InvalidInputException as error:
            if "malformed json" not in str(error).lower():
                raise
            # One body that is no JSON must not keep all others out: it is left out and counted.
            self.unreadable += self._count("SELECT count(*) FROM batch WHERE NOT json_valid(body)")
            self.connection.execute(self._insert_valid)
        finally:
            self.connection.unregister("batch")

    def same_as(self, path: Path, persons: pa.Table, *, visits: Path | None = None) -> bool:
        """Whether the rows collected for `persons` (one column `person`) are those the file already has for them."""
        if not path.exists():
            return self._count(f"SELECT count(*) FROM {self._final(visits)}") == 0
        new = f"(SELECT {self._names()} FROM {self._final(visits)})"
        old = f"(SELECT {self._names()} FROM {_parquet(path)} SEMI JOIN redone USING (person))"
        self.connection.register("redone", persons)
        try:
            differing = f"(FROM {new} EXCEPT ALL FROM {old}) UNION ALL (FROM {old} EXCEPT ALL FROM {new})"
            return self._count(f"SELECT count(*) FROM ({differing})") == 0
        finally:
            self.connection.unregister("redone")

    def add_file(self, path: Path, *, without: pa.Table) -> None:
        """Take over the rows of a file written before, but those of some persons (one column `person`)."""
        if not path.exists():
            return
        self.connection.register("redone", without)
        try:
            self.connection.execute(
                f"INSERT INTO {self._flat} SELECT {self._names()} FROM {_parquet(path)} ANTI JOIN redone USING (person)"
            )
        finally:
            self.connection.unregister("redone")

    def write(self, path: Path, *, visits: Path | None = None) -> None:
        """Write what was collected, in order. `visits`: the visit file of the same bucket."""
        part = part_name(path)
        source = self._final(visits)
        kind, day = layout.KIND_COLUMN.get(self.table, "person"), layout.DAY_COLUMN[self.table]
        order = dict.fromkeys([kind, "person", day, "id", "known_from", *self.columns])
        ordered = ", ".join(f'"{name}" NULLS FIRST' for name in order)
        self.connection.execute(
            f"COPY (SELECT {self._names()} FROM {source} ORDER BY {ordered}) TO {views.quote(str(part))} "
            f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {layout.ROW_GROUP})"
        )
        part.replace(path)

    def forget(self) -> None:
        """Forget what was collected."""
        self._waiting = []
        self.unreadable = 0
        self.connection.execute(f"TRUNCATE {self._flat}")

    def _final(self, visits: Path | None) -> str:
        """The rows collected, as SQL to select from."""
        self._flatten()
        if self.table == "person":
            return f"({_one_believed_row(self._flat, self.columns)})"
        if self.table == "condition" and visits is not None and visits.exists():
            return f"({_with_institution(self._flat, self.columns, visits)})"
        return self._flat

    def _count(self, sql: str) -> int:
        return int(self.connection.execute(sql).fetchall()[0][0])

    def _names(self) -> str:
        return ", ".join(f'"{name}"' for name in self.columns)


def _parquet(path: Path) -> str:
    return f"read_parquet({views.quote(str(path))}, hive_partitioning = false)"


def _china(column: str) -> str:
    return f"make_timestamp(epoch_us({column}) + {_EIGHT_HOURS_US}::BIGINT)"


def _with_institution(flat: str, columns: dict[str, str], visits: Path) -> str:
    """Conditions with the institution of the same person's visit, as last known."""
    listed = ", ".join(
        "coalesce(f.institution, visits.institution) AS institution" if name == "institution" else f'f."{name}"'
        for name in columns
    )
    visit = f"SELECT id, person, arg_max(institution, known_from) AS institution FROM {_parquet(visits)} GROUP BY ALL"
    return (
        f"SELECT {listed} FROM {flat} f LEFT JOIN ({visit}) visits "
        "ON visits.id = f.visit AND visits.person IS NOT DISTINCT FROM f.person"
    )


def _one_believed_row(flat: str, columns: dict[str, str]) -> str:
    """One believed row of each person at any instant.

    A person known from several Patient resources gets, for each stretch of time in which the same versions were
    believed, the latest value of each column that is not empty. `id` is that of the latest resource.
    """
    names = [name for name in columns if name not in ("person", "known_from", "known_to")]
    plain = ", ".join(f'"{name}"' for name in columns)
    merged = ", ".join(
        f'arg_max(f."{name}", (f.known_from, f.id)) AS "{name}"' if name in names else f"s.{name} AS {name}"
        for name in columns
    )
    return f"""
        WITH several AS (SELECT person FROM {flat} WHERE person IS NOT NULL GROUP BY person HAVING count(DISTINCT id) > 1),
        instants AS (
            SELECT DISTINCT person, unnest([known_from, known_to]) AS t FROM {flat} SEMI JOIN several USING (person)),
        stretches AS (
            SELECT person, t AS known_from, lead(t) OVER (PARTITION BY person ORDER BY t) AS known_to
            FROM instants WHERE t IS NOT NULL)
        SELECT {plain} FROM {flat} ANTI JOIN several USING (person)
        UNION ALL BY NAME
        SELECT {merged} FROM stretches s JOIN {flat} f
            ON f.person = s.person AND f.known_from <= s.known_from
            AND (f.known_to IS NULL OR f.known_to > s.known_from)
        GROUP BY s.person, s.known_from, s.known_to"""
