"""The worklist of candidates: whose records speak for a disease that nobody manages, with the evidence."""

from __future__ import annotations

from collections import Counter

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from luoshi.kernel import clock
from luoshi.kernel.errors import UserError
from luoshi.platform import audit
from luoshi.platform.access.scope import Scope
from luoshi.platform.access.views import requires, requires_person_factor, signed_in
from luoshi.platform.regions import queries as regions
from luoshi.platform.store import people
from luoshi.services.chronic import actions, discovery, enrolling, queries, rules, words
from luoshi.services.chronic.discovery import Candidate, Evidence
from luoshi.services.chronic.models import Enrolment
from luoshi.web import downloads, paging
from luoshi.web.tables import Cell, Column, Table


@requires("chronic.read")
@requires_person_factor
@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    """Candidates of a place, the most certain first, and those under way."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    given = request.GET
    division, programme, kind = given.get("division", ""), given.get("programme", ""), given.get("kind", "")
    every = discovery.candidates(scope, division=division)
    counts = Counter((one.programme, one.kind) for one in every)
    found = [one for one in every if (not programme or one.programme == programme) and (not kind or one.kind == kind)]
    file = downloads.wanted(request)
    at = paging.offset(request)
    cut = found[:5000] if file else found[at : at + paging.SIZE]
    told = queries.tellable([(one.person, one.institution) for one in cut], scope=scope)
    cards = people.cards(told, scope=scope)
    audit.look_at_list(by=signed_in(request), persons=sorted(cards), what="chronic-candidates")
    villages = regions.division_names({one.division for one in cut})
    table = _table(cut, cards, villages, manage=scope.can("chronic.manage"))
    title = _("可能漏管的居民")
    if file:
        return downloads.answer(file, title, [table], title=title)
    waiting = list(queries.waiting(scope=scope)[:200])
    context = {
        "table": table,
        "page": paging.of_slice(request, cut, len(found)),
        "total": len(found),
        "counts": [
            (words.disease(name), words.finding(what), number, name, what)
            for (name, what), number in sorted(
                counts.items(), key=lambda item: (rules.discovery().findings[item[0][1]].order, item[0][0])
            )
        ],
        "waiting": _waiting(waiting, people.cards({row.person for row in waiting}, scope=scope)),
        "division": division,
        "programme": programme,
        "kind": kind,
        "kinds": rules.discovery().findings,
        "breadcrumbs": [(_("慢病管理"), reverse("chronic:overview")), (title, "")],
    }
    return render(request, "chronic/candidates.html", context)


def evidence_text(evidence: Evidence) -> str:
    """One piece of evidence in words."""
    known = {field.code: name for name, field in rules.diseases().fields.items()}
    if evidence.code in known and evidence.value is not None:
        return f"{evidence.day} {words.measured(known[evidence.code], evidence.value)}"
    if evidence.value is None and evidence.code in rules.discovery().first_visit.services:
        return _("%(day)s 就诊") % {"day": evidence.day}
    return _("%(day)s 诊断 %(code)s") % {"day": evidence.day, "code": evidence.code}


def _table(rows: list[Candidate], cards: dict[int, people.Card], villages: dict[str, str], *, manage: bool) -> Table:
    def who(one: Candidate) -> Cell:
        card = cards.get(one.person)
        if card is None:
            return Cell(_("居民未开放"))
        href = reverse("chronic:decide-candidate", args=[one.person, one.programme]) if manage else ""
        return Cell(card.name, note=f"{words.sex(card.sex)} {words.age(card.birth_date, clock.today())}", href=href)

    return Table(
        _("可能漏管的居民"),
        [
            Column(_("居民"), "line", head=True),
            Column(_("村（社区）")),
            Column(_("病种")),
            Column(_("线索")),
            Column(_("依据"), width=48),
        ],
        [
            [
                who(one),
                Cell(villages.get(one.division, "—")),
                Cell(words.disease(one.programme)),
                Cell(words.finding(one.kind)),
                Cell(_("；").join(evidence_text(e) for e in one.evidence[:3]), note=_("共%(n)s天") % {"n": one.days}),
            ]
            for one in rows
        ],
        empty=_("没有线索。"),
        caption_hidden=True,
    )


def _waiting(rows: list[Enrolment], cards: dict[int, people.Card]) -> Table:
    return Table(
        _("正在核实"),
        [Column(_("居民"), "line", head=True), Column(_("病种")), Column(_("状态")), Column(_("登记日期"), "day")],
        [
            [
                Cell(
                    cards[row.person].name, href=reverse("chronic:decide-candidate", args=[row.person, row.programme])
                ),
                Cell(words.disease(row.programme)),
                Cell(words.state(row.state)),
                Cell(f"{row.at:%Y-%m-%d}"),
            ]
            for row in rows
            if row.person in cards
        ],
        empty=_("没有。"),
    )


@requires("chronic.manage")
@requires_person_factor
@require_http_methods(["GET", "POST"])
def decide(request: HttpRequest, person: int, programme: str) -> HttpResponse:
    """One candidate: the evidence, and what to do: confirm, dismiss, take into management."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    if programme not in rules.diseases().diseases:
        raise Http404
    place = actions.person_or_404(person, scope)
    if person not in queries.tellable([(person, place[1])], scope=scope):
        raise Http404
    card = people.cards([person], scope=scope).get(person)
    if card is None:
        raise Http404
    row = Enrolment.objects.filter(person=person, programme=programme, state__in=rules.OPEN).first()
    evidence: list[str] = []
    if row is not None:
        evidence = [
            evidence_text(Evidence(e["code"], actions.day_of(e["day"]), e.get("value")))
            for e in row.evidence
            if "code" in e
        ]
    else:
        found = [c for c in discovery.candidates(scope, institution="", programme=programme) if c.person == person]
        evidence = [evidence_text(e) for c in found for e in c.evidence]
        if request.method == "POST":
            return _find(request, person, programme, [e for c in found for e in c.evidence], scope)
    if request.method == "POST" and row is not None:
        return _move(request, row, scope)
    audit.look(by=signed_in(request), person=person, what="chronic-candidate")
    context = {
        "card": card,
        "age": words.age(card.birth_date, clock.today()),
        "sex": words.sex(card.sex),
        "disease": words.disease(programme),
        "programme": programme,
        "row": row,
        "state": words.state(row.state) if row else _("尚未登记"),
        "evidence": evidence,
        "today": clock.today(),
        "breadcrumbs": [(_("可能漏管的居民"), reverse("chronic:candidates")), (card.name, "")],
    }
    return render(request, "chronic/candidate.html", context)


def _find(request: HttpRequest, person: int, programme: str, evidence: list[Evidence], scope: Scope) -> HttpResponse:
    try:
        enrolling.find(
            person=person,
            programme=programme,
            evidence=[e.plain() for e in evidence],
            by=signed_in(request),
            scope=scope,
        )
    except UserError as error:
        messages.error(request, str(error))
    return redirect("chronic:decide-candidate", person, programme)


def _move(request: HttpRequest, row: Enrolment, scope: Scope) -> HttpResponse:
    given = {name: request.POST[name] for name in ("basis", "reason", "since") if request.POST.get(name)}
    try:
        enrolling.move(row, request.POST.get("move", ""), by=signed_in(request), scope=scope, given=given)
    except UserError as error:
        messages.error(request, str(error))
        return redirect("chronic:decide-candidate", row.person, row.programme)
    messages.success(request, words.state(row.state))
    if row.state == "managed":
        return redirect("chronic:person", row.person)
    if row.state == "dismissed":
        return redirect("chronic:candidates")
    return redirect("chronic:decide-candidate", row.person, row.programme)
