"""What the demonstration shows: a dispatch of early October, sent for who was missing at the end of September and
settled by the records of October. Both lists are evaluated from the lake; nothing about them is invented."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.conf import settings

from luoshi.engines import LakeDirectory
from luoshi.engines.duckdb import DuckdbEngine
from luoshi.indicators import Catalogue
from luoshi.indicators.measure import fill
from luoshi.kernel import clock
from luoshi.kernel.period import Period
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.lake import results
from luoshi.supervision import sources
from luoshi.supervision.dispatching import actions, gathering, settling
from luoshi.supervision.dispatching.models import Dispatch, Item

SENT_DAYS_AGO = 30
DAYS_TO_ACT = 45


def prepare() -> list[tuple[str, str, str, str, str]]:
    """Send the gap of a target as it was a month ago, for the county of the demonstration. No accounts of its own."""
    leader = User.objects.filter(username="leader").first()
    county = User.objects.filter(username="county").first()
    if leader is None or county is None or Dispatch.objects.exists():
        return []
    scope, division = Scope.of(leader), Scope.of(county).root_division()
    until = results.data_until()
    if until is None:
        return []
    heard = until.replace(day=1) - timedelta(days=1)
    promise = _most_moved(scope, division, heard)
    if promise is None:
        return []
    sent = clock.now() - timedelta(days=SENT_DAYS_AGO)
    standing = sources.get().standings(scope=scope, division=division, targets=[promise.id])[0]
    period = results.measured_period(promise.indicator, promise.deadline)
    found = _missing_then(standing, period, Period(period.start, heard), division)
    value = results.value(promise.indicator, Period(period.start, heard), scope=scope, division=division)
    if not found.candidates:
        return []
    with clock.at(sent):
        made = actions.send_gathered(
            found, value, heard=heard, edition="", due=sent.date() + timedelta(days=DAYS_TO_ACT),
            note="请在期限内完成随访或体检，记录当日上传。", by=leader, scope=scope,
        )  # fmt: skip
        _tick(made, sent)
    settling.settle(made.pk)
    _object(made)
    return []


def _most_moved(scope: Scope, division: str, heard: date) -> sources.Promise | None:
    """The target still behind of which the most people came to be counted since."""
    catalogue = Catalogue.load()
    best: tuple[float, sources.Promise | None] = (0.0, None)
    for standing in sources.get().standings(scope=scope, division=division):
        promise = standing.promise
        known = catalogue.indicators.get(promise.indicator)
        if known is None or known.kind != "ratio" or known.weight or known.lists_counted or standing.numerator is None:
            continue
        start = results.measured_period(known.id, promise.deadline).start
        if standing.kept or start >= heard:
            continue
        then = results.value(known.id, Period(start, heard), scope=scope, division=division)
        moved = standing.numerator - (then.numerator or standing.numerator)
        if moved > best[0] and (then.denominator or 0) < 2_000:
            best = moved, promise
    return best[1]


def _missing_then(standing: sources.Standing, period: Period, then: Period, division: str) -> gathering.Gathered:
    """Who was missing when the data reached to the end of `then`."""
    catalogue = Catalogue.load()
    indicator = catalogue.indicator(standing.promise.indicator)
    lake = LakeDirectory.open(settings.LUOSHI_LAKE)
    listed, total = DuckdbEngine().why(lake, catalogue, indicator, then, division=division, limit=5_000)
    rows = []
    for row in listed:
        columns = {**row.columns}
        if row.reason is None:
            words = f"未满足:{indicator.numerator}", f"Does not meet: {indicator.numerator}"
        else:
            reason = indicator.reasons[row.reason]
            words = fill(reason.say, columns), fill(reason.say_en or reason.say, columns)
        rows.append((row.subject, row.person, row.division or "", row.institution or "", *words))
    candidates = gathering.placed(rows, division, standing.promise.plan.division_path)
    return gathering.Gathered(standing, period, candidates, total, 0)


def _tick(made: Dispatch, sent: datetime) -> None:
    """The clinic says a week later of some of its items that they were done; the data will show of which it is true."""
    clinic = User.objects.filter(username="clinic").first()
    if clinic is None:
        return
    scope = Scope.of(clinic)
    own = [i.pk for i in made.items.order_by("pk") if scope.covers_institution(i.institution)]
    day: date = sent.date() + timedelta(days=7)
    if own:
        with clock.at(day):
            actions.act(numbers=own[: max(1, len(own) // 2)], day=day, said="已入户随访", by=clinic, scope=scope)


def _object(made: Dispatch) -> None:
    """One of what is left is objected to, one was ticked yesterday."""
    clinic = User.objects.filter(username="clinic").first()
    if clinic is None:
        return
    scope = Scope.of(clinic)
    rows = Item.objects.filter(dispatch=made, data="missing", state="sent").order_by("pk")
    own = [i.pk for i in rows if scope.covers_institution(i.institution)]
    if own:
        actions.object_to(numbers=own[-1:], reason="已随子女外迁，电话已停机", by=clinic, scope=scope)
    if len(own) > 1:
        actions.act(numbers=own[:1], day=clock.today() - timedelta(days=1), said="昨日已随访", by=clinic, scope=scope)
