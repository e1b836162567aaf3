"""Three rates kept apart, and what is paid for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from luoshi.indicators import Catalogue
from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue
from luoshi.platform.access.views import SignedInRequest, requires
from luoshi.platform.lake.results import Value
from luoshi.platform.regions import queries as regions
from luoshi.services.contracts import catalogue, rates
from luoshi.services.contracts.pages import frame
from luoshi.web import downloads
from luoshi.web.manifest import in_language
from luoshi.web.marks import bullet
from luoshi.web.tables import Cell, Column, Table


@requires("contract.rates")
@require_GET
def three(request: SignedInRequest) -> HttpResponse:
    """Signed, renewed, delivered: here, below, by institution and by team."""
    scope = request.scope
    division = request.GET.get("division", "") or scope.root_division()
    asked = request.GET.get("institution", "")
    tables: list[Table] = []
    if asked or not division:
        institution = frame.asked(request)
        here = rates.at_institution(institution.code, scope=scope)
        if scope.can("contract.read"):
            tables.append(_teams(institution.code, request))
    else:
        here = rates.at(division, scope=scope)
        below = rates.below(division, scope=scope)
        if below:
            tables.append(_places(_("下一级区划"), below, "division"))
        tables.append(_places(_("机构"), rates.institutions(division, scope=scope), "institution"))
    kind = downloads.wanted(request)
    title = _("%(place)s 签约三率") % {"place": here.name}
    if kind:
        return downloads.answer(kind, title, [_whole(here), *tables], title=title)
    untils = [v.data_until for v in here.values if v.data_until]
    context = frame.base(request, "rates") | {
        "here": here,
        "big": [
            (_name(v), _goal(v), _text(v), frame.share(v.numerator, v.denominator), _picture(v)) for v in here.values
        ],
        "goals": _goals(),
        "tables": tables,
        "until": min(untils) if untils else None,
        "above": _above(division, scope) if division and not asked else [],
        "confidence": catalogue.items().confidence,
    }
    return render(request, "contracts/rates.html", context)


def _above(division: str, scope: object) -> list[tuple[str, str]]:
    found = [d for d in regions.ancestors(division) if scope.covers_path(d.path)]  # type: ignore[attr-defined]
    return [(d.name, f"?division={d.code}") for d in found]


def _name(value: Value) -> str:
    indicator = Catalogue.load().indicator(value.indicator)
    return in_language(indicator.name, indicator.name_en)


def _text(value: Value) -> str:
    return "—" if value.value is None else f"{value.value:.1f}%"


def _goal(value: Value) -> str:
    """What the nation promises of an indicator, in words; empty where it says nothing."""
    goal = catalogue.goals().of(value.indicator, clock.today())
    if goal is None:
        return ""
    return _("全国目标：%(year)s 年 ≥%(least)g%%") % {"year": goal.by.year, "least": goal.least}


def _goals() -> str:
    known = catalogue.goals()
    low, high = known.points_a_year
    return _("全国要求签约率每年提高 %(low)g—%(high)g 个百分点。依据：%(source)s") % {
        "low": low,
        "high": high,
        "source": known.source,
    }


def _picture(value: Value) -> str:
    goal = catalogue.goals().of(value.indicator, clock.today())
    return bullet(value.value, goal.least if goal else None, light_key="green", top=100.0)


def _whole(here: rates.Rated) -> Table:
    rows = [
        [Cell(_name(v), note=_goal(v)), Cell(_text(v), v.value, note=frame.share(v.numerator, v.denominator))]
        for v in here.values
    ]
    return Table(
        here.name, [Column(_("指标"), head=True, width=40), Column(_("数值"), "number")], rows, notes=[_goals()]
    )


def _places(caption: str, found: Sequence[rates.Rated], kind: str) -> Table:
    rows = [
        [
            Cell(place.name, href=f"{reverse('contracts:rates')}?{kind}={place.code}"),
            *(
                Cell(_text(v), v.value, note=frame.share(v.numerator, v.denominator), picture=_picture(v))
                for v in place.values[:3]
            ),
        ]
        for place in found
    ]
    columns = [Column(_("名称"), head=True, width=34), *(Column(t, "number", width=20) for t in _three())]
    return Table(caption, columns, rows, empty=_("没有签约数据。"))


def _three() -> tuple[str, str, str]:
    return _("签约率"), _("续约率"), _("履约率")


def _teams(institution: str, request: SignedInRequest) -> Table:
    rows = []
    for team in rates.teams(institution, scope=request.scope):
        mine = f"{reverse('contracts:mine')}?institution={institution}&state=running" + (
            f"&team={team.number}" if team.number else ""
        )
        done = team.delivered
        rows.append(
            [
                Cell(team.name or _("未编组（含其他系统报送）"), href=mine),
                Cell(f"{team.running}", team.running),
                Cell(frame.share(team.renewed, team.ran_out)),
                Cell(frame.share(done.done, done.asked), done.rate),
                Cell(f"{done.due}", done.due),
            ]
        )
    columns = [
        Column(_("团队"), head=True, width=30), Column(_("有效签约（人）"), "number"), Column(_("今年到期已续")),
        Column(_("今年履约"), "number"), Column(_("现在该做（项次）"), "number"),
    ]  # fmt: skip
    note = _("团队的履约含付费包和个性化包，截至今天；机构和区划的履约率只数基本包，截至数据日期。")
    return Table(_("团队"), columns, rows, empty=_("还没有团队。"), notes=[note])


@requires("contract.rates")
@require_GET
def settlement(request: SignedInRequest) -> HttpResponse:
    """The fees of some months by institution and by who bears them."""
    scope, today = request.scope, clock.today()
    division = request.GET.get("division", "") or scope.root_division()
    institution = "" if division else frame.asked(request).code
    last = date(today.year, today.month, 1) - timedelta(days=1)
    error, sheet = "", None
    try:
        first_day = _month(request.GET.get("from", ""), date(last.year, 1, 1))
        last_day = _month(request.GET.get("to", ""), last, end=True)
        sheet = rates.settlement(division, first_day, last_day, scope=scope, institution=institution)
    except InvalidValue as problem:
        error, first_day, last_day = problem.message, date(last.year, 1, 1), last
    kind = downloads.wanted(request)
    tables = [_sheet(sheet)] if sheet else []
    title = _("家庭医生签约服务费结算表 %(first)s 至 %(last)s") % {
        "first": f"{first_day:%Y-%m}",
        "last": f"{last_day:%Y-%m}",
    }
    if kind and sheet:
        return downloads.answer(kind, title, tables, title=title, lines=[_basis(sheet)])
    context = frame.base(request, "settlement") | {
        "sheet": sheet,
        "table": tables[0] if tables else None,
        "error": error,
        "first": f"{first_day:%Y-%m}",
        "last": f"{last_day:%Y-%m}",
        "division": division,
        "total": _yuan(sum(line.settled.paid for line in sheet.lines)) if sheet else "",
        "parts": [(name, _yuan(sheet.total(key))) for key, name in sheet.parts.items()] if sheet else [],
        "basis": _basis(sheet) if sheet else "",
        "title": title,
    }
    return render(request, "contracts/settlement.html", context, status=400 if error else 200)


def _month(text: str, otherwise: date, *, end: bool = False) -> date:
    """The first (or last) day of a month written 2025-03."""
    if not text:
        return otherwise
    try:
        day = date.fromisoformat(f"{text[:7]}-01")
    except ValueError:
        raise InvalidValue(_("月份请写成 2025-03。")) from None
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1) if end else day


def _basis(sheet: rates.Sheet) -> str:
    fees = {(f.yuan, f.on_delivery) for f in (catalogue.fees().on(end) for end in sheet.ends)}
    each = _("每人每年 %(yuan)s 元，其中 %(share).0f%% 按履约率拨付")
    told = _("；").join(each % {"yuan": yuan, "share": 100 * share} for yuan, share in sorted(fees))
    return _("%(fees)s。按每月最后一天有效签约人数计。依据：%(source)s") % {"fees": told, "source": sheet.source}


def _yuan(fen: int) -> str:
    return f"{fen / 100:,.2f}"


def _sheet(sheet: rates.Sheet) -> Table:
    def money(fen: int) -> Cell:
        return Cell(_yuan(fen), fen / 100)

    rows = [
        [
            Cell(line.name, note=line.institution),
            Cell(f"{line.settled.months}", line.settled.months),
            Cell(_text(line.rate) if line.rate else "—", line.rate.value if line.rate else None,
                 note=frame.share(line.rate.numerator, line.rate.denominator) if line.rate else ""),
            money(line.settled.full),
            money(line.settled.held),
            money(line.settled.paid),
            *(money(line.settled.parts.get(part, 0)) for part in sheet.parts),
            money(line.settled.packages),
        ]
        for line in sheet.lines
    ]  # fmt: skip
    if rows:
        settled = [line.settled for line in sheet.lines]
        rows.append(
            [
                Cell(_("合计")),
                Cell(f"{sum(s.months for s in settled)}", sum(s.months for s in settled)),
                Cell("—"),
                money(sum(s.full for s in settled)),
                money(sum(s.held for s in settled)),
                money(sum(s.paid for s in settled)),
                *(money(sheet.total(part)) for part in sheet.parts),
                money(sum(s.packages for s in settled)),
            ]
        )
    columns = [
        Column(_("机构"), head=True, width=34), Column(_("签约人月"), "number"), Column(_("履约率"), "number"),
        Column(_("应付（元）"), "number"), Column(_("因未履约扣留"), "number"), Column(_("实付（元）"), "number"),
        *(Column(name, "number") for name in sheet.parts.values()), Column(_("付费包（居民另付）"), "number"),
    ]  # fmt: skip
    return Table(_("结算表"), columns, rows, empty=_("这段时间没有有效签约。"), caption_hidden=True)
