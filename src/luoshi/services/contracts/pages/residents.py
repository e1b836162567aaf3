"""Lists of residents: my contracts, and whom to sign."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from luoshi.indicators import Catalogue
from luoshi.kernel import clock
from luoshi.kernel.identifiers import mask
from luoshi.platform import audit
from luoshi.platform.access.views import SignedInRequest, requires, requires_person_factor
from luoshi.platform.regions import queries as regions
from luoshi.platform.regions.models import Institution
from luoshi.platform.store import people
from luoshi.services.contracts import catalogue, lists, queries, worklist
from luoshi.services.contracts.pages import frame
from luoshi.web import downloads, paging
from luoshi.web.manifest import in_language
from luoshi.web.tables import Cell, Column, Table, cell


@requires("contract.read")
@requires_person_factor
@require_GET
def mine(request: SignedInRequest) -> HttpResponse:
    """The contracts of an institution or team: what is due now, what was missed, what runs out."""
    institution = frame.asked(request)
    state = request.GET.get("state", "due")
    state = state if state in lists.STATES else "due"
    teams = list(queries.teams(institution.code, scope=request.scope))
    # Whoever is of a team sees its residents first; "all" is one choice away.
    own = next((str(t.pk) for t in teams for m in t.members.all() if m.username == request.user.get_username()), "")
    asked_team = request.GET.get("team", own)
    team = next((t.pk for t in teams if str(t.pk) == asked_team), None)
    kind = downloads.wanted(request)
    limit, offset = (frame.MOST_EXPORTED, 0) if kind else (paging.SIZE, paging.offset(request))
    found = lists.lines(institution.code, scope=request.scope, state=state, team=team, limit=limit, offset=offset)
    _note(request, [line.bond.person for line in found.rows], "contracts", kind)
    table = _mine_table(found, institution, request, export=bool(kind))
    if kind:
        title = _("%(place)s 签约居民") % {"place": institution.name}
        return downloads.answer(kind, title, [table], title=title, lines=[_state_names()[state]])
    context = frame.base(request, "mine", institution) | {
        "table": table,
        "page": paging.of_slice(request, found.rows, found.total),
        "states": [(name, text, found.counts[name]) for name, text in _state_names().items()],
        "state": state,
        "team": team,
        "teams": teams,
        "counts": found.counts,
        "delivered": found.delivered,
        "delivered_text": frame.share(found.delivered.done, found.delivered.asked),
        "until": found.until,
        "confidence": catalogue.items().confidence,
    }
    return render(request, "contracts/mine.html", context)


def _state_names() -> dict[str, str]:
    return {
        "due": _("现在该做"),
        "missed": _("近一年漏做"),
        "expiring": _("即将到期"),
        "expired": _("已到期未续"),
        "running": _("全部有效"),
    }


def _note(request: SignedInRequest, persons: list[int], what: str, kind: str) -> None:
    audit.look_at_list(by=request.user, persons=persons, what=f"{'export' if kind else 'list'} {what}")


def _mine_table(found: lists.Lines, institution: Institution, request: SignedInRequest, *, export: bool) -> Table:
    # Whoever sees the institution's contracts sees whose they are, also of residents served elsewhere by now.
    cards = people.cards((line.bond.person for line in found.rows), scope=request.scope)
    rows = []
    for line in found.rows:
        bond, card = line.bond, cards.get(line.bond.person)
        left = frame.days_left(bond.last)
        rows.append(
            [
                Cell(
                    card.name if card else _("（不在管理范围）"),
                    href=reverse("contracts:resident", args=[bond.person]) if card else "",
                ),
                Cell(frame.windows_text(line.due) or "—"),
                Cell(frame.missed_text(line.missed) or "—"),
                Cell(frame.share(line.counted.done, line.counted.asked)),
                Cell(
                    bond.contract.package_text if bond.contract else _("基本服务包"),
                    note=_held_by(bond),
                ),
                Cell(
                    f"{bond.start:%Y-%m-%d} – {bond.last:%Y-%m-%d}" if bond.last else f"{bond.start:%Y-%m-%d} –",
                    note=_("还有 %(n)s 天") % {"n": left} if left is not None and 0 <= left <= 60 else bond.state_name,
                ),
                cell((card.phone if export else mask(card.phone)) if card and card.phone else ""),
            ]
        )  # fmt: skip
    return Table(
        _("%(place)s 签约居民") % {"place": institution.name},
        [
            Column(_("姓名"), "line", head=True), Column(_("现在该做"), width=44), Column(_("近一年漏做"), width=44),
            Column(_("今年履约")), Column(_("服务包与团队"), width=24),
            Column(_("合同期"), "line", width=26), Column(_("电话"), "line"),
        ],
        rows,
        empty=_("没有这一类签约。"),
        notes=[_("是否做了由诊疗和随访记录判定，不能打勾。")],
        caption_hidden=True,
    )  # fmt: skip


def _held_by(bond: queries.Bond) -> str:
    """The team that holds a contract, or who sent it."""
    if bond.contract is None:
        return bond.source
    return bond.contract.team.name if bond.contract.team else _("未编组")


@requires("contract.read")
@requires_person_factor
@require_GET
def to_sign(request: SignedInRequest) -> HttpResponse:
    """Whom to sign first: residents without a contract, by what a promise needs and by priority group."""
    institution = frame.asked(request)
    groups = catalogue.items().priority
    group = request.GET.get("group", "")
    group = group if group in groups else ""
    kind = downloads.wanted(request)
    limit, offset = (frame.MOST_EXPORTED, 0) if kind else (paging.SIZE, paging.offset(request))
    found = worklist.worklist(institution.code, scope=request.scope, group=group, limit=limit, offset=offset)
    _note(request, [c.resident.person for c in found.rows], "contracts to sign", kind)
    table = _sign_table(found, institution, request, export=bool(kind))
    if kind:
        title = _("%(place)s 应签未签名单") % {"place": institution.name}
        line = _("共 %(total)s 人，本文件列出前 %(shown)s 人") % {"total": found.total, "shown": len(found.rows)}
        return downloads.answer(kind, title, [table], title=title, lines=[line])
    context = frame.base(request, "to-sign", institution) | {
        "table": table,
        "page": paging.of_slice(request, found.rows, found.total),
        "group": group,
        "groups": [
            (name, in_language(g.name, g.name_en), found.by_group.get(name, 0))
            for name, g in groups.items()
            if found.by_group.get(name) or name == group
        ],
        "residents": found.residents,
        "signed_text": frame.share(found.signed, found.residents),
        "total": found.total,
        "promises": [(p, frame.share(p.numerator, p.denominator)) for p in found.promises],
        "until": found.until,
    }
    return render(request, "contracts/to_sign.html", context)


def _sign_table(found: worklist.Worklist, institution: Institution, request: SignedInRequest, *, export: bool) -> Table:
    cards = people.cards((c.resident.person for c in found.rows), scope=request.scope)
    homes = regions.division_names(c.resident.division for c in found.rows)
    known = Catalogue.load().indicators
    today, may_sign = clock.today(), request.scope.can("contract.sign")
    rows = []
    for candidate in found.rows:
        person, card = candidate.resident.person, cards.get(candidate.resident.person)
        moves = [in_language(known[i].name, known[i].name_en) for i in candidate.moves]
        target = "contracts:sign" if may_sign else "contracts:resident"
        rows.append(
            [
                Cell(card.name if card else "—", href=reverse(target, args=[person]) if card else ""),
                Cell(frame.group_names(candidate.groups) or "—"),
                Cell(_("、").join(moves) or "—"),
                cell(candidate.age(today)),
                cell((card.phone if export else mask(card.phone)) if card and card.phone else ""),
                cell(homes.get(candidate.resident.division, candidate.resident.division)),
            ]
        )
    return Table(
        _("%(place)s 应签未签名单") % {"place": institution.name},
        [
            Column(_("姓名"), "line", head=True), Column(_("重点人群"), width=34), Column(_("签约后计入未达标的指标"), width=44),
            Column(_("年龄"), "number"), Column(_("电话"), "line"), Column(_("居住地"), width=22),
        ],
        rows,
        empty=_("所服务的居民都已签约。"),
        caption_hidden=True,
    )  # fmt: skip
