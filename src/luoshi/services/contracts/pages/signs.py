"""Signs that contracts were made at the desk: a list, one of them with its residents, and the judgement."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from luoshi.kernel.errors import UserError
from luoshi.kernel.identifiers import mask
from luoshi.platform import audit
from luoshi.platform.access.views import SignedInRequest, requires, requires_person_factor
from luoshi.platform.regions import queries as regions
from luoshi.platform.store import people
from luoshi.services.contracts import catalogue, looking, rules
from luoshi.services.contracts.models import Sign
from luoshi.services.contracts.pages import frame
from luoshi.web import downloads, paging
from luoshi.web.manifest import in_language
from luoshi.web.tables import Cell, Column, Table, cell

LIGHTS = {rules.OPEN: "yellow", rules.CLEARED: "grey", rules.CONFIRMED: "red"}


@requires("contract.review")
@requires_person_factor
@require_GET
def signs(request: SignedInRequest) -> HttpResponse:
    """What there is to judge."""
    state, kind = request.GET.get("state", ""), request.GET.get("kind", "")
    rows = looking.signs(
        scope=request.scope,
        state=state if state in rules.SIGN.states else "",
        kind=kind if kind in catalogue.KINDS else "",
    )
    file = downloads.wanted(request)
    page = paging.of_slice(
        request, list(rows[paging.offset(request) : paging.offset(request) + paging.SIZE]), rows.count()
    )
    shown = list(rows[: frame.MOST_EXPORTED]) if file else list(page.items)
    table = _table(shown)
    if file:
        return downloads.answer(file, _("签约异常线索"), [table], title=_("签约异常线索"))
    context = frame.base(request, "signs") | {
        "table": table,
        "page": page,
        "state": state,
        "kind": kind,
        "states": [(k, in_language(*v)) for k, v in rules.SIGN.states.items()],
        "kinds": [(k, kind_name(k)) for k in catalogue.KINDS],
        "open": looking.signs(scope=request.scope, state=rules.OPEN).count(),
    }
    return render(request, "contracts/signs.html", context)


def kind_name(kind: str) -> str:
    """A kind of sign in words."""
    rule = catalogue.signs().kind(kind)
    return in_language(rule.name, rule.name_en)


def _table(rows: list[Sign]) -> Table:
    names = regions.institution_names({s.institution for s in rows})
    lines = [
        [
            Cell(names.get(s.institution, s.institution), href=reverse("contracts:sign-of", args=[s.pk])),
            Cell(kind_name(s.kind)),
            Cell(said(s)),
            Cell(in_language(*rules.SIGN.states[s.state]), light=LIGHTS[s.state]),
            cell(s.found),
        ]
        for s in rows
    ]
    columns = [
        Column(_("机构"), head=True, width=34), Column(_("线索"), width=22), Column(_("依据"), width=60),
        Column(_("状态"), "light"), Column(_("发现日期"), "day"),
    ]  # fmt: skip
    return Table(_("签约异常线索"), columns, lines, empty=_("没有找到异常线索。"), caption_hidden=True)


def said(sign: Sign) -> str:
    """What the statistic of a sign says, in words."""
    numbers = {
        "n": sign.observed,
        "expected": f"{sign.expected:.1f}" if sign.expected is not None else "",
        "p": f"{sign.p_value:.1g}" if sign.p_value is not None else "",
        "unit": sign.unit,
        **{k: v for k, v in sign.detail.items() if k in ("minutes", "clerk", "day", "from", "to", "of", "days")},
    }
    return {
        "burst": _("%(clerk)s 于 %(day)s 在 %(minutes)s 分钟内签了 %(n)s 户"),
        "day": _("%(unit)s 一天签 %(n)s 人，平时每个工作日约 %(expected)s 人（偶然发生的概率 %(p)s）"),
        "night": _("近一年有 %(n)s 人在 %(from)s 点至次日 %(to)s 点之间签约"),
        "phone": _("%(n)s 位签约居民登记了同一个电话"),
        "gone": _("%(n)s 人在去世或迁出之后签约"),
        "unserved": _(
            "有效签约满 %(days)s 天的 %(of)s 人中 %(n)s 人从未有过任何服务记录，全区域同等水平约 %(expected)s 人（概率 %(p)s）"
        ),
    }[sign.kind] % numbers


@requires("contract.review")
@requires_person_factor
@require_http_methods(["GET", "POST"])
def sign_of(request: SignedInRequest, number: int) -> HttpResponse:
    """One sign with its residents, and the judgement about it."""
    sign = looking.sign_or_404(number, scope=request.scope)
    if request.method == "POST":
        try:
            looking.judge(
                number=number, move=request.POST.get("move", ""), reason=request.POST.get("reason", ""),
                by=request.user, scope=request.scope,
            )  # fmt: skip
        except UserError as problem:
            messages.error(request, f"{problem.message} {problem.todo}".strip())
        else:
            messages.success(request, _("已记录判断。"))
        return redirect("contracts:sign-of", number=number)
    page = paging.of_all(request, sign.persons)
    cards = people.cards(page.items, scope=request.scope)
    audit.look_at_list(by=request.user, persons=list(cards), what="list contract-sign")
    rows = [
        [
            Cell(c.name or _("姓名未登记"), href=reverse("contracts:resident", args=[p])),
            cell(c.birth_date),
            cell(mask(c.phone) if c.phone else ""),
        ]
        for p, c in cards.items()
    ]
    columns = [Column(_("姓名"), "line", head=True), Column(_("出生日期"), "day"), Column(_("电话"))]
    hidden = len(page.items) - len(cards)
    notes = [_("另有 %(n)s 人不在您的管理范围内。") % {"n": hidden}] if hidden else []
    name = regions.institution_names([sign.institution]).get(sign.institution, sign.institution)
    context = frame.base(request, "signs") | {
        "sign": sign,
        "name": name,
        "kind": kind_name(sign.kind),
        "said": said(sign),
        "light": LIGHTS[sign.state],
        "state": in_language(*rules.SIGN.states[sign.state]),
        "moves": [
            (m.name, in_language(m.label, m.label_en))
            for m in rules.SIGN.offered(sign.state, request.scope.permissions)
        ],
        "table": Table(_("涉及的居民"), columns, rows, empty=_("名单不在您的管理范围内。"), notes=notes),
        "page": page,
        "confidence": catalogue.signs().confidence,
        "breadcrumbs": [(_("异常线索"), reverse("contracts:signs")), (name, "")],
    }
    return render(request, "contracts/sign_of.html", context)


@requires("contract.review")
@requires_person_factor
@require_POST
def look(request: SignedInRequest) -> HttpResponse:
    """Look for signs anew."""
    try:
        counted = looking.look(by=request.user)
    except UserError as problem:
        messages.error(request, f"{problem.message} {problem.todo}".strip())
    else:
        messages.success(request, _("已重新查找，全区域共 %(n)s 条线索。") % {"n": sum(counted.values())})
    return redirect("contracts:signs")
