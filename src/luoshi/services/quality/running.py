"""Running the checks over a lake: one pass per table and bucket of residents, results kept beside the lake.

```
<lake>/quality/cells/<bucket>.parquet     check, source, received, place, rows, failing
<lake>/quality/failing/<bucket>.parquet   one row for each failing row: which, whose, where, the values its words name
<lake>/quality/state.json                 fingerprints: of the checks, and of every bucket's files
```
A bucket whose files are those of the last run is not read again. Checks that compare residents with each other are run
anew for all buckets when any changed. Only believed rows are looked at, so a corrected row stops failing by itself.
"""

# ruff: noqa: S608 (SQL is what this module makes, from parsed checks and names of its own)
from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from luoshi.engines import LakeDirectory
from luoshi.engines.rendered import quoted
from luoshi.kernel import clock
from luoshi.kernel import lake_layout as layout
from luoshi.kernel.errors import InvalidValue
from luoshi.services.quality.checks import BESIDE, PERSON, Check, Library, library

REGION = "region"
CELLS = "check_id VARCHAR, source VARCHAR, received DATE, place VARCHAR, rows BIGINT, failing BIGINT"
FAILING = (
    "check_id VARCHAR, source VARCHAR, received DATE, place VARCHAR, id VARCHAR, person BIGINT, division VARCHAR, "
    "institution VARCHAR, day DATE, said VARCHAR"
)


@dataclass(frozen=True)
class Ran:
    """What a run did. `rows`: asked of the rows of all tables, each check counted; `looked_at`: buckets read anew."""

    at: datetime
    checks: int
    rows: int
    failing: int
    buckets: int
    looked_at: int
    seconds: float


def folder_of(lake: Path) -> Path:
    """Where the results of the checks lie."""
    return lake / "quality"


def run(
    lake: Path,
    *,
    checks: Library | None = None,
    whole: bool = False,
    memory: str = "1GB",
    threads: int = 2,
    progress: Callable[[str], object] = lambda words: None,
) -> Ran:
    """Run all checks over `lake` and put the results in place; `whole` forgets what was kept of the last run.

    Raises `UnreadableFile` where there is no lake.
    """
    begun = time.perf_counter()
    checks = checks or library()
    directory = LakeDirectory.open(lake)
    target = folder_of(lake)
    before = {} if whole else _state(target)
    kept = before.get("buckets", {}) if before.get("checks") == checks.fingerprint else {}
    now = {str(bucket): _fingerprint(lake, bucket) for bucket in directory.buckets}
    registers = _registers_fingerprint(lake)
    if before.get("registers") != registers:
        kept = {}
    changed = [bucket for bucket in directory.buckets if kept.get(str(bucket)) != now[str(bucket)]]
    gone = set(kept) - set(now)
    for name in ("cells", "failing"):
        (target / name).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target) as scratch:
        worker = Worker(lake, Path(scratch), memory=memory, threads=threads)
        local = [check for check in checks.checks.values() if not check.regional]
        for bucket in changed:
            progress(f"bucket {bucket}")
            worker.begin()
            worker.look(bucket, local)
            worker.keep(target, str(bucket))
        if changed or gone:
            progress("comparisons across the region")
            regional = [check for check in checks.checks.values() if check.regional]
            worker.begin()
            worker.compare(directory.buckets, regional)
            for bucket in directory.buckets:
                worker.look(bucket, regional)
            worker.keep(target, REGION)
        worker.con.close()
    for bucket in gone:
        for name in ("cells", "failing"):
            (target / name / f"{bucket}.parquet").unlink(missing_ok=True)
    at = clock.now()
    state = {"checks": checks.fingerprint, "registers": registers, "buckets": now, "at": at.isoformat()}
    _replace(target / "state.json", json.dumps(state, indent=1))
    rows, failing = _totals(target)
    return Ran(at, len(checks.checks), rows, failing, len(now), len(changed), time.perf_counter() - begun)


def ran_at(lake: Path) -> datetime | None:
    """When the checks were last run over this lake; None when never."""
    text = _state(folder_of(lake)).get("at")
    return datetime.fromisoformat(text) if text else None


class Worker:
    """One DuckDB with two tables to fill, `cells` and `failing`."""

    def __init__(self, lake: Path, scratch: Path, *, memory: str, threads: int) -> None:
        self.lake = lake
        config: dict[str, Any] = {"memory_limit": memory, "threads": threads, "temp_directory": str(scratch)}
        self.con = duckdb.connect(config={**config, "autoinstall_known_extensions": False})
        self.con.execute("SET preserve_insertion_order = false")
        for register in ("division", "institution"):
            path = layout.table_path(lake, register)
            columns = ", ".join(
                f'CAST(NULL AS {kind}) AS "{name}"' for name, kind in layout.REGISTERS[register].items()
            )
            source = (
                f"SELECT * FROM read_parquet({quoted(str(path))})" if path.exists() else f"SELECT {columns} LIMIT 0"
            )
            # A place may have had several names: the latest row of a code counts.
            self.con.execute(
                f"CREATE TEMP TABLE {register} AS SELECT * FROM ({source}) "
                "QUALIFY row_number() OVER (PARTITION BY code ORDER BY valid_from DESC NULLS LAST) = 1"
            )

    def begin(self) -> None:
        """Forget what was counted."""
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE cells ({CELLS})")
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE failing ({FAILING})")

    def keep(self, target: Path, name: str) -> None:
        """Write both tables under `name`."""
        self.con.execute(
            "CREATE OR REPLACE TEMP TABLE cells AS SELECT check_id, source, received, place, sum(rows)::BIGINT AS rows, "
            "sum(failing)::BIGINT AS failing FROM cells GROUP BY ALL"
        )
        orders = {"cells": "ALL", "failing": "check_id, source, received, id, person"}
        for table, order in orders.items():
            path = target / table / f"{name}.parquet"
            part = path.with_name(f".{path.name}.{os.getpid()}")
            self.con.execute(
                f"COPY (SELECT * FROM {table} ORDER BY {order}) TO {quoted(str(part))} (FORMAT parquet, COMPRESSION zstd)"
            )
            part.replace(path)

    def source(self, table: str, buckets: Sequence[int]) -> str:
        """The believed rows of a table in some buckets; columns an older lake lacks are null."""
        found = [str(p) for bucket in buckets if (p := layout.table_path(self.lake, table, bucket)).exists()]
        declared = layout.PERSON_TABLES[table]
        if not found:
            return f"(SELECT {', '.join(f'CAST(NULL AS {kind}) AS {_q(name)}' for name, kind in declared.items())} LIMIT 0)"
        files = ", ".join(map(quoted, found))
        read = f"read_parquet([{files}], hive_partitioning = false, union_by_name = true)"
        there = {row[0] for row in self.con.execute(f"DESCRIBE SELECT * FROM {read}").fetchall()}
        lacking = "".join(
            f", CAST(NULL AS {kind}) AS {_q(name)}" for name, kind in declared.items() if name not in there
        )
        return f"(SELECT *{lacking}, CAST(known_from AS DATE) AS received FROM {read} WHERE known_to IS NULL)"

    def compare(self, buckets: Sequence[int], checks: Iterable[Check]) -> None:
        """Make the groups of the whole region that checks compare with."""
        for check in checks:
            for name, group in check.compare.items():
                by = ", ".join(group.by)
                sums = ", ".join(f"{text} AS {_q(column)}" for column, text in group.columns.items())
                self.con.execute(
                    f"CREATE OR REPLACE TEMP TABLE {_q(f'{check.id}.{name}')} AS SELECT {by}, {sums} "
                    f"FROM {self.source(check.table, buckets)} WHERE {group.rows} GROUP BY {by}"
                )

    def look(self, bucket: int, checks: Sequence[Check]) -> None:
        """Add what `checks` find in one bucket."""
        for table in layout.PERSON_TABLES:
            asked = [check for check in checks if check.table == table]
            if asked and layout.table_path(self.lake, table, bucket).exists():
                self._look(bucket, table, asked)

    def _look(self, bucket: int, table: str, checks: Sequence[Check]) -> None:
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE enriched AS {self._enriched(bucket, table, checks)}")
        sums = ", ".join(
            f"count(*) FILTER (WHERE {c.rows}) AS n{i}, count(*) FILTER (WHERE ({c.rows}) AND ({c.fails})) AS f{i}"
            for i, c in enumerate(checks)
        )
        self.con.execute(
            "CREATE OR REPLACE TEMP TABLE counted AS SELECT coalesce(source, '') AS source, received, _place AS place, "
            f"{sums} FROM enriched GROUP BY 1, 2, 3"
        )
        totals = self.con.execute(
            f"SELECT {', '.join(f'sum(n{i}), sum(f{i})' for i in range(len(checks)))} FROM counted"
        ).fetchall()[0]
        day = layout.DAY_COLUMN[table]
        for i, check in enumerate(checks):
            if not totals[2 * i]:
                continue
            self.con.execute(
                f"INSERT INTO cells SELECT {quoted(check.id)}, source, received, place, n{i}, f{i} "
                f"FROM counted WHERE n{i} > 0"
            )
            if totals[2 * i + 1]:
                said = ", ".join(f"{_q(name)} := {_q(name)}" for name in check.said) or "nothing := NULL"
                self.con.execute(
                    f"INSERT INTO failing SELECT {quoted(check.id)}, coalesce(source, ''), received, _place, id, person, "
                    f"person_division, institution, CAST({_q(day)} AS DATE), CAST(to_json(struct_pack({said})) AS VARCHAR) "
                    f"FROM enriched WHERE ({check.rows}) AND ({check.fails})"
                )

    def _enriched(self, bucket: int, table: str, checks: Sequence[Check]) -> str:
        """SQL of the rows of a table with everything the checks may name."""
        beside = sorted({name for check in checks for name in check.beside} | {"institution"})
        person = "" if table == "person" else f" LEFT JOIN {self.source('person', [bucket])} p ON p.person = r.person"
        of = "r" if table == "person" else "p"
        listed = ["r.*", *(f"{of}.{name} AS person_{name}" for name in PERSON)]
        joins = [person]
        for name in beside:
            prefix = f"b_{name}"
            listed += [f"{prefix}.{_q(column)} AS {_q(f'{name}_{column}')}" for column in BESIDE[name]]
            if name in ("visit", "episode"):
                on = f"{prefix}.id = r.{name} AND {prefix}.person IS NOT DISTINCT FROM r.person"
                joins.append(f" LEFT JOIN {self.source(name, [bucket])} {prefix} ON {on}")
            else:
                joins.append(f" LEFT JOIN {name} {prefix} ON {prefix}.code = r.{name}")
        # Where the row counts on a map: the county (or city) of the institution, else of the resident.
        joins.append(" LEFT JOIN division at_place ON at_place.code = b_institution.division")
        joins.append(f" LEFT JOIN division at_home ON at_home.code = {of}.division")
        listed.append("coalesce(at_place.l3, at_place.l2, at_home.l3, at_home.l2, '') AS _place")
        for check in checks:
            for name, related in check.related.items():
                made = (
                    f"SELECT {related.key} AS key, count(*) AS n FROM {self.source(related.table, [bucket])} "
                    f"WHERE {related.rows} GROUP BY 1"
                )
                joins.append(f" LEFT JOIN ({made}) rel_{name} ON rel_{name}.key = r.{related.to}")
                listed.append(f"coalesce(rel_{name}.n, 0) AS {_q(name)}")
            for name, group in check.compare.items():
                on = " AND ".join(f"cmp_{name}.{column} = r.{column}" for column in group.by)
                joins.append(f" LEFT JOIN {_q(f'{check.id}.{name}')} cmp_{name} ON {on}")
                listed += [f"cmp_{name}.{_q(column)}" for column in group.columns]
        windows = [f"{text} AS {_q(name)}" for check in checks for name, text in check.window.items()]
        inner = f"SELECT {', '.join(listed)} FROM {self.source(table, [bucket])} r{''.join(joins)}"
        return f"SELECT {', '.join(['*', *windows])} FROM ({inner})"


def examine(tables: dict[str, list[dict[str, Any]]], check: Check) -> list[dict[str, Any]]:
    """The rows of a tiny lake that fail one check, each with the columns of `FAILING`. For the cases of a check."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with tempfile.TemporaryDirectory() as name:
        lake = Path(name)
        with duckdb.connect(config={"threads": 1}) as con:
            for table, rows in tables.items():
                columns = layout.columns(table)
                path = layout.table_path(lake, table, 0 if table in layout.PERSON_TABLES else None)
                path.parent.mkdir(parents=True)
                plain = {
                    c: pa.array([None if r.get(c) is None else str(r[c]) for r in rows], pa.string()) for c in columns
                }
                con.register("plain", pa.table(plain))
                casts = ", ".join(f"CAST({_q(c)} AS {kind}) AS {_q(c)}" for c, kind in columns.items())
                pq.write_table(con.sql(f"SELECT {casts} FROM plain").to_arrow_table(), path)
        worker = Worker(lake, lake, memory="200MB", threads=1)
        worker.begin()
        worker.compare([0], [check])
        worker.look(0, [check])
        found = worker.con.execute("SELECT * FROM failing ORDER BY ALL")
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _q(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _fingerprint(lake: Path, bucket: int) -> str:
    """Changes when a file of the bucket is replaced."""
    parts = []
    for table in layout.PERSON_TABLES:
        path = layout.table_path(lake, table, bucket)
        if path.exists():
            stat = path.stat()
            parts.append(f"{table}:{stat.st_size}:{stat.st_mtime_ns}")
    return " ".join(parts)


def _registers_fingerprint(lake: Path) -> str:
    paths = [layout.table_path(lake, register) for register in ("division", "institution")]
    return " ".join(f"{p.stat().st_size}:{p.stat().st_mtime_ns}" for p in paths if p.exists())


def _state(target: Path) -> dict[str, Any]:
    path = target / "state.json"
    try:
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise InvalidValue("is damaged.", where=str(path), todo="Run `luoshi quality run --whole`.") from error
    return found if isinstance(found, dict) else {}


def forget(lake: Path) -> None:
    """Remove all results."""
    shutil.rmtree(folder_of(lake), ignore_errors=True)


def _replace(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_text(text, "utf-8")
    part.replace(path)


def _totals(target: Path) -> tuple[int, int]:
    with duckdb.connect() as con:
        pattern = quoted(str(target / "cells" / "*.parquet"))
        row = con.execute(
            f"SELECT coalesce(sum(rows), 0), coalesce(sum(failing), 0) FROM read_parquet({pattern})"
        ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])
