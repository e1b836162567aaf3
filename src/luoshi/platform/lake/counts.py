"""What is counted of each file when it is written: rows, the last day heard of, codes no register knows."""

# ruff: noqa: S608 (SQL is what this module makes, from the layout's own names)
from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from luoshi.kernel import lake_layout as layout
from luoshi.platform.lake.files import Stats
from luoshi.records import views

_CODES_KEPT = 20
_REGISTER_OF = {"division": "division", "institution": "institution"}


def load_registers(connection: duckdb.DuckDBPyConnection, lake: Path) -> None:
    """Make the codes of divisions and institutions known to `count_file`."""
    for register in ("division", "institution"):
        path = layout.table_path(lake, register)
        source = (
            f"read_parquet({views.quote(str(path))})" if path.exists() else "(SELECT NULL::VARCHAR AS code WHERE false)"
        )
        connection.execute(f"CREATE OR REPLACE TEMP TABLE known_{register} AS SELECT DISTINCT code FROM {source}")


def count_file(connection: duckdb.DuckDBPyConnection, table: str, path: Path, *, today: date) -> dict[str, Any]:
    """`rows`, `until` (last day not after `today`, or None) and, where there are any, the unknown codes with the number
    of believed rows that name them."""
    day = f'CAST("{layout.DAY_COLUMN[table]}" AS DATE)'
    source = f"read_parquet({views.quote(str(path))}, hive_partitioning = false)"
    summary = f"SELECT count(*), max({day}) FILTER ({day} <= ?) FROM {source}"
    rows, until = connection.execute(summary, [today]).fetchall()[0]
    counts: dict[str, Any] = {"rows": rows, "until": until.isoformat() if until else None}
    for column, register in _REGISTER_OF.items():
        if column not in layout.PERSON_TABLES[table]:
            continue
        unknown = connection.execute(
            f'SELECT "{column}", count(*) FROM {source} '
            f'WHERE known_to IS NULL AND "{column}" IS NOT NULL AND "{column}" NOT IN (SELECT code FROM known_{register}) '
            f"GROUP BY 1 ORDER BY 2 DESC, 1"
        ).fetchall()
        if unknown:
            counts[f"unknown_{register}"] = dict(unknown)
    return counts


def manifest(
    stats: Stats, registers: dict[str, int], *, bucket_size: int, built_at: datetime, position: str
) -> layout.Manifest:
    """The manifest of a lake with these counts and numbers of register rows."""
    rows = {table: sum(counts["rows"] for counts in stats.get(table, {}).values()) for table in layout.PERSON_TABLES}
    until = {
        table: max(days)
        for table in layout.PERSON_TABLES
        if (days := [counts["until"] for counts in stats.get(table, {}).values() if counts.get("until")])
    }
    notes: dict[str, Any] = {}
    for register in ("division", "institution"):
        codes: dict[str, int] = {}
        tables: dict[str, int] = {}
        for table, buckets in stats.items():
            for counts in buckets.values():
                for code, count in counts.get(f"unknown_{register}", {}).items():
                    codes[code] = codes.get(code, 0) + count
                    tables[table] = tables.get(table, 0) + count
        if codes:
            most = sorted(codes.items(), key=lambda item: (-item[1], item[0]))
            notes[f"unknown_{register}s"] = {
                "codes": len(codes),
                "rows": dict(sorted(tables.items())),
                "most_rows": dict(most[:_CODES_KEPT]),
            }
    unreadable = {
        table: count
        for table, buckets in stats.items()
        if (count := sum(counts.get("unreadable", 0) for counts in buckets.values()))
    }
    if unreadable:
        notes["unreadable_resources"] = unreadable
    filled = {bucket for table in stats.values() for bucket, counts in table.items() if counts["rows"]}
    return layout.Manifest(
        bucket_size=bucket_size,
        built_at=built_at,
        buckets=tuple(sorted(filled)),
        data_until={table: date.fromisoformat(day) for table, day in until.items()},
        rows=rows | registers,
        notes=notes,
        position=position,
    )
