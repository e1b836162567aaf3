"""The worklist and the list of contracts of a centre with about 3,000 residents, in a region of the size asked for.

`python -m bench contracts --residents 200000`. First the lake is read (cold: after every refresh of the lake), then what
was kept is used (warm: every page after the first). The floor is what DuckDB needs to read the columns used of the same
residents.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb

from bench.home import empty_home
from bench.row import Row, best
from luoshi.simulate import lake as writer
from luoshi.simulate.city import Region, invent

AS_OF = date(2025, 10, 31)
CENTRE = 3_000


def rows(residents: int) -> Iterator[Row]:
    """The rows of this part."""
    with empty_home(AS_OF.isoformat()) as home:
        region = invent(residents, 1, AS_OF)
        writer.write(region, home / "lake")
        yield from _measured(region, home / "lake")


def _measured(region: Region, lake: Path) -> Iterator[Row]:
    from luoshi.platform.access.scope import Scope
    from luoshi.services.contracts import lists, queries, snapshots, worklist

    centre = _registers(region)
    scope = Scope.system()
    codes = queries.led_by(queries.institution_or_404(centre, scope=scope))
    asked = {"scope": scope, "limit": 50, "lake": lake}
    first = worklist.worklist(centre, **asked)  # loads the catalogue and DuckDB
    size = f"{first.residents:,} residents of {region.residents:,}, {first.total:,} to sign"

    def cold(work: object) -> None:
        snapshots.forget()
        work()  # type: ignore[operator]

    floor = best(lambda: _floor(lake, codes))
    yield Row(
        "contracts: worklist, cold", best(lambda: cold(lambda: worklist.worklist(centre, **asked))), floor, size=size
    )
    yield Row("contracts: worklist, warm", best(lambda: worklist.worklist(centre, **asked)), floor, size=size)
    held = lists.lines(centre, **asked)
    size = f"{held.counts['running']:,} contracts, {held.counts['due']:,} with something due"
    yield Row("contracts: due now, cold", best(lambda: cold(lambda: lists.lines(centre, **asked))), floor, size=size)
    yield Row("contracts: due now, warm", best(lambda: lists.lines(centre, **asked)), floor, size=size)


def _floor(lake: Path, codes: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{code}'" for code in codes)
    con = duckdb.connect(config={"threads": 2})
    con.execute(
        f"""CREATE TEMP TABLE mine AS SELECT person FROM read_parquet('{lake}/tables/person/bucket=*/part.parquet')
        WHERE institution IN ({listed}) AND known_to IS NULL"""
    )
    for table, columns in (("contract", "start_day, end_day, status"), ("episode", "program, start_day"),
                           ("visit", "service, day, status"), ("condition", "code, day")):  # fmt: skip
        each = ", ".join(f"count({column})" for column in columns.split(", "))
        con.execute(
            f"""SELECT {each} FROM read_parquet('{lake}/tables/{table}/bucket=*/part.parquet') SEMI JOIN mine USING (person)
            WHERE known_to IS NULL"""
        ).fetchall()
    con.close()


def _registers(region: Region) -> str:
    """Put divisions and institutions into the store; the centre whose residents, with those of its rooms, come nearest
    to `CENTRE`."""
    from luoshi.platform.regions.models import Division, Institution

    divisions: dict[str, Division] = {}
    for d in sorted(region.where.divisions, key=lambda d: d.level):
        if not d.valid_to:
            above = divisions.get(d.parent)
            path = f"{above.path if above else '/'}{d.code}/"
            divisions[d.code] = Division.objects.create(
                code=d.code, name=d.name, level=d.level, parent=above, path=path
            )
    made: dict[str, Institution] = {}
    for i in region.where.institutions:
        if i.division in divisions:
            made[i.code] = Institution.objects.create(
                code=i.code, name=i.name, type=i.type, level=i.level, division=divisions[i.division]
            )
    for i in region.where.institutions:
        if i.code in made and i.parent in made:
            Institution.objects.filter(pk=made[i.code].pk).update(parent=made[i.parent])
    serving = region.where.serving[region.people.village]
    served: Counter[str] = Counter()
    for number, count in Counter(serving.tolist()).items():
        body = region.where.institutions[number]
        served[body.code] += count
        if body.parent:
            served[body.parent] += count
    centres = [c for c in made if made[c].type in ("township-centre", "community-centre")]
    return min(centres, key=lambda code: abs(served[code] - CENTRE))
