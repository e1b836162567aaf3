"""Pages about privacy for staff: break glass, review it, answer disputes, and how many residents chose what."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from luoshi.kernel import clock
from luoshi.kernel.errors import UserError
from luoshi.kernel.identifiers import mask
from luoshi.platform import audit
from luoshi.platform.access import queries as accounts
from luoshi.platform.access.scope import Scope
from luoshi.platform.access.views import SignedInRequest, requires, requires_person_factor
from luoshi.platform.consent import actions, words
from luoshi.platform.consent import queries as consent
from luoshi.platform.consent.categories import book
from luoshi.platform.consent.models import BreakGlass, Dispute
from luoshi.platform.regions import queries as regions
from luoshi.platform.store import people, reads
from luoshi.services.records_desk import presenting
from luoshi.web import paging
from luoshi.web.tables import Cell, Column, Table, cell


@requires("record.break-glass")
@requires_person_factor
@require_http_methods(["GET", "POST"])
def break_glass(request: SignedInRequest, person: int | None = None) -> HttpResponse:
    """Open a whole record in an emergency: of a resident inside the scope, or of one named by a whole identifier."""
    if person is not None:
        place = reads.person_place(person)
        if place is None or not request.scope.covers_person(*place):
            raise Http404
    error = ""
    if request.method == "POST":
        try:
            hours = request.POST.get("hours", "")
            number = person if person is not None else _named(request.POST.get("identifier", ""))
            actions.break_glass(
                person=number,
                scope=request.scope,
                kind=request.POST.get("kind", ""),
                reason=request.POST.get("reason", ""),
                hours=int(hours) if hours.isascii() and hours.isdigit() else 0,
            )
        except UserError as mistake:
            error = f"{mistake.message} {mistake.todo}".strip()
        else:
            messages.warning(request, _("已紧急调阅。请只查看所需内容；事后将复核，居民本人可以看到。"))
            return redirect("records_desk:resident", person=number)
    rules = book().break_glass
    context = {
        "person": person,
        "error": error,
        "kinds": [(name, words.emergency(name)) for name in rules.reasons],
        "hours": rules.hours,
        "least": rules.least_reason,
        "given": request.POST,
        "breadcrumbs": [(_("居民档案"), reverse("records_desk:search")), (_("紧急调阅"), "")],
    }
    return render(request, "records_desk/break_glass.html", context, status=400 if error else 200)


def _named(text: str) -> int:
    """The one person of an identifier, wherever they live: who names it whole has the card in hand."""
    found = people.by_identifier(text, scope=Scope.system()) if text.strip() else []
    if len(found) != 1:
        raise UserError(_("没有查到这个号码。"), todo=_("请核对身份证号或档案编号；号码须完整。"))
    return found[0]


@requires("consent.review")
@requires_person_factor
@require_GET
def glass_queue(request: SignedInRequest) -> HttpResponse:
    """Looks in emergencies that wait for a review, the oldest first; `?all=1`: reviewed ones too."""
    everything = request.GET.get("all") == "1"
    rows = consent.glass(scope=request.scope, open_only=not everything)
    page = paging.of_slice(request, list(rows[paging.offset(request) :][: paging.SIZE]), rows.count())
    names = accounts.names_of(row.user for row in page.items)
    places = regions.institution_names({row.institution for row in page.items} - {""})
    table = Table(
        _("紧急调阅"),
        [
            Column(_("时间"), "day"),
            Column(_("操作人"), head=True),
            Column(_("机构")),
            Column(_("情形")),
            Column(_("事由")),
            Column(_("结论")),
        ],
        [
            [
                cell(f"{row.started_at.astimezone(clock.CHINA):%Y-%m-%d %H:%M}", note=_length(row)),
                Cell(names.get(row.user, row.user), href=reverse("records_desk:glass", args=[row.pk])),
                cell(places.get(row.institution, row.institution)),
                cell(words.emergency(row.kind)),
                cell(row.reason),
                cell(_verdicts()[row.verdict]),
            ]
            for row in page.items
        ],
        empty=_("没有等待复核的紧急调阅。"),
        caption_hidden=True,
    )
    return render(request, "records_desk/glass_queue.html", {"table": table, "page": page, "everything": everything})


def _length(row: BreakGlass) -> str:
    hours = int((row.expires_at - row.started_at).total_seconds() // 3600)
    return _("%(hours)s 小时") % {"hours": hours}


def _verdicts() -> dict[str, str]:
    return {"": _("待复核"), BreakGlass.JUSTIFIED: _("正当"), BreakGlass.UNJUSTIFIED: _("不当")}


@requires("consent.review")
@requires_person_factor
@require_http_methods(["GET", "POST"])
def glass(request: SignedInRequest, glass_id: int) -> HttpResponse:
    """One look in an emergency: who, why, what they opened; and the verdict."""
    row = consent.glass(scope=request.scope, open_only=False).filter(pk=glass_id).first()
    if row is None:
        raise Http404
    error = ""
    if request.method == "POST":
        try:
            actions.review(
                glass=row,
                justified=request.POST.get("verdict") == "justified",
                note=request.POST.get("note", ""),
                by=request.user,
                scope=request.scope,
            )
        except UserError as mistake:
            error = f"{mistake.message} {mistake.todo}".strip()
        else:
            messages.success(request, _("复核结论已记录，居民本人可以看到。"))
            return redirect("records_desk:glass-queue")
    audit.look(by=request.user, person=row.person, what="break-glass review")
    card = people.cards([row.person], scope=Scope.system()).get(row.person)
    names = accounts.names_of([row.user, row.reviewed_by])
    context = {
        "row": row,
        "error": error,
        "who": names.get(row.user, row.user),
        "reviewer": names.get(row.reviewed_by, row.reviewed_by),
        "institution": regions.institution_names([row.institution]).get(row.institution, row.institution),
        "emergency": words.emergency(row.kind),
        "resident": mask_name(card.name) if card else "—",
        "opened": [(at, presenting.seen(what)) for at, what in consent.seen_through(row)],
        "verdict": _verdicts()[row.verdict],
        "own": row.user == request.user.get_username(),
        "breadcrumbs": [(_("紧急调阅复核"), reverse("records_desk:glass-queue")), (names.get(row.user, row.user), "")],
    }
    return render(request, "records_desk/glass.html", context, status=400 if error else 200)


def mask_name(name: str) -> str:
    """A name as a queue shows it: the first character."""
    return f"{name[:1]}**" if name else "—"


@requires("dispute.answer")
@requires_person_factor
@require_GET
def dispute_queue(request: SignedInRequest) -> HttpResponse:
    """Disputes that wait for an answer, the one due first at the head; `?all=1`: settled ones too."""
    everything = request.GET.get("all") == "1"
    rows = consent.disputes(scope=request.scope, open_only=not everything)
    page = paging.of_slice(request, list(rows[paging.offset(request) :][: paging.SIZE]), rows.count())
    places = regions.institution_names({row.institution for row in page.items} - {""})
    table = Table(
        _("居民异议"),
        [
            Column(_("记录"), head=True),
            Column(_("异议")),
            Column(_("机构")),
            Column(_("答复期限"), "day"),
            Column(_("状态")),
        ],
        [
            [
                Cell(row.title or _("整份档案"), href=reverse("records_desk:dispute", args=[row.pk])),
                cell(row.text[:60]),
                cell(places.get(row.institution, row.institution)),
                Cell(f"{row.due}", row.due, flags=(_("已超期"),) if consent.overdue(row) else ()),
                cell(dispute_states()[row.state]),
            ]
            for row in page.items
        ],
        empty=_("没有等待答复的异议。"),
        caption_hidden=True,
    )
    return render(request, "records_desk/dispute_queue.html", {"table": table, "page": page, "everything": everything})


def dispute_states() -> dict[str, str]:
    """States of a dispute in words."""
    return {
        Dispute.OPEN: _("待答复"),
        Dispute.CORRECTED: _("已更正"),
        Dispute.KEPT: _("已答复，维持原记录"),
        Dispute.WITHDRAWN: _("本人已撤回"),
    }


@requires("dispute.answer")
@requires_person_factor
@require_http_methods(["GET", "POST"])
def dispute(request: SignedInRequest, dispute_id: int) -> HttpResponse:
    """One dispute and its answer."""
    row = consent.disputes(scope=request.scope, open_only=False).filter(pk=dispute_id).first()
    if row is None:
        raise Http404
    error = ""
    if request.method == "POST":
        try:
            actions.answer(
                dispute=row,
                corrected=request.POST.get("outcome") == "corrected",
                text=request.POST.get("answer", ""),
                by=request.user,
                scope=request.scope,
            )
        except UserError as mistake:
            error = f"{mistake.message} {mistake.todo}".strip()
        else:
            messages.success(request, _("已答复，居民本人可以看到。"))
            return redirect("records_desk:disputes")
    audit.look(by=request.user, person=row.person, what="dispute")
    card = people.cards([row.person], scope=Scope.system()).get(row.person)
    context = {
        "row": row,
        "error": error,
        "given": request.POST,
        "resident": card.name if card else "—",
        "number": mask(card.resident_id) if card and card.resident_id else "",
        "institution": regions.institution_names([row.institution]).get(row.institution, row.institution),
        "state": dispute_states()[row.state],
        "overdue": consent.overdue(row),
        "may_open": request.scope.can("record.read") and bool(row.resource_id),
        "answered_by": accounts.names_of([row.answered_by]).get(row.answered_by, row.answered_by),
        "breadcrumbs": [(_("居民异议"), reverse("records_desk:disputes")), (row.title or _("整份档案"), "")],
    }
    return render(request, "records_desk/dispute.html", context, status=400 if error else 200)


@requires("consent.review")
@requires_person_factor
@require_GET
def counts(request: SignedInRequest) -> HttpResponse:
    """How many residents opened or closed each category, and what waits."""
    found, sharings, persons = consent.counts(scope=request.scope)
    table = Table(
        _("各类档案的开放选择"),
        [
            Column(_("类别"), head=True),
            Column(_("默认")),
            Column(_("本人选择开放"), "number"),
            Column(_("本人选择关闭"), "number"),
        ],
        [
            [
                Cell(words.category(c.category), note=words.plain(c.category)),
                cell(_("开放") if book().categories[c.category].open else _("不开放")),
                Cell(str(c.opened), c.opened),
                Cell(str(c.closed), c.closed),
            ]
            for c in found
        ],
        notes=[
            _("范围内共 %(persons)s 位居民；生效中的机构授权 %(sharings)s 项。")
            % {"persons": persons, "sharings": sharings}
        ],
        caption_hidden=True,
    )
    waiting = {
        "glass": consent.glass(scope=request.scope).count(),
        "disputes": consent.disputes(scope=request.scope).count(),
    }
    return render(request, "records_desk/privacy.html", {"table": table, "waiting": waiting, "book": book()})


urlpatterns = [
    path("emergency/", break_glass, name="emergency"),
    path("<int:person>/open/", break_glass, name="break-glass"),
    path("privacy/", counts, name="privacy"),
    path("privacy/glass/", glass_queue, name="glass-queue"),
    path("privacy/glass/<int:glass_id>/", glass, name="glass"),
    path("privacy/disputes/", dispute_queue, name="disputes"),
    path("privacy/disputes/<int:dispute_id>/", dispute, name="dispute"),
]
