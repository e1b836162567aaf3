"""真实性: signs of records made at the desk, each a question for a person."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from luoshi.kernel.errors import InvalidValue
from luoshi.platform import audit
from luoshi.platform.access.scope import Scope
from luoshi.platform.access.views import requires, requires_person_factor, signed_in
from luoshi.platform.regions import queries as regions
from luoshi.platform.store import people
from luoshi.services.quality import judging, signs
from luoshi.services.quality.models import Finding
from luoshi.web import downloads, paging
from luoshi.web.charts import Spec
from luoshi.web.inks import FONT
from luoshi.web.manifest import in_language
from luoshi.web.numbers import number
from luoshi.web.tables import Cell, Column, Table, cell

LIGHTS = {"open": "yellow", "explained": "green", "visit": "red", "corrected": "green"}


def method_name(finding: Finding) -> str:
    """The method in the language of the page."""
    method = signs.rules().methods.get(finding.test)
    return in_language(method.name, method.name_en) if method else finding.test


def p_text(value: float) -> str:
    """A p-value as people read it."""
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}"


def shown(finding: Finding) -> str:
    """What was seen against what was expected, in words."""
    if finding.test.startswith("digits-"):
        return _("%(n)s 次测量中约 %(share)s%% 的末位数字得不到如实取整的解释") % {
            "n": number(finding.trials),
            "share": number(100 * finding.effect, 1),
        }
    return _("%(k)s / %(n)s，按本地情况预期约 %(e)s") % {
        "k": number(finding.observed, 0),
        "n": number(finding.trials),
        "e": number(finding.expected, 1),
    }


@requires("authenticity.review")
@requires_person_factor
@require_GET
def findings(request: HttpRequest) -> HttpResponse:
    """The units to ask, the surest sign first."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    wanted = request.GET.get("state", "")
    rows = judging.findings(scope=scope)
    if wanted in dict(Finding.STATES):
        rows = rows.filter(state=wanted)
    kind = downloads.wanted(request)
    total = rows.count()
    cut = list(rows[:2000] if kind else rows[(at := paging.offset(request)) : at + paging.SIZE])
    table = _table(cut)
    title = _("真实性线索")
    lines = [_rates()]
    if kind:
        return downloads.answer(kind, title, [table], title=title, lines=lines)
    context = {
        "table": table,
        "page": paging.of_slice(request, cut, total),
        "states": Finding.STATES,
        "state": wanted,
        "note": _rates(),
        "confidence": signs.rules().confidence,
    }
    return render(request, "quality/findings.html", context)


def _rates() -> str:
    return _("全部单元和方法合并控制误报（Benjamini–Hochberg，q = %(q)s）。线索只是提问，不是结论。") % {
        "q": signs.rules().q
    }


def _table(found: list[Finding]) -> Table:
    names = regions.institution_names({f.institution for f in found})
    rows = []
    for finding in found:
        name = names.get(finding.institution, finding.institution)
        if finding.unit != finding.institution:
            name = f"{name} · {finding.unit}"
        rows.append(
            [
                Cell(name, href=reverse("quality:finding", args=[finding.pk])),
                Cell(method_name(finding)),
                Cell(shown(finding)),
                Cell(p_text(finding.q_value), finding.q_value),
                Cell(finding.get_state_display(), light=LIGHTS[finding.state]),
                cell(finding.found_at.date()),
            ]
        )
    return Table(
        _("真实性线索"),
        [
            Column(_("单元"), head=True, width=36),
            Column(_("方法"), width=30),
            Column(_("所见与预期"), width=40),
            Column(_("校正后p值"), "number"),
            Column(_("判断"), "light"),
            Column(_("发现日期"), "day"),
        ],
        rows,
        empty=_("没有需要判断的线索。"),
        caption_hidden=True,
    )


@requires("authenticity.review")
@requires_person_factor
@require_GET
def finding(request: HttpRequest, number: int) -> HttpResponse:
    """One sign: expected against seen, the statistic, the records behind it, and what people made of it."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    found = judging.finding(number, scope=scope)
    page = paging.of_all(request, found.rows)
    persons = sorted({row[0] for row in page.items if row[0] is not None})
    audit.look_at_list(by=signed_in(request), persons=persons, what=f"list authenticity {found.pk}")
    method = signs.rules().methods.get(found.test)
    name = regions.institution_names({found.institution}).get(found.institution, found.institution)
    context = {
        "found": found,
        "name": name if found.unit == found.institution else f"{name} · {found.unit}",
        "method": method_name(found),
        "ask": in_language(method.ask, method.ask_en) if method else "",
        "shown": shown(found),
        "p": p_text(found.p_value),
        "q": p_text(found.q_value),
        "effect": f"{100 * found.effect:.1f}%",
        "chart": _digits(found.detail),
        "digits": _digit_table(found.detail),
        "table": _behind(page.items, people.cards(persons, scope=scope)),
        "page": page,
        "states": [state for state in Finding.STATES if state[0] != Finding.OPEN],
        "judgements": found.judgements.all(),
        "note": _rates(),
        "breadcrumbs": [(_("真实性"), reverse("quality:findings")), (name, "")],
    }
    return render(request, "quality/finding.html", context)


def _digits(detail: dict[str, Any]) -> Spec | None:
    """Bars of the last digits seen, ticks at those expected."""
    if "observed" not in detail:
        return None
    data = [
        {"digit": str(d), "seen": 100 * detail["observed"][d], "expected": 100 * detail["expected"][d]}
        for d in range(10)
    ]
    axis = {"title": _("末位数字"), "labelAngle": 0}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "config": {"font": FONT, "view": {"stroke": None}},
        "width": 520,
        "height": 200,
        "data": {"values": data},
        "layer": [
            {
                "mark": {"type": "bar", "color": "#7fa6cf"},
                "encoding": {
                    "x": {"field": "digit", "type": "nominal", "axis": axis},
                    "y": {"field": "seen", "type": "quantitative", "title": _("占比（%）")},
                },
            },
            {
                "mark": {"type": "tick", "color": "#8b1a3a", "thickness": 3, "width": 30},
                "encoding": {
                    "x": {"field": "digit", "type": "nominal"},
                    "y": {"field": "expected", "type": "quantitative"},
                },
            },
        ],
    }


def _digit_table(detail: dict[str, Any]) -> Table | None:
    if "observed" not in detail:
        return None
    rows = [
        [
            Cell(str(d)),
            *(Cell(f"{100 * detail[part][d]:.1f}%", 100 * detail[part][d]) for part in ("observed", "expected")),
        ]
        for d in range(10)
    ]
    columns = [Column(_("末位数字"), head=True), Column(_("实际"), "number"), Column(_("预期"), "number")]
    return Table(_("末位数字的实际与预期"), columns, rows)


def _behind(rows: Any, cards: dict[int, people.Card]) -> Table:
    made = []
    for person, kind, key, day, told in rows:
        card = cards.get(person)
        name = Cell(_("不在您的范围内") if person is not None else _("没有对应居民"))
        if card is not None:
            name = Cell(card.name or _("姓名未登记"), href=reverse("records_desk:resident", args=[card.person]))
        made.append([Cell(f"{kind}/{key}"), name, cell(day), cell(told)])
    columns = [
        Column(_("记录"), head=True), Column(_("居民")), Column(_("日期"), "day"), Column(_("内容")),
    ]  # fmt: skip
    return Table(_("线索背后的记录"), columns, made, empty=_("没有可列出的记录。"), caption_hidden=True)


@requires("authenticity.review")
@requires_person_factor
@require_POST
def judge(request: HttpRequest, number: int) -> HttpResponse:
    """Note what a person made of a sign."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    try:
        judging.judge(
            number=number,
            state=request.POST.get("state", ""),
            note=request.POST.get("note", ""),
            by=signed_in(request),
            scope=scope,
        )
    except InvalidValue as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("判断已记录。"))
    return redirect("quality:finding", number)
