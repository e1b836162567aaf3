"""The counter: a resident stands there with their card and gets a code to open their own record."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from luoshi.kernel.errors import UserError
from luoshi.platform import audit
from luoshi.platform.access.views import SignedInRequest, requires, requires_person_factor
from luoshi.platform.regions import queries as regions
from luoshi.platform.store import people
from luoshi.services.resident_portal import public as portal


@never_cache
@requires("resident.invite")
@requires_person_factor
@require_http_methods(["GET", "POST"])
def counter(request: SignedInRequest, person: int) -> HttpResponse:
    """Give a code for the resident, or for a guardian of a child; it is shown on this answer alone."""
    card = people.cards([person], scope=request.scope).get(person)
    if card is None:
        raise Http404
    audit.look(by=request.user, person=person, what="resident")
    code, error = "", ""
    guardian = request.POST.get("for") == "guardian"
    institution = request.scope.institution_codes[0] if request.scope.institution_codes else ""
    if request.method == "POST":
        if not request.POST.get("checked"):
            error = _("请先核对证件，再勾选“已核对”。")
        else:
            try:
                code = portal.invite(
                    person=person, by=request.user, scope=request.scope, institution=institution, guardian=guardian
                )
            except UserError as mistake:
                error = f"{mistake.message} {mistake.todo}".strip()
    context = {
        "card": card,
        "code": portal.written(code) if code else "",
        "guardian": guardian,
        "error": error,
        "days": portal.portal_rules().counter_code.days,
        "has_account": portal.has_account(person),
        "institution": regions.institution_names([institution]).get(institution, ""),
        "address": request.build_absolute_uri(reverse("resident_portal:register")),
        "breadcrumbs": [
            (_("居民档案"), reverse("records_desk:search")),
            (card.name or str(person), reverse("records_desk:resident", args=[person])),
            (_("开通"), ""),
        ],
    }
    return render(request, "records_desk/counter.html", context, status=400 if error else 200)


urlpatterns = [path("<int:person>/counter/", counter, name="counter")]
