"""总览: where do we stand, on one screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from luoshi.platform.access.scope import Scope
from luoshi.platform.access.views import requires
from luoshi.platform.lake import withholding
from luoshi.platform.regions import queries as regions
from luoshi.services.scoreboard import places, queries, rules
from luoshi.services.scoreboard.pages.targets import table as targets_table
from luoshi.services.scoreboard.places import Place
from luoshi.services.scoreboard.rows import Row
from luoshi.web import downloads, fragments, lights, marks
from luoshi.web.tables import Cell, Column, Table

URGENT = 6
MOVERS = 6
LIGHTS = ("green", "yellow", "red", "grey")  # in the order of the table


@requires("board.read")
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """The board of a place: lights, what needs a decision, what cannot be judged, what moved, every promise."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    at = places.place(request.GET.get("division", ""), scope=scope)
    board = queries.board(at, scope=scope, months=2)
    # Who looks from above the only plan there is comes to see that plan.
    if not board.rows and len(board.planned_below) == 1 and "division" not in request.GET:
        return redirect(f"{reverse('scoreboard:overview')}?division={board.planned_below[0]}")
    if kind := downloads.wanted(request):
        title = _("%(place)s工作计划落实情况") % {"place": at.name}
        rows = board.rows if withholding.may_see_exact(scope) else queries.rows_to_leave(board.rows)
        return downloads.answer(
            kind, title, [counts_table(board), targets_table(rows)], title=title, lines=lines(board)
        )
    counts = _counts_below(board, at, scope)
    planned = regions.division_names(board.planned_below) if not board.rows else {}
    key = (at, tuple(board.rows), counts, tuple(planned.items()))
    context = {
        "place": at,
        "places": places.options(at, scope=scope),
        "board": board,
        "body": fragments.drawn("scoreboard/_board.html", key, lambda: _body(board, at, counts, planned)),
    }
    return render(request, "scoreboard/overview.html", context)


def _body(
    board: queries.Board, at: Place, counts: Sequence[tuple[Place, Sequence[int]]], planned: Mapping[str, str]
) -> dict[str, Any]:
    """What the sheets of the board show; nothing here asks who looks."""
    standings = [row.standing for row in board.rows]
    by_id = {row.id: row for row in board.rows}
    late = [s for s in standings if s.light in ("red", "yellow")]
    return {
        "place": at,
        "board": {
            "rows": board.rows,
            "tiles": [
                {"light": lights.light(key), "count": count} for key, count in rules.count_lights(standings).items()
            ],
            "urgent": [by_id[s.id] for s in rules.most_urgent(standings, URGENT)],
            "more_urgent": max(0, len(late) - URGENT),
            "unknown": _unknown(board.rows, at),
            "movers": [by_id[s.id] for s in rules.movers(standings, MOVERS)],
            "actions": _actions(board.rows, at),
            "by_child": _by_child(counts),
            "planned_below": planned,
        },
    }


def lines(board: queries.Board) -> list[str]:
    """Plans and freshness, printed under the title of a file."""
    until = f"{board.data_until:%Y-%m-%d}" if board.data_until else _("还没有收到任何数据")
    return [*board.plans, _("数据截至 %(day)s") % {"day": until}]


def counts_table(board: queries.Board) -> Table:
    """How many promises have which light."""
    counts = rules.count_lights(row.standing for row in board.rows)
    rows = [[Cell(lights.light(key).word), Cell(str(n), n)] for key, n in counts.items()]
    return Table(_("按灯色统计"), [Column(_("灯色"), head=True), Column(_("项数"), "number")], rows)


def _unknown(rows: Sequence[Row], at: Place) -> list[dict[str, Any]]:
    """Why promises are grey, the commonest reason first."""
    reasons = Counter(row.standing.why for row in rows if row.standing.light == "grey")
    href = f"{reverse('scoreboard:targets')}?light=grey{at.query_and}"
    return [{"why": why, "count": count, "href": href} for why, count in reasons.most_common(6)]


def _actions(rows: Sequence[Row], at: Place) -> list[dict[str, Any]]:
    """Promises by action, in order of the plan."""
    grouped: dict[tuple[int | None, str], list[Row]] = {}
    for row in rows:
        grouped.setdefault((row.target.action, row.action_title), []).append(row)
    listed = reverse("scoreboard:targets")
    found = []
    for (action, title), members in grouped.items():
        counts = rules.count_lights(row.standing for row in members)
        found.append(
            {
                "title": title or _("不属于任何行动"),
                "href": f"{listed}?action={action}{at.query_and}" if action else "",
                "stack": marks.stack(list(counts.items())),
                "green": counts["green"],
                "total": len(members),
                "rows": sorted(members, key=lambda row: rules.LIGHT_ORDER.index(row.standing.light)),
            }
        )
    return found


def _counts_below(board: queries.Board, at: Place, scope: Scope) -> tuple[tuple[Place, tuple[int, ...]], ...]:
    """How many of each light, in `LIGHTS`' order, every division one step below has. None below the county."""
    if not at.division or at.level >= 3:
        return ()
    found = []
    for child, standings in queries.below(board, at, scope=scope):
        counts = rules.count_lights(standings)
        found.append((child, tuple(counts[key] for key in LIGHTS)))
    return tuple(found)


def _by_child(found: Sequence[tuple[Place, Sequence[int]]]) -> Table | None:
    """Lights of every division one step below: who is behind, at a glance."""
    if not found:
        return None
    rows = []
    for child, numbers in found:
        counts = dict(zip(LIGHTS, numbers, strict=True))
        rows.append(
            [
                Cell(child.name, href=f"{reverse('scoreboard:overview')}?{child.query}"),
                Cell("", picture=marks.stack(list(counts.items()))),
                *(Cell(str(counts[key]), counts[key]) for key in LIGHTS),
            ]
        )
    words = [Column(lights.light(key).word, "number") for key in LIGHTS]
    columns = [Column(_("区划"), head=True), Column(_("构成"), hide=True), *words]
    return Table(_("下一级区划的同一批目标"), columns, rows)
