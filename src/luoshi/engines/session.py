"""One DuckDB connection at work on one lake and one period: views of the lake's tables, shared queries, schedules.

Everything a cohort may name is put in place here; the filter "as known at" is applied once, in the views, so that no
cohort can forget it.
"""

# ruff: noqa: S608 (SQL is what this module makes, from checked definitions and quoted values)
from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import date, datetime
from functools import partial
from os.path import samefile
from typing import Any

import duckdb
import pyarrow as pa
from sqlglot import exp

from luoshi.engines.lake import UNKNOWN_PERSON, Chunk, LakeDirectory, Slice
from luoshi.engines.rendered import Rendered, arrow, believed, column, literal, quoted, sql_type
from luoshi.indicators import Catalogue, Cohort
from luoshi.indicators.cohort import Shared
from luoshi.indicators.expressions import BOUNDS
from luoshi.indicators.tables import PERSON_TABLES, REGISTERS, TABLES, Type
from luoshi.kernel.period import Period

# The table whose rows may be about nobody although what they belong to, a visit, is of somebody known.
ADRIFT = "milestone"
PLACES = ("division", "institution")
WORTH_CODING = 16  # cohorts; fewer read the files of the persons themselves


class Session:
    """See the module. `open_chunk` points the person tables at some buckets, `share` computes for a period what its
    cohorts have in common; both come before a cohort's SQL is run."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        rendered: Rendered,
        lake: LakeDirectory | None,
        catalogue: Catalogue,
        period: Period,
        known_at: datetime | None = None,
    ) -> None:
        self.con, self.lake, self.catalogue, self.period, self.known_at = con, lake, catalogue, period, known_at
        self._rendered = rendered
        self._kinds: dict[str, str] = {}
        self._has_adrift: bool | None = None
        self._before: dict[str, object] = {}  # what it switched of the database, as it was
        if lake is None:
            return
        for register in REGISTERS:
            self._view(register, lake.files(register))
        if isinstance(lake, Slice):
            self.look_at(lake)

    def close(self) -> None:
        """Drop the connection and all it held."""
        with suppress(duckdb.Error):  # a database that broke has said why already
            for name, value in self._before.items():
                self.run(f"SET GLOBAL {name} = {literal(value)}")
        self.con.close()

    def switch(self, name: str, value: object) -> None:
        """Set something of the whole database for as long as the session is open."""
        if name not in self._before:
            ((self._before[name],),) = self.run(f"SELECT current_setting({quoted(name)})").fetchall()
        self.run(f"SET GLOBAL {name} = {literal(value)}")

    def run(self, sql: str) -> duckdb.DuckDBPyConnection:
        """Run one statement."""
        return self.con.execute(sql)

    def sql(self, owner: object, names: tuple[str, ...], build: Callable[[], exp.Query]) -> str:
        """A query of the catalogue as DuckDB SQL for the session's period."""
        text = self._rendered.sql(owner, names, build)
        for name, day in (("$start", self.period.start), ("$end", self.period.end)):
            text = text.replace(name, literal(day))
        return self._bounded(text)

    @property
    def bounds(self) -> tuple[date, date]:
        """The days between which all periods lie that are asked for."""
        return self.period.start, self.period.end

    def _bounded(self, text: str) -> str:
        for name, day in zip(BOUNDS, self.bounds, strict=True):
            text = text.replace(f"${name}", literal(day))
        return text

    def cohort_sql(self, cohort: Cohort) -> str:
        """A cohort's own query for the session's period."""
        return self.sql(cohort, (), lambda: cohort.query)

    def table_of(self, name: str, columns: dict[str, Type], rows: Iterable[Sequence[Any]]) -> None:
        """A small temporary table from Python values."""
        self._table(name, arrow(columns, rows))

    def _table(self, name: str, rows: pa.Table) -> None:
        self.con.register("given", rows)
        self.run(f'CREATE OR REPLACE TEMP TABLE "{name}" AS SELECT * FROM given')
        self.con.unregister("given")

    def open_chunk(self, chunk: Chunk | None, cohorts: Sequence[Cohort], *, coded: bool = False) -> None:
        """Point the person tables that `cohorts` read at one chunk (None: empty, for what needs registers alone). `coded`:
        where many cohorts read the persons, put these into a table, their places as numbers of a list made for the chunk."""
        read = self._read(cohorts)
        self._put_schedules(read)
        for table in sorted(read & PERSON_TABLES.keys()):
            if self.lake is None or chunk is None:
                self._view(table, ())
                continue
            rows = self._rows(table, self.lake.files(table, chunk), self.lake.only(chunk))
            if table == ADRIFT and chunk.number != UNKNOWN_PERSON and self.adrift():
                rows = f'{rows} UNION ALL SELECT * FROM "__adrift"'
            if isinstance(self.lake, Slice):  # of a few persons the rows are few: they are read once
                self._define(table, "TABLE", rows)
            elif coded and table == "person" and chunk.number != UNKNOWN_PERSON and len(cohorts) >= WORTH_CODING:
                self._code_persons(rows, cohorts)
            else:
                self._define(table, "VIEW", rows)

    def _code_persons(self, rows: str, cohorts: Sequence[Cohort]) -> None:
        """The table `person` with the columns that are read. Its places are an ENUM: two bytes are joined, grouped and
        compared faster than twelve letters, and turn into letters wherever a query asks for them."""
        columns = self._rendered.columns_named(cohorts, self._needed(cohorts))
        shown = []
        for name in (name for name in TABLES["person"] if name in columns):
            if name in PLACES:
                kind = f"__{name}"
                self.run(
                    f"""CREATE OR REPLACE TEMP TYPE {kind} AS ENUM (
                    SELECT DISTINCT "{name}" FROM ({rows}) AS p WHERE "{name}" IS NOT NULL ORDER BY 1)"""
                )
                shown.append(f'CAST("{name}" AS {kind}) AS "{name}"')
            else:
                shown.append(f'"{name}"')
        self._define("person", "TABLE", f"SELECT {', '.join(shown)} FROM ({rows}) AS p")

    def adopt(self, other: Session, tables: Iterable[str]) -> None:
        """Have tables of another session here too, under their names."""
        for name in tables:
            self._kinds[name] = "TABLE"
            self._table(name, other.con.table(f'"{name}"').to_arrow_table())

    def look_only_at(self, where: str, most: int = 200_000) -> LakeDirectory:
        """Look from now on only at the persons whose row holds the condition `where`, where they are not too many; the
        lake that is looked at."""
        assert self.lake is not None
        rows = self._rows("person", self._all_files("person"))
        found = self.run(
            f"SELECT DISTINCT person FROM ({rows}) AS p WHERE person IS NOT NULL AND {where} LIMIT {most + 1}"
        )
        persons = sorted(person for (person,) in found.fetchall())
        if len(persons) <= most:
            self.look_at(Slice(self.lake.root, self.lake.chunk_persons, tuple(persons)))
        return self.lake

    def look_at(self, lake: Slice) -> None:
        """Look from now on at these persons."""
        self.lake = lake
        self._table(Slice.CHANGED, pa.table({"person": pa.array(lake.persons, pa.int64())}))

    def adrift(self) -> bool:
        """Whether there are milestones told about nobody whose call is of somebody known. They are put into a table and
        seen beside those of every chunk: they belong to a call, whoever called."""
        if self._has_adrift is None:
            assert self.lake is not None
            stones, calls = (self._rows(t, self.lake.files(t, self.lake.nobody)) for t in (ADRIFT, "visit"))
            self.run(
                f"""CREATE OR REPLACE TEMP TABLE "__adrift" AS SELECT stones.* FROM ({stones}) AS stones
                ANTI JOIN ({calls}) AS calls ON calls.id = stones.visit"""
            )
            self._has_adrift = bool(self.run('SELECT count(*) FROM "__adrift"').fetchall()[0][0])
        return self._has_adrift

    def differs(self, table: str, then: Slice, most: int = 1000) -> bool:
        """Whether the rows of a person table are others than in `then`, the same persons as they were. Of more than `most`
        persons the rows are not compared: a file that was written again counts as another."""
        assert isinstance(self.lake, Slice)
        for chunk in self.lake.chunks:
            old, new = (side.files(table, chunk) for side in (then, self.lake))
            if len(old) == len(new) and all(map(samefile, old, new)):
                continue
            if len(then.persons) > most or chunk.number == UNKNOWN_PERSON:
                return True
            one, two = (self._rows(table, files, self.lake.only(chunk)) for files in (old, new))
            sides = f"(({one}) EXCEPT ALL ({two})) UNION ALL (({two}) EXCEPT ALL ({one}))"
            if self.run(f"SELECT count(*) FROM ({sides}) AS rows").fetchall()[0][0]:
                return True
        return False

    def share(self, cohorts: Sequence[Cohort]) -> None:
        """Compute the shared queries that `cohorts` read, for the open chunk and the session's period. What is read in
        one place only is left to the query that reads it, which takes no more of it than it needs."""
        for shared in self._needed(cohorts):
            if shared.scope != "region":
                use = self._rendered.use(shared, cohorts, self._needed(cohorts))
                self._put(shared, self.sql(shared, use.cut, partial(lambda use: use.query, use)), cohorts)

    def share_region(self, cohorts: Sequence[Cohort], place: int) -> None:
        """Compute once what looks across all of them; `place` tells the periods of one run apart."""
        for shared in self._needed(cohorts):
            if shared.scope == "region":
                self.open_everywhere(shared)
                sql = self.sql(shared, (), lambda query=shared.query: query)  # type: ignore[misc]
                self.run(f'CREATE OR REPLACE TEMP TABLE "{shared.name}_{place}" AS {sql}')

    def use_region(self, cohorts: Sequence[Cohort], place: int) -> None:
        """Put the region-wide tables of one period under their names."""
        for shared in self._needed(cohorts):
            if shared.scope == "region":
                self._define(shared.name, "VIEW", f'SELECT * FROM "{shared.name}_{place}"')

    def regions(self, cohorts: Sequence[Cohort]) -> list[str]:
        """The region-wide shared tables that `cohorts` read."""
        return [shared.name for shared in self._needed(cohorts) if shared.scope == "region"]

    def open_everywhere(self, shared: Shared) -> None:
        """Point the person tables that a query reads at all buckets."""
        self._put_schedules(shared.reads)
        for table in sorted(shared.reads & PERSON_TABLES.keys()):
            self._define(table, "VIEW", self.rows(table))

    def _put_schedules(self, names: Iterable[str]) -> None:
        """Put in place the schedules among some names that are not yet."""
        for name in sorted(self.catalogue.schedules.keys() & names):
            if name not in self._kinds:
                self._kinds[name] = "TABLE"
                self._table(name, self._rendered.schedule(self.catalogue.schedules[name]))

    def rows(self, table: str) -> str:
        """SQL of the believed rows of a person table, everywhere; of a `Slice` those of its persons."""
        parts = [
            self._rows(table, files, self.lake.only(chunk))
            for chunk in (self.lake.chunks if isinstance(self.lake, Slice) else ())
            if self.lake is not None and (files := self.lake.files(table, chunk))
        ]
        return " UNION ALL ".join(parts) or self._rows(table, self._all_files(table))

    def has_rows(self, table: str) -> bool:
        """Whether a person table has a believed row."""
        return self.run(f"SELECT 1 FROM ({self.rows(table)}) AS rows LIMIT 1").fetchone() is not None

    def _put(self, shared: Shared, sql: str, cohorts: Sequence[Cohort]) -> None:
        use = self._rendered.use(shared, cohorts, self._needed(cohorts))
        for code, texts in use.codes:
            sql = f'SELECT * FROM ({sql}) AS rows WHERE "{code}" IN ({", ".join(map(quoted, texts))})'
        self._define(shared.name, "TABLE" if self._is_kept(shared, cohorts) else "VIEW", sql)

    def _is_kept(self, shared: Shared, cohorts: Sequence[Cohort]) -> bool:
        """Whether a shared table is made once; what is read in one place is made there."""
        return shared.stored and self._rendered.use(shared, cohorts, self._needed(cohorts)).readers != 1

    def _define(self, name: str, kind: str, sql: str) -> None:
        """Put a query under a name, which may have been of the other kind before."""
        before = self._kinds.get(name)
        if before is not None and before != kind:
            self.run(f'DROP {before} IF EXISTS "{name}"')
        self._kinds[name] = kind
        self.run(f'CREATE OR REPLACE TEMP {kind} "{name}" AS {sql}')

    def source(self, table: str) -> str:
        """All rows of a table, believed or not, as something to select from; empty when it has no file. Of a `Slice` the
        believed rows of its persons."""
        if isinstance(self.lake, Slice) and table in PERSON_TABLES:
            return f"({self.rows(table)})"
        files = self._all_files(table) if table in PERSON_TABLES else self.lake.files(table) if self.lake else ()
        return f"read_parquet([{', '.join(map(quoted, files))}], hive_partitioning = false)" if files else ""

    def _all_files(self, table: str) -> tuple[str, ...]:
        if self.lake is None:
            return ()
        return tuple(file for chunk in self.lake.chunks for file in self.lake.files(table, chunk))

    def _read(self, cohorts: Sequence[Cohort]) -> set[str]:
        """The names of all that `cohorts` and what they share read."""
        return {name for cohort in cohorts for name in cohort.reads}.union(*(s.reads for s in self._needed(cohorts)))

    def _needed(self, cohorts: Sequence[Cohort]) -> list[Shared]:
        shared = self.catalogue.shared
        wanted: set[str] = set()
        todo = [name for cohort in cohorts for name in cohort.reads]
        while todo:
            name = todo.pop()
            if name in shared and name not in wanted:
                wanted.add(name)
                todo.extend(shared[name].reads)
        return [query for name, query in shared.items() if name in wanted]

    def _view(self, table: str, files: Sequence[str]) -> None:
        """The believed rows of `files` under the table's name, with exactly its columns and types."""
        self._define(table, "VIEW", self._rows(table, files))

    def _rows(self, table: str, files: Sequence[str], only: str = "") -> str:
        """SQL of the believed rows of `files` for which the condition `only` holds."""
        declared = TABLES[table]
        if not files:
            columns = ", ".join(f'CAST(NULL AS {sql_type(kind)}) AS "{name}"' for name, kind in declared.items())
            return f"SELECT {columns} WHERE false"
        names = ", ".join(map(quoted, files))
        source = (
            f"read_parquet([{names}], hive_partitioning = false{', union_by_name = true' if len(files) > 1 else ''})"
        )
        found = self._rendered.columns_of(files, lambda: self.run(f"DESCRIBE SELECT * FROM {source}").fetchall())
        columns = ", ".join(column(name, kind, found.get(name)) for name, kind in declared.items())
        where = believed(found, self.known_at)
        if only:
            where = f"{where} AND {only}" if where else f" WHERE {only}"
        return f"SELECT {columns} FROM {source}{where}"
