"""Where a promise will stand when it falls due, from its own past and that of the places below."""

from __future__ import annotations

from datetime import date

from luoshi.indicators import Catalogue
from luoshi.indicators.forecast import Forecast, completion, drift
from luoshi.kernel import clock
from luoshi.platform.access.scope import Scope
from luoshi.platform.lake import results
from luoshi.services.plan_desk.public import BoundTarget
from luoshi.services.scoreboard import history
from luoshi.services.scoreboard.measuring import is_measured, period_of, trend
from luoshi.services.scoreboard.places import Place
from luoshi.services.scoreboard.rules import Standing


def forecast(
    target: BoundTarget, standing: Standing, *, at: Place, scope: Scope, inside: bool = False
) -> Forecast | None:
    """The value expected on the deadline; without one, at the end of the period. `inside`: the caller knows that the
    place lies in the scope, being below one that does; otherwise it is asked, and `Http404` raised.

    None for what is not computed, for differences, at a single institution, for a period that is over, and where the
    past tells nothing.
    """
    if not is_measured(target) or not at.division or target.kind == "change" or standing.value is None:
        return None
    if inside:
        scope.heard(at.division, at.path)
    else:
        results.inside(scope, at.division, None)
    value = standing.value
    return results.remembered(("forecast", target, value, at), lambda: _forecast(target, value, at, scope))


def _forecast(target: BoundTarget, value: float, at: Place, scope: Scope) -> Forecast | None:
    indicator = Catalogue.load().indicator(target.indicator)
    period = period_of(target)
    # The day the results were made for; the sources of one indicator may have been heard of a few days earlier.
    until = min(results.data_until() or clock.today(), clock.today())
    due = due_day(target)
    if until >= due:
        return None
    top = 100.0 if indicator.unit == "percent" and indicator.kind == "ratio" else None
    if indicator.period in history.TO_DATE:
        if until >= period.end:
            return None
        own, others = history.pasts(indicator.id, until, scope=scope, division=at.division)
        return completion(value, own, others, top=top, years_on=max(0, due.year - period.end.year))
    months = (due.year - until.year) * 12 + due.month - until.month
    return drift([value for _day, value in trend(target, at=at, scope=scope)], max(1, months), top=top)


def due_day(target: BoundTarget) -> date:
    """The day a promise falls due: its deadline, or the end of the period it is measured in."""
    return target.deadline or period_of(target).end
