"""One numerator over every count of people there is: kinds, years, sources and versions side by side.

The register of population holds several counts of one place: 常住, 户籍, 服务人口, by year, source and version. A rate names
the one it used; here the same numerator is put over each of the others, and who keeps the promise under which is seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.db.models import Sum

from luoshi.indicators import Catalogue
from luoshi.indicators.definition import Population as Band
from luoshi.platform.access.scope import Scope
from luoshi.platform.lake.results import Value
from luoshi.platform.regions import queries as regions
from luoshi.platform.regions.models import Population
from luoshi.services.plan_desk.public import BoundTarget
from luoshi.services.scoreboard import measuring
from luoshi.services.scoreboard.places import Place
from luoshi.services.scoreboard.rules import Standing

EVERYBODY = ("resident", "household", "served")  # three ways to count all the people of a place


@dataclass(frozen=True, order=True)
class Count:
    """One count of people: its kind (one of `EVERYBODY`, or a part like `students`), year, source and version."""

    kind: str
    year: int
    source: str
    version: str

    @property
    def key(self) -> str:
        """How an address names it."""
        return "~".join((self.kind, str(self.year), self.source, self.version))


@dataclass(frozen=True)
class Beside:
    """One place: its name, its standing as measured, and its standing and people under each count it has."""

    division: str
    name: str
    measured: Standing
    under: Mapping[Count, Standing]
    people: Mapping[Count, int]

    @property
    def used(self) -> Count | None:
        """The count the measured value was put over: the latest of those with as many people."""
        same = [count for count, people in self.people.items() if people == self.measured.denominator]
        return max(same, key=lambda count: (count.year, count.version), default=None)


@dataclass(frozen=True)
class Comparison:
    """Every count there is, the place itself, and each place directly below it."""

    counts: Sequence[Count]
    here: Beside
    below: Sequence[Beside]


def comparison(target: BoundTarget, *, at: Place, scope: Scope) -> Comparison | None:
    """The promise at a place and each place directly below it, under every count of the same people. None for one that is not
    measured by heads of the population, or at a single institution. Two queries, however many places and counts."""
    if not measuring.is_measured(target) or not at.division:
        return None
    indicator = Catalogue.load().indicator(target.indicator)
    own = measuring.value_at(target, at, scope)
    if indicator.per is None or own is None:
        return None
    places = {at.division: at}
    places |= {d.code: Place(d.name, d.code, "", d.path, d.level) for d in regions.children(at.division, scope=scope)}
    told = _told(places, at.path, indicator.per)

    def beside(value: Value) -> Beside:
        code = value.division or ""
        people = told.get(code, {})
        under = {count: _under(target, value, heads) for count, heads in people.items()}
        return Beside(code, places[code].name, measuring.stand(target, value), under, people)

    below = [beside(value) for value, _standing in measuring.children(target, at=at, scope=scope)]
    own_kind = indicator.per.kind
    every = {count for counted in told.values() for count in counted}
    counts = sorted(every, key=lambda count: (count.kind != own_kind, count.kind, -count.year, count))
    return Comparison(counts, beside(own), below)


def fit_to_leave(target: BoundTarget, found: Comparison) -> Comparison:
    """The same for a file of somebody who may not see the people: without small numbers of people and what would give
    those away."""
    places = [found.here, *found.below]
    hidden = measuring.hidden_of(target, [place.measured for place in places])
    shown = [_withheld(place) if k in hidden else place for k, place in enumerate(places)]
    return Comparison(found.counts, shown[0], shown[1:])


def _withheld(place: Beside) -> Beside:
    under = {count: measuring.withheld(standing) for count, standing in place.under.items()}
    return replace(place, measured=measuring.withheld(place.measured), under=under)


def _under(target: BoundTarget, value: Value, people: int) -> Standing:
    factor = Catalogue.load().indicator(target.indicator).factor
    share = None if value.numerator is None or not people else value.numerator * factor / people
    reason = "" if share is not None else value.reason or "empty-denominator"
    return measuring.stand(target, replace(value, denominator=people, value=share, reason=reason, flags=()))


def _told(places: Mapping[str, Place], root: str, band: Band) -> dict[str, dict[Count, int]]:
    """People of each place by count: its own row where it has one, else the sum over the highest level below that has."""
    kinds = EVERYBODY if band.kind in EVERYBODY else (band.kind,)
    ages = {"age_from": band.age_from, "age_to": band.age_to}
    band_is = {f"{edge}__isnull" if age is None else edge: True if age is None else age for edge, age in ages.items()}
    rows = (
        Population.objects.filter(division__path__startswith=root, sex="all", kind__in=kinds, **band_is)
        .values_list("division__path", "division__level", "kind", "year", "source", "version")
        .annotate(people=Sum("value"))
        .order_by()
    )
    by_path = {place.path: code for code, place in places.items()}
    sums: dict[tuple[str, Count], dict[int, int]] = {}
    for path, level, kind, year, source, version, people in rows:
        count = Count(kind, year, source, version)
        # The place itself and the child it lies in: two steps of the path at most.
        own = root + path[len(root) :].split("/", 1)[0] + "/"
        for above in {root, own} & by_path.keys():
            if path.startswith(above):
                by_level = sums.setdefault((by_path[above], count), {})
                by_level[level] = by_level.get(level, 0) + people
    told: dict[str, dict[Count, int]] = {}
    for (code, count), by_level in sums.items():
        told.setdefault(code, {})[count] = by_level[min(by_level)]
    return told
