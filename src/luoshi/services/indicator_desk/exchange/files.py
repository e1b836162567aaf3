"""CSV and Parquet: a sheet as rows, one per place, under the same names in every format."""

from __future__ import annotations

import csv
import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from luoshi.services.indicator_desk.queries import Sheet

SCHEMA = pa.schema(
    [
        ("indicator", pa.string()),
        ("period", pa.string()),
        ("start", pa.date32()),
        ("end", pa.date32()),
        ("place_kind", pa.string()),
        ("place", pa.string()),
        ("place_name", pa.string()),
        ("numerator", pa.float64()),
        ("denominator", pa.float64()),
        ("value", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("unit", pa.string()),
        ("reason", pa.string()),
        ("flags", pa.string()),
        ("data_until", pa.date32()),
    ]
)


def rows(sheet: Sheet) -> list[dict[str, Any]]:
    """One row per place, keys as in `SCHEMA`; `reason` says why there is no value (`withheld` among others)."""
    found = []
    for number, cell in enumerate(sheet.all_cells):
        found.append(
            {
                "indicator": sheet.indicator.id,
                "period": sheet.period.label,
                "start": sheet.period.start,
                "end": sheet.period.end,
                "place_kind": "institution" if number and sheet.by == "institution" else "division",
                "place": cell.code,
                "place_name": sheet.names.get(cell.code, cell.code),
                "numerator": cell.numerator,
                "denominator": cell.denominator,
                "value": cell.value,
                "low": cell.low,
                "high": cell.high,
                "unit": sheet.indicator.unit,
                "reason": cell.reason,
                "flags": " ".join(cell.flags),
                "data_until": sheet.data_until,
            }
        )
    return found


def as_csv(sheet: Sheet) -> bytes:
    """CSV in UTF-8 with a byte order mark, so that a double click opens it right; names of columns in the first line."""
    out = io.StringIO()
    writer = csv.DictWriter(out, SCHEMA.names, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows(sheet))
    return out.getvalue().encode("utf-8-sig")


def as_parquet(sheet: Sheet) -> bytes:
    """Parquet with the columns of `SCHEMA`."""
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows(sheet), schema=SCHEMA), sink)
    made: bytes = sink.getvalue().to_pybytes()
    return made
