"""Pages of the signed-in resident. Each is about one person: the resident, or a child they are guardian of."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from luoshi.indicators import Catalogue
from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, Refused, UserError
from luoshi.platform import audit
from luoshi.platform.access.scope import Scope
from luoshi.platform.consent import actions as consent
from luoshi.platform.consent import categories, words
from luoshi.platform.consent import queries as consent_queries
from luoshi.platform.consent import rules as consent_rules
from luoshi.platform.consent.categories import book
from luoshi.platform.consent.models import BreakGlass, Dispute, Sharing
from luoshi.platform.identity import joined, links
from luoshi.platform.regions import queries as regions
from luoshi.platform.regions.models import Institution
from luoshi.services.contracts import public as signed_with
from luoshi.services.records_desk import public as records
from luoshi.services.resident_portal import account_pages, door, home_values, queries
from luoshi.services.resident_portal.guards import PortalRequest, resident_page

app_name = "resident_portal"
SHOWN = 200


@resident_page
@require_GET
def home(request: PortalRequest) -> HttpResponse:
    """To the resident's own page."""
    return redirect("resident_portal:overview", person=links.root(request.account.person))


def _show(request: PortalRequest, template: str, here: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    context |= {"subject": request.subject, "here": here}
    return render(request, f"resident_portal/{template}.html", context, status=status)


def _note(request: PortalRequest, what: str) -> None:
    audit.look(by=request.user, person=request.subject.person, what=what, purpose="")


@resident_page
@require_GET
def overview(request: PortalRequest) -> HttpResponse:
    """Who looks after me, what is due, my latest results, and what is new."""
    subject = request.subject
    found = queries.record(subject)
    _note(request, "resident")
    told = found.told
    contracts = [e for e in told.entries if e.kind == "contract" and records.is_open(e)]
    programmes = [e for e in told.entries if e.kind == "programme" and records.is_open(e)]
    codes = {e.institution for e in (*contracts, *programmes)} | {subject.card.institution}
    hidden = found.examined.hidden_cohorts
    due = [c for c in records.countings(subject.person, scope=Scope.system()) if not c.well and c.reason and c.targets]
    context = {
        "card": subject.card,
        "age": records.age_text(subject.card),
        "sex": records.sex(subject.card.sex),
        "names": regions.institution_names(codes - {""}),
        "contracts": contracts,
        "signed": signed_with.of_resident(subject.card, hidden=found.examined.hidden_cohorts),
        "programmes": programmes,
        "allergies": [e for e in told.entries if e.kind == "allergy"],
        "due": [c for c in due if _cohort(c.indicator) not in hidden],
        "latest": [(t, _plain(t)) for t in told.trends],
        "news": _news(subject.person),
    }
    return _show(request, "overview", "overview", context)


def _cohort(indicator: str) -> str | None:
    return Catalogue.load().indicator(indicator).cohort


def _plain(trend: records.Trend) -> str:
    """A value against its usual range, in plain words."""
    if trend.range is None:
        return ""
    low, high = trend.range
    value = trend.last.value
    span = {"low": f"{low:g}", "high": f"{high:g}"}
    if value > high:
        return _("高于通常范围 %(low)s–%(high)s，请咨询签约医生") % span
    if value < low:
        return _("低于通常范围 %(low)s–%(high)s，请咨询签约医生") % span
    return _("在通常范围 %(low)s–%(high)s 内") % span


def _news(person: int) -> dict[str, int]:
    """What happened in the last thirty days that the resident should know of."""
    since = clock.now().timestamp() - 30 * 86_400
    glass = BreakGlass.objects.filter(joined.of(person)).values_list("started_at", flat=True)
    answered = Dispute.objects.filter(joined.of(person), answered_at__isnull=False).values_list(
        "answered_at", flat=True
    )
    return {
        "glass": sum(at.timestamp() >= since for at in glass),
        "answered": sum(at is not None and at.timestamp() >= since for at in answered),
    }


@resident_page
@require_GET
def timeline(request: PortalRequest) -> HttpResponse:
    """What happened, newest first, by kind."""
    found = queries.record(request.subject)
    _note(request, "resident")
    kind = request.GET.get("kind", "")
    entries = found.told.entries
    chosen = [e for e in entries if not kind or e.kind == kind]
    names = records.kind_names()
    months: list[tuple[str, list[records.Entry]]] = []
    left = SHOWN
    for month, of_month in records.by_month(chosen):
        if left > 0:
            months.append((month, of_month[:left]))
            left -= len(of_month)
    context = {
        "months": months,
        "kind": kind,
        "chosen": len(chosen),
        "shown": min(len(chosen), SHOWN),
        "kinds": [(k, names[k], n) for k in records.KINDS if (n := sum(e.kind == k for e in entries))],
        "names": regions.institution_names({e.institution for e in entries} - {""}),
        "trends": [records.drawn(t) for t in found.told.trends] if kind in ("", "measurement") else [],
    }
    return _show(request, "timeline", "timeline", context)


@resident_page
@require_http_methods(["GET", "POST"])
def entry(request: PortalRequest, resource_type: str, id: str) -> HttpResponse:  # noqa: A002
    """One entry in plain words: what, when, who made it, who may see it; and a form to dispute it."""
    found = queries.record(request.subject)
    shown = next((e for e in found.told.entries if (e.type, e.id) == (resource_type, id)), None)
    if shown is None:
        raise Http404
    error = ""
    if request.method == "POST":
        try:
            consent.dispute(
                person=request.subject.named,
                text=request.POST.get("text", ""),
                by=request.user,
                resource_type=shown.type,
                resource_id=shown.id,
                title=f"{shown.title} {shown.day or ''}".strip(),
                institution=shown.institution,
            )
        except UserError as mistake:
            error = f"{mistake.message} {mistake.todo}".strip()
        else:
            messages.success(request, _("已提交。机构会核对并答复，您可以在“异议”里看到。"))
            return redirect("resident_portal:disputes", person=request.subject.person)
    _note(request, f"{resource_type}/{id}")
    kinds = _categories_of(found, (shown.type, shown.id))
    now = consent_queries.now()
    context = {
        "entry": shown,
        "kind": records.kind_names()[shown.kind],
        "institution": regions.institution_names([shown.institution]).get(shown.institution, shown.institution),
        "categories": [
            (words.category(k), consent_rules.is_open(k, found.grounds, today=now.date(), book=book())) for k in kinds
        ],
        "error": error,
        "given": request.POST,
    }
    return _show(request, "entry", "timeline", context, 400 if error else 200)


def _categories_of(found: queries.Record, name: tuple[str, str]) -> list[str]:
    resources = {(s.type, s.id): s.resource for s in found.told.stored}
    return sorted(categories.of_all(resources)[name][0])


@resident_page
@require_GET
def privacy(request: PortalRequest) -> HttpResponse:
    """Which categories are open, and which institutions are let in or kept out."""
    person = request.subject.person
    grounds = consent_queries.grounds(person)
    today = clock.today()
    sharings = list(Sharing.objects.filter(joined.of(person), withdrawn_at__isnull=True).order_by("-pk"))
    names = regions.institution_names({s.institution for s in sharings})
    context = {
        "categories": [
            {
                "id": name,
                "name": words.category(name),
                "plain": words.plain(name),
                "open": consent_rules.is_open(name, grounds, today=today, book=book()),
                "default": not any(c.category == name for c in grounds.choices),
                "until": _until(name, grounds, today),
            }
            for name in book().categories
        ],
        "sharings": [
            {
                "row": s,
                "institution": names.get(s.institution, s.institution),
                "category": words.category(s.category),
                "purpose": words.purpose(s.purpose),
                "ended": s.until is not None and s.until < today,
            }
            for s in sharings
        ],
        "institutions": _institution_choices(request),
        "category_choices": [(name, words.category(name)) for name in book().categories],
        "purpose_choices": [(name, words.purpose(name)) for name, p in book().purposes.items() if not p.duty],
        "today": today,
        "q": request.GET.get("q", ""),
    }
    return _show(request, "privacy", "privacy", context)


def _until(name: str, grounds: consent_rules.Grounds, today: date) -> date | None:
    chosen = [c for c in grounds.choices if c.category == name and (c.until is None or c.until >= today)]
    return max(chosen, key=lambda c: c.number).until if chosen else None


def _institution_choices(request: PortalRequest) -> list[tuple[str, str]]:
    """Institutions found by a part of their name, at most 30; without one, that which is responsible."""
    text = request.GET.get("q", "").strip()
    rows = Institution.objects.current().order_by("-level", "name")
    rows = rows.filter(name__contains=text) if text else rows.filter(code=request.subject.card.institution)
    return list(rows.values_list("code", "name")[:30])


@resident_page
@require_POST
def choose(request: PortalRequest) -> HttpResponse:
    """Open or close one category."""
    consent.choose(
        person=_own(request),
        category=request.POST.get("category", ""),
        opened=request.POST.get("open") == "1",
        by=request.user,
        until=_day(request.POST.get("until", "")),
    )
    messages.success(request, _("已保存，立即生效。"))
    return redirect("resident_portal:privacy", person=request.subject.person)


@resident_page
@require_POST
def share(request: PortalRequest) -> HttpResponse:
    """Let an institution in, or keep it out."""
    consent.share(
        person=_own(request),
        institution=request.POST.get("institution", ""),
        permit=request.POST.get("permit") == "1",
        by=request.user,
        category=request.POST.get("category", ""),
        purpose=request.POST.get("purpose", ""),
        until=_day(request.POST.get("until", "")),
    )
    messages.success(request, _("已保存，立即生效。"))
    return redirect("resident_portal:privacy", person=request.subject.person)


@resident_page
@require_POST
def withdraw(request: PortalRequest, sharing_id: int) -> HttpResponse:
    """Take back what was decided about an institution."""
    _own(request)
    row = Sharing.objects.filter(joined.of(request.subject.person), pk=sharing_id).first()
    if row is None:
        raise Http404
    consent.withdraw(sharing=row, by=request.user)
    messages.success(request, _("已撤回，立即生效。"))
    return redirect("resident_portal:privacy", person=request.subject.person)


def _own(request: PortalRequest) -> int:
    """The person under whose number this is kept: the resident; of a child under fourteen the guardian decides, later the
    child, which is refused here."""
    age = request.subject.viewer.child_age
    if not request.subject.own and (age is None or age >= book().guardians.full_until):
        raise Refused(_("孩子已满 %(age)d 周岁，由本人决定。") % {"age": book().guardians.full_until})
    return request.subject.named


def _day(text: str) -> date | None:
    """A day, or none for an empty field. Raises `InvalidValue` for what is no day."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidValue(_("日期不对。"), where="until", todo=_("请写成 2025-12-31 的样子。")) from None


@resident_page
@require_GET
def looks(request: PortalRequest) -> HttpResponse:
    """Who looked: which institution, for what, when."""
    person = request.subject.person
    own = request.GET.get("own") == "1"
    mine = queries.own_usernames(person)
    found = [look for look in consent_queries.looks(person, limit=200, own=mine) if own or not look.own]
    institutions = regions.institution_names({look.place for look in found if look.is_institution})
    divisions = regions.division_names({look.place for look in found if not look.is_institution and look.place})
    glass = BreakGlass.objects.filter(joined.of(person)).order_by("-started_at")
    names = regions.institution_names({row.institution for row in glass} - {""})
    context = {
        "looks": records.looks(found, divisions | institutions, {}),
        "own": own,
        "glass": [(row, words.emergency(row.kind), names.get(row.institution, row.institution)) for row in glass],
    }
    return _show(request, "looks", "looks", context)


@resident_page
@require_http_methods(["GET", "POST"])
def disputes(request: PortalRequest) -> HttpResponse:
    """What I hold to be wrong, and the answers; a form for what is missing in the record as a whole."""
    person, error = request.subject.person, ""
    if request.method == "POST":
        try:
            consent.dispute(person=request.subject.named, text=request.POST.get("text", ""), by=request.user)
        except UserError as mistake:
            error = f"{mistake.message} {mistake.todo}".strip()
        else:
            messages.success(request, _("已提交。机构会核对并答复。"))
            return redirect("resident_portal:disputes", person=person)
    rows = Dispute.objects.filter(joined.of(person)).order_by("-pk")
    states = records.dispute_states()
    names = regions.institution_names({row.institution for row in rows} - {""})
    context = {
        "rows": [(row, states[row.state], names.get(row.institution, row.institution)) for row in rows],
        "error": error,
        "given": request.POST,
    }
    return _show(request, "disputes", "disputes", context, 400 if error else 200)


@resident_page
@require_POST
def withdraw_dispute(request: PortalRequest, dispute_id: int) -> HttpResponse:
    """Take back a dispute that was not answered yet."""
    row = Dispute.objects.filter(joined.of(request.subject.person), pk=dispute_id).first()
    if row is None:
        raise Http404
    consent.withdraw_dispute(dispute=row, by=request.user)
    messages.success(request, _("异议已撤回。"))
    return redirect("resident_portal:disputes", person=request.subject.person)


@resident_page
@require_GET
def document(request: PortalRequest) -> HttpResponse:
    """A copy of one's record to take along, as a FHIR document (个人信息保护法第四十五条)."""
    found = queries.record(request.subject)
    _note(request, "document")
    made = records.document.bundle(found.told.stored, by=request.subject.card.name)
    if made is None:
        raise Refused(_("还没有可以下载的档案。"))
    return records.document.download(made, "my-record")


def _about(address: str, view: Any, name: str) -> Any:
    return path(f"<int:person>/{address}", view, name=name)


urlpatterns = [
    path("", home, name="home"),
    *door.urlpatterns,
    *account_pages.urlpatterns,
    _about("", overview, "overview"),
    _about("records/", timeline, "timeline"),
    _about("records/<str:resource_type>/<str:id>/", entry, "entry"),
    _about("measured/", home_values.home_values, "home-values"),
    _about("privacy/", privacy, "privacy"),
    _about("privacy/choose/", choose, "choose"),
    _about("privacy/share/", share, "share"),
    _about("privacy/share/<int:sharing_id>/withdraw/", withdraw, "withdraw"),
    _about("looks/", looks, "looks"),
    _about("disputes/", disputes, "disputes"),
    _about("disputes/<int:dispute_id>/withdraw/", withdraw_dispute, "withdraw-dispute"),
    _about("document/", document, "document"),
]
