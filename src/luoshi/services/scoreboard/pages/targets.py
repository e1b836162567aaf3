"""目标: every promise with its value, light and responsible units, to be filtered and taken along."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from luoshi.platform.access.scope import Scope
from luoshi.platform.access.views import requires
from luoshi.platform.lake import withholding
from luoshi.services.scoreboard import places, queries
from luoshi.services.scoreboard.rows import Row, verdict_words
from luoshi.web import downloads, fragments, paging
from luoshi.web.tables import Cell, Column, Table


@requires("board.read")
@require_GET
def targets(request: HttpRequest) -> HttpResponse:
    """The list of promises at a place."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    at = places.place(request.GET.get("division", ""), scope=scope)
    board = queries.board(at, scope=scope)
    filters = {name: request.GET.get(name, "").strip() for name in queries.FILTERS}
    rows = queries.narrowed(board.rows, filters)
    if kind := downloads.wanted(request):
        rows = rows if withholding.may_see_exact(scope) else queries.rows_to_leave(rows)
        title = _("%(place)s工作计划目标台账") % {"place": at.name}
        return downloads.answer(kind, title, [table(rows)], title=title, lines=board.plans)
    page = paging.of_all(request, rows, 60)
    units = sorted({name for row in board.rows for name in (*row.target.lead_units, *row.target.units)})
    ways = places.options(at, scope=scope)
    actions = tuple(dict.fromkeys((str(r.target.action), r.action_title) for r in board.rows if r.target.action))
    chosen = (tuple(filters.values()), tuple(units), tuple(ways), actions)
    key = (at, tuple(page.items), chosen, page.number, page.total, page.previous, page.following)

    def body() -> dict[str, Any]:
        return {
            "place": at,
            "places": ways,
            "filters": filters,
            "verdicts": verdict_words().items(),
            "actions": actions,
            "units": units,
            "page": page,
            "table": table(page.items),
        }

    context = {"place": at, "board": board, "body": fragments.drawn("scoreboard/_targets.html", key, body)}
    return render(request, "scoreboard/targets.html", context)


def table(rows: Sequence[Row]) -> Table:
    """Promises as a table, for the page and for files."""
    return Table(
        _("目标"),
        [
            Column(_("目标"), head=True, width=44),
            Column(_("灯色"), "light", width=10),
            Column(_("现值"), "number", width=18),
            Column(_("目标值"), "number", width=16),
            Column(_("期限"), "day", width=16),
            Column(_("责任单位"), width=34),
            Column(_("能否计算"), width=30),
        ],
        [_cells(row) for row in rows],
        empty=_("没有符合条件的目标。"),
        caption_hidden=True,
    )


def _cells(row: Row) -> list[Cell]:
    target = row.target
    return [
        Cell(row.metric, note=row.action_title, href=row.href),
        Cell(row.light.word, light=row.standing.light, note=row.by_hand_text or row.standing.why),
        Cell(
            row.value_text,
            row.standing.value,
            note=" · ".join(filter(None, (row.month_text, row.fraction_text, row.short_text))),
            picture=row.bullet,
        ),
        Cell(row.promise_text, target.value if target.upper is None else None),
        Cell(f"{target.deadline:%Y-%m-%d}", target.deadline, note=row.inferred_text) if target.deadline else Cell("—"),
        Cell(row.units_text or "—"),
        Cell(row.verdict_word, note=row.missing_text),
    ]
