"""The scorecard: how good are the records of each source, today and over time."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from luoshi.indicators import Catalogue
from luoshi.kernel.errors import UnreadableFile
from luoshi.platform.access.scope import Scope
from luoshi.platform.access.views import requires
from luoshi.platform.sources import silence
from luoshi.services.quality import carrying, queries, rules, touching
from luoshi.services.quality.checks import library
from luoshi.services.quality.pages import asking
from luoshi.services.quality.rules import Card
from luoshi.web import charts, downloads, marks
from luoshi.web.manifest import in_language
from luoshi.web.numbers import number
from luoshi.web.tables import Cell, Column, Table

SEVERITIES = ("error", "warning", "note")


def severity_word(severity: str) -> str:
    """A severity as people read it."""
    return {"error": _("错误"), "warning": _("警告"), "note": _("提示")}[severity]


def score_text(value: float | None) -> str:
    """98.7, or a dash."""
    return "—" if value is None else f"{value:.1f}"


def grade_cell(card: Card) -> Cell:
    """The score with its light and grade."""
    grade = card.grade
    if grade is None or card.score is None:
        return Cell(_("没有可检查的记录"))
    word = f"{score_text(card.score)} {in_language(grade.name, grade.name_en)}"
    return Cell(word, round(card.score, 2), light=grade.light)


@requires("quality.read")
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """Every source in sight: the day it last sent something, its score, and the days before; whose feeds are late."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    late = silence.silent(scope)
    quiet = {"late": late, "may_open": scope.can("source.read")}
    try:
        found = queries.overview(scope=scope)
    except UnreadableFile:
        return render(request, "quality/overview.html", {"never": True, **quiet})
    table = _sources(found)
    if kind := downloads.wanted(request):
        title = _("数据质量评分")
        return downloads.answer(kind, title, [table], title=title, lines=[_formula()])
    context = {
        "found": found,
        "table": table,
        "formula": _formula(),
        "can_see_rows": scope.can("quality.rows"),
        **quiet,
    }
    return render(request, "quality/overview.html", context)


def _sources(found: queries.Overview) -> Table:
    rows = []
    for standing in found.standings:
        latest, whole = standing.latest, standing.together
        rows.append(
            [
                Cell(standing.source or _("未登记来源"), href=asking.address("card", source=standing.source)),
                Cell(
                    f"{latest.received}",
                    latest.received,
                    href=asking.address("card", source=standing.source, day=latest.received),
                ),
                grade_cell(latest),
                Cell(number(latest.failing), latest.failing, note=_("检查 %(n)s 行次") % {"n": number(latest.rows)}),
                grade_cell(whole),
                Cell("", picture=marks.sparkline([card.score for card in standing.days])),
            ]
        )
    return Table(
        _("各来源的数据质量"),
        [
            Column(_("来源"), head=True, width=24),
            Column(_("最近收到"), "day"),
            Column(_("当日得分"), "light"),
            Column(_("未通过"), "number"),
            Column(_("近期得分"), "light"),
            Column(_("逐日走势"), hide=True),
        ],
        rows,
        empty=_("没有您可以查看的来源。"),
        caption_hidden=True,
    )


def _formula() -> str:
    weights = rules.scoring().weights
    return _(
        "得分 = 各检查项通过率的加权平均 × 100；权重：错误 %(error)s、警告 %(warning)s、提示 %(note)s。没有可查记录的项不计。"
    ) % {name: number(weights[name]) for name in SEVERITIES}  # type: ignore[index]


@requires("quality.read")
@require_GET
def card(request: HttpRequest) -> HttpResponse:
    """One source, one day (or all days): each check with what failed, the promises touched, the score over time."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    source, received = request.GET.get("source", ""), asking.day(request)
    found = queries.card(source, received, scope=scope)
    form = request.GET.get("format", "")
    stem = f"quality-{source or 'unknown'}-{received or 'all'}"
    if form == "csv":
        return asking.file(carrying.card_csv(found), asking.CSV, f"{stem}.csv")
    if form == "fhir":
        return asking.fhir(carrying.measure_report(found))
    rows = carrying.card_rows(found)
    wrong = frozenset(row["check"] for row in rows if row["failing"])
    touched = touching.targets_of(wrong, scope=scope) if scope.can("board.read") else {}
    table = _checks(found, rows, {name: len(targets) for name, targets in touched.items()}, scope)
    title = _("%(source)s 数据质量评分") % {"source": source or _("未登记来源")}
    if kind := downloads.wanted(request):
        return downloads.answer(kind, title, [table], title=title, lines=[_formula()])
    history = queries.history(source, received) if received else []
    context = {
        "found": found,
        "score": score_text(found.score),
        "grade": found.grade,
        "grade_name": in_language(found.grade.name, found.grade.name_en) if found.grade else "",
        "title": title,
        "table": table,
        "promises": _promises(touched),
        "history": history,
        "trend": None if received else _trend(source, scope),
        "formula": _formula(),
        "confidence": rules.scoring().confidence,
        "source_name": source or _("未登记来源"),
        "return_address": asking.address("return", source=source, day=received),
        "rows_address": asking.address("failing", source=source, day=received),
        "whole_address": asking.address("card", source=source) if received else "",
        "csv": asking.address("card", source=source, day=received, format="csv"),
        "fhir": asking.address("card", source=source, day=received, format="fhir"),
        "can_see_rows": scope.can("quality.rows"),
        "breadcrumbs": [(_("数据质量"), reverse("quality:overview")), (source or _("未登记来源"), "")],
    }
    return render(request, "quality/card.html", context)


def _trend(source: str, scope: Scope) -> charts.Spec | None:
    standing = next((s for s in queries.overview(scope=scope).standings if s.source == source), None)
    if standing is None or len(standing.days) < 2:
        return None
    points = [charts.Point(f"{c.received}", c.score, score_text(c.score)) for c in standing.days]
    return charts.trend(points, unit="", target=None, target_text="")


def _checks(found: Card, rows: list[dict[str, Any]], promises: dict[str, int], scope: Scope) -> Table:
    made = []
    for row in rows:
        check = library().checks[row["check"]]
        href = ""
        if row["failing"] and scope.can("quality.rows"):
            href = asking.address("failing", source=found.source, day=found.received, check=row["check"])
        indicators = touching.indicators_of(row["check"]) if row["failing"] else ()
        made.append(
            [
                Cell(
                    row["name"],
                    note=row["family"],
                    href=href,
                    flags=(_("低把握"),) if check.confidence == "low" else (),
                ),
                Cell(severity_word(row["severity"])),
                Cell(number(row["rows"]), row["rows"]),
                Cell(number(row["failing"]), row["failing"]),
                Cell(f"{row['passed']:.2f}%", row["passed"]),
                Cell(
                    _("%(n)s 项指标") % {"n": len(indicators)} if indicators else "—",
                    note=_("其中 %(n)s 项计划目标") % {"n": promises[row["check"]]}
                    if promises.get(row["check"])
                    else "",
                ),
            ]
        )
    return Table(
        _("逐项检查"),
        [
            Column(_("检查项"), head=True, width=40),
            Column(_("级别")),
            Column(_("检查行数"), "number"),
            Column(_("未通过行数"), "number"),
            Column(_("通过率"), "number"),
            Column(_("影响"), width=24),
        ],
        made,
        empty=_("没有可检查的记录。"),
    )


def _promises(touched: dict[str, list[Any]]) -> list[dict[str, Any]]:
    """Promises touched, each once, with the checks that touch it."""
    found: dict[int, dict[str, Any]] = {}
    for name, targets in touched.items():
        check = library().checks[name]
        for target in targets:
            entry = found.setdefault(
                target.id,
                {
                    "metric": target.metric,
                    "promise": target.promise,
                    "href": reverse("scoreboard:target", args=[target.id]),
                    "checks": [],
                },
            )
            entry["checks"].append(in_language(check.name, check.name_en))
    return sorted(found.values(), key=lambda entry: -len(entry["checks"]))


@requires("quality.read")
@require_GET
def library_page(request: HttpRequest) -> HttpResponse:
    """Every check there is: what it asks, how grave, where it comes from, which indicators it touches."""
    known, catalogue = library(), Catalogue.load()
    rows = []
    for check in known.checks.values():
        ids = touching.indicators_of(check.id)
        names = [in_language(catalogue.indicator(i).name, catalogue.indicator(i).name_en) for i in ids[:3]]
        more = _(" 等 %(n)s 项") % {"n": len(ids)} if len(ids) > 3 else ""
        rows.append(
            [
                Cell(in_language(check.name, check.name_en), note=check.id),
                Cell(in_language(known.family_of[check.id].name, known.family_of[check.id].name_en)),
                Cell(in_language(known.kinds[check.kind].name, known.kinds[check.kind].name_en)),
                Cell(severity_word(check.severity)),
                Cell(check.fails, note="" if check.rows == "true" else check.rows),
                Cell((_("、").join(names) + more) or "—"),
                Cell(check.source, flags=(_("低把握"),) if check.confidence == "low" else ()),
            ]
        )
    table = Table(
        _("检查项目录"),
        [
            Column(_("检查项"), head=True, width=36),
            Column(_("方面")),
            Column(_("种类")),
            Column(_("级别")),
            Column(_("不通过的条件"), width=50),
            Column(_("影响的指标"), width=36),
            Column(_("依据"), width=36),
        ],
        rows,
        caption_hidden=True,
    )
    title = _("检查项目录")
    if kind := downloads.wanted(request):
        return downloads.answer(kind, title, [table], title=title, lines=[_formula()])
    breadcrumbs = [(_("数据质量"), reverse("quality:overview")), (title, "")]
    context = {"table": table, "count": len(rows), "kinds": len(known.kinds), "breadcrumbs": breadcrumbs}
    return render(request, "quality/checks.html", context)
