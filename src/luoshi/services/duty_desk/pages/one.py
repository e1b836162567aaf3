"""One duty: its words, value, light and why; what it was split into; what was handed in, said and done."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue
from luoshi.platform.access.scope import Scope
from luoshi.platform.access.views import requires, signed_in
from luoshi.platform.regions import queries as regions
from luoshi.platform.regions.models import Division, Institution
from luoshi.services.duty_desk import tables
from luoshi.services.duty_desk.pages.frame import done, scope_of
from luoshi.supervision import sources
from luoshi.supervision.duties import actions, figures, handed, history, queries, reporting, rules, talking
from luoshi.supervision.duties.models import Duty
from luoshi.supervision.duties.units import Body, Registers, division_body, institution_body
from luoshi.web.manifest import in_language

BY_NAME = {
    "receive": actions.receive, "object": actions.object_to, "uphold": actions.uphold, "work": actions.begin,
    "submit": actions.submit, "return": actions.send_back, "close": actions.close, "withdraw": actions.withdraw,
}  # fmt: skip
WITH_NOTE = ("submit", "close")
WITHOUT_WORDS = ("receive", "work")


@requires("duty.read")
@require_GET
def duty(request: HttpRequest, number: int) -> HttpResponse:
    """The page of one duty."""
    scope = scope_of(request)
    found = queries.duty_or_404(number, scope=scope)
    held = queries.permissions_on(found, scope)
    parts = queries.parts(found)
    seen = figures.of_duties([found, *parts], scope=scope)
    figure = seen[found.pk]
    context: dict[str, Any] = {
        "duty": found,
        "figure": figure,
        "by_hand": tables.by_hand(figure),
        "expected": _expected(found, scope),
        "given": handed.words(found),
        "form": reporting.form(found, figure, scope=scope) if found.open else None,
        "parts": tables.parts(parts, seen) if parts else None,
        "total": tables.total_line(found, parts),
        "reports": list(found.reports.all()[:10]),
        "queries": [(q, _query_moves(q, held)) for q in found.queries.all()[:20]],
        "files": [(f, _file_moves(f, held, signed_in(request).get_username())) for f in found.files.all()[:200]],
        "limits": rules.declared().files,
        "comments": list(found.comments.all()[:200]),
        "watchers": queries.watchers(found),
        "watching": queries.watches(signed_in(request), duty=found),
        "history": history.of_duty(found),
        "moves": _moves(found, held),
        "may_act": rules.ACT in held,
        "may_report": rules.ACT in held and found.state in ("received", "working"),
        "may_hand_in": rules.ACT in held and found.state in ("received", "working", "submitted"),
        "may_split": rules.ACT in held and scope.can(rules.ISSUE) and found.state in ("received", "working")
        and found.threshold is not None and not found.institution,
        "may_assign": rules.ISSUE in held and found.state in ("issued", "objected", "received", "working") and not parts,
        "places": _places(found, scope) if rules.ISSUE in held and found.open and not parts else [],
        "state_note": tables.state_note(found),
        "due_note": tables.due_note(found),
        "today": clock.today(),
        "promise_href": _promise_href(found),
        "person": signed_in(request).get_username(),
        "breadcrumbs": _breadcrumbs(found, scope),
    }  # fmt: skip
    return render(request, "duty_desk/duty.html", context)


def _breadcrumbs(found: Duty, scope: Scope) -> list[tuple[str, str]]:
    crumbs = [(_("任务"), reverse("duty_desk:duties"))]
    if found.parent and queries.duties(scope=scope).filter(pk=found.parent.pk).exists():
        crumbs.append((found.parent.unit_name, reverse("duty_desk:duty", args=[found.parent.pk])))
    return [*crumbs, (found.title, "")]


def _promise_href(found: Duty) -> str:
    if not found.target or found.institution:
        return ""
    try:
        return f"{reverse('scoreboard:target', args=[found.target])}?division={found.division}"
    except NoReverseMatch:
        return ""


def _expected(found: Duty, scope: Scope) -> str:
    """Where the promise will stand at this unit when it falls due, in words; empty where nobody can say."""
    if not found.target or not found.open or found.role == Duty.Role.SUPPORT:
        return ""
    try:
        standing = sources.get().standing(
            found.target, scope=scope, division=found.division, institution=found.institution
        )
    except Http404:  # the plan was withdrawn, or the unit lies outside the viewer's board
        return ""
    return standing.forecast.words if standing.forecast else ""


def _moves(found: Duty, held: set[str]) -> list[dict[str, Any]]:
    """The buttons: every move the viewer may make now, with whether it wants words."""
    offered = [m for m in rules.DUTY.offered(found.state, held) if m.name in BY_NAME]
    return [
        {
            "name": m.name,
            "label": in_language(m.label, m.label_en),
            "words": m.name not in WITHOUT_WORDS,
            "prompt": _("说明") if m.name in WITH_NOTE else _("理由"),
            "main": m.name in ("receive", "submit", "close"),
        }
        for m in offered
    ]


def _file_moves(file: Any, held: set[str], username: str) -> list[dict[str, Any]]:
    if file.kind != "evidence":
        return []
    offered = [m for m in rules.EVIDENCE.offered(file.state, held) if not (m.name == "accept" and file.by == username)]
    return [{"name": m.name, "label": in_language(m.label, m.label_en), "words": bool(m.needs)} for m in offered]


def _query_moves(query: Any, held: set[str]) -> list[dict[str, Any]]:
    return [{"name": m.name, "label": in_language(m.label, m.label_en)} for m in rules.QUERY.offered(query.state, held)]


def _places(found: Duty, scope: Scope) -> list[tuple[str, str]]:
    """Where a duty may be reassigned to: departments of the issuing division, it and the divisions below, institutions
    that stand directly in it. Keys: `d:code`, `i:code`, `p:name`."""
    issuer = Division.objects.current().filter(code=found.issuer_division).first()
    if issuer is None:
        return []
    registers = Registers(issuer)
    departments = {d.name: d for d in registers.departments.values()}
    return [
        *((f"p:{name}", name) for name in sorted(departments)),
        *((f"d:{d.code}", d.name) for d in [issuer, *registers.below]),
        *((f"i:{i.code}", i.name) for i in registers.institutions.values()),
    ]


def _body(key: str, found: Duty, scope: Scope) -> Body:
    kind, _colon, code = key.partition(":")
    if kind == "d":
        return division_body(regions.division_or_404(code, scope=scope))
    if kind == "i":
        row = Institution.objects.current().filter(code=code).select_related("division").first()
        if row is not None and scope.covers_institution(code):
            return institution_body(row)
    if kind == "p":
        bodies = Registers(regions.division_or_404(found.issuer_division, scope=scope)).bodies(code)
        if len(bodies) == 1 and bodies[0].kind == "department":
            return bodies[0]
    raise InvalidValue(_("请从列表中选择单位。"), where="unit")


@requires("duty.read")
@require_POST
def move(request: HttpRequest, number: int) -> HttpResponse:
    """Make one move; the words of the form are its reason or note."""
    scope, by = scope_of(request), signed_in(request)
    found = queries.duty_or_404(number, scope=scope)
    name, text = request.POST.get("move", ""), request.POST.get("text", "")

    def work() -> None:
        action: Any = BY_NAME.get(name)
        if action is None:
            raise InvalidValue(_("没有这个操作。"))
        if name in WITHOUT_WORDS:
            action(duty=found, by=by, scope=scope)
        elif name in WITH_NOTE:
            action(duty=found, note=text, by=by, scope=scope)
        else:
            action(duty=found, reason=text, by=by, scope=scope)

    return done(request, reverse("duty_desk:duty", args=[number]), work, _("已办理。"))


@requires("duty.issue")
@require_POST
def assign(request: HttpRequest, number: int) -> HttpResponse:
    """Give a duty to another unit."""
    scope = scope_of(request)
    found = queries.duty_or_404(number, scope=scope)
    return done(
        request,
        reverse("duty_desk:duty", args=[number]),
        lambda: actions.reassign(
            duty=found, body=_body(request.POST.get("unit", ""), found, scope), reason=request.POST.get("text", ""),
            by=signed_in(request), scope=scope,
        ),
        _("已改派，签收期限重新计算。"),
    )  # fmt: skip


@requires("duty.act")
@require_POST
def handler(request: HttpRequest, number: int) -> HttpResponse:
    """Name who handles a duty."""
    scope = scope_of(request)
    found = queries.duty_or_404(number, scope=scope)
    return done(
        request,
        reverse("duty_desk:duty", args=[number]),
        lambda: actions.delegate(
            duty=found, handler=request.POST.get("handler", ""), by=signed_in(request), scope=scope
        ),
        _("已指定经办人。"),
    )


@requires("duty.read")
@require_POST
def comment(request: HttpRequest, number: int) -> HttpResponse:
    """Say something about a duty."""
    found = queries.duty_or_404(number, scope=scope_of(request))
    return done(
        request,
        f"{reverse('duty_desk:duty', args=[number])}#said",
        lambda: talking.comment_on_duty(duty=found, text=request.POST.get("text", ""), by=signed_in(request)),
        _("已留言。"),
    )


@requires("duty.read")
@require_POST
def watch(request: HttpRequest, number: int) -> HttpResponse:
    """Watch a duty, or no longer."""
    found = queries.duty_or_404(number, scope=scope_of(request))
    on = request.POST.get("on") == "1"
    return done(
        request,
        reverse("duty_desk:duty", args=[number]),
        lambda: talking.watch(by=signed_in(request), on=on, duty=found),
        _("已关注。") if on else _("已取消关注。"),
    )
