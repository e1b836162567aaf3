"""Reports that ask little: what the computer knows is filled in and locked; the unit adds what no record can tell.

Where the report and the data disagree a query is opened: the data do not overwrite what was said, and what was said does
not overwrite the data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from luoshi.indicators import Catalogue
from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, Refused
from luoshi.platform import moving
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.supervision.duties import events, figures, noting, queries, rules
from luoshi.supervision.duties.events import Happened
from luoshi.supervision.duties.figures import Figure
from luoshi.supervision.duties.handed import RATES, countable
from luoshi.supervision.duties.models import Duty, File, Query, Report
from luoshi.web import numbers
from luoshi.web.lights import light as shape
from luoshi.web.manifest import in_language

SHORTEST_PROGRESS = 4


@dataclass(frozen=True)
class Locked:
    """One field the computer filled: what, its text, where it comes from, and the last day it tells of (ISO, or empty)."""

    name: str
    text: str
    source: str
    as_of: str = ""


@dataclass(frozen=True)
class Form:
    """What a report asks (`asked`: names of fields) and what it does not (`locked`)."""

    locked: tuple[Locked, ...]
    asked: tuple[str, ...]

    @property
    def spared(self) -> int:
        """How many fields the unit need not fill in."""
        return len(self.locked)


def form(duty: Duty, figure: Figure, *, scope: Scope) -> Form:
    """The report of a duty as it would be made now. `figure` is what the data say. At most three queries."""
    locked = [*_figures(duty, figure), *_counts(duty, scope)]
    asked = ["claim", "progress", "problems"]
    if needs_value(duty, figure):
        asked.insert(0, "value")
    return Form(tuple(locked), tuple(asked))


def needs_value(duty: Duty, figure: Figure) -> bool:
    """Whether the unit must give the figure itself: only where no record and no paper can tell it."""
    if duty.role != Duty.Role.LEAD or not duty.target:
        return False
    computed = figure.standing is not None and figure.standing.promise.binding == "indicator"
    if computed and figure.value is not None:
        return False
    return duty.binding == "report" or not countable(duty.unit)


def _figures(duty: Duty, figure: Figure) -> list[Locked]:
    standing = figure.standing
    if figure.value is None:
        return []
    day = figure.data_until.isoformat() if figure.data_until else ""
    source = _source(figure)
    found = [Locked(_("现值"), figure.value_text, source, day)]
    if figure.fraction_text and standing is not None:
        found.append(Locked(_("已达到"), numbers.number(standing.numerator), source, day))
        found.append(Locked(_("应达到的总数"), numbers.number(standing.denominator), source, day))
    if figure.goal_text:
        found.append(Locked(_("目标值"), figure.goal_text, duty.plan_title or _("任务"), ""))
    found.append(Locked(_("灯色"), str(shape(figure.light).word), figure.why, day))
    if figure.people:
        found.append(Locked(_("差额"), numbers.number(figure.people), source, day))
    if standing is not None and standing.moved is not None:
        found.append(Locked(_("较上月"), numbers.number(standing.moved), source, day))
    return found


def _source(figure: Figure) -> str:
    standing = figure.standing
    indicator = Catalogue.load().indicators.get(standing.promise.indicator) if standing else None
    if indicator is not None:
        return in_language(indicator.name, indicator.name_en)
    return _("已采信的佐证材料")


def _counts(duty: Duty, scope: Scope) -> list[Locked]:
    today = clock.today().isoformat()
    parts = duty.parts.exclude(state="withdrawn").values_list("state", flat=True)
    found = []
    if parts:
        known = sum(state != "issued" for state in parts)
        found.append(Locked(_("下级签收"), f"{known}/{len(parts)}", _("任务签收记录"), today))
        closed = sum(state == "closed" for state in parts)
        found.append(Locked(_("下级办结"), f"{closed}/{len(parts)}", _("任务办结记录"), today))
    counted = File.objects.filter(duty=duty, kind=File.Kind.EVIDENCE, state="accepted").aggregate(n=Sum("counts"))["n"]
    if counted:
        found.append(Locked(_("已采信材料"), numbers.number(counted), _("佐证材料登记"), today))
    return found


def report(
    *, duty: Duty, claim: str, progress: str, problems: str, by: User, scope: Scope, value: float | None = None
) -> tuple[Report, list[Query]]:
    """Take a report from the unit's seat, with the queries it opened. Raises `Refused` before the duty was acknowledged
    and after it is closed, `InvalidValue` for an empty one or a figure nobody asked for."""
    held = queries.permissions_on(duty, scope)
    if rules.ACT not in held:
        raise Refused(_("您没有做这一步的权限。"))
    if duty.state not in ("received", "working"):
        raise Refused(_("任务签收后、报请验收前才能报告进展。"))
    if claim not in dict(Report.CLAIMS):
        raise InvalidValue(_("请选择自评。"), where="claim")
    figure = figures.of_duty(duty, scope=scope)
    made = form(duty, figure, scope=scope)
    if "value" in made.asked and value is None:
        raise InvalidValue(_("这项指标没有数据来源，请填写数值。"), where="value")
    if len(progress.strip()) < SHORTEST_PROGRESS:
        raise InvalidValue(_("请写明进展（至少 %(n)s 个字）。") % {"n": SHORTEST_PROGRESS}, where="progress")
    with transaction.atomic():
        row = Report.objects.create(
            duty=duty, by=by.get_username(), by_name=by.get_full_name(), at=clock.now(), on=clock.today(), claim=claim,
            progress=progress.strip()[:5000], problems=problems.strip()[:5000], value=value,
            locked=[asdict(one) for one in made.locked], asked=len(made.asked), spared=made.spared,
        )  # fmt: skip
        if duty.state == "received":
            moving.advance(
                duty, rules.DUTY, "work", by=by, permissions=held, given=noting.dated(), scope_division=duty.division
            )
        noting.record("report", by, duty, {"claim": claim, "asked": row.asked, "spared": row.spared})
        events.tell(Happened("reported", by.get_username(), duty, text=progress.strip()[:200]))
        opened = [q for said in contradictions(row, figure) if (q := _open(row, said)) is not None]
        for query in opened:
            noting.record("query", "system", duty, {"field": query.field, "said": query.said, "found": query.found})
            events.tell(Happened("contradicted", "clock", duty, query=query, text=query.found))
    return row, opened


@dataclass(frozen=True)
class Contradiction:
    """What a report says and the data do not."""

    field: str
    said: str
    found: str
    source: str


def contradictions(row: Report, figure: Figure) -> list[Contradiction]:
    """Where a report and the data disagree, by the tolerances of `catalog/rules/duties.yaml`. Without a computed value
    nothing is contradicted; a stale one contradicts nothing."""
    standing = figure.standing
    measured = standing is not None and standing.promise.binding == "indicator" and standing.value is not None
    if not measured or figure.stale or figure.value is None:
        return []
    found: list[Contradiction] = []
    text = " ".join(filter(None, (figure.value_text, figure.fraction_text)))
    if row.value is not None and differs(row.value, figure.value, row.duty.unit):
        said = numbers.quantity(row.value, row.duty.unit)
        found.append(Contradiction("value", said, text, _source(figure)))
    claim = dict(Report.CLAIMS)[row.claim]
    if row.claim == "done" and figure.goal_text and not figure.kept:
        found.append(
            Contradiction(
                "claim",
                str(claim),
                _("%(value)s，目标 %(goal)s") % {"value": text, "goal": figure.goal_text},
                _source(figure),
            )
        )
    elif row.claim == "on-track" and figure.computed == "red":
        found.append(
            Contradiction(
                "claim", str(claim), _("%(value)s，%(why)s") % {"value": text, "why": figure.why}, _source(figure)
            )
        )
    return found


def differs(said: float, found: float, unit: str) -> bool:
    """Whether a reported value is further from the computed one than may be: so many points of a rate, or a share."""
    declared = rules.declared()
    if unit in RATES:
        return abs(said - found) > declared.report_tolerance_points
    return abs(said - found) > max(1.0, abs(found) * declared.report_tolerance_share)


def _open(row: Report, said: Contradiction) -> Query | None:
    """A query, unless one about the same is open already: asking twice does not help."""
    if Query.objects.filter(duty=row.duty, field=said.field, state__in=("open", "answered")).exists():
        return None
    return Query.objects.create(
        report=row, duty=row.duty, field=said.field, said=said.said[:200], found=said.found[:200],
        source=said.source[:200], as_of=row.on, opened_at=clock.now(),
    )  # fmt: skip


def answer(*, query: Query, text: str, by: User, scope: Scope) -> Query:
    """Explain a query from the unit's seat."""
    return _move(
        query, "answer", {"answer": text.strip()}, by, scope, answer=text.strip()[:5000], answered_by=by.get_username()
    )


def ask_again(*, query: Query, reason: str, by: User, scope: Scope) -> Query:
    """Give an explanation back."""
    return _move(query, "return", {"reason": reason.strip()}, by, scope)


def settle(*, query: Query, reason: str, by: User, scope: Scope) -> Query:
    """Take the explanation: the query is done."""
    return _move(
        query, "settle", {"reason": reason.strip()}, by, scope, closed_by=by.get_username(), closed_at=clock.now()
    )


def uphold(*, query: Query, reason: str, by: User, scope: Scope) -> Query:
    """Find that the report was untrue; others hear of it and may ask for it to be put right."""
    with transaction.atomic():
        done = _move(
            query, "uphold", {"reason": reason.strip()}, by, scope, closed_by=by.get_username(), closed_at=clock.now()
        )
        events.tell(Happened("query-upheld", by.get_username(), query.duty, query=query, text=reason.strip()[:200]))
    return done


def _move(query: Query, move: str, given: dict[str, str], by: User, scope: Scope, **fields: object) -> Query:
    duty = query.duty
    with transaction.atomic():
        moving.advance(
            query, rules.QUERY, move, by=by, permissions=queries.permissions_on(duty, scope), given=noting.dated(dict(given)),
            scope_division=duty.division, **fields,
        )  # fmt: skip
        text = next(iter(given.values()), "")
        noting.record(f"query-{move}", by, duty, {"field": query.field, "text": text[:200]})
    return query


def spared(duties: Sequence[int]) -> tuple[int, int]:
    """How many fields the units of these duties filled in and how many they were spared, over all their reports."""
    row = Report.objects.filter(duty__in=duties).aggregate(asked=Sum("asked"), spared=Sum("spared"))
    return int(row["asked"] or 0), int(row["spared"] or 0)
