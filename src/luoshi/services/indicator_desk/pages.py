"""Pages of the indicator desk: the catalogue, and one indicator with its values at and below a place."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from luoshi.indicators import Catalogue, Indicator
from luoshi.kernel.period import Period
from luoshi.platform.access.scope import Scope
from luoshi.platform.access.views import requires
from luoshi.platform.lake import results, withholding
from luoshi.platform.lake.withholding import Cell as Told
from luoshi.platform.regions import queries as regions
from luoshi.services.indicator_desk import queries
from luoshi.services.indicator_desk.exchange import answers
from luoshi.services.indicator_desk.queries import By, Sheet
from luoshi.web import downloads, numbers, paging
from luoshi.web.manifest import in_language
from luoshi.web.tables import Cell, Column, Table

app_name = "indicator_desk"


@requires("indicator.read")
@require_GET
def indicators(request: HttpRequest) -> HttpResponse:
    """The catalogue, to be searched; every line leads to its definition and values."""
    filters = {name: request.GET.get(name, "").strip() for name in queries.FILTERS}
    found = queries.listing(filters)
    page = paging.of_all(request, found, 50)
    if kind := downloads.wanted(request):
        return downloads.answer(kind, _("指标目录"), [_listed(found)], title=_("指标目录"))
    catalogue = Catalogue.load()
    context = {
        "filters": filters,
        "kinds": _kinds().items(),
        "cohorts": sorted(catalogue.cohorts),
        "page": page,
        "table": _listed(page.items),
        "total": len(catalogue.indicators),
        "computed": len(catalogue.computed()),
    }
    return render(request, "indicator_desk/indicators.html", context)


@requires("indicator.read")
@require_GET
def indicator(request: HttpRequest, name: str) -> HttpResponse:
    """One indicator: what it means, where it comes from, and its values; `?format=` takes them along."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    found = queries.indicator_or_404(name)
    period = Period.parse(request.GET["period"]) if request.GET.get("period") else None
    by: By = "institution" if request.GET.get("by") == "institution" else "child"
    sheet = queries.sheet(
        found,
        scope=scope,
        division=request.GET.get("division", ""),
        period=period,
        by=by,
        exact=withholding.may_see_exact(scope),
    )
    table = _values(sheet)
    title = in_language(found.name, found.name_en)
    form = request.GET.get("format", "")
    if form in answers.FORMATS:
        return answers.answer(request, sheet, form)
    if kind := downloads.wanted(request):
        answers.note(request, sheet, kind)
        return downloads.answer(kind, title, [table], title=title, lines=[sheet.period.label, found.source])
    context = {
        "indicator": found,
        "title": title,
        "facts": _facts(found),
        "sheet": sheet,
        "table": table,
        "place": sheet.names[sheet.division],
        "places": _places(sheet, scope),
        "periods": results.evaluated(found.id) if found.computed else [],
        "formats": sorted(answers.FORMATS),
        "query": "&".join(f"{k}={v}" for k, v in request.GET.items() if k in ("division", "period", "by") and v),
        "breadcrumbs": [(_("指标"), reverse("indicator_desk:indicators")), (title, "")],
    }
    return render(request, "indicator_desk/indicator.html", context)


def _places(sheet: Sheet, scope: Scope) -> list[tuple[str, str]]:
    """The way up inside the scope and one step down."""
    way = [d for d in regions.ancestors(sheet.division) if scope.covers_path(d.path)]
    below = regions.children(sheet.division, scope=scope)
    return [
        *((d.code, "　" * n + d.name) for n, d in enumerate(way)),
        *((d.code, "　" * len(way) + d.name) for d in below),
    ]


def _kinds() -> dict[str, Any]:
    return {
        "ratio": _("比例"),
        "rate": _("两数之比"),
        "mean": _("平均"),
        "count": _("计数"),
        "per-population": _("每若干人口"),
        "method": _("统计方法"),
        "register": _("名录"),
        "deliverable": _("成果材料"),
        "report": _("单位上报"),
    }


def _listed(found: Any) -> Table:
    kinds = _kinds()
    confidence = {"high": _("依据充分"), "medium": _("依据待核"), "low": _("依据不足")}
    rows = [
        [
            Cell(in_language(i.name, i.name_en), note=i.id, href=reverse("indicator_desk:indicator", args=[i.id])),
            Cell(kinds[i.kind]),
            Cell(i.cohort or "—"),
            Cell(numbers.unit(i.unit_text) or "—"),
            Cell(" ".join(dict.fromkeys(use.seed for use in i.seeds)) or "—"),
            Cell(confidence[i.confidence]),
        ]
        for i in found
    ]
    columns = [
        Column(_("指标"), head=True, width=44),
        Column(_("怎么算"), width=14),
        Column(_("队列"), width=24),
        Column(_("单位"), width=12),
        Column(_("出处"), width=20),
        Column(_("依据"), width=14),
    ]
    return Table(_("指标目录"), columns, rows, empty=_("没有符合条件的指标。"), caption_hidden=True)


def _facts(found: Indicator) -> list[tuple[str, str]]:
    periods = {
        "calendar-year-to-date": _("自然年，累计到数据截止日"),
        "maternal-child-year-to-date": _("妇幼统计年度（上年10月至当年9月），累计到数据截止日"),
        "five-year-plan-to-date": _("五年规划期，累计到数据截止日"),
        "quarter-to-date": _("季度，累计到数据截止日"),
        "rolling-year": _("最近十二个月"),
        "point-in-time": _("时点"),
        "month": _("月"),
    }
    facts = [
        (_("编号"), found.id),
        (_("怎么算"), str(_kinds()[found.kind])),
        (_("统计对象"), _condition(found.population) if found.computed else ""),
        (_("分子"), found.numerator or ""),
        (_("分母"), found.denominator or ""),
        (_("统计期"), periods.get(found.period or "", found.period or "")),
        (_("说明"), in_language(getattr(found, "notes_zh", ""), found.notes)),
        (_("依据"), found.source),
        (_("缺少的来源"), found.missing or ""),
        (_("计划原文"), "；".join(f"{use.seed} {use.target}" for use in found.seeds)),
    ]
    return [(name, value) for name, value in facts if value]


def _condition(text: str) -> str:
    return _("队列里的全部对象") if text == "true" else text


def _values(sheet: Sheet) -> Table:
    base = reverse("indicator_desk:indicator", args=[sheet.indicator.id])
    rows = []
    for number, cell in enumerate(sheet.all_cells):
        deeper = number and sheet.by == "child"
        href = f"{base}?division={cell.code}&period={sheet.asked.label}" if deeper else ""
        rows.append([Cell(sheet.names.get(cell.code, cell.code), href=href), *_figures(sheet.indicator, cell)])
    columns = [
        Column(_("名称"), head=True, width=36),
        Column(_("数值"), "number"),
        Column(_("分子"), "number"),
        Column(_("分母"), "number"),
        Column(_("95% 区间"), "number"),
        Column(_("备注"), width=30),
    ]
    until = f"{sheet.data_until:%Y-%m-%d}" if sheet.data_until else _("还没有收到任何数据")
    notes = [_("统计期 %(period)s；数据截至 %(day)s") % {"period": sheet.period.label, "day": until}]
    if sheet.withheld:
        notes.append(_("%(n)s 处人数太少或可由合计倒推，不予显示。") % {"n": sheet.withheld})
    return Table(_("各地数值"), columns, rows, notes=notes, caption_hidden=True)


def _figures(found: Indicator, cell: Told) -> list[Cell]:
    reasons = {
        "withheld": _("人数太少，不予显示"),
        "empty-denominator": _("这里没有应统计的对象（分母为零）"),
        "no-data": _("这一统计期还没有计算结果"),
        "missing-source": _("缺少数据来源"),
        "too-few": _("人数太少，不能估计"),
        "not-computable": _("这里不能计算"),
    }
    flags = {
        "over-100-percent": _("超过 100%：分子和分母的来源可能不一致，请核对。"),
        "small-denominator": _("分母很小，比率波动大，请看人数。"),
    }
    interval = "—"
    if cell.low is not None and cell.high is not None:
        interval = f"{numbers.number(cell.low)}–{numbers.number(cell.high)}"
    said = [reasons.get(cell.reason, cell.reason) if cell.reason else "", *(flags.get(f, f) for f in cell.flags)]
    return [
        Cell(numbers.quantity(cell.value, found.unit_text), cell.value),
        Cell(numbers.number(cell.numerator), cell.numerator),
        Cell(numbers.number(cell.denominator), cell.denominator),
        Cell(interval),
        Cell(" ".join(filter(None, said)) or "—"),
    ]


urlpatterns = [
    path("", indicators, name="indicators"),
    path("<slug:name>/", indicator, name="indicator"),
]
