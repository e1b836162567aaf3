"""Pages: ask and follow, read and report, one tracing on paper, times."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from luoshi.kernel import clock
from luoshi.kernel.errors import UserError
from luoshi.platform import audit
from luoshi.platform.access.scope import Scope
from luoshi.platform.access.views import requires, requires_person_factor, signed_in
from luoshi.platform.consent import public as consent
from luoshi.platform.regions import queries as regions
from luoshi.platform.store import people
from luoshi.services.ecg import actions, drawing, queries, rules, tables
from luoshi.services.ecg.models import Request, Tracing
from luoshi.services.recognition import public as recognition
from luoshi.services.records_desk import public as records
from luoshi.web import downloads
from luoshi.web.manifest import in_language

app_name = "ecg"
SHOWN = 200


@requires("ecg.request")
@requires_person_factor
@require_GET
def mine(request: HttpRequest) -> HttpResponse:
    """What was asked: critical values first, then what waits; and the way to ask."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    text = " ".join(request.GET.get("q", "").split())
    cards = list(records.search(text, scope=scope, limit=20).cards)
    order = [
        rules.CRITICAL,
        rules.RETURNED,
        rules.REPORTED,
        rules.READING,
        rules.REQUESTED,
        rules.CLOSED,
        rules.WITHDRAWN,
    ]
    found = sorted(queries.asked(scope=scope)[:SHOWN], key=lambda r: order.index(r.state))
    table = _table(request, found, "ecg:request", extra=cards)
    return render(request, "ecg/mine.html", {"table": table, "q": text, "cards": cards, "searched": bool(text)})


@requires("ecg.report")
@requires_person_factor
@require_GET
def worklist(request: HttpRequest) -> HttpResponse:
    """What waits to be read, the first due first."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    rows = queries.to_read(scope=scope)
    found = queries.in_order(rows.filter(state__in=queries.OPEN)[:SHOWN])
    waiting = [r for r in found if r.state in (rules.REQUESTED, rules.READING)]
    now = clock.now()
    late = sum(rules.reading_clock(r.asked, r.urgency, None, now).late for r in waiting)
    context = {"table": _table(request, found, "ecg:read"), "waiting": len(waiting), "late": late}
    return render(request, "ecg/worklist.html", context)


def _table(request: HttpRequest, found: list[Request], to: str, extra: list[people.Card] | None = None) -> Any:
    """The requests as a table, with names; who is named is noted."""
    numbers = {r.person for r in found}
    # Whom a request is about is known to who asked and who was asked.
    names = {n: c.name for n, c in people.cards(numbers, scope=Scope.system()).items()}
    seen = sorted(numbers | {c.person for c in extra or ()})
    audit.look_at_list(by=signed_in(request), persons=seen, what="ecg list")
    places = regions.institution_names({r.institution for r in found} | {r.center for r in found})
    return tables.requests(found, names, places, to)


@requires("ecg.request")
@requires_person_factor
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, person: int) -> HttpResponse:
    """Upload a tracing of a resident and ask for its reading."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    admitted = consent.admit(person, scope=scope)
    card = people.cards([person], scope=admitted.scope).get(person)
    if card is None:
        raise Http404
    places = recognition.workplaces(scope)
    error, given = "", request.POST
    if request.method == "POST":
        institution = given.get("institution") or (places[0].code if places else "")
        if institution not in {p.code for p in places}:
            raise Http404
        try:
            actions.check_question(given.get("urgency", ""), given.get("question", ""))
            files = {f.name or "": f.read() for f in request.FILES.getlist("file")}
            tracing = actions.receive(
                files=files, person=person, institution=institution, by=signed_in(request), scope=scope
            )
            made = actions.ask(
                tracing=tracing, urgency=given.get("urgency", ""), question=given.get("question", ""),
                institution=institution, by=signed_in(request), scope=scope,
            )  # fmt: skip
            messages.success(request, _("已提交，请留意报告。"))
            return redirect("ecg:request", made.uuid)
        except UserError as problem:
            error = f"{problem.message} {problem.todo}".strip()
    audit.look(by=signed_in(request), person=person, what="ecg request")
    context = {
        "card": card, "places": places, "error": error, "given": given,
        "urgencies": [(k, in_language(u.name, u.name_en), u.minutes) for k, u in rules.declared().urgency.items()],
        "breadcrumbs": [(_("远程心电"), reverse("ecg:mine")), (card.name, "")],
    }  # fmt: skip
    return render(request, "ecg/new.html", context, status=400 if error else 200)


def _context(found: Request) -> dict[str, Any]:
    now = clock.now()
    due = rules.reading_clock(found.asked, found.urgency, found.reported, now)
    names = regions.institution_names({found.institution, found.center})
    urgency = rules.declared().urgency[found.urgency]
    card = people.cards([found.person], scope=Scope.system()).get(found.person)
    return {
        "found": found,
        "card": card,
        "state": in_language(*rules.ECG.states[found.state]),
        "light": tables.light(found, now),
        "due": due,
        "answer": rules.answer_clock(found.reported, found.acknowledged, now)
        if found.reported and found.critical
        else None,
        "institution": names.get(found.institution, found.institution),
        "center": names.get(found.center, found.center),
        "urgency": in_language(urgency.name, urgency.name_en),
        "critical": [tables.critical_name(c) for c in found.critical],
        "measures": tables.measures(found.tracing.measures),
        "measured": bool(found.tracing.measures),
        "drawing": draw(found.tracing, card),
        "seconds": found.tracing.seconds,
    }


def draw(tracing: Tracing, card: people.Card | None, start: float = 0.0) -> Any:
    """The drawing of a tracing, safe to put into a page."""
    whole = Tracing.objects.get(pk=tracing.pk)
    measured = tracing.measures
    taken = tracing.taken or tracing.received
    line = " ".join(f"{name} {text}" for name, text in tables.short(measured))
    heading = [
        f"{card.name if card else '—'}  {card.birth_date if card and card.birth_date else ''}",
        f"{taken.astimezone(clock.CHINA):%Y-%m-%d %H:%M}  {tracing.frequency:g} Hz",
        line,
    ]
    return mark_safe(drawing.svg(queries.waveform(whole), start=start, heading=heading, title=_("心电图")))  # noqa: S308


@requires("ecg.request")
@requires_person_factor
@require_http_methods(["GET", "POST"])
def request_page(request: HttpRequest, uuid: str) -> HttpResponse:
    """One request as who asked sees it: the tracing, the report, the next step."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    found = queries.mine(uuid, scope=scope)
    if request.method == "POST":
        name = request.POST.get("move", "")
        try:
            if name == "resend":
                files = {f.name or "": f.read() for f in request.FILES.getlist("file")}
                tracing = actions.receive(
                    files=files, person=found.person, institution=found.institution, by=signed_in(request), scope=scope
                )
                actions.resend(found=found, tracing=tracing, by=signed_in(request), permissions=scope.permissions)
            else:
                actions.move(
                    found=found, name=name, by=signed_in(request), permissions=scope.permissions,
                    given={"measures": request.POST.get("measures", "")},
                )  # fmt: skip
            messages.success(request, _("已记录。"))
        except UserError as problem:
            messages.error(request, f"{problem.message} {problem.todo}".strip())
        return redirect("ecg:request", found.uuid)
    audit.look(by=signed_in(request), person=found.person, what="ecg")
    offered = {m.name for m in rules.ECG.offered(found.state, scope.permissions & {rules.ASK})}
    context = _context(found) | {
        "offered": offered, "breadcrumbs": [(_("远程心电"), reverse("ecg:mine")), (_("申请"), "")]
    }  # fmt: skip
    return render(request, "ecg/request.html", context)


@requires("ecg.report")
@requires_person_factor
@require_http_methods(["GET", "POST"])
def read(request: HttpRequest, uuid: str) -> HttpResponse:
    """One request as the reader sees it: the tracing, what was measured, the report form."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    found = queries.reading(uuid, scope=scope)
    error, given = "", request.POST
    if request.method == "POST":
        name = given.get("move", "")
        try:
            if name == "report":
                actions.report(
                    found=found, findings=given.get("findings", ""), conclusion=given.get("conclusion", ""),
                    critical=given.getlist("critical"), by=signed_in(request), permissions=scope.permissions,
                )  # fmt: skip
                messages.success(request, _("报告已发出。"))
                return redirect("ecg:worklist")
            actions.move(
                found=found, name=name, by=signed_in(request), permissions=scope.permissions,
                given={"reason": given.get("reason", "")},
            )  # fmt: skip
            return redirect("ecg:read", found.uuid)
        except UserError as problem:
            error = f"{problem.message} {problem.todo}".strip()
            found.refresh_from_db()
    audit.look(by=signed_in(request), person=found.person, what="ecg")
    offered = {m.name for m in rules.ECG.offered(found.state, scope.permissions & {rules.READ})}
    own = found.reader == signed_in(request).get_username()
    ticked = given.getlist("critical") if error else rules.proven(found.tracing.measures)
    context = _context(found) | {
        "offered": offered if found.state != rules.READING or own else set(),
        "error": error,
        "given": given,
        "criticals": [(name, tables.critical_name(name), name in ticked) for name in rules.declared().critical],
        "proven": [tables.critical_name(n) for n in rules.proven(found.tracing.measures)],
        "breadcrumbs": [(_("心电判读"), reverse("ecg:worklist")), (_("判读"), "")],
    }
    return render(request, "ecg/read.html", context, status=400 if error else 200)


@requires("ecg.follow")
@requires_person_factor
@require_GET
def tracing(request: HttpRequest, uuid: str) -> HttpResponse:
    """A tracing alone on A4 across, true to scale, ten seconds from `?at=`."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    found = queries.tracing(uuid, scope=scope)
    try:
        start = float(request.GET.get("at", "0"))
    except ValueError:
        raise Http404 from None
    if not 0 <= start < found.seconds:
        raise Http404
    audit.look(by=signed_in(request), person=found.person, what="ecg")
    card = people.cards([found.person], scope=Scope.system()).get(found.person)
    context = {
        "drawing": draw(found, card, start), "found": found, "start": start,
        "previous": max(0.0, start - 10) if start else None,
        "following": start + 10 if start + 10 < found.seconds else None,
    }  # fmt: skip
    return render(request, "ecg/paper.html", context)


@requires("ecg.follow")
@require_GET
def times(request: HttpRequest) -> HttpResponse:
    """How fast ECGs are read, by asking institution."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    today = clock.today()
    try:
        first = date.fromisoformat(request.GET.get("start") or f"{today.year}-01-01")
        last = date.fromisoformat(request.GET.get("end") or today.isoformat())
    except ValueError:
        raise Http404 from None
    whole, found = queries.times(first, last, scope=scope)
    table = tables.times(whole, found, regions.institution_names({t.institution for t in found}))
    title = _("远程心电报告时限")
    kind = downloads.wanted(request)
    if kind:
        return downloads.answer(kind, title, [table], title=title, lines=[f"{first} – {last}"])
    return render(request, "ecg/times.html", {"table": table, "whole": whole, "first": first, "last": last})


urlpatterns = [
    path("", mine, name="mine"),
    path("new/<int:person>/", new, name="new"),
    path("requests/<str:uuid>/", request_page, name="request"),
    path("read/", worklist, name="worklist"),
    path("read/<str:uuid>/", read, name="read"),
    path("tracings/<str:uuid>/", tracing, name="tracing"),
    path("times/", times, name="times"),
]
