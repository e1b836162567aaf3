"""What comes to results when some persons change: what they add now, less what they added before.

A cohort has its subjects from the rows of one person (or of nobody known), so any set of persons is a lake of its own, and
the sums of two sets without a common person add up. So do numerators and denominators at every place above: the net sums
of the changed persons alone are rolled up, and nothing is read that grows with the region.

A cohort whose tables hold the same rows as before is not asked at all: planning its query costs the same for one person as
for a million. Region-wide shared queries look across persons; where a row of one becomes another, the person of the visit it
is about is looked at again too.
"""

# ruff: noqa: S608 (SQL is what this module makes, from checked definitions and quoted values)
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from luoshi.engines.base import Request, Results
from luoshi.engines.cells import something
from luoshi.engines.duckdb import DuckdbEngine, Sums
from luoshi.engines.lake import UNKNOWN_PERSON, LakeDirectory, Slice
from luoshi.engines.periods_session import PeriodsSession
from luoshi.engines.sources import reach
from luoshi.indicators import Catalogue
from luoshi.indicators.cohort import Shared
from luoshi.indicators.tables import PERSON_TABLES

KEYS = ["place", "division", "institution"]
MOST_CONCERNED = 200_000  # rows of region-wide tables that became others


@dataclass(frozen=True)
class Net:
    """What comes to the values of requests (`moved`, by the number of each to which anything comes). `persons`: whose rows
    were made again, the changed and those they concern; `cohorts`: in which; `regions`: the region-wide shared tables that
    are others than before. `reach`, cohort → the last day told about the persons; `heard`: the tables with a row about them."""

    moved: Mapping[int, Results]
    persons: tuple[int, ...]
    cohorts: frozenset[str]
    regions: Mapping[str, pa.Table]
    reach: Mapping[str, date | None]
    heard: frozenset[str]


def brought_up(
    engine: DuckdbEngine, lake: LakeDirectory, catalogue: Catalogue, requests: Sequence[Request], *,
    persons: Iterable[int], whole: Iterable[int], before: Path, regions: Mapping[str, Path], until: date,
) -> Net | None:  # fmt: skip
    """What comes to results after a change of `persons` and of everybody in the buckets `whole`, whose files were as in
    `before`, by a lake that is known until that day. `regions`: the files of the region-wide shared tables as they were.

    Requests that keep rows get those of the changed alone: `<cohort>/chunk=0.parquet` of persons, `chunk=-1` of all rows
    about nobody. None where that cannot be known without reading everything: where the catalogue cannot be computed for
    several periods at once, where rows about nobody changed that belong to somebody's call, and where a region-wide query does
    not say whom its rows concern.
    """
    now = Slice(lake.root, lake.chunk_persons, tuple(sorted(persons)), frozenset(whole))
    then = replace(now, before=before, earlier=frozenset(b for chunk in now.chunks for b in chunk.buckets))
    with engine.opened(now, catalogue) as here, engine.opened(then, catalogue) as there:
        if UNKNOWN_PERSON in now.whole and (there.adrift() or here.adrift()):
            return None  # a milestone about nobody may belong to a call of anybody
        tables = frozenset(table for table in PERSON_TABLES if here.differs(table, then))
        touched = frozenset(name for name, cohort in catalogue.cohorts.items() if catalogue.sources(cohort) & tables)
        if not touched:
            return Net({}, now.persons, touched, {}, {}, frozenset())
        wide = [shared for shared in catalogue.shared.values() if shared.scope == "region"]
        shifted = _shifted(wide, tables, catalogue, requests, here, there)
        if shifted is None:
            return None
        fresh: dict[str, pa.Table] = {}
        if shifted:
            fresh, concerned = _concerned(engine, lake, catalogue, requests, shifted)
            now = replace(now, persons=tuple(sorted({*now.persons, *concerned})))
            then = replace(then, persons=now.persons)
            here.look_at(now)
            there.look_at(then)
            fresh = {name: _exchanged(pq.read_table(regions[name]), shared, shifted[name], fresh[name])
                     for name in fresh if (shared := catalogue.shared[name])}  # fmt: skip
        read = [shared for shared in wide if shared.name in _read_by(catalogue, touched)]
        if any(shared.name not in regions for shared in read):
            return None
        mine = _visits(here, there) if read else pa.array([], pa.string())
        known = {shared.name: _only(pq.read_table(regions[shared.name]), shared, mine) for shared in read}
        changed = known | {name: _only(rows, catalogue.shared[name], mine) for name, rows in fresh.items()}
        with ThreadPoolExecutor(1) as pool:
            without_rows = [Request(r.period, r.ids) for r in requests]
            was = pool.submit(engine.sums_in, there, without_rows, known, touched)
            added = engine.sums_in(here, requests, changed, touched)
            taken = was.result()
        if taken is None or added is None:
            return None
        moved = engine.additions_in(here, requests, _net(taken, added))
        reached = reach(here, until, tables)
        heard = frozenset(table for table in tables if here.has_rows(table))
    told = {place: replace(found, table=something(found.table)) for place, found in moved.items()}
    kept = {place: found for place, found in told.items() if found.table.num_rows or found.unplaced}
    return Net(kept, now.persons, touched, fresh, reached, heard)


def _net(taken: Sums, added: Sums) -> dict[str, pa.Table]:
    """The sums of a side less those of the other, by cohort: the places where anything is left. An indicator may have come and
    gone without the subjects of its place: those of a cohort of institutions are one for any set of persons."""
    found: dict[str, pa.Table] = {}
    for name in sorted({*taken.cohorts, *added.cohorts}):
        sides = [side.cohorts[name] for side in (added, taken) if name in side.cohorts]
        columns = [column for column in sides[0].column_names if column not in KEYS]
        if name in taken.cohorts:
            less = sides.pop()
            arrays = [pc.negate(less[column]) if column in columns else less[column] for column in less.column_names]
            sides.append(pa.Table.from_arrays(arrays, names=less.column_names))
        rows = pa.concat_tables(sides, promote_options="permissive")
        sums = rows.group_by(KEYS, use_threads=False).aggregate([(column, "sum") for column in columns])
        sums = sums.rename_columns([*KEYS, *columns])
        values = np.array([np.asarray(pc.fill_null(sums[column], 0)) for column in columns])
        sums = sums.filter(pa.array(values.any(axis=0)))
        if sums.num_rows:
            found[name] = sums
    return found


def _shifted(
    wide: Sequence[Shared], tables: frozenset[str], catalogue: Catalogue, requests: Sequence[Request], here: PeriodsSession,
    there: PeriodsSession,
) -> dict[str, pa.Array] | None:  # fmt: skip
    """Region-wide shared query → the visits its rows are about of which the changed persons make another row than before;
    None where one does not say what its rows are about."""
    found = {}
    for shared in wide:
        if not _tables_of(catalogue, shared) & tables:
            continue
        sides = [session.region(shared, [request.period for request in requests]) for session in (there, here)]
        rows = [set(zip(*side.to_pydict().values(), strict=True)) for side in sides]
        if rows[0] == rows[1]:
            continue
        if shared.of_visit is None:
            return None
        place = sides[0].column_names.index(shared.of_visit)
        found[shared.name] = pa.array(sorted({row[place] for row in rows[0] ^ rows[1]}), pa.string())
    return found if sum(map(len, found.values())) <= MOST_CONCERNED else None


def _concerned(
    engine: DuckdbEngine, lake: LakeDirectory, catalogue: Catalogue, requests: Sequence[Request],
    shifted: Mapping[str, pa.Array],
) -> tuple[dict[str, pa.Table], set[int]]:  # fmt: skip
    """The rows of region-wide shared queries about some visits, over the whole lake; and the persons of these visits."""
    fresh, persons = {}, set()
    with engine.opened(lake, catalogue) as session:
        for name, visits in shifted.items():
            shared = catalogue.shared[name]
            session.con.register("__visits", pa.table({"id": visits}))
            fresh[name] = session.region(
                shared, [request.period for request in requests], f'"{shared.of_visit}" IN (SELECT id FROM __visits)'
            )
            rows = session.rows("visit")
            persons |= {p for (p,) in session.run(
                f"SELECT DISTINCT person FROM ({rows}) AS rows WHERE id IN (SELECT id FROM __visits) AND person IS NOT NULL"
            ).fetchall()}  # fmt: skip
    return fresh, persons


def _exchanged(before: pa.Table, shared: Shared, visits: pa.Array, fresh: pa.Table) -> pa.Table:
    """The rows of a region-wide table, those about some visits as they are now."""
    stay = pc.invert(pc.is_in(before[shared.of_visit], value_set=visits))
    return pa.concat_tables([before.filter(stay), fresh.select(before.column_names).cast(before.schema)])


def _only(rows: pa.Table, shared: Shared, visits: pa.Array) -> pa.Table:
    return rows if shared.of_visit is None else rows.filter(pc.is_in(rows[shared.of_visit], value_set=visits))


def _visits(here: PeriodsSession, there: PeriodsSession) -> pa.Array:
    """The ids of the visits of the changed persons, as they are and as they were."""
    ids = [
        side.con.sql(f"SELECT id FROM ({side.rows('visit')}) AS rows").to_arrow_table()["id"] for side in (here, there)
    ]
    return pc.unique(pa.chunked_array([chunk for side in ids for chunk in side.chunks], pa.string()))


def _tables_of(catalogue: Catalogue, shared: Shared) -> set[str]:
    """The lake tables a shared query reads, directly or through others."""
    below = (_tables_of(catalogue, catalogue.shared[n]) if n in catalogue.shared else {n} for n in shared.reads)
    return set().union(*below)


def _read_by(catalogue: Catalogue, cohorts: Iterable[str]) -> set[str]:
    """The shared queries that cohorts read, directly or through others."""
    found: set[str] = set()
    todo = [name for cohort in cohorts for name in catalogue.cohorts[cohort].reads]
    while todo:
        if (name := todo.pop()) in catalogue.shared and name not in found:
            found.add(name)
            todo.extend(catalogue.shared[name].reads)
    return found
