"""What every engine does alike: sort requests by cohort, and make results of the sums it found.

An engine leaves its sums by (division, institution) in the tables `part_<cohort>` of a DuckDB session that knows the
registers; rolling those few rows up is the same work whoever made them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from luoshi.engines.base import Request, Results
from luoshi.engines.lake import UNKNOWN_PERSON, Chunk
from luoshi.engines.rollup import build_trees, tree_keys
from luoshi.engines.session import Session
from luoshi.engines.tally import Tally, Trees, roll_up
from luoshi.indicators import Catalogue, Cohort, Indicator


@dataclass(frozen=True)
class Run:
    """One request under way: its number, and its indicators by cohort."""

    request: Request
    place: int
    cohorts: list[Cohort]
    groups: dict[str, list[Indicator]]

    @classmethod
    def of(cls, catalogue: Catalogue, requests: Sequence[Request]) -> list[Run]:
        """The runs of requests. Those that ask for the same list of ids share what it comes to. Raises `NotFound` for an
        unknown indicator."""
        found: dict[int | None, tuple[list[Cohort], dict[str, list[Indicator]]]] = {}
        runs = []
        for place, request in enumerate(requests):
            key = None if request.ids is None else id(request.ids)
            if key not in found:
                groups: dict[str, list[Indicator]] = {}
                for indicator in catalogue.computed(request.ids):
                    groups.setdefault(indicator.cohort or "", []).append(indicator)
                found[key] = [catalogue.cohorts[name] for name in groups], groups
            runs.append(cls(request, place, *found[key]))
        return runs

    @property
    def ids(self) -> frozenset[str]:
        """The indicators asked for."""
        return frozenset(indicator.id for group in self.groups.values() for indicator in group)


def together(runs: Sequence[Run]) -> dict[str, list[Indicator]]:
    """Cohort → every indicator any run asks of it, so that the runs share one partial table per cohort."""
    found: dict[str, dict[str, Indicator]] = {}
    for run in runs:
        for cohort, indicators in run.groups.items():
            found.setdefault(cohort, {}).update({indicator.id: indicator for indicator in indicators})
    return {cohort: list(indicators.values()) for cohort, indicators in found.items()}


def belongs(cohort: Cohort, chunk: Chunk | None) -> bool:
    """Whether a cohort has subjects in a chunk; None stands for "registers alone"."""
    if cohort.scope == "region":
        return chunk is None
    return chunk is not None and (chunk.number != UNKNOWN_PERSON or cohort.scope == "unknown-person")


def results_of(
    session: Session, runs: Sequence[Run], groups: dict[str, list[Indicator]], sums: Mapping[str, pa.Table] | None = None,
    *, additions: bool = False,
) -> list[Results]:  # fmt: skip
    """The results of all runs from the `sums` of their cohorts, by default those in the session's partial tables; what comes to
    others, with `additions`."""
    keys = tree_keys(session, [run.request.period.end for run in runs])
    trees: dict[int, Trees] = {}
    for run, key in zip(runs, keys, strict=True):
        if key not in trees:
            session.period = run.request.period
            build_trees(session)
            trees[key] = Trees(session)
    tallies = [
        Tally(run.place, trees[key], run.request.period.end.year, run.ids, additions)
        for run, key in zip(runs, keys, strict=True)
    ]
    roll_up(session, groups, tallies, sums)
    return [
        Results(run.request.period, tally.table(), session.known_at, tally.unplaced, tally.trees.parents, run.ids)
        for run, tally in zip(runs, tallies, strict=True)
    ]
