"""排名: who is ahead and who behind, and which differences are more than chance."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from luoshi.indicators.ranking import DRAWS, LEVEL, SMALLEST, Ranked
from luoshi.platform.access.scope import Scope
from luoshi.platform.access.views import requires
from luoshi.platform.lake import withholding
from luoshi.platform.regions import queries as regions
from luoshi.services.scoreboard import comparing, places, queries
from luoshi.services.scoreboard.comparing import Funnel
from luoshi.services.scoreboard.places import Place
from luoshi.services.scoreboard.rows import Row
from luoshi.web import charts, downloads, funnel_chart, numbers
from luoshi.web.tables import Cell, Column, Table


@requires("board.read")
@require_GET
def ranking(request: HttpRequest, target_id: int) -> HttpResponse:
    """Divisions directly below a place (`?of=institutions`: the institutions in it) ranked on one promise."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    at = places.place(request.GET.get("division", ""), scope=scope)
    row = queries.row(target_id, at, scope=scope)
    institutions = request.GET.get("of") == "institutions"
    leaving = bool(downloads.wanted(request)) and not withholding.may_see_exact(scope)
    found = comparing.ranked(row.target, at=at, scope=scope, institutions=institutions, leaving=leaving)
    codes = [item.unit.name for item in found]
    names = regions.institution_names(codes) if institutions else regions.division_names(codes)
    limits = comparing.funnel(row.target, found)
    table = _table(found, row, names, at, limits, institutions=institutions)
    picture = _picture(found, row, names, limits, institutions=institutions)
    title = _("%(metric)s 排名 %(place)s") % {"metric": row.metric, "place": at.name}
    if kind := downloads.wanted(request):
        lines = [row.quote, row.plan_title, _method(), *([_funnel_words()] if picture else [])]
        specs = [picture] if picture else []
        return downloads.answer(kind, title, [table], title=title, lines=lines, specs=specs)
    back = f"{reverse('scoreboard:target', args=[row.id])}?{at.query}"
    own = reverse("scoreboard:ranking", args=[row.id])
    context = {
        "row": row,
        "place": at,
        "table": table,
        "method": _method(),
        "funnel": picture,
        "funnel_words": _funnel_words() if picture else "",
        "institutions": institutions,
        "switch": f"{own}?{at.query}" if institutions else f"{own}?of=institutions{at.query_and}",
        "breadcrumbs": [(_("目标"), reverse("scoreboard:targets")), (row.metric, back), (_("排名"), "")],
    }
    return render(request, "scoreboard/ranking.html", context)


def _method() -> str:
    return _(
        "名次范围：按现有人数允许的偶然波动模拟 %(draws)s 次，%(level)s%% 的名次落在范围内。范围重叠的单位，先后不能当真。"
        "没有数据、数据过期或分母不足 %(least)s 的单位不排名。"
    ) % {"draws": DRAWS, "level": round(LEVEL * 100), "least": SMALLEST}


def _funnel_words() -> str:
    return _(
        "漏斗图：横轴是单位的人数，竖轴是现值，横线是各单位合计的值。"
        "只因偶然，95% 的单位应落在内侧虚线之间，99.8% 应落在外侧点线之间。"
        "菱形的单位超出内侧线，值得过问；方形的超出外侧线，几乎不会是偶然。人数越少，允许的波动越大。"
    )


def _picture(
    found: Sequence[Ranked], row: Row, names: dict[str, str], limits: Funnel | None, *, institutions: bool
) -> charts.Spec | None:
    if limits is None:
        return None
    base = reverse("scoreboard:target", args=[row.id])
    dots = [
        funnel_chart.Dot(
            names.get(item.unit.name, item.unit.name),
            item.unit.denominator,
            item.unit.value,
            numbers.quantity(item.unit.value, row.standing.unit),
            limits.places[item.unit.name],
            "" if institutions else f"{base}?division={item.unit.name}",
        )
        for item in found
        if item.rank is not None and item.unit.denominator is not None and item.unit.value is not None
    ]
    return funnel_chart.draw(
        dots,
        [funnel_chart.Curve(limits.inner, (6, 3)), funnel_chart.Curve(limits.outer, (2, 3))],
        whole=limits.whole,
        whole_text=_("合计 %(value)s") % {"value": numbers.quantity(limits.whole, row.standing.unit)},
        axis=_("人数（分母，对数刻度）"),
        unit=row.standing.unit,
    )


def _against(item: Ranked, limits: Funnel | None, row: Row) -> str:
    """How a unit stands against all together: by the limits of the funnel where one is drawn, so that table and picture
    say the same."""
    if limits is None or item.unit.name not in limits.places or item.unit.value is None:
        words = {"better": _("好于整体"), "worse": _("差于整体"), "typical": _("与整体无差别")}
        return words[item.standing] if item.standing else ""
    place = limits.places[item.unit.name]
    if place == "inside":
        return _("与整体无差别")
    ahead = (item.unit.value > limits.whole) == (row.standing.better != "lower")
    if place == "alarm":
        return _("明显好于整体（超出外侧线）") if ahead else _("明显差于整体（超出外侧线）")
    return _("好于整体（超出内侧线）") if ahead else _("差于整体（超出内侧线）")


def _table(
    found: Sequence[Ranked],
    row: Row,
    names: dict[str, str],
    at: Place,
    limits: Funnel | None,
    *,
    institutions: bool,
) -> Table:
    base = reverse("scoreboard:target", args=[row.id])
    silent = {
        "no-data": _("没有数据，不排名"),
        "stale": _("数据过期，不排名"),
        "too-small": _("人数太少，不排名"),
        "disagreeing": _("分子大于分母，来源不一致，不排名"),
    }
    rows = []
    for item in found:
        code = item.unit.name
        span = "" if item.low == item.high else f"{item.low}–{item.high}"
        rows.append(
            [
                Cell(str(item.rank) if item.rank else "—", item.rank),
                Cell(names.get(code, code), href="" if institutions else f"{base}?division={code}"),
                Cell(
                    numbers.quantity(item.unit.value, row.standing.unit),
                    item.unit.value,
                    note=numbers.fraction(item.unit.numerator, item.unit.denominator) if row.fraction_text else "",
                ),
                Cell(span or (str(item.rank) if item.rank else "—")),
                Cell(_against(item, limits, row) or silent.get(item.reason, "—")),
            ]
        )
    columns = [
        Column(_("名次"), "number"),
        Column(_("名称"), head=True, width=36),
        Column(_("现值"), "number"),
        Column(_("名次范围"), "number"),
        Column(_("与整体相比"), width=24),
    ]
    caption = _("%(place)s各机构排名") if institutions else _("%(place)s下一级区划排名")
    return Table(caption % {"place": at.name}, columns, rows, empty=_("这里没有可以排名的单位。"))
