"""One promise: the sentence, the definition, the value, who is behind and by how many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from luoshi.kernel import clock
from luoshi.platform.access.scope import Scope
from luoshi.platform.access.views import requires
from luoshi.platform.lake import withholding
from luoshi.platform.lake.results import Value
from luoshi.platform.regions import queries as regions
from luoshi.services.scoreboard import evidenced, measuring, outlook, places, queries
from luoshi.services.scoreboard.places import Place
from luoshi.services.scoreboard.rows import Row, definition
from luoshi.services.scoreboard.rules import Standing
from luoshi.web import charts, downloads, fragments, numbers, paging
from luoshi.web.tables import Cell, Column, Table

SIZE = 30  # institutions of a page


@requires("board.read")
@require_GET
def target(request: HttpRequest, target_id: int) -> HttpResponse:
    """The page of one promise at a place."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    at = places.place(request.GET.get("division", ""), scope=scope)
    row = queries.row(target_id, at, scope=scope)
    around = queries.places_below(at, scope=scope)
    below = evidenced.children(row.target, at=at, below=around, scope=scope)
    served = measuring.institutions(row.target, at=at, scope=scope)
    if downloads.wanted(request):
        served = evidenced.beside(served)
    if downloads.wanted(request) and not withholding.may_see_exact(scope):
        here = measuring.value_at(row.target, at, scope)
        below, served = (measuring.fit_to_leave(row.target, here, pairs) for pairs in (below, served))
    names = regions.division_names(value.division or "" for value, _s in below)
    expected = {value.division: _expected(row, value, standing, around, scope) for value, standing in below}
    points = measuring.trend(row.target, at=at, scope=scope)
    if kind := downloads.wanted(request):
        return _file(kind, row, at, below, served, names, points, expected, outlook.beside(row, at, scope=scope))
    page = paging.of_all(request, served, SIZE)
    page = replace(page, items=evidenced.beside(page.items))  # lights set by hand move nothing up or down
    bodies = regions.institution_names(value.institution or "" for value, _s in page.items)
    links = {
        "forecast_lines": tuple(outlook.lines(row, at, scope=scope)),
        "beside_lines": tuple(outlook.beside(row, at, scope=scope)),
        "duties_href": _duties_link(row, at, scope),
        "steps": tuple(_steps(row, at, scope)),
        **_missed_link(row, at, scope),
    }

    def body() -> dict[str, Any]:
        return {
            "row": row,
            "place": at,
            "definition": definition(row.indicator) if row.indicator else None,
            "trend": _trend(row, points),
            "trend_table": _trend_table(row, points),
            "bars": _bars(row, below, names),
            "children_table": _table(_("各区划"), row, below, names, expected) if below else None,
            "institutions_table": _table(_("各机构"), row, page.items, bodies) if served else None,
            "institutions_page": page,
            "per_head": row.indicator is not None and row.indicator.per is not None and bool(below),
            **links,
        }

    listed = (tuple(page.items), tuple(bodies.items()), page.number, page.total, page.previous, page.following)
    # The age of the data is told in days from today.
    key = (
        row,
        clock.today(),
        tuple(below),
        tuple(names.items()),
        tuple(points),
        tuple(links.values()),
        tuple(expected.values()),
        listed,
    )
    context = {
        "row": row,
        "place": at,
        "breadcrumbs": _breadcrumbs(row, at, scope),
        "silences": outlook.silences(row, at),
        "body": fragments.drawn("scoreboard/_target.html", key, body),
    }
    return render(request, "scoreboard/target.html", context)


def _file(
    kind: str,
    row: Row,
    at: Place,
    below: Sequence[tuple[Value, Standing]],
    served: Sequence[tuple[Value, Standing]],
    names: Any,
    points: Sequence[Any],
    expected: Mapping[str | None, str],
    beside: Sequence[str],
) -> HttpResponse:
    """The page as a file, with every institution."""
    bodies = regions.institution_names(value.institution or "" for value, _s in served)
    tables = [_facts(row)]
    tables += [_table(_("各区划"), row, below, names, expected)] if below else []
    tables += [_table(_("各机构"), row, served, bodies)] if served else []
    specs = [spec for spec in (_trend(row, points), _bars(row, below, names)) if spec]
    title = f"{row.metric} {at.name}"
    lines = [row.quote, row.plan_title, *beside]
    return downloads.answer(kind, row.metric, tables, title=title, lines=lines, specs=specs)


def _missed_link(row: Row, at: Place, scope: Scope) -> dict[str, Any]:
    """The way to the people, for those who may see lists and where the indicator lists somebody."""
    indicator = row.indicator
    if indicator is None or indicator.kind != "ratio" or not scope.can("person.list") or row.standing.value is None:
        return {"missed_href": "", "missed_label": ""}
    query = f"?{at.query}" if at.query else ""
    label = _("看是哪些人和单位") if indicator.lists_counted else _("看还差谁、差在哪")
    return {"missed_href": reverse("scoreboard:missed", args=[row.id]) + query, "missed_label": label}


def _duties_link(row: Row, at: Place, scope: Scope) -> str:
    """The way to who answers for it, for those who may see duties; empty where there is no duty desk."""
    if not at.division or not scope.can("duty.read"):
        return ""
    try:
        return reverse("duty_desk:promise", args=[row.id, at.division])
    except NoReverseMatch:
        return ""


def _steps(row: Row, at: Place, scope: Scope) -> list[tuple[str, str]]:
    """What can be done about a promise that lags: (words, address) of sending the gap and of raising a finding, for
    those who may; nothing where the desk is not installed."""
    if not at.division or row.standing.light not in ("red", "yellow"):
        return []
    ways = [("dispatch.send", "dispatch_desk:new", _("把差距派给能办的机构"))] if row.indicator else []
    ways.append(("rectify.issue", "rectification_desk:new", _("提出整改")))
    found = []
    for permission, page, words in ways:
        if scope.can(permission):
            try:
                found.append((words, f"{reverse(page)}?target={row.id}&division={at.division}"))
            except NoReverseMatch:
                continue
    return found


def _breadcrumbs(row: Row, at: Place, scope: Scope) -> list[tuple[str, str]]:
    """目标, then the way down from the viewer's widest place to this one."""
    base = reverse("scoreboard:target", args=[row.id])
    way = [d for d in regions.ancestors(at.division) if scope.covers_path(d.path)] if at.division else []
    crumbs = [(_("目标"), reverse("scoreboard:targets"))]
    crumbs += [(d.name, f"{base}?division={d.code}" if d.code != at.division else "") for d in way]
    return crumbs if way else [*crumbs, (at.name, "")]


def _name(value: Value, names: Any) -> str:
    code = value.division or value.institution or ""
    return str(names.get(code, code))


def _bars(row: Row, below: Sequence[tuple[Value, Standing]], names: Any) -> charts.Spec | None:
    if not below or all(value.value is None for value, _s in below):
        return None
    base = reverse("scoreboard:target", args=[row.id])
    bars = [
        charts.Bar(
            label=_name(value, names),
            value=standing.value,
            text=_bar_text(row, standing),
            href=f"{base}?division={value.division}",
            light=standing.light,
        )
        for value, standing in below
    ]
    threshold = row.target.threshold
    return charts.bars(bars, unit=row.standing.unit, target=threshold.value, target_text=row.target_text)


def _bar_text(row: Row, standing: Standing) -> str:
    if standing.value is None:
        return standing.why
    counts = numbers.fraction(standing.numerator, standing.denominator) if row.fraction_text else ""
    return f"{numbers.quantity(standing.value, standing.unit)}{f'  {counts}' if counts else ''}"


def _trend(row: Row, points: Sequence[Any]) -> charts.Spec | None:
    if sum(value is not None for _day, value in points) < 2:
        return None
    drawn = [
        charts.Point(day.isoformat(), value, numbers.quantity(value, row.standing.unit) if value is not None else "")
        for day, value in points
    ]
    return charts.trend(
        drawn,
        unit=row.standing.unit,
        target=row.target.threshold.value,
        target_text=row.target_text,
    )


def _trend_table(row: Row, points: Sequence[Any]) -> Table:
    rows = [[Cell(f"{day:%Y-%m}"), Cell(numbers.quantity(value, row.standing.unit), value)] for day, value in points]
    return Table(
        _("各月末累计"), [Column(_("月份"), head=True), Column(_("数值"), "number")], rows, caption_hidden=True
    )


def _expected(row: Row, value: Value, standing: Standing, around: Sequence[Place], scope: Scope) -> str:
    """What a division below is expected to come to, in short."""
    place = next((p for p in around if p.division == value.division), None)
    return outlook.in_short(row, place, standing, scope=scope) if place else ""


def _table(
    caption: str,
    row: Row,
    found: Sequence[tuple[Value, Standing]],
    names: Any,
    expected: Mapping[str | None, str] | None = None,
) -> Table:
    """Divisions or institutions with value, light and how many are missing; of divisions what is expected of them."""
    ahead = expected or {}
    base = reverse("scoreboard:target", args=[row.id])
    rows = []
    for value, standing in found:
        one = Row(row.target, standing, row.place)
        href = f"{base}?division={value.division}" if value.division else ""
        rows.append(
            [
                Cell(_name(value, names), href=href),
                Cell(one.light.word, light=standing.light, note=one.by_hand_text or _why_none(standing)),
                Cell(one.value_text, standing.value, note=one.fraction_text),
                Cell(one.short_text or "—", standing.people),
                *([Cell(ahead.get(value.division) or "—")] if any(ahead.values()) else []),
            ]
        )
    columns = [
        Column(_("名称"), head=True, width=36),
        Column(_("灯色"), "light"),
        Column(_("现值"), "number"),
        Column(_("差额"), "number"),
        *([Column(_("到期预计"), width=30)] if any(ahead.values()) else []),
    ]
    return Table(caption, columns, rows)


def _why_none(standing: Standing) -> str:
    return standing.why if standing.value is None or standing.threshold is None else ""


def _facts(row: Row) -> Table:
    """The head of the page, for files."""
    facts = [
        (_("现值"), " ".join(filter(None, (row.value_text, row.fraction_text, row.month_text)))),
        (_("目标值"), row.promise_text),
        (_("灯色"), f"{row.light.word} {row.why_text}"),
        (_("差额"), row.short_text),
        (_("期限"), row.deadline_text),
        (_("责任单位"), row.units_text),
        (_("性质"), row.kind_text),
        (_("能否计算"), row.verdict_text),
    ]
    rows = [[Cell(name), Cell(value or "—")] for name, value in facts]
    return Table(_("进展"), [Column(_("项目"), head=True), Column(_("内容"), width=60)], rows)
