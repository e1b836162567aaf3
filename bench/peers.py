"""Some indicators as one would write them by hand, one query each, at every level: the peers of the one-pass engine.

They read the same Parquet as we do and must give the same counts. DuckDB for eight indicators, Polars for four.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

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


_CONTRACT = f"""SELECT DISTINCT person FROM contract WHERE start_day <= {_E} AND (end_day IS NULL OR end_day >= {_E})
AND status IN ('active', 'completed')"""
_OLD = f"birth_date <= {_E} - INTERVAL 65 YEAR"

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
        WHERE {_RESIDENT} AND birth_date > {_E} - INTERVAL 7 YEAR""",
    "dm-control": f"""SELECT r.division, coalesce(o.value < 7.0, false) AS counted
        FROM (SELECT DISTINCT person FROM episode WHERE program = 'diabetes' AND {_OPEN}) e
        JOIN person r ON r.person = e.person AND {_RESIDENT}
        LEFT JOIN (SELECT person, last(value ORDER BY day, value) AS value FROM observation WHERE code = '1558-6'
          AND day BETWEEN {_S} AND {_E} GROUP BY 1) o ON o.person = e.person""",
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


def by_hand(con: duckdb.DuckDBPyConnection, name: str) -> dict[str, tuple[int, int]]:
    """One indicator by its own query: division → counts, at every level."""
    rows = con.execute(
        f"""SELECT coalesce(l5, l4, l3, l2, l1), count(*) FILTER (WHERE counted)::BIGINT, count(*) FROM ({QUERIES[name]}) s
        JOIN division d ON d.code = s.division
        GROUP BY GROUPING SETS ((l1), (l1, l2), (l1, l2, l3), (l1, l2, l3, l4), (l1, l2, l3, l4, l5))"""
    ).fetchall()
    return {code: (n, d) for code, n, d in rows}


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
