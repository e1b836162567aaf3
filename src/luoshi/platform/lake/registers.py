"""The registers of the lake, from the divisions and institutions kept in the database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from luoshi.kernel import lake_layout as layout
from luoshi.platform.lake.files import part_name

_ARROW = {
    "VARCHAR": pa.string(), "INTEGER": pa.int32(), "BIGINT": pa.int64(), "BOOLEAN": pa.bool_(), "DATE": pa.date32(),
}  # fmt: skip

Registers = dict[str, pa.Table]


def arrow_table(register: str, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Rows as one table with the columns of the layout."""
    schema = pa.schema([(name, _ARROW[kind]) for name, kind in layout.REGISTERS[register].items()])
    return pa.Table.from_pylist([{name: row.get(name) for name in schema.names} for row in rows], schema=schema)


# register -> model and where each column of the layout is found from it, in order.
_LOOKUPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "institution": ("Institution", (
        "code", "name", "type", "level", "parent__code", "division__code", "public", "valid_from", "valid_to")),
    "title": ("Title", ("institution__code", "division__code", "title", "granted", "revoked")),
    "staff": ("StaffCount", ("institution__code", "role", "count", "as_of")),
    "bed": ("BedCount", ("institution__code", "kind", "count", "as_of")),
    "population": ("Population", (
        "division__code", "year", "kind", "sex", "age_from", "age_to", "value", "source", "version")),
    "unit": ("Unit", (
        "code", "name", "kind", "division__code", "public", "affordable", "places", "enrolled", "filed", "award",
        "awarded", "valid_from", "valid_to", "as_of")),
    "event": ("Event", (
        "code", "kind", "division__code", "institution__code", "day", "done_day", "published", "result")),
    "statistic": ("Statistic", ("institution__code", "division__code", "item", "day", "value")),
    "answer": ("Answer", (
        "survey", "respondent", "division__code", "stratum", "cluster", "clusters", "weight", "sex", "age", "question",
        "value", "day")),
}  # fmt: skip


def from_database() -> Registers:
    """Every register as it stands in the database."""
    from luoshi.platform.regions import models

    found = {"division": arrow_table("division", _divisions())}
    for register, (model, lookups) in _LOOKUPS.items():
        rows = getattr(models, model).objects.order_by(*lookups).values_list(*lookups)
        found[register] = arrow_table(
            register, (dict(zip(layout.REGISTERS[register], row, strict=True)) for row in rows)
        )
    return found


def _divisions() -> Iterator[dict[str, Any]]:
    """Divisions with the codes of their ancestors, which their path names from the top down."""
    from luoshi.platform.regions.models import Division

    fields = ("code", "name", "level", "parent__code", "path", "urban", "valid_from", "valid_to")
    rows = list(Division.objects.order_by("level", "code", "valid_from").values(*fields))
    level_of = {row["code"]: row["level"] for row in rows}
    for row in rows:
        above = {f"l{level_of[code]}": code for code in row["path"].split("/") if code in level_of}
        yield {**row, "parent": row["parent__code"], **above, f"l{row['level']}": row["code"]}


def write(lake: Path, registers: Registers) -> tuple[dict[str, int], bool]:
    """Write the registers that differ from what the lake holds.

    Gives the number of rows of each, and whether divisions or institutions differ (rows then need counting again).
    """
    differ = False
    for name in layout.REGISTERS:
        path = layout.table_path(lake, name)
        if path.exists() and pq.read_table(path).equals(registers[name]):
            continue
        part = part_name(path)
        pq.write_table(registers[name], part, compression="zstd")
        part.replace(path)
        differ = differ or name in ("division", "institution")
    return {name: registers[name].num_rows for name in layout.REGISTERS}, differ
