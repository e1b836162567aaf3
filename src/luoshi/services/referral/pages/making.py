"""A new referral: find the patient, see what the record says and where routing would send them, fill in, send."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from luoshi.kernel import clock
from luoshi.kernel.errors import UserError
from luoshi.platform import audit
from luoshi.platform.access.scope import Scope
from luoshi.platform.access.views import SignedInRequest, requires, requires_person_factor
from luoshi.platform.consent import words as consent_words
from luoshi.platform.regions import queries as regions
from luoshi.platform.regions.models import Institution
from luoshi.platform.store import people
from luoshi.services.records_desk import public as records
from luoshi.services.referral import actions, book, criteria, places, queries, routing, rules, words
from luoshi.services.referral.models import Referral
from luoshi.web.manifest import in_language

SHOWN = 8


@requires("referral.send")
@requires_person_factor
@require_GET
def find(request: SignedInRequest) -> HttpResponse:
    """Find the patient by name or number, inside the scope."""
    text = request.GET.get("q", "").strip()[:60]
    found = records.search(text, scope=request.scope, limit=20) if text else None
    if found and found.cards:
        audit.look_at_list(by=request.user, persons=[card.person for card in found.cards], what="search")
    context = {
        "text": text,
        "found": [
            (card, records.sex(card.sex), records.age_text(card), found.division_names.get(card.division, ""))
            for card in found.cards
        ] if found else None,
        "breadcrumbs": [(_("双向转诊"), reverse("referral:mine")), (_("新转诊"), "")],
    }  # fmt: skip
    return render(request, "referral/find.html", context)


def senders(scope: Scope) -> list[Institution]:
    """The institutions somebody may send for: those that take patients, the widest first."""
    rows = regions.institutions(scope=scope).order_by("-level", "code")[:200]
    return [row for row in rows if places.takes_patients(row)]


@requires("referral.send")
@requires_person_factor
@require_http_methods(["GET", "POST"])
def new(request: SignedInRequest, person: int) -> HttpResponse:
    """The form. POST with `do=preview` shows routes for what is ticked, `do=send` sends, `do=rush` uses the green
    channel, `do=draft` keeps it."""
    given = request.POST if request.method == "POST" else request.GET
    origin = _origin(given.get("origin", ""), person, request.scope)
    inside = Scope.system() if origin else request.scope
    card = people.cards([person], scope=inside).get(person)
    if card is None:
        raise Http404
    audit.look(by=request.user, person=person, what="referral")
    choices = senders(request.scope)
    if not choices:
        raise Http404
    sender = _sender(given.get("sender", ""), choices, card.institution, origin)
    direction = given.get("direction") or (rules.DOWN if origin else _usual(sender))
    error = ""
    if request.method == "POST" and request.POST.get("do") in ("send", "rush", "draft"):
        try:
            row = _make(request, person, sender.code, direction, origin)
        except UserError as mistake:
            error = f"{mistake.message} {mistake.todo}".strip()
        else:
            messages.success(
                request, _("转诊单 %(number)s：%(state)s。") % {"number": row.number, "state": words.state(row.state)}
            )
            return redirect("referral:referral", row.pk)
    try:
        facts = queries.facts(person, scope=request.scope)
    except Http404:  # here by a referral whose consent has ended: the doctor ticks by hand
        facts = criteria.Facts()
    context = _context(request, given, card, sender, direction, facts, origin)
    context |= {"error": error, "choices": choices}
    return render(request, "referral/new.html", context, status=400 if error else 200)


def _origin(text: str, person: int, scope: Scope) -> Referral | None:
    """The active referral a patient is here by, when one is named. Raises `Http404` for another one."""
    if not text.isdigit() or len(text) > 12:
        return None
    row = queries.one(int(text), scope=scope)
    if row.person != person or not row.active or rules.RECEIVE not in queries.held(row, scope):
        raise Http404
    return row


def _sender(code: str, choices: list[Institution], managed_by: str, origin: Referral | None) -> Institution:
    wanted = (code, origin.receiver if origin else "", managed_by)
    for name in wanted:
        for row in choices:
            if name and row.code == name:
                return row
    return choices[0]


def _usual(sender: Institution) -> str:
    tier = routing.tier(sender.type, sender.level, sender.division.level)
    return rules.UP if tier in ("village", "township") else rules.DOWN


def _context(
    request: SignedInRequest, given: Any, card: people.Card, sender: Institution, direction: str, facts: criteria.Facts,
    origin: Referral | None,
) -> dict[str, Any]:  # fmt: skip
    today = clock.today()
    tier = routing.tier(sender.type, sender.level, sender.division.level)
    met = criteria.met(facts, tier=tier, on=today)
    shown = {m.criterion.id: m for m in met}
    asked = request.method == "POST"
    ticked = given.getlist("criterion") if asked else list(shown)
    chosen = [c for c in (book.criterion(name) for name in ticked) if c]
    pressing = min((book.PRIORITIES.index(c.priority) for c in chosen), default=2)
    priority = (
        given.get("priority") if asked and given.get("priority") in book.PRIORITIES else book.PRIORITIES[pressing]
    )
    down = criteria.going_down(facts, today)
    disease = given.get("disease", "") or (down[0].id if down and direction == rules.DOWN else "")
    home = regions.ancestors(card.division)
    found = places.route(
        sender=sender.code, direction=direction, targets={c.to for c in chosen}, emergency=priority == "emergency",
        disease=disease, home=home[-1].path if home else "", managed_by=card.institution,
        origin=origin.pk if origin else None, scope=request.scope,
    )  # fmt: skip
    receiver = given.get("receiver", "")
    suggestions = found.suggestions[:SHOWN]
    if receiver and receiver not in [_value(s) for s in suggestions]:
        suggestions += [s for s in found.suggestions if _value(s) == receiver]
    return {
        "card": card, "sex": records.sex(card.sex), "age": records.age_text(card), "sender": sender, "direction": direction,
        "tier": words.tier(tier) if tier else "", "origin": origin, "given": given, "asked": asked,
        "lives": " ".join(d.name for d in home[2:]),
        "criteria": [_criterion(c, shown.get(c.id), c.id in ticked) for c in criteria.offered(facts, tier=tier, on=today)],
        "diseases": [(d, in_language(d.name, d.name_en), d.id == disease, words.confidence(d.confidence)) for d in down],
        "disease": _disease(disease),
        "priorities": [(name, words.priority(name), name == priority) for name in book.PRIORITIES],
        "suggestions": [
            (s, _value(s), words.routes(s.reasons), words.routes(s.doubts), _value(s) == (receiver or _value(suggestions[0])))
            for s in suggestions
        ],
        "more": len(found.suggestions) - len(suggestions), "routing": book.rules().routing,
        "categories": [
            (name, consent_words.category(name), name in given.getlist("category") if asked else opened, opened)
            for name, opened in queries.shareable(card.person)
        ],
        "days_valid": book.rules().summary.days_valid, "months": book.rules().summary.months,
        "breadcrumbs": [
            (_("双向转诊"), reverse("referral:mine")), (_("新转诊"), reverse("referral:find")), (card.name, "")
        ],
    }  # fmt: skip


def _value(suggestion: routing.Suggestion) -> str:
    """What the form sends for a place: its code, with the peer it is reached through."""
    place = suggestion.place
    return f"{place.peer}:{place.code}" if place.peer else place.code


def _criterion(criterion: book.Criterion, met: criteria.Met | None, ticked: bool) -> dict[str, Any]:
    findings = "；".join(in_language(f.name, f.name_en) for f in criterion.any)
    values = (
        "，".join(f"{v.day:%Y-%m-%d} {v.number:g}" if v.number is not None else v.answer for v in met.shown)
        if met
        else ""
    )
    return {
        "id": criterion.id, "name": in_language(criterion.name, criterion.name_en), "findings": findings, "ticked": ticked,
        "priority": words.priority(criterion.priority), "source": criterion.source,
        "met": f"{in_language(met.finding.name, met.finding.name_en)} {values}" if met else "",
        "doubt": words.confidence(criterion.confidence),
    }  # fmt: skip


def _disease(name: str) -> dict[str, Any] | None:
    found = book.disease(name)
    if found is None:
        return None
    return {
        "when": [in_language(zh, en) for zh, en in zip(found.when, found.when_en, strict=True)],
        "go_on": in_language(found.go_on, found.go_on_en),
        "source": found.source,
    }


def _make(request: SignedInRequest, person: int, sender: str, direction: str, origin: Referral | None) -> Referral:
    post, scope, by = request.POST, request.scope, request.user
    peer, _colon, code = post.get("receiver", "").rpartition(":")
    wanted = actions.Wanted(
        direction=direction, person=person, sender=sender, receiver=code, peer=peer, diagnosis=post.get("diagnosis", ""),
        reason=post.get("reason", ""), priority=post.get("priority", "routine"), department=post.get("department", ""),
        criteria=post.getlist("criterion") if direction == rules.UP else (),
        disease=post.get("disease", "") if direction == rules.DOWN else "", tests=post.get("tests", ""),
        advice=post.get("advice", ""), route={"why": post.get(f"why-{post.get('receiver', '')}", "")[:200]},
        origin=origin.pk if origin else None,
    )  # fmt: skip
    do = post.get("do")
    if do == "draft":
        return actions.draft(wanted=wanted, by=by, scope=scope)
    return actions.send(
        wanted=wanted, consented_by=post.get("consent", ""), categories=post.getlist("category"),
        green_reason=post.get("reason", "") if do == "rush" else "", by=by, scope=scope,
    )  # fmt: skip
