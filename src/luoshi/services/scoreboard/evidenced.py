"""What supervision adds to a measured promise: what was handed in for it, the forecast in its light, a light set by hand.

Every list and page of the board comes through here, so that a light means the same everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.kernel.period import Period
from luoshi.platform.access.scope import Scope
from luoshi.platform.lake.results import Value
from luoshi.services.plan_desk.public import BoundTarget
from luoshi.services.scoreboard import measuring
from luoshi.services.scoreboard.forecasting import forecast
from luoshi.services.scoreboard.places import Place
from luoshi.services.scoreboard.rules import Standing, comparable, days_old
from luoshi.supervision.duties import public as duties

HANDED_IN = ("register", "deliverable", "report")


def measure(targets: Iterable[BoundTarget], *, at: Place, scope: Scope, months: int = 0) -> dict[int, Standing]:
    """`measuring.measure`, completed."""
    asked = list(targets)
    return completed(asked, measuring.measure(asked, at=at, scope=scope, months=months), at=at, scope=scope)


def measure_below(
    targets: Iterable[BoundTarget], *, at: Place, below: Sequence[Place], scope: Scope
) -> dict[str, list[Standing]]:
    """`measuring.measure_below` for the divisions `below` a place, completed. At most three queries."""
    asked, codes = list(targets), [place.division for place in below]
    measured = measuring.measure_below(asked, at=at, codes=codes, scope=scope)
    given = _given(asked, measured, below)
    found = {}
    for place in below:
        rows = []
        for target, standing in zip(asked, measured.get(place.division, ()), strict=False):
            if target.id in given[place.path] and standing.value is None:
                standing = _handed_in(target, given[place.path][target.id], standing, place)
            rows.append(_forecast(target, standing, place, scope, inside=True))
        found[place.division] = rows
    return each_by_hand(found)


def _given(
    targets: Sequence[BoundTarget], measured: Mapping[str, Sequence[Standing]], below: Sequence[Place]
) -> dict[str, dict[int, duties.HandedIn]]:
    """What was handed in for the promises that nothing else measures, by path of the place."""
    waiting = [(t.id, t.unit) for t in targets if t.binding_kind in HANDED_IN]
    if not waiting or not measured:
        return {place.path: {} for place in below}
    return duties.handed_in_at(waiting, [place.path for place in below])


def children(
    target: BoundTarget, *, at: Place, below: Sequence[Place], scope: Scope
) -> Sequence[tuple[Value, Standing]]:
    """One promise at each division directly below, completed: what the records tell, or else what was handed in there.
    Empty where nothing is measured and nobody handed anything in. At most three queries."""
    if measuring.is_measured(target):
        places = {place.division: place for place in below}
        measured = measuring.children(target, at=at, scope=scope)
        return beside(
            [
                (v, _forecast(target, s, places[v.division], scope, inside=True) if v.division in places else s)
                for v, s in measured
            ]
        )
    given = duties.handed_in_at([(target.id, target.unit)], [place.path for place in below])
    if target.binding_kind not in HANDED_IN or not any(given.values()):
        return ()
    bare, today = measuring.stand(target, None), clock.today()
    year = Period(date(today.year, 1, 1), today)
    pairs = []
    for place in below:
        one = given[place.path].get(target.id)
        standing = bare if one is None else _handed_in(target, one, bare, place)
        pairs.append((Value("", year, place.division, None, None, None, standing.value, "", (), None), standing))
    return beside(pairs)


def beside(pairs: Sequence[tuple[Value, Standing]]) -> Sequence[tuple[Value, Standing]]:
    """Values with their standings (divisions or institutions below), with the lights set by hand there. One query."""
    places = {value.division or value.institution or "": [standing] for value, standing in pairs}
    held = each_by_hand(places)
    return [(value, held[value.division or value.institution or ""][0]) for value, _s in pairs]


def completed(
    targets: Sequence[BoundTarget], standings: Mapping[int, Standing], *, at: Place, scope: Scope
) -> dict[int, Standing]:
    """The standings of a place with what was handed in, the forecast and lights set by hand. At most four queries."""
    found = dict(standings)
    waiting = [t for t in targets if t.binding_kind in HANDED_IN and found[t.id].value is None]
    given = duties.handed_in([(t.id, t.unit) for t in waiting], at.path) if at.division else {}
    for target in waiting:
        if target.id in given:
            found[target.id] = _handed_in(target, given[target.id], found[target.id], at)
    for target in targets:
        found[target.id] = _forecast(target, found[target.id], at, scope)
    return by_hand(found, at.division or at.institution)


def by_hand(standings: Mapping[int, Standing], place: str) -> dict[int, Standing]:
    """The standings of a place with the lights set by hand there. One query."""
    held = duties.overrides([(target, place) for target in standings])
    return {
        target: replace(s, light=held[target, place].colour, computed=s.light, override=held[target, place])
        if (target, place) in held
        else s
        for target, s in standings.items()
    }


def each_by_hand(standings: Mapping[str, Sequence[Standing]]) -> dict[str, list[Standing]]:
    """The same for several places by code. One query."""
    held = duties.overrides([(s.id, place) for place, rows in standings.items() for s in rows])
    return {
        place: [
            replace(s, light=held[s.id, place].colour, computed=s.light, override=held[s.id, place])
            if (s.id, place) in held
            else s
            for s in rows
        ]
        for place, rows in standings.items()
    }


def _handed_in(target: BoundTarget, given: duties.HandedIn, bare: Standing, at: Place) -> Standing:
    today = clock.today()
    if given.value is None:
        why = _("有 %(n)s 件材料待审核") % {"n": given.waiting} if given.waiting else bare.why
        return replace(bare, why=why)
    if not comparable(target.unit, "percent") and target.unit == "%":
        return bare
    counted = given.kind == "evidence"
    source = _("按采信的佐证材料计数") if counted else _("责任单位自报")
    if target.kind == "count" and at.division != target.division:
        # What is promised for the whole division of the plan is not promised for a part of it.
        why = _("数量目标按计划所在区划合计，不在这里单独判断（%(source)s）") % {"source": source}
        return replace(bare, why=why, value=given.value, threshold=None, data_until=given.last, reason="", missing="")
    share = _share(target, today)
    judged = duties.light(
        duties.Seen(
            value=given.value,
            threshold=target.threshold,
            on=today,
            share_due=share,
            fresh=days_old(given.last, today),
            deadline=target.deadline,
            handed_in=counted,
        )
    )
    return replace(
        bare,
        light=judged.colour,
        why=_("%(why)s（%(source)s）") % {"why": duties.said(judged.code), "source": source},
        value=given.value,
        expected=judged.expected,
        elapsed=share if share < 1 else None,
        data_until=given.last,
        stale=judged.code == "stale",
        reason="",
        missing="",
    )


def _share(target: BoundTarget, today: date) -> float:
    """The share of the plan's time that has passed: hand-ins come through the year as the days go."""
    if target.deadline is None:
        return 1.0
    start = date(min(target.period_start or target.deadline.year, target.deadline.year), 1, 1)
    return min(1.0, max(0.0, (today - start).days / max(1, (target.deadline - start).days)))


def _forecast(target: BoundTarget, standing: Standing, at: Place, scope: Scope, *, inside: bool = False) -> Standing:
    """Only what is green because its pace is right needs a forecast: the rest would not change."""
    threshold = standing.threshold
    if standing.light != "green" or standing.value is None or threshold is None or threshold.op == "between":
        return standing
    if threshold.met_by(standing.value, better=standing.better):
        return standing
    found = forecast(target, standing, at=at, scope=scope, inside=inside)
    if found is None:
        return standing
    rising = threshold.op in (">=", ">") or (threshold.op == "=" and standing.better == "higher")
    held = duties.expected_to_hold(
        duties.Judged("green", "on-pace", standing.expected), found.reaches(threshold.value, rising=rising)
    )
    if held.code == "on-pace":
        return standing
    return replace(standing, light=held.colour, why=duties.said(held.code))
