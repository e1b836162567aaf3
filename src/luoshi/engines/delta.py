"""Bringing sums up to date: take away what the changed persons added before, add what they add now.

A cohort has its subjects from the rows of one person (or of nobody known), so any set of persons is a lake of its own, and
the sums of two sets without a common person add up. Region-wide shared queries look across persons: where the changed rows
make them different, the cohorts that read them are summed anew over the whole lake. A cohort whose tables hold the same rows
as before is not asked at all: planning its query costs the same for one person as for a million.
"""

# ruff: noqa: S608 (SQL is what this module makes, from checked definitions and quoted values)
from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow as pa

from luoshi.engines.base import Request
from luoshi.engines.duckdb import DuckdbEngine, Sums, summed
from luoshi.engines.lake import UNKNOWN_PERSON, LakeDirectory, Slice
from luoshi.engines.runs import Run, together
from luoshi.indicators import Catalogue, Indicator
from luoshi.indicators.plan import partials


@dataclass(frozen=True)
class BroughtUp:
    """`sums` as they are now; the numbers of the requests (`turned`) whose sums are others than before; the `cohorts` that
    read something that changed: the sums and rows of all others are what they were."""

    sums: Sums
    turned: frozenset[int]
    cohorts: frozenset[str]


def brought_up(
    engine: DuckdbEngine, lake: LakeDirectory, catalogue: Catalogue, requests: Sequence[Request], sums: Sums, *,
    persons: Sequence[int], whole: Iterable[int], before: Path,
) -> BroughtUp | None:  # fmt: skip
    """`sums` after a change of `persons` and of everybody in the buckets `whole`, whose files were as in `before`.

    Requests that keep rows get those of the changed alone: `chunk=0` of persons, `chunk=-1` of all rows about nobody.
    None where the catalogue cannot be computed for several periods at once, and where rows about nobody changed that
    belong to somebody's call.
    """
    now = Slice(lake.root, lake.chunk_persons, tuple(sorted(persons)), frozenset(whole))
    then = replace(now, before=before)
    if UNKNOWN_PERSON in now.whole and any(engine.adrift(side, catalogue) for side in (then, now)):
        return None  # a milestone about nobody may belong to a call of anybody
    tables = engine.differing(then, now, catalogue)
    touched = frozenset(name for name, cohort in catalogue.cohorts.items() if catalogue.sources(cohort) & tables)
    if not touched:
        return BroughtUp(sums, frozenset(), touched)
    without_rows = [Request(r.period, r.ids) for r in requests]
    anew: set[str] = set()
    regions = sums.regions
    with ThreadPoolExecutor(2) as pool:
        shift = list(pool.map(lambda side: engine.regions(side, catalogue, without_rows), (then, now)))
        if any(not _same(shift[0][name], shift[1][name]) for name in shift[0]):
            regions = engine.regions(lake, catalogue, without_rows)
            anew = _reading_regions(catalogue)
        before_that = pool.submit(engine.sums, then, catalogue, without_rows, sums.regions, touched)
        added = engine.sums(now, catalogue, requests, regions, touched)
        taken = before_that.result()
    if taken is None or added is None:
        return None
    groups = together(Run.of(catalogue, requests))
    found = {}
    turned = set(range(len(requests))) if anew else set()
    con = duckdb.connect()
    try:
        for name, indicators in groups.items():
            if name not in touched:
                if name in sums.cohorts:
                    found[name] = sums.cohorts[name]
                continue
            changes = []
            for side, sign in ((taken, "-"), (added, "")):
                if (table := side.cohorts.get(name)) is not None and table.num_rows:
                    con.register(f"side{sign}", table)
                    changes.append(summed(f'FROM "side{sign}"', indicators, sign))
            if name in sums.cohorts:
                found[name] = sums.cohorts[name]
            if not changes:
                continue
            # A cohort of institutions counts one subject for each set of persons, so its subjects may come to nothing
            # while its sums do not.
            columns = ["subjects", *(n for p in partials(indicators) for n in (p.numerator, p.denominator) if n)]
            something = " OR ".join(f"{n} <> 0" for n in columns)
            net = summed(f"FROM ({' UNION ALL '.join(changes)}) AS sides", indicators)
            con.execute(f"CREATE OR REPLACE TEMP TABLE net AS SELECT * FROM ({net}) AS net WHERE {something}")
            moved = {place for (place,) in con.execute("SELECT DISTINCT place FROM net").fetchall()}
            if moved:
                turned |= moved
                found[name] = _moved(con, found.get(name), indicators, something)
    finally:
        con.close()
    if anew:
        fresh = engine.sums(lake, catalogue, without_rows, regions, anew)
        assert fresh is not None
        found |= fresh.cohorts
    return BroughtUp(Sums(found, regions), frozenset(turned), touched | anew)


def _moved(
    con: duckdb.DuckDBPyConnection, sums: pa.Table | None, indicators: Sequence[Indicator], something: str
) -> pa.Table:
    """The `sums` of a cohort with what the table `net` adds to them; `something` holds where a row tells of anything. Rows
    of places that nothing is added to are taken over as they are."""
    if sums is None:
        sums = con.table("net").limit(0).to_arrow_table()
    con.register("before", sums)
    keys = " AND ".join(f"b.{name} IS NOT DISTINCT FROM n.{name}" for name in ("place", "division", "institution"))
    touched = f"SELECT b.* FROM before AS b SEMI JOIN net AS n ON {keys} UNION ALL BY NAME FROM net"
    total = summed(f"FROM ({touched}) AS sides", indicators)
    return con.sql(
        f"""SELECT b.* FROM before AS b ANTI JOIN net AS n ON {keys} UNION ALL BY NAME
        SELECT * REPLACE (greatest(subjects, 1) AS subjects) FROM ({total}) AS total WHERE {something}"""
    ).to_arrow_table()


def _same(one: pa.Table, two: pa.Table) -> bool:
    if one.num_rows != two.num_rows:
        return False
    return sorted(map(repr, one.to_pylist())) == sorted(map(repr, two.to_pylist()))


def _reading_regions(catalogue: Catalogue) -> set[str]:
    """Cohorts that read a region-wide shared table, directly or through another."""
    wide = {name for name, shared in catalogue.shared.items() if shared.scope == "region"}
    for name, shared in catalogue.shared.items():
        if shared.reads & wide:
            wide.add(name)
    return {name for name, cohort in catalogue.cohorts.items() if cohort.reads & wide}
