"""The commission's view: flows, answers, refusals; who went up by themselves; the indicators of county alliances."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from luoshi.indicators import Catalogue
from luoshi.kernel import clock
from luoshi.platform.access.views import SignedInRequest, requires
from luoshi.platform.lake import results
from luoshi.platform.regions import queries as regions
from luoshi.services.referral import book, constraint, words
from luoshi.web import downloads, numbers
from luoshi.web.manifest import in_language
from luoshi.web.tables import Cell, Column, Table


def rate(part: int, whole: int) -> Cell:
    """A share with its fraction: 80 % (16/20)."""
    if not whole:
        return Cell("—", note="0/0")
    return Cell(f"{part / whole * 100:.1f}%", part / whole * 100, note=f"{part}/{whole}")


@requires("referral.watch")
@require_GET
def watch(request: SignedInRequest) -> HttpResponse:
    """Flows by institution; as Excel and Word too."""
    start, end = constraint.period(request.GET.get("from", ""), request.GET.get("to", ""))
    found = constraint.flows(scope=request.scope, start=start, end=end)
    table, refusals = _flows(found), _refusals(found)
    kind = downloads.wanted(request)
    title = _("转诊运行 %(start)s 至 %(end)s") % {"start": start, "end": end}
    if kind:
        return downloads.answer(kind, _("转诊运行"), [table, refusals], title=title)
    whole = found.whole
    context = {
        "start": start, "end": end, "whole": whole, "table": table, "refusals": refusals,
        "in_time": rate(whole.in_time, whole.answered), "refused": rate(whole.refused, whole.received),
        "came": rate(whole.arrived, whole.received), "hours": whole.hours, "heard": clock.now(), "here": "watch",
        "breadcrumbs": [(_("转诊运行"), "")],
    }  # fmt: skip
    return render(request, "referral/watch.html", context)


def _flows(found: constraint.Flows) -> Table:
    return Table(
        _("各机构转诊"),
        [
            Column(_("机构"), head=True, width=28),
            Column(_("上转出"), "number", width=9),
            Column(_("下转出"), "number", width=9),
            Column(_("接收上转"), "number", width=10),
            Column(_("接收下转"), "number", width=10),
            Column(_("按时答复"), "number", width=12),
            Column(_("答复中位时长（小时）"), "number", width=12),
            Column(_("到院"), "number", width=12),
            Column(_("拒绝"), "number", width=12),
            Column(_("待答复/已超时"), "number", width=12),
        ],
        [
            [
                Cell(f.name), Cell(str(f.sent_up), f.sent_up), Cell(str(f.sent_down), f.sent_down),
                Cell(str(f.received_up), f.received_up), Cell(str(f.received_down), f.received_down),
                rate(f.in_time, f.answered), Cell(numbers.number(f.hours), f.hours), rate(f.arrived, f.received),
                rate(f.refused, f.received), Cell(f"{f.waiting}/{f.late}", f.waiting),
            ]
            for f in found.places
        ],
        empty=_("这段时间没有转诊。"),
        notes=[
            _("按提交日期计。按时答复的时限：%(limits)s（%(doubt)s）。绿色通道不计入答复时长。") % {
                "limits": "，".join(
                    f"{words.priority(name)} {hours:g} h" for name, hours in book.rules().clocks.respond_hours.items()
                ),
                "doubt": words.confidence(book.rules().clocks.confidence) or book.rules().clocks.source,
            }
        ],
    )  # fmt: skip


def _refusals(found: constraint.Flows) -> Table:
    rows = [(f, reason, n) for f in found.places for reason, n in f.reasons.most_common()]
    return Table(
        _("拒绝接收及原因"),
        [
            Column(_("机构"), head=True, width=28),
            Column(_("原因"), width=24),
            Column(_("占其拒绝数"), "number", width=14),
        ],
        [[Cell(f.name), Cell(words.reason("reject", reason)), rate(n, f.refused)] for f, reason, n in rows],
        empty=_("这段时间没有拒绝。"),
    )


@requires("referral.watch")
@require_GET
def unreferred(request: SignedInRequest) -> HttpResponse:
    """Stays above the county or outside of it that no referral led to, by county and by hospital; counts only."""
    start, end = constraint.period(request.GET.get("from", ""), request.GET.get("to", ""))
    found = constraint.unreferred(scope=request.scope, start=start, end=end)
    counties = constraint.county_of([stay.division for stay in found.stays])
    by_county: dict[str, list[int]] = {}
    for stay in found.stays:
        line = by_county.setdefault(counties.get(stay.division, ("", stay.division))[1], [0, 0])
        line[0] += not stay.referred
        line[1] += 1
    names = regions.institution_names({stay.institution for stay in found.stays})
    worst = sorted(((name, alone, whole) for name, (alone, whole) in by_county.items()), key=lambda line: -line[1])
    hospitals = [(names.get(code, code), alone, whole) for code, alone, whole in found.by("institution")]
    tables = [_shares(_("按居住县（区）"), _("县（区）"), worst), _shares(_("按就诊医院"), _("医院"), hospitals)]
    kind = downloads.wanted(request)
    if kind:
        return downloads.answer(kind, _("未经转诊住院"), tables, title=_("未经转诊住院"))
    rule = book.rules().unreferred
    context = {
        "start": start, "end": end, "tables": tables, "share": rate(found.alone, len(found.stays)),
        "known_to": found.known_to, "window": rule.window_days, "doubt": words.confidence(rule.confidence),
        "here": "unreferred",
        "breadcrumbs": [(_("转诊运行"), reverse("referral:watch")), (_("未经转诊"), "")],
    }  # fmt: skip
    return render(request, "referral/unreferred.html", context)


def _shares(caption: str, head: str, rows: list[tuple[str, int, int]]) -> Table:
    return Table(
        caption,
        [Column(head, head=True, width=28), Column(_("未经转诊"), "number", width=14)],
        [[Cell(name), rate(alone, whole)] for name, alone, whole in rows],
        empty=_("没有县外或越级住院。"),
    )


@requires("referral.watch")
@require_GET
def alliance(request: SignedInRequest) -> HttpResponse:
    """The monitoring set of county alliances for the viewer's divisions: each with its value or why there is none."""
    division = request.GET.get("division") or request.scope.root_division()
    request.scope.division_or_404(division)
    below = list(regions.children(division, scope=request.scope))
    places = [division, *(d.code for d in below if d.level <= 3)]
    names = regions.division_names(places)
    declared = book.alliance()
    rows = [row for item in (*declared.beside, *declared.items) for row in _rows_of(item, places, request)]
    down = constraint.sent_down(*constraint.period("", ""))
    paths = {d.code: d.path for d in below} | {division: regions.division_or_404(division, scope=request.scope).path}
    counted = [sum(n for path, n in down if path.startswith(paths[place])) for place in places]
    rows.insert(
        len(declared.beside),
        [
            Cell(_("另")), Cell(_("下转（本平台转诊单）")), Cell(_("由转诊单计算"), note=_("与上报数对照")),
            *(Cell(str(n), n) for n in counted),
        ],
    )  # fmt: skip
    table = Table(
        _("县域医共体监测指标"),
        [
            Column(_("序号"), width=8), Column(_("指标"), head=True, width=30), Column(_("取数方式"), width=18),
            *(Column(names.get(p, p), "number", width=14) for p in places),
        ],
        rows,
        notes=[
            _("依据：%(source)s；来源只列名称与顺序，口径为本系统所拟。") % {"source": declared.source},
            _("由材料佐证的项没有数值：县（区）自评后，在督查督办中上报材料。"),
        ],
    )  # fmt: skip
    kind = downloads.wanted(request)
    if kind:
        return downloads.answer(kind, _("县域医共体监测指标"), [table], title=_("县域医共体监测指标"))
    context = {
        "table": table, "here": "alliance", "below": below, "division": division, "known_to": results.data_until(),
        "breadcrumbs": [(_("转诊运行"), reverse("referral:watch")), (_("县域医共体"), "")],
    }  # fmt: skip
    return render(request, "referral/alliance.html", context)


def _rows_of(item: book.Item, places: list[str], request: SignedInRequest) -> list[list[Cell]]:
    """The line of an item, and one more for an indicator that bears on it."""
    catalogue, dimensions = Catalogue.load(), book.alliance().dimensions
    note = words.confidence(item.confidence)
    if item.dimension:
        dimension = dimensions[item.dimension]
        note = _("，").join(filter(None, (in_language(dimension.name, dimension.name_en), note)))
    head = [Cell(str(item.number) if item.number else _("另")), Cell(in_language(item.name, item.name_en), note=note)]
    rows = []
    if not item.indicator:
        how = Cell(_("佐证材料"), note=in_language(item.evidence, item.evidence_en))
        rows.append([*head, how, *(Cell("—") for _place in places)])
    for n, name in enumerate(filter(None, (item.indicator, item.also))):
        indicator = catalogue.indicator(name)
        if n or not item.indicator:
            named = in_language(indicator.name, indicator.name_en)
            head = [Cell(""), Cell(named, note=_("第 %(number)s 项的参考") % {"number": item.number})]
        rows.append([*head, Cell(_how(indicator)), *(_value(name, place, request) for place in places)])
    return rows


def _how(indicator: Any) -> str:
    return {"register": _("登记台账"), "report": _("自报"), "deliverable": _("佐证材料")}.get(
        indicator.kind, _("由记录计算")
    )


def _value(name: str, division: str, request: SignedInRequest) -> Cell:
    found = results.value(name, results.current_period(name), scope=request.scope, division=division)
    if found.value is None:
        missing = Catalogue.load().indicator(name).missing
        return Cell("—", note=_("缺：%(what)s") % {"what": missing} if missing else _("暂无数据"))
    indicator = Catalogue.load().indicator(name)
    unit = "%" if indicator.unit == "percent" else ""
    fraction = (
        f"{numbers.number(found.numerator)}/{numbers.number(found.denominator)}"
        if found.denominator and indicator.unit == "percent"
        else ""
    )
    return Cell(f"{numbers.number(round(found.value, 1))}{unit}", round(found.value, 4), note=fraction)


@requires("referral.watch")
@require_GET
def rules_page(request: SignedInRequest) -> HttpResponse:
    """The criteria and clocks in force, each with its source and how sure it is."""
    today = clock.today()
    up = Table(
        _("上转指征"),
        [Column(_("指征"), head=True, width=34), Column(_("依据的所见"), width=50), Column(_("适用"), width=18),
         Column(_("优先级"), width=10), Column(_("来源"), width=40)],
        [
            [
                Cell(in_language(c.name, c.name_en)), Cell("；".join(map(words.finding, c.any))),
                Cell("、".join(words.tier(t) for t in c.tiers)), Cell(words.priority(c.priority)),
                Cell(c.source, note=words.confidence(c.confidence)),
            ]
            for c in book.criteria(today)
        ],
    )  # fmt: skip
    down = Table(
        _("下转病种"),
        [Column(_("病种"), head=True, width=28), Column(_("下转条件"), width=50), Column(_("接续"), width=34),
         Column(_("来源"), width=40)],
        [
            [
                Cell(in_language(d.name, d.name_en), note="、".join(d.icd)),
                Cell("；".join(in_language(zh, en) for zh, en in zip(d.when, d.when_en, strict=True))),
                Cell(in_language(d.go_on, d.go_on_en)), Cell(d.source, note=words.confidence(d.confidence)),
            ]
            for d in book.diseases(today)
        ],
    )  # fmt: skip
    kind = downloads.wanted(request)
    if kind:
        return downloads.answer(kind, _("转诊规则"), [up, down, _clocks()], title=_("转诊规则"))
    crumbs = [(_("转诊运行"), reverse("referral:watch")), (_("转诊规则"), "")]
    context = {"up": up, "down": down, "clocks": _clocks(), "here": "rules", "breadcrumbs": crumbs}
    return render(request, "referral/rules.html", context)


def _clocks() -> Table:
    """How long each step may take, by priority; whom lateness is told."""
    known = book.rules().clocks
    by_priority = [
        (_("答复（接收、退回或拒绝）"), known.respond_hours), (_("补充资料"), known.complete_hours),
        (_("预留床位或号源"), known.reserve_hours), (_("未预约者到院"), known.unbooked_arrive_hours),
    ]  # fmt: skip
    for_all = [
        (_("预留日起到院"), known.arrive_hours), (_("到院后开始诊治"), known.treat_hours),
        (_("回传诊疗小结"), 24 * known.summary_days), (_("转出方查看结果并办结"), 24 * known.check_days),
        (_("绿色通道补办手续"), known.green_filing_hours),
    ]  # fmt: skip
    rows = [
        [Cell(name), *(Cell(words.hours(hours[p]), hours[p]) for p in book.PRIORITIES)] for name, hours in by_priority
    ]
    rows += [
        [Cell(name), *(Cell(words.hours(hours), hours) for _priority in book.PRIORITIES)] for name, hours in for_all
    ]
    steps = "；".join(
        _("超时 %(hours)s 告知%(whom)s") % {"hours": words.hours(s.after_hours), "whom": in_language(s.name, s.name_en)}
        for s in known.escalate
    )
    return Table(
        _("时限"),
        [
            Column(_("环节"), head=True, width=30),
            *(Column(words.priority(p), "number", width=14) for p in book.PRIORITIES),
        ],
        rows,
        notes=[
            steps,
            _("，").join(
                filter(None, (_("依据：%(source)s") % {"source": known.source}, words.confidence(known.confidence)))
            ),
        ],
    )
