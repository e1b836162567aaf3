"""What feeds a cohort: how far its sources have been heard of, and which tables hold nothing at all."""

# ruff: noqa: S608 (SQL is what this module makes, from checked definitions and quoted values)
from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

import pyarrow as pa

from luoshi.engines.rendered import quoted
from luoshi.engines.rollup import build_trees
from luoshi.engines.session import Session
from luoshi.indicators import Catalogue

# Where a row of each table says what it is and when it happened.
TOLD: dict[str, tuple[str, str]] = {
    "visit": ("service", "day"),
    "episode": ("program", "start_day"),
    "observation": ("code", "day"),
    "condition": ("code", "day"),
    "procedure": ("code", "day"),
    "immunization": ("vaccine", "day"),
    "contract": ("status", "start_day"),
    "person": ("sex", "record_opened"),
    "title": ("title", "granted"),
    "staff": ("role", "as_of"),
    "bed": ("kind", "as_of"),
    "population": ("kind", "make_date(year, 1, 1)"),
    "unit": ("kind", "as_of"),
    "event": ("kind", "day"),
    "statistic": ("item", "day"),
    "answer": ("survey", "day"),
}


def reach(session: Session, until: date, tables: Collection[str] = TOLD.keys()) -> dict[str, date | None]:
    """Cohort → the last day, not after `until`, that any of its `fed_by` sources among `tables` has heard of; None when
    never."""
    fed = {name: cohort.text.fed_by for name, cohort in session.catalogue.cohorts.items()}
    latest: dict[tuple[str, str], date] = {}
    for table in sorted({table for sources in fed.values() for table in sources} & TOLD.keys() & set(tables)):
        if not (source := session.source(table)):
            continue
        kind, day = TOLD[table]
        rows = session.run(
            f"""SELECT {kind}, max(CAST({day} AS DATE)) FROM {source} AS rows
            WHERE {day} <= DATE {quoted(until.isoformat())} GROUP BY 1"""
        )
        latest |= {(table, str(code)): last for code, last in rows.fetchall() if last is not None}
    return reach_of(session.catalogue, latest)


def reach_of(catalogue: Catalogue, latest: Mapping[tuple[str, str], date]) -> dict[str, date | None]:
    """Cohort → the last day of its `fed_by` sources, from (table, code) → the last day heard of."""
    found: dict[str, date | None] = {}
    for name, cohort in catalogue.cohorts.items():
        sources = cohort.text.fed_by
        days = [
            day
            for (table, code), day in latest.items()
            if table in sources and (not sources[table] or code in sources[table])
        ]
        found[name] = max(days, default=None)
    return found


def trees(session: Session) -> tuple[pa.Table, pa.Table]:
    """(leaf, code, level) of divisions and (leaf, code, division) of institutions, as they stand at the period's end."""
    build_trees(session)
    tree = session.con.sql("SELECT leaf, code, level FROM ancestor ORDER BY ALL").to_arrow_table()
    over = session.con.sql(
        'SELECT o.leaf, o.code, i.division FROM "over" AS o LEFT JOIN institution_now AS i ON i.code = o.leaf ORDER BY ALL'
    ).to_arrow_table()
    return tree, over


def empty_tables(session: Session) -> dict[str, list[str]]:
    """Cohort → the tables it reads that have no row anywhere in the lake."""
    sources = {name: session.catalogue.sources(cohort) for name, cohort in session.catalogue.cohorts.items()}
    empty = set()
    for table in set().union(*sources.values()) if sources else set():
        source = session.source(table)
        if not source or not session.run(f"SELECT count(*) FROM {source}").fetchall()[0][0]:
            empty.add(table)
    return {name: sorted(tables & empty) for name, tables in sources.items() if tables & empty}
