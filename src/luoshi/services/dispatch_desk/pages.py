"""Pages: what was sent and what became of it; the gap to send; the worklist of those who act."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from luoshi.indicators import Catalogue
from luoshi.kernel import clock
from luoshi.kernel.errors import UserError
from luoshi.platform import audit
from luoshi.platform.access.scope import Scope
from luoshi.platform.access.views import requires, requires_person_factor, signed_in
from luoshi.platform.regions import queries as regions
from luoshi.services.dispatch_desk import asking, moves, tables
from luoshi.supervision import sources
from luoshi.supervision.dispatching import actions, gathering, queries, rules, settling
from luoshi.supervision.dispatching.models import Dispatch
from luoshi.web import downloads, paging
from luoshi.web.manifest import in_language

app_name = "dispatch_desk"
MOST_EXPORTED = 5_000
LIST = 100  # items of a worklist on one page


@requires("dispatch.read")
@require_GET
def dispatches(request: HttpRequest) -> HttpResponse:
    """What was sent, and how far it came."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    state = request.GET.get("state", "")
    found = queries.dispatches(scope=scope)
    if state == "overdue":
        found = found.filter(state=rules.OPEN, due__lt=clock.today())
    elif state in rules.DISPATCH.states:
        found = found.filter(state=state)
    kind = downloads.wanted(request)
    rows = list(found[:MOST_EXPORTED] if kind else found[(at := paging.offset(request)) : at + paging.SIZE])
    done = queries.progress([d.pk for d in rows], scope=scope)
    table = tables.dispatches(rows, done, regions.division_names(d.division for d in rows))
    if kind:
        return downloads.answer(kind, _("派单进展"), [table], title=_("派单进展"))
    context = {
        "table": table,
        "page": paging.of_slice(request, rows, found.count()),
        "state": state,
        "states": [*((name, in_language(*words)) for name, words in rules.DISPATCH.states.items()), ("overdue", _("逾期"))],
        "may_send": scope.can("dispatch.send"),
    }  # fmt: skip
    return render(request, "dispatch_desk/dispatches.html", context)


@requires("dispatch.send")
@requires_person_factor
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Choose a failing target, see who would get how many, send."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    given = request.POST if request.method == "POST" else request.GET
    division = given.get("division", "") or scope.root_division()
    scope.division_or_404(division)
    target = asking.number(given.get("target", ""))
    if target is None:
        return _choose(request, division, scope)
    error = ""
    if request.method == "POST":
        try:
            made = actions.send(
                target=target, division=division, due=asking.day(request, "due"), note=given.get("note", ""),
                institutions=set(given.getlist("institution")), by=signed_in(request), scope=scope,
            )  # fmt: skip
        except UserError as problem:
            error = f"{problem.message} {problem.todo}".strip()
        else:
            done = queries.progress([made.pk], scope=scope)[made.pk]
            messages.success(request, _("已派出 %(n)s 项。") % {"n": done.sent})
            return redirect("dispatch_desk:dispatch", made.pk)
    try:
        found = gathering.gather(target, division=division, scope=scope)
    except UserError as problem:
        messages.error(request, f"{problem.message} {problem.todo}".strip())
        return redirect(f"{reverse('dispatch_desk:new')}?{urlencode({'division': division})}")
    names = regions.institution_names(code for code in found.by_institution if code)
    chosen = set(given.getlist("institution")) if request.method == "POST" else set(found.by_institution)
    reasons = Counter(rules.heading(in_language(c.reason, c.reason_en)) for c in found.candidates).most_common()
    context = {
        "found": found,
        "standing": found.standing,
        "division": division,
        "place": regions.division_names({division}).get(division, division),
        "institutions": [
            (code, names.get(code, code) or _("尚无办理机构（派给本区划）"), n, code in chosen)
            for code, n in found.by_institution.items()
        ],
        "reasons": reasons,
        "due": given.get("due") or (clock.today() + timedelta(days=rules.book().due_days)).isoformat(),
        "today": clock.today().isoformat(),
        "note": given.get("note", ""),
        "placed": sum(c.placed and bool(c.institution) for c in found.candidates),
        "error": error,
        "breadcrumbs": _crumbs(_("新派单")),
    }
    return render(request, "dispatch_desk/new.html", context, status=400 if error else 200)


def _choose(request: HttpRequest, division: str, scope: Scope) -> HttpResponse:
    catalogue = Catalogue.load()
    behind = [
        s
        for s in sources.get().standings(scope=scope, division=division)
        if s.light in ("red", "yellow") and s.promise.binding == "indicator" and s.promise.indicator in catalogue.indicators
        and catalogue.indicator(s.promise.indicator).kind == "ratio"
    ]  # fmt: skip
    behind.sort(key=lambda s: (s.light != "red", -s.gap))
    open_now = Counter(
        queries.dispatches(scope=scope).filter(state=rules.OPEN, division=division).values_list("target", flat=True)
    )
    context = {
        "table": tables.failing(behind, open_now),
        "division": division,
        "place": regions.division_names({division}).get(division, division),
        "below": [(d.code, d.name) for d in regions.children(division, scope=scope)],
        "breadcrumbs": _crumbs(_("新派单")),
    }
    return render(request, "dispatch_desk/choose.html", context)


@requires("dispatch.read")
@require_GET
def dispatch(request: HttpRequest, number: int) -> HttpResponse:
    """One dispatch: what became of it, by institution, and how much of the gap it closed."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    found = queries.dispatch(number, scope=scope)
    if settling.is_stale(found) and settling.settle(found.pk).dispatches:
        found = queries.dispatch(number, scope=scope)
    done = queries.by_institution(number, scope=scope)
    total = queries.together(done.values())
    whole = scope.covers_path(found.path)
    table = tables.by_institution(found, done, regions.institution_names(code for code in done if code))
    closed = tables.closed(found, total) if whole else None
    place = regions.division_names({found.division}).get(found.division, found.division)
    kind = downloads.wanted(request)
    if kind:
        title = f"{found.title} {place}"
        lines = [f"{found.plan_title} {found.promise}", _("数据截至 %(day)s") % {"day": found.heard_now or "—"}]
        files = [t for t in (closed, table) if t is not None]
        return downloads.answer(kind, _("派单 %(n)s") % {"n": number}, files, title=title, lines=lines)
    light, word = tables.state(found)
    context = {
        "found": found,
        "done": total,
        "whole": whole,
        "light": light,
        "word": word,
        "place": place,
        "table": table,
        "closed": closed,
        "effect": tables.points(queries.effect(found, total), found.unit) if whole else "",
        "may_send": scope.can("dispatch.send") and whole and found.state == rules.OPEN,
        "may_act": scope.can("dispatch.act") and found.state == rules.OPEN,
        "may_list": scope.can("person.list"),
        "today": clock.today().isoformat(),
        "rules": rules.book(),
        "breadcrumbs": _crumbs(f"#{found.pk} {found.title}"),
    }
    return render(request, "dispatch_desk/dispatch.html", context)


@requires("person.list")
@requires_person_factor
@require_GET
def items(request: HttpRequest, number: int) -> HttpResponse:
    """Everyone in a dispatch, with what people say and what the data show. Every look is noted."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    found = queries.dispatch(number, scope=scope)
    filters = {name: request.GET.get(name, "") for name in ("institution", "show")}
    rows = queries.items(scope=scope).filter(dispatch=found).select_related("dispatch")
    if filters["institution"]:
        rows = rows.filter(institution=filters["institution"])
    rows = rows.filter(_shown(filters["show"]))
    kind = downloads.wanted(request)
    cut = list(rows[:MOST_EXPORTED] if kind else rows[(at := paging.offset(request)) : at + paging.SIZE])
    named = queries.named(cut, scope=scope)
    _look(request, named, "export" if kind else "list", found)
    places, bodies = queries.place_names(cut)
    table = tables.items(named, places, bodies, export=bool(kind))
    if kind:
        title = f"{_('派单事项')} {found.title}"
        return downloads.answer(kind, _("派单 %(n)s 事项") % {"n": number}, [table], title=title)
    codes = sorted(set(queries.items(scope=scope).filter(dispatch=found).values_list("institution", flat=True)))
    known = regions.institution_names(code for code in codes if code)
    objected = [row for row in named if row.item.state == rules.OBJECTED and row.item.data == rules.MISSING]
    context = {
        "found": found,
        "table": table,
        "page": paging.of_slice(request, cut, rows.count()),
        "filters": filters,
        "shows": _shows(),
        "institutions": [(code, known.get(code, code) or _("尚无办理机构")) for code in codes],
        "answers": [
            (row.item, tables.name_cell(row, places, bodies)) for row in objected
        ] if scope.can("dispatch.send") and scope.covers_path(found.path) and found.state == rules.OPEN else [],
        "breadcrumbs": _crumbs(f"#{found.pk} {found.title}", reverse("dispatch_desk:dispatch", args=[number]), _("名单")),
    }  # fmt: skip
    return render(request, "dispatch_desk/items.html", context)


@requires("dispatch.act")
@requires_person_factor
@require_GET
def mine(request: HttpRequest) -> HttpResponse:
    """What is to be done here, grouped by what to do, soonest due first. Every look is noted."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    number = asking.number(request.GET.get("dispatch", ""))
    institution = request.GET.get("institution", "")
    if institution and not scope.covers_institution(institution):
        raise Http404
    if number is not None:
        queries.dispatch(number, scope=scope)
    for pk in settling.stale(queries.dispatches(scope=scope))[:20]:
        settling.settle(pk)
    found = queries.open_items(scope=scope, number=number, institution=institution)
    kind = downloads.wanted(request)
    cut = list(found[:MOST_EXPORTED] if kind else found[(at := paging.offset(request, LIST)) : at + LIST])
    named = queries.named(cut, scope=scope)
    _look(request, named, "export" if kind else "list", None)
    places, bodies = queries.place_names(cut)
    if kind:
        table = tables.items(named, places, bodies, export=True)
        return downloads.answer(kind, _("派单清单"), [table], title=_("派单清单"))
    groups = []
    for one in {item.dispatch_id: item.dispatch for item in cut}.values():
        own = [row for row in named if row.item.dispatch_id == one.pk]
        groups.append(
            (one, [
                (heading, [(row, tables.name_cell(row, places, bodies), places.get(row.item.division, ""),
                            bodies.get(row.item.institution, "")) for row in rows])
                for heading, rows in queries.grouped(own)
            ], tables.state(one)[0])
        )  # fmt: skip
    context = {
        "groups": groups,
        "page": paging.of_slice(request, cut, found.count(), LIST),
        "today": clock.today().isoformat(),
        "number": number,
        "states": {name: in_language(*words) for name, words in rules.ITEM.states.items()},
        "here": request.get_full_path(),
        "several": len({item.institution for item in cut}) > 1,
    }
    return render(request, "dispatch_desk/mine.html", context)


def _shows() -> list[tuple[str, str]]:
    return [
        ("missing", _("仍未计入")), ("settled", _("数据已确认")), ("ticked", _("已办待确认")), ("objected", _("有异议")),
        ("excused", _("同意不办")),
    ]  # fmt: skip


def _shown(show: str) -> Q:
    missing = Q(data=rules.MISSING)
    return {
        "missing": missing,
        "settled": ~missing,
        "ticked": missing & Q(state=rules.ACTED),
        "objected": missing & Q(state=rules.OBJECTED),
        "excused": Q(state=rules.EXCUSED),
    }.get(show, Q())


def _look(request: HttpRequest, rows: list[queries.Row], how: str, found: Dispatch | None) -> None:
    """Note who was shown, by indicator."""
    by_indicator: dict[str, list[int]] = {}
    for row in rows:
        if row.card is not None:
            by_indicator.setdefault(row.item.dispatch.indicator, []).append(row.card.person)
    for indicator, persons in by_indicator.items():
        audit.look_at_list(by=signed_in(request), persons=persons, what=f"{how} dispatch {indicator}")


def _crumbs(*rest: str) -> list[tuple[str, str]]:
    """派单 › … : (text, address) pairs, the last without; given as text, or text, address, text."""
    start = [(_("派单"), reverse("dispatch_desk:dispatches"))]
    if len(rest) == 3:
        return [*start, (rest[0], rest[1]), (rest[2], "")]
    return [*start, (rest[0], "")]


urlpatterns = [
    path("", dispatches, name="dispatches"),
    path("new/", new, name="new"),
    path("mine/", mine, name="mine"),
    path("act/", moves.act, name="act"),
    path("undo/", moves.undo, name="undo"),
    path("object/", moves.object_to, name="object"),
    path("answer/", moves.answer, name="answer"),
    path("<int:number>/", dispatch, name="dispatch"),
    path("<int:number>/items/", items, name="items"),
    path("<int:number>/change/", moves.change, name="change"),
]
