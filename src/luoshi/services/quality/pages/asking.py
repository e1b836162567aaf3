"""What an address asks for, and files as answers."""

from __future__ import annotations

from datetime import date
from urllib.parse import quote, urlencode

import orjson
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from luoshi.services.quality.checks import Check, library

CSV, JSON, NDJSON = "text/csv; charset=utf-8", "application/fhir+json", "application/x-ndjson"


def day(request: HttpRequest, name: str = "day") -> date | None:
    """A day of the address; None where it names none. 404 for what is no day."""
    text = request.GET.get(name, "") or request.POST.get(name, "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Http404 from None


def check(request: HttpRequest) -> Check | None:
    """The check of the address; None where it names none. 404 for one that does not exist."""
    name = request.GET.get("check", "") or request.POST.get("check", "")
    if not name:
        return None
    found = library().checks.get(name)
    if found is None:
        raise Http404
    return found


def address(name: str, **given: object) -> str:
    """The address of a page with what was given, nothing left out that is not empty."""
    query = urlencode({key: str(value) for key, value in given.items() if value not in (None, "")})
    return reverse(f"quality:{name}") + (f"?{query}" if query else "")


def file(body: bytes, kind: str, name: str) -> HttpResponse:
    """A download."""
    answer = HttpResponse(body, content_type=kind)
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    answer["Cache-Control"] = "private, no-store"
    return answer


def fhir(resource: dict[str, object]) -> HttpResponse:
    """A FHIR resource."""
    answer = HttpResponse(orjson.dumps(resource), content_type=JSON)
    answer["Cache-Control"] = "private, no-store"
    return answer
