"""What a merge does to the indicators: the two persons alone in a lake of their own, before and after, evaluated by the
same engine and catalogue as the board. The sums of everybody else do not change, so the difference is the whole effect
but for subjects that lie across persons (a birth and its mother)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from django.core.cache import cache

from luoshi.engines import LakeDirectory, engine
from luoshi.indicators import Catalogue
from luoshi.kernel import clock
from luoshi.platform.identity import links
from luoshi.platform.lake import refresh, registers, results
from luoshi.platform.lake.build import build
from luoshi.platform.lake.source import Changes, StoreSource
from luoshi.platform.store import reads


@dataclass(frozen=True)
class Moved:
    """One indicator that moves: its numerator and denominator (None where it has none), now and with the two as one."""

    indicator: str
    before: tuple[int, int | None]
    after: tuple[int, int | None]


class _Two:
    """The records of two persons, as two or as one."""

    def __init__(self, persons: Sequence[int], one: int | None) -> None:
        self._persons, self._one, self._store = sorted(persons), one, StoreSource()

    def position(self) -> str:
        """None is kept."""
        return ""

    def bodies(self, resource_type: str, *, persons: Sequence[int] | None = None) -> Iterator[pa.Table]:
        """Both persons' versions."""
        for table in self._store.bodies(resource_type, persons=self._persons):
            if self._one is not None:
                column = table.schema.get_field_index("person")
                ones = pa.array([self._one] * table.num_rows, pa.int64())
                table = table.set_column(column, table.schema.field(column), ones)
            yield table.filter(pc.is_null(table.column("known_to")))

    def unassigned(self, resource_type: str) -> Iterator[pa.Table]:
        """Nobody else."""
        return iter(())

    def changed(self, since: str) -> Changes:
        """Nothing."""
        return Changes((), False)


def of_merge(left: int, right: int) -> tuple[date, list[Moved]]:
    """The day the figures run to and the indicators of the running year that move when the two become one, by id. Kept
    for ten minutes while the store does not change."""
    keep, other = links.root(left), links.root(right)
    key = f"identity-effect-{keep}-{other}-{reads.position()}-{clock.today()}"
    kept: tuple[date, list[Moved]] | None = cache.get(key)
    if kept is None:
        kept = _of_merge(keep, other)
        cache.set(key, kept, 600)
    return kept


def _of_merge(keep: int, other: int) -> tuple[date, list[Moved]]:
    until = results.data_until() or clock.today()
    if keep == other:
        return until, []
    period = refresh.running_period(None, until).to_date(until)
    catalogue, running = Catalogue.load(), engine()
    given = registers.from_database()
    sums: list[dict[str, tuple[int, int | None]]] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, one in (("before", None), ("after", keep)):
            lake = Path(folder) / name
            build(_Two((keep, other), one), lake, at=clock.now(), register_rows=given, memory="256MB")
            found = running.evaluate(LakeDirectory.open(lake), catalogue, period)
            sums.append(_totals(found.cells, found.parents))
    before, after = sums
    moved = [
        Moved(i, before.get(i, (0, 0)), after.get(i, (0, 0)))
        for i in sorted(before.keys() | after.keys())
        if before.get(i, (0, 0)) != after.get(i, (0, 0))
    ]
    return until, moved


def _totals(
    cells: dict[tuple[str, str | None, str | None], tuple[int, int | None]], parents: object
) -> dict[str, tuple[int, int | None]]:
    """Sums of the divisions at the top."""
    above = set(parents) if isinstance(parents, dict) else set()
    totals: dict[str, tuple[int, int | None]] = {}
    for (indicator, division, _institution), (numerator, denominator) in cells.items():
        if division is None or (division in above and _has_parent(parents, division)):
            continue
        n, d = totals.get(indicator, (0, None))
        totals[indicator] = (n + numerator, denominator if d is None else d + (denominator or 0))
    return totals


def _has_parent(parents: object, division: str) -> bool:
    return isinstance(parents, dict) and bool(parents.get(division))
