"""What the scoreboard tells others: the standing of every promise, who is missing, what a plan asks of whom.

`ScoreboardBoard` answers `luoshi.supervision.sources.Board`; it is registered when the application is ready.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import date

from django.http import Http404

from luoshi.indicators import Catalogue
from luoshi.kernel import clock
from luoshi.platform import audit
from luoshi.platform.access.scope import Scope
from luoshi.platform.lake import refresh, results
from luoshi.platform.lake.results import Value
from luoshi.platform.regions import queries as regions
from luoshi.platform.regions.models import Institution
from luoshi.services.plan_desk import public as plan_desk
from luoshi.services.plan_desk.public import BoundTarget
from luoshi.services.scoreboard import evidenced, measuring, outlook, places, queries
from luoshi.services.scoreboard.forecasting import due_day, forecast
from luoshi.services.scoreboard.places import Place
from luoshi.services.scoreboard.rows import Row, metric_en
from luoshi.services.scoreboard.rules import Standing as Measured
from luoshi.supervision.sources import Colour, Expected, Gap, PlanRef, Promise, Standing, Task, Unit

FEW = 2  # promises that are asked for one by one


class ScoreboardBoard:
    """The board as supervision asks it (`sources.Board`): the same figures as the pages, as data."""

    def plans(self, *, scope: Scope) -> list[PlanRef]:
        """The confirmed plans in sight, the newest first."""
        return [_plan(plan) for plan in plan_desk.confirmed_plans(scope=scope)]

    def tasks(self, plan: int, *, scope: Scope) -> list[Task]:
        """The tasks of a confirmed plan with their units and the numbers of their promises. Three queries."""
        head, found = plan_desk.tasks(plan, scope=scope)
        if head is None:
            return []
        of: dict[int, list[int]] = {}
        for target in self._targets(scope):
            if target.plan == plan and target.task is not None:
                of.setdefault(target.task, []).append(target.id)
        return [
            Task(
                id=task.id,
                plan=_plan(head),
                number=task.number,
                title=task.title,
                text=task.text,
                action=task.action,
                deadline=task.deadline,
                units=_units(task.lead_units, task.units, task.inherited_units),
                targets=tuple(of.get(task.id, ())),
            )
            for task in found
        ]

    def promises(self, plan: int | None = None, *, scope: Scope) -> list[Promise]:
        """The confirmed targets of one plan, or of all in sight. One query."""
        return [_promise(t) for t in self._targets(scope) if plan in (None, t.plan)]

    def promise(self, target: int, *, scope: Scope) -> Promise | None:
        """One of `promises`."""
        found = plan_desk.confirmed_target(target, scope=scope)
        return _promise(found) if found else None

    def standings(
        self,
        *,
        scope: Scope,
        division: str = "",
        on: date | None = None,
        targets: Sequence[int] | None = None,
        forecasts: bool = False,
        months: int = 0,
    ) -> list[Standing]:
        """Every promise that binds a division, measured there."""
        at = places.place(division, scope=scope)
        asked = self._asked(at, targets, scope)
        with _on(on):
            found = self._measured(asked, at, scope, months)
            return self._told([(t, at, found[t.id]) for t in asked], scope=scope, forecasts=forecasts)

    def standing(
        self, target: int, *, scope: Scope, division: str = "", institution: str = "", on: date | None = None
    ) -> Standing:
        """One promise at a division or institution, with its forecast."""
        at = _institution(institution, scope) if institution else places.place(division, scope=scope)
        asked = self._asked(at, [target], scope)
        if not asked:
            raise Http404
        with _on(on):
            found = self._measured(asked, at, scope, 0)
            return self._told([(asked[0], at, found[target])], scope=scope, forecasts=True)[0]

    def below(
        self, *, scope: Scope, division: str = "", targets: Sequence[int] | None = None, on: date | None = None
    ) -> dict[str, list[Standing]]:
        """The same promises for each division one step below."""
        at = places.place(division, scope=scope)
        asked = self._asked(at, targets, scope)
        below = queries.places_below(at, scope=scope)
        with _on(on):
            if _past():
                measured = {p.division: list(self._measured(asked, p, scope, 0).values()) for p in below}
            else:
                measured = evidenced.measure_below(asked, at=at, below=below, scope=scope)
            told = self._told(
                [(t, p, s) for p in below for t, s in zip(asked, measured.get(p.division, ()), strict=False)],
                scope=scope,
            )
        found: dict[str, list[Standing]] = {p.division: [] for p in below}
        for standing in told:
            found[standing.division].append(standing)
        return found

    def institutions(self, target: int, *, scope: Scope, division: str = "") -> list[Standing]:
        """One promise for every institution of a division, the widest gap first."""
        at = places.place(division, scope=scope)
        asked = self._asked(at, [target], scope)
        if not asked:
            raise Http404
        pairs = evidenced.beside(measuring.institutions(asked[0], at=at, scope=scope))
        names = regions.institution_names(value.institution or "" for value, _s in pairs)
        told = [
            (asked[0], Place(names.get(v.institution or "", ""), "", v.institution or "", at.path, at.level), s)
            for v, s in pairs
        ]
        return self._told(told, scope=scope)

    def missed(
        self,
        target: int,
        *,
        scope: Scope,
        division: str = "",
        institution: str = "",
        limit: int = 50,
        offset: int = 0,
        by: str = "",
    ) -> tuple[list[Gap], int]:
        """A page of those not counted; consent and scope decide who has a name."""
        at = _institution(institution, scope) if institution and not division else places.place(division, scope=scope)
        asked = self._asked(at, [target], scope)
        if not asked:
            raise Http404
        if not measuring.is_measured(asked[0]) or Catalogue.load().indicator(asked[0].indicator).kind != "ratio":
            return [], 0
        found = queries.worklist(asked[0], at, scope=scope, institution=institution, limit=limit, offset=offset)
        gaps = [_gap(item, found) for item in found.rows]
        if by:
            persons = [gap.person for gap in gaps if gap.person is not None]
            audit.look_at_list(by=by, persons=persons, what=f"list {asked[0].indicator}")
        return gaps, found.total

    @staticmethod
    def _targets(scope: Scope) -> list[BoundTarget]:
        return plan_desk.confirmed_targets(scope=scope)

    def _asked(self, at: Place, targets: Collection[int] | None, scope: Scope) -> list[BoundTarget]:
        found = self._targets(scope) if targets is None or len(targets) > FEW else _few(targets, scope)
        wanted = None if targets is None else set(targets)
        return [t for t in found if at.governs(t.division_path) and (wanted is None or t.id in wanted)]

    def _measured(self, asked: Sequence[BoundTarget], at: Place, scope: Scope, months: int) -> dict[int, Measured]:
        if not _past():
            return evidenced.measure(asked, at=at, scope=scope, months=months)
        day = clock.today()
        bare = {t.id: measuring.stand(t, _value_on(t, at, scope, day)) for t in asked}
        return evidenced.completed(asked, bare, at=at, scope=scope)

    def _told(
        self, rows: Sequence[tuple[BoundTarget, Place, Measured]], *, scope: Scope, forecasts: bool = False
    ) -> list[Standing]:
        promises: dict[int, Promise] = {}  # one promise is told for many places
        found = []
        for target, at, measured in rows:
            if target.id not in promises:
                promises[target.id] = _promise(target)
            expected = _expected(target, at, measured, scope) if forecasts and not _past() else None
            found.append(_standing(target, at, measured, promises[target.id], expected))
        return found


def _few(targets: Collection[int], scope: Scope) -> list[BoundTarget]:
    """A few promises by number, without reading all the others."""
    found = [plan_desk.confirmed_target(number, scope=scope) for number in sorted(set(targets))]
    return sorted((t for t in found if t is not None), key=lambda t: (t.plan, t.start, t.id))


def _on(day: date | None) -> AbstractContextManager[object]:
    return clock.at(day) if day else nullcontext()


def _past() -> bool:
    """Whether the day asked about lies before the last day of data: then the results of that day's month end serve."""
    until = results.data_until()
    return until is not None and clock.today() < until


def _value_on(target: BoundTarget, at: Place, scope: Scope, day: date) -> Value | None:
    """The value as evaluated for the days up to `day`; one without a value and `no-data` where none was."""
    if not measuring.is_measured(target):
        return None
    period = measuring.period_of(target)
    rule = Catalogue.load().indicator(target.indicator).period
    upto = refresh.to_date(rule, min(day, period.end)) if day >= period.start else refresh.to_date(rule, day)
    where = {"division": at.division} if at.division else {"institution": at.institution}
    value = results.value(target.indicator, upto, scope=scope, **where)
    if target.kind != "change":
        return value
    before = results.value(target.indicator, measuring.year_before(target, period), scope=scope, **where)
    return measuring.change(target, value, before)


def _institution(code: str, scope: Scope) -> Place:
    row = (
        Institution.objects.filter(code=code).select_related("division").first()
        if scope.covers_institution(code)
        else None
    )
    if row is None:
        raise Http404
    return Place(row.name, "", row.code, row.division.path, row.division.level)


def _plan(plan: plan_desk.PlanHead) -> PlanRef:
    return PlanRef(plan.id, plan.title, plan.division, plan.division_path, plan.period_start, plan.period_end)


def _units(lead: Sequence[str], units: Sequence[str], inherited: Sequence[str]) -> tuple[Unit, ...]:
    found = {name: Unit(name, lead=True) for name in lead}
    for name in units:
        found.setdefault(name, Unit(name, lead=False))
    for name in inherited:
        found.setdefault(name, Unit(name, lead=False, inherited=True))
    return tuple(found.values())


def _promise(target: BoundTarget) -> Promise:
    return Promise(
        id=target.id,
        plan=PlanRef(
            target.plan,
            target.plan_title,
            target.division,
            target.division_path,
            target.period_start,
            target.period_end,
        ),
        task=target.task,
        metric=target.metric,
        metric_en=metric_en(target),
        quote=target.quote,
        op=target.op,
        value=target.value,
        upper=target.upper,
        unit=target.unit,
        promise=target.promise,
        deadline=target.deadline,
        deadline_inferred=target.deadline_inferred,
        binding=target.binding_kind,
        indicator=target.indicator,
        verdict=target.verdict,
        missing=target.missing,
        additive=target.kind == "count",
        units=_units(target.lead_units, target.units, ()),
        task_title=" ".join(filter(None, (target.task_number, target.task_title))),
    )


def _expected(target: BoundTarget, at: Place, measured: Measured, scope: Scope) -> Expected | None:
    found = forecast(target, measured, at=at, scope=scope)
    if found is None:
        return None
    threshold = target.threshold
    rising = threshold.op in (">=", ">") or (threshold.op == "=" and measured.better == "higher")
    reaches = "open" if threshold.op == "between" else found.reaches(threshold.value, rising=rising)
    words = outlook.expected(Row(target, measured, at), found)
    return Expected(due_day(target), found.value, found.low, found.high, reaches, words)


def _standing(
    target: BoundTarget, at: Place, measured: Measured, promise: Promise, expected: Expected | None
) -> Standing:
    row = Row(target, measured, at)
    light: Colour = measured.light  # type: ignore[assignment]
    computed: Colour = measured.computed or measured.light  # type: ignore[assignment]
    return Standing(
        promise=promise,
        division=at.division,
        institution=at.institution,
        place=at.name,
        on=clock.today(),
        light=light,
        computed=computed,
        why=row.why_text,
        value=measured.value,
        numerator=measured.numerator,
        denominator=measured.denominator,
        unit=measured.unit,
        better=measured.better,
        expected=measured.expected,
        elapsed=measured.elapsed,
        people=measured.people,
        data_until=measured.data_until,
        stale=measured.stale,
        reason=measured.reason,
        missing=measured.missing,
        value_text=row.value_text,
        fraction_text=row.fraction_text,
        promise_text=row.promise_text,
        href=row.href,
        flags=measured.flags,
        override=measured.override,
        forecast=expected,
        low=measured.low,
        high=measured.high,
        gap=measured.gap,
        trend=measured.trend,
        moved=measured.moved,
    )


def _gap(item: queries.Listed, found: queries.Worklist) -> Gap:
    missed, card = item.missed, item.card
    institution = missed.institution or ""
    place = found.institution_names.get(institution, "") or found.division_names.get(missed.division, "")
    return Gap(
        subject=missed.subject,
        person=missed.person,
        name=card.name if card else ("" if missed.person is not None else place),
        division=missed.division,
        division_name=found.division_names.get(missed.division, missed.division),
        institution=institution,
        institution_name=found.institution_names.get(institution, institution),
        reason=missed.reason,
    )
