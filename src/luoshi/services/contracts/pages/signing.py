"""One resident: contracts, what is due, and signing, renewing, ending, moving them."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, UserError
from luoshi.kernel.identifiers import mask
from luoshi.platform import audit
from luoshi.platform.access.views import SignedInRequest, requires, requires_person_factor
from luoshi.platform.lake.files import default_lake
from luoshi.platform.regions import queries as regions
from luoshi.platform.store import people
from luoshi.services.contracts import actions, catalogue, queries, rules, snapshots
from luoshi.services.contracts.actions import Party, Terms
from luoshi.services.contracts.pages import frame
from luoshi.services.contracts.rules import Window
from luoshi.services.records_desk import public as records
from luoshi.web.manifest import in_language
from luoshi.web.tables import Cell, Column, Table, cell

_LIGHTS = {"done": "green", "missed": "red", "due": "yellow", "ahead": "grey"}
MOST_TOGETHER = 12


@requires("contract.read")
@requires_person_factor
@require_GET
def resident(request: SignedInRequest, person: int) -> HttpResponse:
    """Everything about one resident's contracts."""
    found = queries.resident(person, scope=request.scope)
    audit.look(by=request.user, person=person, what="contracts")
    today = clock.today()
    running = next((b for b in found.bonds if b.running and b.visible), None)
    own = running.contract if running and running.contract else None
    editable = own is not None and request.scope.covers_institution(own.institution)
    names = regions.institution_names({b.institution for b in found.bonds if b.visible})
    counted = rules.delivered(found.windows, today, since=date(today.year, 1, 1))
    context = frame.base(request, "mine") | {
        "card": found.card,
        "age": records.age_text(found.card),
        "phone": mask(found.card.phone) if found.card.phone else "",
        "groups": frame.group_names(found.groups),
        "notes": [(n, _group(n.group)) for n in found.notes],
        "by_hand": [(k, in_language(g.name, g.name_en)) for k, g in catalogue.items().priority.items() if g.by_hand],
        "contracts": _contracts(found.bonds, names),
        "windows": _windows(found.windows, today),
        "counted": frame.share(counted.done, counted.asked),
        "running": running,
        "next_start": rules.renewal_start(running.last, today) if running and running.last else today,
        "covered": any(b.running for b in found.bonds),
        "place": names.get(running.institution, "") if running else "",
        "own": own if editable and request.scope.can("contract.sign") else None,
        "may_sign": request.scope.can("contract.sign"),
        "today": today,
        "reasons": [(k, in_language(r.name, r.name_en)) for k, r in catalogue.ends().reasons.items() if k != "re-signed"],
        "elsewhere": [c for c in frame.choices(request.scope) if own is None or c[0] != own.institution] if editable else [],
        "breadcrumbs": [(_("签约居民"), reverse("contracts:mine")), (found.card.name or str(person), "")],
    }  # fmt: skip
    return render(request, "contracts/resident.html", context)


def _group(name: str) -> str:
    known = catalogue.items().groups.get(name)
    return in_language(known.name, known.name_en) if known else name


def _contracts(bonds: list[queries.Bond], names: dict[str, str]) -> Table:
    rows = []
    for bond in bonds:
        contract = bond.contract
        rows.append(
            [
                Cell(names.get(bond.institution, bond.institution) if bond.visible else _("管理范围以外的机构"),
                     note=contract.number if contract and bond.visible else bond.source if bond.visible else ""),
                Cell(f"{bond.start:%Y-%m-%d} – {bond.last:%Y-%m-%d}" if bond.last else f"{bond.start:%Y-%m-%d} –"),
                Cell(bond.state_name, light="green" if bond.running else "grey"),
                cell(contract.package_text if contract and bond.visible else ""),
                cell(contract.team.name if contract and contract.team and bond.visible else ""),
                cell(_reason(contract.end_reason) if contract and contract.end_reason else ""),
            ]
        )  # fmt: skip
    columns = [Column(_("签约机构"), head=True), Column(_("合同期")), Column(_("状态"), "light"), Column(_("服务包")),
               Column(_("团队")), Column(_("解约原因"))]  # fmt: skip
    return Table(_("签约经过"), columns, rows, empty=_("从未签约。"))


def _reason(name: str) -> str:
    reason = catalogue.ends().reasons[name]
    return in_language(reason.name, reason.name_en)


def _windows(windows: list[Window], today: date) -> Table:
    words = {"done": _("已做"), "missed": _("漏做"), "due": _("现在该做"), "ahead": _("未到时段")}
    order = {"due": 0, "missed": 1, "ahead": 2, "done": 3}
    rows = [
        [
            Cell(frame.item_name(w.item)),
            Cell(f"{w.first:%Y-%m-%d} – {w.last:%Y-%m-%d}"),
            Cell(words[w.state(today)], light=_LIGHTS[w.state(today)]),
            Cell(f"{w.done:%Y-%m-%d}" if w.done else "—", w.done),
        ]
        for w in sorted(windows, key=lambda w: (order[w.state(today)], w.last))
    ]
    columns = [
        Column(_("项目"), head=True),
        Column(_("应做时段")),
        Column(_("状态"), "light"),
        Column(_("记录日期"), "day"),
    ]
    note = _("由诊疗、随访和接种记录判定；时段按合同年均分，确认为该人群且签约满整段才计。")
    return Table(_("服务项目"), columns, rows, empty=_("这位居民的服务包近期没有到期项目。"), notes=[note])


@requires("contract.sign")
@requires_person_factor
@require_http_methods(["GET", "POST"])
def sign(request: SignedInRequest, person: int) -> HttpResponse:
    """Sign with a resident, and with those of the household for whom they sign."""
    scope = request.scope
    card = people.cards([person], scope=scope).get(person)
    if card is None:
        raise Http404
    given = request.POST if request.method == "POST" else request.GET
    institution = queries.institution_or_404(given.get("institution", "") or _home(card, scope), scope=scope)
    error = ""
    if request.method == "POST":
        try:
            made = actions.sign(
                parties=_parties(request, person), terms=_terms(request, institution.code), by=request.user, scope=scope
            )
        except UserError as problem:
            error = f"{problem.message} {problem.todo}".strip()
        else:
            messages.success(request, _("已签约 %(n)s 人。") % {"n": len(made)})
            return redirect("contracts:resident", person=person)
    household = _household(card, queries.led_by(institution), request)
    audit.look_at_list(by=request.user, persons=[person, *(p for p, _c, _w in household)], what="contract-sign")
    today = clock.today()
    context = frame.base(request, "to-sign", institution) | {
        "card": card,
        "age": records.age_text(card),
        "household": [
            {
                "card": c,
                "why": why,
                "checked": str(p) in given.getlist("member"),
                "relation": given.get(f"relation-{p}", ""),
            }
            for p, c, why in household
        ],
        "offers": queries.offers(institution.code),
        "teams": queries.teams(institution.code, scope=scope, on=today),
        "ways": [(k, in_language(*w)) for k, w in rules.WAYS.items()],
        "terms": (12, 24, 36),
        "given": given,
        "today": today,
        "error": error,
        "find": request.GET.get("find", ""),
        "breadcrumbs": [(_("应签尽签"), reverse("contracts:to-sign")), (card.name or str(person), "")],
    }
    return render(request, "contracts/sign.html", context, status=400 if error else 200)


def _home(card: people.Card, scope: Any) -> str:
    """The institution that serves a resident, where the viewer may sign for it; else the viewer's first."""
    return card.institution if card.institution and scope.covers_institution(card.institution) else ""


def _household(
    card: people.Card, codes: tuple[str, ...], request: SignedInRequest
) -> list[tuple[int, people.Card, str]]:
    """Who may belong to the household: the records know none, so those with the same telephone or address whom the
    institution serves, and those the clerk looked for or has ticked."""
    seen = snapshots.of(codes, lake=default_lake(), on=clock.today(), windows=False)
    phones = {r.person: r.phone for r in seen.residents}
    phone = phones.get(card.person)
    why = {p: _("同一电话") for p, n in phones.items() if phone is not None and n == phone and p != card.person}
    find = request.GET.get("find", "").strip()
    if find:
        for p in (
            people.by_identifier(find, scope=request.scope) or people.by_name(find, scope=request.scope, limit=8)[0]
        ):
            if p != card.person:
                why.setdefault(p, _("按“%(text)s”查找") % {"text": find[:20]})
    for text in request.POST.getlist("member")[:MOST_TOGETHER]:
        if text.isdigit() and int(text) != card.person:
            why.setdefault(int(text), _("已选"))
    cards = people.cards(list(why)[:40], scope=request.scope)
    same = {p for p, c in cards.items() if c.address and c.address == card.address}
    return [(p, c, _("同一住址") if p in same else why[p]) for p, c in cards.items()]


def _parties(request: SignedInRequest, person: int) -> list[Party]:
    members = [int(text) for text in request.POST.getlist("member") if text.isdigit()]
    if len(members) > MOST_TOGETHER:
        raise InvalidValue(_("一次最多为 %(most)s 位家庭成员签约。") % {"most": MOST_TOGETHER})
    return [Party(person), *(Party(p, request.POST.get(f"relation-{p}", "")) for p in members if p != person)]


def _terms(request: SignedInRequest, institution: str) -> Terms:
    given = request.POST
    return Terms(
        institution=institution,
        package=given.get("package", "base"),
        months=_number(given.get("months", "12")),
        start=_day(given.get("start", "")),
        team=_number(given["team"]) if given.get("team") else None,
        way=given.get("way", "desk"),
        signed_day=_day(given["signed_day"]) if given.get("signed_day") else None,
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text) if text else clock.today()
    except ValueError:
        raise InvalidValue(_("日期不是有效的日期。")) from None


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise InvalidValue(_("不是有效的数字。"))
    return int(text)


def _done(request: SignedInRequest, person: int, words: str) -> HttpResponse:
    messages.success(request, words)
    return redirect("contracts:resident", person=person)


def _failed(request: SignedInRequest, person: int, problem: UserError) -> HttpResponse:
    messages.error(request, f"{problem.message} {problem.todo}".strip())
    return redirect("contracts:resident", person=person)


@requires("contract.sign")
@requires_person_factor
@require_POST
def renew(request: SignedInRequest, number: int) -> HttpResponse:
    """Renew a contract for another term."""
    old = queries.contract(number, scope=request.scope)
    try:
        new = actions.renew(
            number=number, months=_number(request.POST.get("months", "12")), by=request.user, scope=request.scope
        )
    except UserError as problem:
        return _failed(request, old.person, problem)
    return _done(request, old.person, _("已续约，自 %(start)s 至 %(end)s。") % {"start": new.start, "end": new.end})


@requires("contract.sign")
@requires_person_factor
@require_POST
def end(request: SignedInRequest, number: int) -> HttpResponse:
    """End a contract before its time."""
    old = queries.contract(number, scope=request.scope)
    try:
        actions.end(
            number=number, reason=request.POST.get("reason", ""), on=_day(request.POST.get("on", "")),
            note=request.POST.get("note", ""), by=request.user, scope=request.scope,
        )  # fmt: skip
    except UserError as problem:
        return _failed(request, old.person, problem)
    return _done(request, old.person, _("已解约。"))


@requires("contract.sign")
@requires_person_factor
@require_POST
def transfer(request: SignedInRequest, number: int) -> HttpResponse:
    """Move a resident to another institution inside the scope."""
    old = queries.contract(number, scope=request.scope)
    try:
        if not request.POST.get("institution"):
            raise InvalidValue(_("请选择新机构。"))
        to = queries.institution_or_404(request.POST["institution"], scope=request.scope)
        new = actions.transfer(number=number, terms=_terms(request, to.code), by=request.user, scope=request.scope)
    except UserError as problem:
        return _failed(request, old.person, problem)
    return _done(
        request, old.person, _("已改签到 %(place)s，自 %(start)s 起。") % {"place": to.name, "start": new.start}
    )


@requires("contract.sign")
@requires_person_factor
@require_POST
def note(request: SignedInRequest, person: int) -> HttpResponse:
    """Note a group the records cannot tell, or say that it holds no longer."""
    if person not in people.cards([person], scope=request.scope):
        raise Http404
    try:
        if drop := request.POST.get("drop", ""):
            actions.drop_note(number=_number(drop), by=request.user, scope=request.scope)
        else:
            actions.note(
                person=person, group=request.POST.get("group", ""), evidence=request.POST.get("evidence", ""),
                by=request.user, scope=request.scope,
            )  # fmt: skip
    except UserError as problem:
        return _failed(request, person, problem)
    return _done(request, person, _("已保存。"))
