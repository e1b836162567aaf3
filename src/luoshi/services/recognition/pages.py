"""Pages of the doctor: order with recognition, one alert. Those that look over are in `overview_pages`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, Refused, UserError
from luoshi.platform import audit
from luoshi.platform.access.scope import Scope
from luoshi.platform.access.views import requires, requires_person_factor, signed_in
from luoshi.platform.consent import public as consent
from luoshi.platform.regions import queries as regions
from luoshi.platform.store import people
from luoshi.services.recognition import actions, overview_pages, present, queries, rules, tables
from luoshi.services.recognition.models import Alert
from luoshi.services.records_desk import public as records
from luoshi.web import paging
from luoshi.web.manifest import in_language

app_name = "recognition"


@requires("recognition.order")
@requires_person_factor
@require_GET
def start(request: HttpRequest) -> HttpResponse:
    """Find a resident to order for; below, the alerts that wait for an answer."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    text = " ".join(request.GET.get("q", "").split())
    cards = list(records.search(text, scope=scope, limit=20).cards)
    actions.lapse()
    waiting = queries.alerts(scope=scope).filter(state=rules.RAISED)
    total, at = waiting.count(), paging.offset(request)
    cut = list(waiting[at : at + paging.SIZE])
    names = {n: c.name for n, c in people.cards({a.person for a in cut}, scope=scope).items()}
    seen = sorted({a.person for a in cut} | {c.person for c in cards})
    audit.look_at_list(by=signed_in(request), persons=seen, what="recognition list")
    context = {
        "q": text,
        "searched": bool(text),
        "cards": cards,
        "places": queries.workplaces(scope),
        "table": tables.alerts(cut, names, regions.institution_names({a.producer for a in cut})),
        "page": paging.of_slice(request, cut, total),
        "total": total,
    }
    return render(request, "recognition/start.html", context)


@requires("recognition.order")
@requires_person_factor
@require_POST
def walk_in(request: HttpRequest) -> HttpResponse:
    """Begin an order for a patient who is there and lies outside the viewer's scope."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    try:
        institution = _workplace(request.POST.get("institution", ""), queries.workplaces(scope))
        person = present.find(request.POST.get("number", "")[:60])
        present.admit(
            person=person, institution=institution, agreed=request.POST.get("agreed") == "1", by=signed_in(request),
            scope=scope,
        )  # fmt: skip
    except UserError as problem:
        messages.error(request, f"{problem.message} {problem.todo}".strip())
        return redirect("recognition:start")
    return redirect("recognition:order", person)


def _card(person: int, scope: Scope) -> people.Card:
    admitted = consent.admit(person, scope=scope)
    card = people.cards([person], scope=admitted.scope).get(person)
    if card is None:
        raise Http404
    return card


@dataclass(frozen=True)
class Asked:
    """An alert on the page that asks: with the result as it is recognised."""

    alert: Alert
    item: rules.Listed
    name: str
    producer: str
    reach: str
    values: list[queries.Value]
    studies: list[str]
    days: int
    chosen: str = ""
    reason: str = ""
    note: str = ""


def _asked(pairs: Sequence[tuple[Alert, queries.Earlier]], scope: Scope, given: Any = None) -> list[Asked]:
    names = regions.institution_names({a.producer for a, _ in pairs})
    found = []
    for alert, earlier in pairs:
        values, studies = queries.shown(earlier.stored, scope=scope)
        key = str(alert.uuid)
        found.append(
            Asked(
                alert, earlier.item, in_language(earlier.item.name, earlier.item.name_en),
                names.get(alert.producer, alert.producer), tables.reach_name(alert.reach), values, studies,
                (clock.today() - alert.earlier_day).days, *(
                    ((given.get(f"answer-{key}", "")), given.get(f"reason-{key}", ""), given.get(f"note-{key}", ""))
                    if given is not None else ("", "", "")
                ),
            )
        )  # fmt: skip
    return found


@requires("recognition.order")
@requires_person_factor
@require_http_methods(["GET", "POST"])
def order(request: HttpRequest, person: int) -> HttpResponse:
    """Choose items; what has an earlier result is asked about before anything is ordered."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    card, places = _card(person, scope), queries.workplaces(scope)
    given = request.POST if request.method == "POST" else request.GET
    catalogue = rules.catalogue(clock.today())
    chosen = [i for i in given.getlist("item") if i in catalogue.items]
    error, status = "", 200
    if request.method == "POST":
        try:
            institution = _workplace(given.get("institution", ""), places)
            if not chosen:
                raise InvalidValue(_("还没有选择项目。"))
            pairs = actions.check(
                person=person, items=dict.fromkeys(chosen, ""), orderer=queries.place(institution), scope=scope,
                by=signed_in(request), door="page",
            )  # fmt: skip
            open_ = [(a, e) for a, e in pairs if a.state == rules.RAISED]
            answered = {a.item: a for a, _ in pairs if a.state != rules.RAISED}
            if open_ and "decided" in given:
                return _decide(request, person, institution, chosen, open_, answered)
            if open_:
                return _ask(request, card, institution, chosen, open_)
            return _place_order(request, person, institution, chosen, answered)
        except (InvalidValue, Refused) as problem:
            error, status = f"{problem.message} {problem.todo}".strip(), 400
    else:
        audit.look(by=signed_in(request), person=person, what="recognition order")
    context = {
        "card": card,
        "places": places,
        "error": error,
        "groups": [
            (in_language(group.name, group.name_en), [
                (item.id, in_language(item.name, item.name_en), item.id in chosen)
                for item in catalogue.items.values() if item.group == id_
            ])
            for id_, group in catalogue.groups.items()
        ],
        "breadcrumbs": [(_("开单互认"), reverse("recognition:start")), (card.name, "")],
    }  # fmt: skip
    return render(request, "recognition/order.html", context, status=status)


def _workplace(wanted: str, places: Sequence[Any]) -> str:
    codes = [place.code for place in places]
    if not codes:
        raise Refused(_("您的账号没有所在机构，不能开单。"), todo=_("请联系安全管理员授权到机构。"))
    if wanted and wanted not in codes:
        raise Http404
    return str(wanted or codes[0])


def _ask(
    request: HttpRequest, card: people.Card, institution: str, chosen: list[str],
    pairs: Sequence[tuple[Alert, queries.Earlier]], error: str = "",
) -> HttpResponse:  # fmt: skip
    """Show each earlier result and ask what to do with it."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    by = signed_in(request)
    for alert, _earlier in pairs:
        actions.view(alert, by=by)
    with_alert = {a.item for a, _ in pairs}
    context = {
        "card": card,
        "institution": institution,
        "chosen": chosen,
        "asked": _asked(pairs, scope, request.POST if error else None),
        "others": [tables.item_name(i) for i in chosen if i not in with_alert],
        "reasons": _reasons(),
        "error": error,
        "breadcrumbs": [(_("开单互认"), reverse("recognition:start")), (card.name, "")],
    }
    return render(request, "recognition/ask.html", context, status=400 if error else 200)


def _reasons() -> list[tuple[str, str]]:
    return [(code, tables.reason_words(code)) for code in rules.reasons().reasons]


def _decide(
    request: HttpRequest, person: int, institution: str, chosen: list[str],
    pairs: Sequence[tuple[Alert, queries.Earlier]], answered: dict[str, Alert],
) -> HttpResponse:  # fmt: skip
    """Keep every answer and order the rest: all of it or nothing."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    given, by = request.POST, signed_in(request)
    try:
        with transaction.atomic():
            for alert, _earlier in pairs:
                key = str(alert.uuid)
                move = given.get(f"answer-{key}", "")
                if move not in ("recognise", "repeat", "withdraw"):
                    raise InvalidValue(_("请为每一项选择互认、重做或不开。"))
                reason = given.get(f"reason-{key}", "") if move == "repeat" else ""
                if move == "repeat" and not reason:
                    raise InvalidValue(_("重做须选择理由。"))
                actions.answer(
                    found=alert, move=move, by=by, permissions=scope.permissions, reason=reason,
                    note=given.get(f"note-{key}", ""),
                )  # fmt: skip
                answered[alert.item] = alert
            return _place_order(request, person, institution, chosen, answered)
    except (InvalidValue, Refused) as problem:
        fresh = [(Alert.objects.get(pk=a.pk), e) for a, e in pairs]
        return _ask(request, _card(person, scope), institution, chosen, fresh, problem.message)


def _place_order(
    request: HttpRequest, person: int, institution: str, chosen: list[str], answered: dict[str, Alert]
) -> HttpResponse:
    """Order what is not recognised and not withdrawn, and say what became of all."""
    spared = {i for i, a in answered.items() if a.state in (rules.RECOGNISED, rules.WITHDRAWN)}
    wanted = [i for i in chosen if i not in spared]
    actions.order(
        person=person, items=wanted, institution=institution, by=signed_in(request), scope=request.scope,  # type: ignore[attr-defined]
    )  # fmt: skip
    recognised = [a for a in answered.values() if a.state == rules.RECOGNISED]
    if recognised:
        saved = sum(a.price for a in recognised)
        messages.success(
            request, _("互认 %(n)s 项，为患者节省约 %(yuan)s 元。") % {"n": len(recognised), "yuan": f"{saved:.0f}"}
        )
    if wanted:
        messages.success(request, _("已开单：%(items)s。") % {"items": "、".join(map(tables.item_name, wanted))})
    return redirect("recognition:start")


@requires("recognition.order")
@requires_person_factor
@require_http_methods(["GET", "POST"])
def alert(request: HttpRequest, uuid: str) -> HttpResponse:
    """One alert: the earlier result at one click, and the answer."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    found = queries.alert(uuid, scope=scope)
    stored = queries.result(found, scope=scope)
    error = ""
    if request.method == "POST":
        try:
            actions.answer(
                found=found, move=request.POST.get("answer", ""), by=signed_in(request), permissions=scope.permissions,
                reason=request.POST.get("reason", ""), note=request.POST.get("note", ""),
            )  # fmt: skip
            messages.success(request, _("已记录：%(state)s。") % {"state": tables.state_name(found.state)})
            return redirect("recognition:alert", found.uuid)
        except UserError as problem:
            error = f"{problem.message} {problem.todo}".strip()
            found.refresh_from_db()
    actions.view(found, by=signed_in(request))
    values, studies = queries.shown(stored, scope=scope) if stored else ([], [])
    context = {
        "found": found,
        "card": _card(found.person, scope),
        "item": tables.item_name(found.item),
        "light": tables.LIGHTS[found.state],
        "state": tables.state_name(found.state),
        "reach": tables.reach_name(found.reach),
        "reason": tables.reason_name(found.reason) if found.reason else "",
        "producer": regions.institution_names({found.producer}).get(found.producer, found.producer),
        "hidden": stored is None,
        "values": values,
        "studies": studies,
        "open": found.state == rules.RAISED,
        "last": rules.due(found.day),
        "reasons": _reasons(),
        "error": error,
        "breadcrumbs": [(_("开单互认"), reverse("recognition:start")), (tables.item_name(found.item), "")],
    }
    return render(request, "recognition/alert.html", context, status=400 if error else 200)


urlpatterns = [
    path("", start, name="start"),
    path("walk-in/", walk_in, name="walk-in"),
    path("order/<int:person>/", order, name="order"),
    path("alerts/<str:uuid>/", alert, name="alert"),
    path("statistics/", overview_pages.statistics, name="statistics"),
    path("items/", overview_pages.items, name="items"),
    path("marks/", overview_pages.marks, name="marks"),
]
