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
from luoshi.indicators import Catalogue
from luoshi.indicators.plan import partials

_NOTHING = pa.table({})


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
            signed = []
            for number, (side, sign) in enumerate(((sums, ""), (taken, "-"), (added, ""))):
                if (table := side.cohorts.get(name)) is not None and table.num_rows:
                    con.register(f"side{number}", table)
                    signed.append(summed(f"FROM side{number}", indicators, sign))
            changes = signed[sums.cohorts.get(name, _NOTHING).num_rows > 0 :]
            if changes and not turned.issuperset(range(len(requests))):
                net = summed(f"FROM ({' UNION ALL '.join(changes)}) AS sides", indicators)
                columns = ["subjects", *(n for p in partials(indicators) for n in (p.numerator, p.denominator) if n)]
                moved = " OR ".join(f"{n} <> 0" for n in columns)
                turned |= {
                    place
                    for (place,) in con.execute(f"SELECT DISTINCT place FROM ({net}) AS net WHERE {moved}").fetchall()
                }
            if signed:
                total = summed(f"FROM ({' UNION ALL '.join(signed)}) AS sides", indicators)
                # A cohort of institutions counts one subject for each set of persons, so its subjects may come to nothing
                # while its sums do not.
                sums_of = [n for p in partials(indicators) for n in (p.numerator, p.denominator) if n]
                left = " OR ".join(f"{n} <> 0" for n in ("subjects", *sums_of))
                kept = f"SELECT * REPLACE (greatest(subjects, 1) AS subjects) FROM ({total}) AS total WHERE {left}"
                found[name] = con.sql(kept).to_arrow_table()
            elif name in sums.cohorts:
                found[name] = sums.cohorts[name]
    finally:
        con.close()
    if anew:
        fresh = engine.sums(lake, catalogue, without_rows, regions, anew)
        assert fresh is not None
        found |= fresh.cohorts
    return BroughtUp(Sums(found, regions), frozenset(turned), touched | anew)


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
