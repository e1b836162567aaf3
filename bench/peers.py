"""Some indicators as one would write them by hand, one query each, at every level: the peers of the one-pass engine.

They read the same Parquet as we do and must give the same counts: DuckDB and Spark for the twelve of the core set, Polars for
four, PostgreSQL for the twelve from tables of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

START, END = date(2025, 1, 1), date(2025, 10, 31)
_S, _E = f"DATE '{START}'", f"DATE '{END}'"
_PLACE = "status IN ('finished', 'in-progress')"
_RESIDENT = f"active IS NOT FALSE AND birth_date <= {_E} AND (death_date IS NULL OR death_date > {_E})"
_OPEN = f"start_day <= {_E} AND (end_day IS NULL OR end_day > {_E}) AND status NOT IN ('entered-in-error','cancelled','planned')"
_DUE = f"least(4, ({_E} - greatest(e.start_day, {_S}) + 1) // 90)"
_CHECKS = f"({_E} - greatest(e.start_day, {_S}) + 1 >= 180)::INT"


def _managed(program: str, service: str) -> str:
    return f"""SELECT r.division, coalesce(v.n, 0) >= {_DUE} AND coalesce(c.n, 0) >= {_CHECKS} AS counted
    FROM (SELECT person, min(start_day) AS start_day FROM episode WHERE program = '{program}' AND {_OPEN} GROUP BY 1) e
    JOIN person r ON r.person = e.person AND {_RESIDENT}
    LEFT JOIN (SELECT person, count(*) AS n FROM visit WHERE service = '{service}' AND mode IN ('face', 'home') AND {_PLACE}
               AND day BETWEEN {_S} AND {_E} GROUP BY 1) v ON v.person = e.person
    LEFT JOIN (SELECT person, count(*) AS n FROM visit WHERE service = 'checkup' AND {_PLACE} AND day BETWEEN {_S} AND {_E}
               GROUP BY 1) c ON c.person = e.person"""


_CHECKS_OPEN = f"datediff({_E}, greatest(e.start_day, {_S})) + 1 >= 180"
_CONTRACT = f"""SELECT DISTINCT person FROM contract WHERE start_day <= {_E} AND (end_day IS NULL OR end_day >= {_E})
AND status IN ('active', 'completed')"""
_OLD = f"birth_date <= {_E} - INTERVAL '65' YEAR"


def _screened(code: str) -> str:
    return f"""SELECT r.division, p.person IS NOT NULL AS counted FROM person r LEFT JOIN (SELECT DISTINCT person FROM procedure
        WHERE code = '{code}' AND day BETWEEN {_S} AND {_E} AND status = 'completed') p ON p.person = r.person
        WHERE {_RESIDENT} AND {_OLD}"""


QUERIES: dict[str, str] = {
    "htn-std": _managed("hypertension", "htn-visit"),
    "dm-std": _managed("diabetes", "dm-visit"),
    "contract-rate": f"""SELECT r.division, c.person IS NOT NULL AS counted FROM person r
        LEFT JOIN ({_CONTRACT}) c ON c.person = r.person WHERE {_RESIDENT}""",
    "contract-elderly": f"""SELECT r.division, c.person IS NOT NULL AS counted FROM person r
        LEFT JOIN ({_CONTRACT}) c ON c.person = r.person WHERE {_RESIDENT} AND {_OLD}""",
    "live-record": f"""SELECT r.division, v.person IS NOT NULL AS counted FROM person r LEFT JOIN (SELECT DISTINCT person FROM visit
        WHERE day BETWEEN {_E} - 364 AND {_E} AND {_PLACE}) v ON v.person = r.person WHERE {_RESIDENT} AND record_opened <= {_E}""",
    "elderly-tcm": f"""SELECT r.division, coalesce(p.done, false) AS counted FROM person r LEFT JOIN (
        SELECT person, bool_or(code = 'tcm-constitution') AND bool_or(code = 'tcm-advice') AS done FROM procedure
        WHERE code IN ('tcm-constitution', 'tcm-advice') AND day BETWEEN {_S} AND {_E} AND status = 'completed' GROUP BY 1) p
        ON p.person = r.person WHERE {_RESIDENT} AND {_OLD}""",
    "child-mgmt": f"""SELECT r.division, v.person IS NOT NULL AS counted FROM person r LEFT JOIN (SELECT DISTINCT person FROM visit
        WHERE service IN ('child-visit', 'newborn-visit') AND day BETWEEN {_S} AND {_E} AND {_PLACE}) v ON v.person = r.person
        WHERE {_RESIDENT} AND birth_date > {_E} - INTERVAL '7' YEAR""",
    "dm-control": f"""SELECT r.division, coalesce(o.value < 7.0, false) AS counted
        FROM (SELECT DISTINCT person FROM episode WHERE program = 'diabetes' AND {_OPEN}) e
        JOIN person r ON r.person = e.person AND {_RESIDENT}
        LEFT JOIN (SELECT person, last(value ORDER BY day, value) AS value FROM observation WHERE code = '1558-6'
          AND day BETWEEN {_S} AND {_E} GROUP BY 1) o ON o.person = e.person""",
    "record-open": f"""SELECT r.division, coalesce(o.readable, record_open_to_resident <= {_E}, false) AS counted FROM person r
        LEFT JOIN (SELECT person, bool_or(end_day IS NULL OR end_day > {_E}) AS readable FROM consent
          WHERE code = 'resident-access' AND status IN ('active', 'inactive') AND start_day <= {_E} GROUP BY 1) o
        ON o.person = r.person WHERE {_RESIDENT} AND record_opened <= {_E}""",
    "cataract-65": _screened("cataract-screen"),
    "tb-screen-65": _screened("tb-screening"),
    "cervical-screen": f"""SELECT r.division, p.person IS NOT NULL AS counted FROM person r LEFT JOIN (
        SELECT DISTINCT person FROM procedure WHERE code = 'cervical-screen' AND day <= {_E} AND status = 'completed') p
        ON p.person = r.person WHERE {_RESIDENT} AND sex = 'female' AND birth_date <= {_E} - INTERVAL '35' YEAR
        AND birth_date > {_E} - INTERVAL '65' YEAR""",
}  # fmt: skip


def connect(lake: Path, threads: int = 2) -> duckdb.DuckDBPyConnection:
    """A connection with a view of each table."""
    con = duckdb.connect(config={"threads": threads, "memory_limit": "6GB"})
    for folder in sorted((lake / "tables").iterdir()):
        nested = any(folder.glob("bucket=*"))
        pattern = folder / ("bucket=*/*.parquet" if nested else "*.parquet")
        where = " WHERE known_to IS NULL" if nested else ""
        con.execute(
            f"CREATE VIEW {folder.name} AS SELECT * FROM read_parquet('{pattern}', hive_partitioning = false){where}"
        )
    return con


_LEVELS = """SELECT coalesce(l5, l4, l3, l2, l1), count(*) FILTER (WHERE counted), count(*) FROM ({query}) s
JOIN division d ON d.code = s.division
GROUP BY GROUPING SETS ((l1), (l1, l2), (l1, l2, l3), (l1, l2, l3, l4), (l1, l2, l3, l4, l5))"""


def by_hand(con: duckdb.DuckDBPyConnection, name: str) -> dict[str, tuple[int, int]]:
    """One indicator by its own query: division → counts, at every level."""
    return {code: (n, d) for code, n, d in con.execute(_LEVELS.format(query=QUERIES[name])).fetchall()}


_NEEDED = {
    "person": "person, sex, birth_date, death_date, division, record_opened, record_open_to_resident, active",
    "visit": "person, service, day, mode, status", "episode": "person, program, start_day, end_day, status",
    "observation": "person, code, day, value", "procedure": "person, code, day, status",
    "contract": "person, start_day, end_day, status", "consent": "person, code, start_day, end_day, status",
    "division": "code, l1, l2, l3, l4, l5",
}  # fmt: skip


def into_postgres(con: duckdb.DuckDBPyConnection, url: str) -> None:
    """The columns the queries need as tables of PostgreSQL, with the index one would make, counted by ANALYZE."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as server:
        for table, columns in _NEEDED.items():
            kinds = {r[0]: r[1] for r in con.execute(f"DESCRIBE SELECT {columns} FROM {table}").fetchall()}
            made = ", ".join(f"{name} {kind.replace('DOUBLE', 'double precision')}" for name, kind in kinds.items())
            server.execute(f"CREATE UNLOGGED TABLE {table} ({made})")
            with server.cursor().copy(f"COPY {table} FROM STDIN") as out:
                reader = con.execute(f"SELECT {columns} FROM {table}")
                while rows := reader.fetchmany(50_000):
                    for row in rows:
                        out.write_row(row)
            if table != "division":
                server.execute(f"CREATE INDEX ON {table} (person)")
            server.execute(f"ANALYZE {table}")


def by_postgres(server: Any, name: str) -> dict[str, tuple[int, int]]:
    """One indicator with PostgreSQL; `server` is a connection of psycopg."""
    query = _LEVELS.format(query=QUERIES[name].replace("::INT", "::integer").replace("// 90", "/ 90"))
    query = query.replace(
        "last(value ORDER BY day, value)", "(array_agg(value ORDER BY day DESC, value DESC NULLS LAST))[1]"
    )
    return {code: (n, d) for code, n, d in server.execute(query).fetchall()}


def spark_tables(spark: Any, lake: Path) -> None:
    """The same Parquet as views of Spark."""
    for folder in sorted((lake / "tables").iterdir()):
        if folder.name in _NEEDED:
            nested = any(folder.glob("bucket=*"))
            files = [str(f) for f in folder.glob("bucket=*/*.parquet" if nested else "*.parquet")]
            frame = spark.read.parquet(*files)
            (frame.where("known_to IS NULL") if nested else frame).createOrReplaceTempView(folder.name)


def by_spark(spark: Any, name: str) -> dict[str, tuple[int, int]]:
    """One indicator with Spark SQL."""
    query = _LEVELS.format(query=QUERIES[name])
    for ours, its in (("::INT", ""), ("// 90", "DIV 90")):
        query = query.replace(ours, its)
    query = query.replace(f"{_E} - greatest(e.start_day, {_S})", f"datediff({_E}, greatest(e.start_day, {_S}))")
    query = query.replace(f"({_CHECKS_OPEN})", f"CAST({_CHECKS_OPEN} AS INT)").replace(
        f"{_E} - 364", f"date_sub({_E}, 364)"
    )
    query = query.replace("last(value ORDER BY day, value)", "max_by(value, struct(day, value))")
    return {code: (n, d) for code, n, d in (tuple(row) for row in spark.sql(query).collect())}


def _scan(lake: Path, table: str) -> pl.LazyFrame:
    frame = pl.scan_parquet(lake / "tables" / table / "*" / "*.parquet", hive_partitioning=False)
    return frame.filter(pl.col("known_to").is_null())


def _residents(lake: Path) -> pl.LazyFrame:
    return _scan(lake, "person").filter(
        pl.col("active").fill_null(True)
        & (pl.col("birth_date") <= END)
        & (pl.col("death_date").is_null() | (pl.col("death_date") > END))
    )


def _took_place(lake: Path) -> pl.LazyFrame:
    return _scan(lake, "visit").filter(pl.col("status").is_in(["finished", "in-progress"]))


def _polars_contract(lake: Path) -> pl.LazyFrame:
    valid = _scan(lake, "contract").filter(
        (pl.col("start_day") <= END)
        & (pl.col("end_day").is_null() | (pl.col("end_day") >= END))
        & pl.col("status").is_in(["active", "completed"])
    )
    return _marked(_residents(lake), valid)


def _polars_live(lake: Path) -> pl.LazyFrame:
    seen = _took_place(lake).filter(pl.col("day").is_between(END - timedelta(days=364), END))
    return _marked(_residents(lake).filter(pl.col("record_opened") <= END), seen)


def _polars_child(lake: Path) -> pl.LazyFrame:
    seen = _took_place(lake).filter(
        pl.col("service").is_in(["child-visit", "newborn-visit"]) & pl.col("day").is_between(START, END)
    )
    return _marked(_residents(lake).filter(pl.col("birth_date") > date(END.year - 7, END.month, END.day)), seen)


def _polars_tcm(lake: Path) -> pl.LazyFrame:
    done = (
        _scan(lake, "procedure")
        .filter(
            pl.col("code").is_in(["tcm-constitution", "tcm-advice"])
            & pl.col("day").is_between(START, END)
            & (pl.col("status") == "completed")
        )
        .group_by("person")
        .agg(pl.col("code").n_unique().alias("parts"))
        .filter(pl.col("parts") == 2)
    )
    return _marked(_residents(lake).filter(pl.col("birth_date") <= date(END.year - 65, END.month, END.day)), done)


def _marked(people: pl.LazyFrame, found: pl.LazyFrame) -> pl.LazyFrame:
    marks = found.select("person").unique().with_columns(counted=pl.lit(True))
    return people.join(marks, on="person", how="left").select("division", pl.col("counted").fill_null(False))


POLARS: dict[str, Callable[[Path], pl.LazyFrame]] = {
    "contract-rate": _polars_contract,
    "live-record": _polars_live,
    "child-mgmt": _polars_child,
    "elderly-tcm": _polars_tcm,
}


def by_polars(lake: Path, name: str) -> dict[str, tuple[int, int]]:
    """One indicator with Polars: division → counts, at every level."""
    divisions = pl.read_parquet(lake / "tables" / "division" / "*.parquet")
    villages = POLARS[name](lake).group_by("division").agg(pl.col("counted").sum().alias("n"), pl.len().alias("d"))
    joined = villages.collect().join(divisions, left_on="division", right_on="code")
    found: dict[str, tuple[int, int]] = {}
    for level in ("l1", "l2", "l3", "l4", "l5"):
        rows = joined.filter(pl.col(level).is_not_null()).group_by(level).agg(pl.col("n").sum(), pl.col("d").sum())
        found |= {code: (n, d) for code, n, d in rows.iter_rows()}
    return found
