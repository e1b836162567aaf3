"""A DuckDB that knows the functions of the cohort dialect."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb

# Our functions in DuckDB's words, known to every cursor of a connection. The key of `latest_…` orders by day, then by
# value to a thousandth.
_MACROS = """
CREATE OR REPLACE MACRO plus_days(d, n) AS d + CAST(n AS INTEGER);
CREATE OR REPLACE MACRO days_before(d, n) AS d - CAST(n AS INTEGER);
CREATE OR REPLACE MACRO plus_months(d, n) AS CAST(d + to_months(CAST(n AS INTEGER)) AS DATE);
CREATE OR REPLACE MACRO months_before(d, n) AS CAST(d - to_months(CAST(n AS INTEGER)) AS DATE);
CREATE OR REPLACE MACRO years_before(d, n) AS CAST(d - to_years(CAST(n AS INTEGER)) AS DATE);
CREATE OR REPLACE MACRO days_from(a, b) AS b - a;
CREATE OR REPLACE MACRO milliseconds_from(a, b) AS (epoch_us(b) - epoch_us(a)) // 1000;
CREATE OR REPLACE MACRO latest_highest(v, d) AS
  arg_max(v, (d - DATE '1970-01-01') * 1000000000000 + CAST(least(greatest(v, -1e8), 4e8) * 1000 AS BIGINT));
CREATE OR REPLACE MACRO latest_lowest(v, d) AS
  arg_max(v, (d - DATE '1970-01-01') * 1000000000000 - CAST(least(greatest(v, -1e8), 4e8) * 1000 AS BIGINT));
"""


def connect(threads: int, memory_limit: str, temp: Path | None = None) -> duckdb.DuckDBPyConnection:
    """An in-memory database with our functions; times in Chinese time; nothing loaded from the network."""
    config: dict[str, Any] = {
        "threads": threads,
        "memory_limit": memory_limit,
        "autoinstall_known_extensions": False,
        "preserve_insertion_order": False,
        "parquet_metadata_cache": True,  # a file is planned for by ten queries
        # A few periods beside many rows are walked through for each row: cheaper than sorting the rows.
        "nested_loop_join_threshold": 64,
    }
    if temp is not None:
        config["temp_directory"] = str(temp)
    con = duckdb.connect(config=config)
    con.execute("SET GLOBAL TimeZone = 'Asia/Shanghai'")
    # Dividing by zero gives nothing, on every engine and whatever the types.
    con.execute("SET GLOBAL ieee_floating_point_ops = false")
    with suppress(duckdb.CatalogException):  # versions before 2 give nothing without being told
        con.execute("SET GLOBAL error_on_division_by_zero = false")
    with suppress(duckdb.Error):  # where it is known: it fails on some queries whose columns are reckoned beside others
        con.execute("SET GLOBAL disabled_optimizers = 'projection_placement'")
    con.execute(_MACROS)
    return con
