"""Pages: find a resident, the resident's page, and the source resource behind one entry. Every look is noted."""

from __future__ import annotations

from datetime import date
from typing import Any

import orjson
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from luoshi.kernel.errors import Refused
from luoshi.platform import audit
from luoshi.platform.access.views import SignedInRequest, requires, requires_person_factor
from luoshi.platform.consent import queries as consent
from luoshi.platform.consent import words as consent_words
from luoshi.platform.consent.categories import book
from luoshi.platform.consent.queries import Admitted
from luoshi.platform.consent.rules import is_open
from luoshi.platform.store import people
from luoshi.records.structure import resource_types
from luoshi.services.records_desk import counter_pages, document, presenting, privacy_pages, queries, rules

app_name = "records_desk"
SHOWN = 300  # entries of the timeline on one page; the filter narrows


@requires("person.list")
@requires_person_factor
@require_GET
def search(request: SignedInRequest) -> HttpResponse:
    """Find a resident by name or identifier."""
    text = request.GET.get("q", "").strip()
    found = queries.search(text, scope=request.scope) if text else None
    if found is not None:
        audit.look_at_list(by=request.user, persons=[c.person for c in found.cards], what="search")
    return render(
        request,
        "records_desk/search.html",
        {"text": text, "found": found, "table": presenting.cards_table(found) if found else None},
    )


@requires("person.read")
@requires_person_factor
@require_GET
def resident(request: SignedInRequest, person: int) -> HttpResponse:
    """One resident: who, who is responsible, what is due and why, what happened, who looked."""
    found = queries.resident(person, scope=request.scope)
    note_look(request, person, "resident", found.admitted)
    names = presenting.kind_names()
    asked = _asked(request)
    chosen = [e for e in found.entries if _wanted(e, asked)]
    counts = {k: sum(e.kind == k for e in found.entries) for k in rules.KINDS}

    def href(entry: rules.Entry) -> str:
        return reverse("records_desk:resource", args=[person, entry.type, entry.id])

    institutions = found.institution_names
    here = {e.institution for e in found.entries} - {""}
    context = {
        "found": found,
        "card": found.card,
        "facts": presenting.facts(found),
        "countings": [(c, presenting.period_name(c.period)) for c in found.countings],
        "not_counted": sum(not c.well for c in found.countings),
        "looks": presenting.looks(found.looks, institutions, found.names),
        "now_managed": [e for e in found.entries if e.kind in ("programme", "contract") and presenting.is_open(e)],
        "allergies": [e for e in found.entries if e.kind == "allergy" and e.status != "entered-in-error"],
        "trends": [presenting.drawn(trend) for trend in found.trends],
        "medicines": presenting.medicines(found.entries, institutions, href),
        "immunizations": presenting.immunizations(found.entries, institutions, href),
        "months": presenting.newest(rules.by_month(chosen), SHOWN),
        "shown": min(len(chosen), SHOWN),
        "chosen": len(chosen),
        "asked": asked,
        "kind": asked["kind"],
        "kinds": [(k, names[k], counts[k]) for k in rules.KINDS if counts[k]],
        "institutions": institutions,
        "institution_choices": sorted((institutions.get(code, code), code) for code in here),
        "closed": _closed(found.admitted),
        "disputed": found.disputed,
        "broken": found.admitted.broken,
        "breadcrumbs": [(_("居民档案"), reverse("records_desk:search")), (found.card.name or str(person), "")],
    }
    return render(request, "records_desk/resident.html", context)


def _asked(request: HttpRequest) -> dict[str, Any]:
    """The filters of the timeline; a day that is none is left out."""
    days: dict[str, date | None] = {}
    for name in ("from", "to"):
        try:
            days[name] = date.fromisoformat(request.GET.get(name, ""))
        except ValueError:
            days[name] = None
    return {
        "kind": request.GET.get("kind", ""),
        "institution": request.GET.get("institution", ""),
        "from": days["from"],
        "to": days["to"],
    }


def _wanted(entry: rules.Entry, asked: dict[str, Any]) -> bool:
    return (
        (not asked["kind"] or entry.kind == asked["kind"])
        and (not asked["institution"] or entry.institution == asked["institution"])
        and (asked["from"] is None or (entry.day is not None and entry.day >= asked["from"]))
        and (asked["to"] is None or (entry.day is not None and entry.day <= asked["to"]))
    )


def _closed(admitted: Admitted) -> list[str]:
    """Names of the categories that are closed to whoever has no other ground: the same for everybody who looks, and
    whether there are records in them or not."""
    today = consent.now().date()
    return [
        consent_words.category(name)
        for name in book().categories
        if not is_open(name, admitted.grounds, today=today, book=book())
    ]


def note_look(request: SignedInRequest, person: int, what: str, admitted: Admitted) -> None:
    """Write down that the signed-in user saw something of a person, why, and whether glass was broken for it."""
    ground = "break-glass" if admitted.broken else "" if admitted.viewer.inside else "shared"
    audit.look(by=request.user, person=person, what=what, purpose=admitted.viewer.purpose, ground=ground)


@requires("record.read")
@requires_person_factor
@require_GET
def resource(request: SignedInRequest, person: int, resource_type: str, id: str) -> HttpResponse:  # noqa: A002
    """A source resource as it was received, with its versions."""
    if resource_type not in resource_types():
        raise Http404
    found, admitted = queries.versions(resource_type, id, person=person, scope=request.scope)
    wanted = request.GET.get("version", "")
    chosen = next((s for s in found if str(s.version) == wanted), found[0])
    note_look(request, person, f"{resource_type}/{id}", admitted)
    card = people.cards([person], scope=admitted.scope).get(person)
    name = card.name if card else str(person)
    body = "" if chosen.deleted else orjson.dumps(orjson.loads(chosen.body), option=orjson.OPT_INDENT_2).decode()
    return render(
        request,
        "records_desk/resource.html",
        {
            "chosen": chosen,
            "versions": found,
            "body": body,
            "name": name,
            "breadcrumbs": [
                (_("居民档案"), reverse("records_desk:search")),
                (name, reverse("records_desk:resident", args=[person])),
                (f"{resource_type}/{id}", ""),
            ],
        },
    )


@requires("record.read")
@requires_person_factor
@require_GET
def front_page(request: SignedInRequest, person: int) -> HttpResponse:
    """The 健康档案首页 as a FHIR document, to save."""
    found = queries.resident(person, scope=request.scope)
    note_look(request, person, "document", found.admitted)
    made = document.bundle(found.stored, by=request.user.get_full_name())
    if made is None:
        raise Refused(_("这位居民没有个人基本信息资源，不能生成首页文档。"))
    return document.download(made, f"front-page-{person}")


urlpatterns = [
    path("", search, name="search"),
    path("<int:person>/", resident, name="resident"),
    path("<int:person>/document/", front_page, name="document"),
    path("<int:person>/resources/<str:resource_type>/<str:id>/", resource, name="resource"),
    *privacy_pages.urlpatterns,
    *counter_pages.urlpatterns,
]
