"""Pages: the resident shows their code; staff scan one, print one, revoke one."""

from __future__ import annotations

import io
import time

import segno
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from luoshi.kernel.identifiers import mask
from luoshi.platform import audit
from luoshi.platform.access.views import SignedInRequest, requires, requires_person_factor
from luoshi.platform.store import people
from luoshi.services.health_code import actions, queries, verifying
from luoshi.services.health_code.rules import code_rules
from luoshi.services.records_desk import public as records
from luoshi.services.resident_portal.public import PortalRequest, resident_page

app_name = "health_code"


def picture(text: str, title: str) -> SafeString:
    """A code as QR, in SVG for the page."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        out, kind="svg", border=4, omitsize=True, xmldecl=False, svgns=True, title=title, dark="#000", light="#fff"
    )
    return mark_safe(out.getvalue().decode())  # noqa: S308 (our own drawing of our own characters)


@never_cache
@resident_page
@require_GET
def show(request: PortalRequest) -> HttpResponse:
    """The resident's code of this minute; the page asks for the next one before it ends."""
    return render(request, "health_code/show.html", _fresh(request) | {"subject": request.subject, "here": "code"})


@never_cache
@resident_page
@require_GET
def fresh(request: PortalRequest) -> HttpResponse:
    """The picture alone, for the script of that page."""
    return render(request, "health_code/picture.html", _fresh(request))


def _fresh(request: PortalRequest) -> dict[str, object]:
    text, ends = actions.dynamic(person=request.subject.person)
    seconds = code_rules().dynamic_seconds
    return {
        "picture": picture(text, _("健康码")),
        "code": text,
        "seconds": seconds,
        "again": max(5, seconds - 10),
        "ends": ends,
        "at": time.strftime("%H:%M:%S", time.gmtime(ends + 8 * 3600)),
        "printed": [c for c in queries.static_codes(request.subject.person) if c.revoked_at is None],
    }


@resident_page
@require_POST
def report_lost(request: PortalRequest) -> HttpResponse:
    """The resident lost the printed code: revoke it."""
    count = actions.revoke(person=request.subject.person, by=request.user, reason="lost")
    messages.success(request, _("纸质健康码已注销。") if count else _("没有在用的纸质健康码。"))
    return redirect("health_code:show", person=request.subject.person)


@requires("code.verify")
@requires_person_factor
@require_http_methods(["GET", "POST"])
def scan(request: SignedInRequest) -> HttpResponse:
    """Check a code that a scanner typed into the field, or that was pasted there."""
    result = None
    if request.method == "POST":
        result = verifying.verify(request.POST.get("code", "")[:2000], by=request.user, scope=request.scope)
    shown = result.shown if result else None
    context = {
        "result": result,
        "said": verifying.say(result.reason) if result else "",
        "shown": shown,
        "sex": records.sex(shown.sex) if shown else "",
        "number": mask(shown.resident_id) if shown and shown.resident_id else "",
        "may_open": bool(shown and shown.inside and request.scope.can("person.read")),
    }
    return render(request, "health_code/scan.html", context)


@requires("code.issue")
@requires_person_factor
@require_http_methods(["GET", "POST"])
def printed(request: SignedInRequest, person: int) -> HttpResponse:
    """The printed codes of a resident; POST prints a new one (the old is revoked) or revokes."""
    card = people.cards([person], scope=request.scope).get(person)
    if card is None:
        raise Http404
    audit.look(by=request.user, person=person, what="health-code")
    context = {
        "card": card,
        "days": code_rules().static_days,
        "breadcrumbs": [
            (_("居民档案"), reverse("records_desk:search")),
            (card.name or str(person), reverse("records_desk:resident", args=[person])),
            (_("健康码"), ""),
        ],
    }
    if request.method == "POST" and request.POST.get("do") == "revoke":
        count = actions.revoke(person=person, by=request.user, reason=request.POST.get("reason", "")[:40] or "staff")
        messages.success(request, _("已注销 %(count)s 个纸质健康码。") % {"count": count})
        return redirect("health_code:printed", person=person)
    if request.method == "POST":
        text, row = actions.print_static(person=person, by=request.user, scope=request.scope)
        context |= {"picture": picture(text, _("健康码")), "row": row}
    return render(request, "health_code/printed.html", context | {"codes": queries.static_codes(person)})


urlpatterns = [
    path("scan/", scan, name="scan"),
    path("residents/<int:person>/", printed, name="printed"),
    path("my/<int:person>/", show, name="show"),
    path("my/<int:person>/fresh/", fresh, name="fresh"),
    path("my/<int:person>/lost/", report_lost, name="lost"),
]
