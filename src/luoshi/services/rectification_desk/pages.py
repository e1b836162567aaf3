"""Pages: the register of findings, one finding with all that may be done, raising one, the ladder ahead."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.db.models import Case, Count, Q, Value, When
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, UserError
from luoshi.platform.access.scope import Scope
from luoshi.platform.access.views import requires, signed_in
from luoshi.platform.regions import queries as regions
from luoshi.services.rectification_desk import tables
from luoshi.supervision import sources
from luoshi.supervision.dispatching import queries as dispatching
from luoshi.supervision.duties import keeping
from luoshi.supervision.rectification import actions, checking, files, ladder, queries, rules
from luoshi.supervision.rectification.models import Account, Finding, Step
from luoshi.web import downloads, paging
from luoshi.web.manifest import in_language

app_name = "rectification_desk"
MOST_EXPORTED = 5_000
FILTERS = ("state", "kind", "division", "repeat")


@requires("rectify.read")
@require_GET
def findings(request: HttpRequest) -> HttpResponse:
    """Every finding in sight: what is overdue first."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    filters = {name: request.GET.get(name, "") for name in FILTERS}
    everything = queries.findings(scope=scope)
    found = _narrowed(everything, filters, scope)
    kind = downloads.wanted(request)
    rows = list(found[:MOST_EXPORTED] if kind else found[(at := paging.offset(request)) : at + paging.SIZE])
    steps: dict[int, list[Step]] = defaultdict(list)
    for step in Step.objects.filter(finding__in=[f.pk for f in rows]):
        steps[step.finding_id].append(step)
    table = tables.findings(rows, queries.place_names(rows), steps)
    if kind:
        return downloads.answer(kind, _("整改台账"), [table], title=_("整改台账"))
    counts = dict(everything.order_by().values_list("state").annotate(n=Count("pk")))
    late = everything.filter(_late()).count()
    context = {
        "table": table,
        "page": paging.of_slice(request, rows, found.count()),
        "filters": filters,
        "states": [(name, in_language(*words), counts.get(name, 0)) for name, words in rules.FINDING.states.items()],
        "late": late,
        "open": sum(counts.get(name, 0) for name in rules.OPEN),
        "kinds": Finding.KINDS,
        "may_issue": scope.can("rectify.issue"),
        "to_minute": queries.to_minute(scope=scope).count() if scope.can("rectify.issue") else 0,
    }
    return render(request, "rectification_desk/findings.html", context)


def _late() -> Q:
    today = clock.today()
    return Q(state=rules.NOTICED, plan_due__lt=today) | Q(state=rules.PLANNED, finish_due__lt=today)


def _narrowed(found: Any, filters: dict[str, str], scope: Scope) -> Any:
    if filters["state"] == "late":
        found = found.filter(_late())
    elif filters["state"] == "open":
        found = found.filter(state__in=rules.OPEN)
    elif filters["state"]:
        found = found.filter(state=filters["state"])
    if filters["kind"]:
        found = found.filter(kind=filters["kind"])
    if filters["division"]:
        scope.division_or_404(filters["division"])
        found = found.filter(path__contains=f"/{filters['division']}/")
    if filters["repeat"]:
        found = found.filter(repeat_of__isnull=False)
    order = Case(When(_late(), then=Value(0)), When(state__in=rules.OPEN, then=Value(1)), default=Value(2))
    return found.order_by(order, "-at", "-pk")


@requires("rectify.issue")
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Raise a finding: from a red target, or in one's own words."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    given = request.POST if request.method == "POST" else request.GET
    target = _number(given.get("target", ""))
    division = given.get("division", "") or scope.root_division()
    scope.division_or_404(division)
    error, standing = "", None
    if target is not None:
        standing = next(iter(sources.get().standings(scope=scope, division=division, targets=[target])), None)
        if standing is None:
            raise Http404
    if request.method == "POST":
        try:
            made = actions.raise_finding(
                kind="target" if target is not None else given.get("kind", "inspection"),
                title=given.get("title", ""), text=given.get("text", ""), division=division,
                institution=given.get("institution", ""), unit=given.get("unit", ""), target=target,
                repeat_of=_number(given.get("repeat_of", "")), by=signed_in(request), scope=scope,
            )  # fmt: skip
        except UserError as problem:
            error = f"{problem.message} {problem.todo}".strip()
        else:
            messages.success(request, _("已登记，请下达整改通知。"))
            return redirect("rectification_desk:finding", made.pk)
    context = {
        "given": given,
        "standing": standing,
        "target": target,
        "division": division,
        "place": regions.division_names({division}).get(division, division),
        "below": [(d.code, d.name) for d in regions.children(division, scope=scope)],
        "kinds": [pair for pair in Finding.KINDS if pair[0] not in ("target", "contradiction")],
        "title": given.get("title") or (_("%(metric)s滞后") % {"metric": standing.promise.metric} if standing else ""),
        "text": given.get("text") or (checking.said(standing) if standing else ""),
        "units": standing.promise.units if standing else (),
        "before": list(queries.here(division=division, scope=scope)[:50]) if target is None else [],
        "error": error,
        "table": None if target is not None else _red(division, scope),
        "breadcrumbs": [(_("整改"), reverse("rectification_desk:findings")), (_("登记问题"), "")],
    }
    return render(request, "rectification_desk/new.html", context, status=400 if error else 200)


def _red(division: str, scope: Scope) -> Any:
    board = sources.get()
    found = [
        s
        for standings in [
            board.standings(scope=scope, division=division), *board.below(scope=scope, division=division).values()
        ]
        for s in standings
        if s.light == "red"
    ]  # fmt: skip
    found.sort(key=lambda s: (s.division != division, s.division, -s.gap))
    rows = queries.findings(scope=scope).filter(kind="target", state__in=rules.OPEN, target__isnull=False)
    raised = {(target, code) for target, code in rows.values_list("target", "division") if target is not None}
    return tables.red(found, raised, regions.division_names({s.division for s in found}))


@requires("rectify.read")
@require_GET
def finding(request: HttpRequest, number: int) -> HttpResponse:
    """One finding: what is wrong, what was done, whether the data pass, what comes next."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    found = queries.finding(number, scope=scope)
    held = queries.held(found, scope=scope)
    key, word = tables.light(found)
    steps = list(found.steps.all())
    checks = tables.checks(found)
    place = queries.place_names([found])[found.pk]
    kind = downloads.wanted(request)
    if kind:
        lines = [place, found.text, found.found, found.ground]
        files_ = [checks, tables.steps(steps)]
        title = f"#{found.pk} {found.title}"
        return downloads.answer(
            kind, _("整改 %(n)s") % {"n": number}, files_, title=title, lines=[x for x in lines if x]
        )
    chain = queries.chain(found)
    context = {
        "found": found,
        "light": key,
        "word": word,
        "place": place,
        "now": checking.standing(found) if found.is_open else None,
        "offered": {move.name for move in rules.FINDING.offered(found.state, held)},
        "may_recheck": bool(held & {rules.CHECK, rules.ACT, rules.ISSUE})
        and found.state in (rules.NOTICED, rules.PLANNED, rules.SUBMITTED),
        "may_minute": rules.ISSUE in held and found.is_open,
        "to_minute": [s for s in steps if not s.minutes and _minuted(s)],
        "checks": checks,
        "steps": tables.steps(steps),
        "accounts": list(found.accounts.all()),
        "chain": chain if len(chain) > 1 else [],
        "again": list(found.repeats.filter(pk__in=queries.findings(scope=scope))),
        "history": tables.history(found),
        "ahead": rules.due_steps(
            found.running[0], found.running[1], repeat=found.repeat_of_id is not None, until=date.max,
            done=[s.step for s in steps if (s.basis, s.missed) == found.running],
        ) if found.running else [],
        "dispatches": _dispatches(found, scope),
        "escalation": rules.escalation(),
        "plan_due": rules.escalation().terms.plan.after(clock.today()).isoformat(),
        "finish_due": rules.escalation().terms.finish.after(clock.today()).isoformat(),
        "today": clock.today().isoformat(),
        "kinds": "、".join(files.limits().kinds),
        "most": files.limits().bytes_at_most // 2**20,
        "breadcrumbs": [(_("整改"), reverse("rectification_desk:findings")), (f"#{found.pk} {found.title}", "")],
    }  # fmt: skip
    return render(request, "rectification_desk/finding.html", context)


def _minuted(step: Step) -> bool:
    return any(s.minutes for s in rules.escalation().ladders[step.basis] if s.id == step.step)  # type: ignore[index]


def _dispatches(found: Finding, scope: Scope) -> list[tuple[Any, Any]]:
    """Dispatches for the same target at this place or below, with what became of them."""
    if found.target is None or not scope.can("dispatch.read"):
        return []
    rows = list(dispatching.dispatches(scope=scope).filter(target=found.target, path__startswith=found.path)[:10])
    done = dispatching.progress([d.pk for d in rows], scope=scope)
    return [(d, done.get(d.pk)) for d in rows]


@requires("rectify.read")
@require_GET
def ahead(request: HttpRequest) -> HttpResponse:
    """What would happen by a day if nobody did anything."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    until = tables.until(request.GET.get("until", ""), clock.today() + timedelta(days=30))
    rows = ladder.planned(until, scope=scope)
    table = tables.planned(rows, queries.place_names(p.finding for p in rows))
    kind = downloads.wanted(request)
    if kind:
        return downloads.answer(kind, _("督办预演"), [table], title=_("督办预演（至 %(day)s）") % {"day": until})
    rule = rules.escalation()
    context = {
        "table": table,
        "until": until,
        "rule": rule,
        "ladders": [
            (title, [(in_language(s.name, s.name_en), s) for s in steps])
            for title, steps in (
                (_("逾期未报方案"), rule.ladders["plan"]),
                (_("逾期未整改到位"), rule.ladders["finish"]),
            )
        ],
        "breadcrumbs": [(_("整改"), reverse("rectification_desk:findings")), (_("督办预演"), "")],
    }  # fmt: skip
    return render(request, "rectification_desk/ahead.html", context)


@requires("rectify.read")
@require_GET
def file(request: HttpRequest, number: int, account: int) -> HttpResponse:
    """A file that was handed in, as a download only."""
    found = queries.finding(number, scope=request.scope)  # type: ignore[attr-defined]
    row = Account.objects.filter(pk=account, finding=found).exclude(media="").first()
    if row is None:
        raise Http404
    answer = HttpResponse(keeping.content(row.sha256), content_type="application/octet-stream")
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(row.file_name)}"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-store"
    return answer


def _move(permission: str, work: Callable[[HttpRequest, int, Scope], Any], words: str) -> Callable[..., HttpResponse]:
    """The page that makes one move and comes back, saying how it went."""

    @requires(permission)
    @require_POST
    def page(request: HttpRequest, number: int) -> HttpResponse:
        queries.finding(number, scope=request.scope)  # type: ignore[attr-defined]
        try:
            found = work(request, number, request.scope)  # type: ignore[attr-defined]
        except UserError as error:
            messages.error(request, f"{error.message} {error.todo}".strip())
        else:
            closed = found.state == rules.CLOSED and found.closed_how == "data"
            messages.success(request, _("数据已达标，自动销号。") if closed else _(words))
        return redirect("rectification_desk:finding", number)

    return page


def _recheck(request: HttpRequest, number: int, scope: Scope) -> Finding:
    return actions.recheck(number=number, by=signed_in(request), scope=scope)


def _notify(request: HttpRequest, number: int, scope: Scope) -> Finding:
    return actions.notify(
        number=number, plan_due=_day(request, "plan_due"), finish_due=_day(request, "finish_due"), by=signed_in(request),
        scope=scope,
    )  # fmt: skip


def _dismiss(request: HttpRequest, number: int, scope: Scope) -> Finding:
    return actions.dismiss(number=number, reason=_text(request, "reason"), by=signed_in(request), scope=scope)


def _extend(request: HttpRequest, number: int, scope: Scope) -> Finding:
    day = _day(request, "due")
    return actions.extend(number=number, due=day, reason=_text(request, "reason"), by=signed_in(request), scope=scope)


def _plan(request: HttpRequest, number: int, scope: Scope) -> Finding:
    return actions.plan(number=number, plan=_text(request, "plan"), by=signed_in(request), scope=scope)


def _submit(request: HttpRequest, number: int, scope: Scope) -> Finding:
    given = request.FILES.get("file")
    if given is not None and (given.size or 0) > files.limits().bytes_at_most:
        most = files.limits().bytes_at_most // 2**20
        raise InvalidValue(_("文件超过 %(most)s MB。") % {"most": most}, todo=_("请压缩图片或拆分后再上传。"))
    return actions.submit(
        number=number, text=_text(request, "text"), file=given.read() if given else b"",
        file_name=given.name or "" if given else "", by=signed_in(request), scope=scope,
    )  # fmt: skip


def _give_back(request: HttpRequest, number: int, scope: Scope) -> Finding:
    return actions.give_back(number=number, reason=_text(request, "reason"), by=signed_in(request), scope=scope)


def _sign(request: HttpRequest, number: int, scope: Scope) -> Finding:
    return actions.sign(number=number, reason=_text(request, "reason"), by=signed_in(request), scope=scope)


@requires("rectify.issue")
@require_POST
def minute(request: HttpRequest, step: int) -> HttpResponse:
    """Write down an interview."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    row = Step.objects.filter(pk=step, finding__in=queries.findings(scope=scope)).first()
    if row is None:
        raise Http404
    try:
        actions.minute(
            step=step, text=_text(request, "text"), held_on=_day(request, "held_on"), by=signed_in(request), scope=scope
        )
    except UserError as error:
        messages.error(request, f"{error.message} {error.todo}".strip())
    else:
        messages.success(request, _("已记录。"))
    return redirect("rectification_desk:finding", row.finding_id)


def _day(request: HttpRequest, name: str) -> date:
    try:
        return date.fromisoformat(request.POST.get(name, ""))
    except ValueError:
        raise InvalidValue(_("日期不是有效的日期。"), where=name) from None


def _text(request: HttpRequest, name: str) -> str:
    return request.POST.get(name, "")


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None


notify = _move("rectify.issue", _notify, gettext_noop("通知已下达。"))
dismiss = _move("rectify.issue", _dismiss, gettext_noop("已认定不成立。"))
extend = _move("rectify.issue", _extend, gettext_noop("已延期。"))
plan = _move("rectify.act", _plan, gettext_noop("方案已报送。"))
submit = _move("rectify.act", _submit, gettext_noop("已提交，等待复核。"))
give_back = _move("rectify.check", _give_back, gettext_noop("已退回。"))
sign = _move("rectify.sign", _sign, gettext_noop("已签字销号。"))
recheck = _move("rectify.read", _recheck, gettext_noop("已重算，尚未达标。"))

urlpatterns = [
    path("", findings, name="findings"),
    path("new/", new, name="new"),
    path("ahead/", ahead, name="ahead"),
    path("steps/<int:step>/minute/", minute, name="minute"),
    path("<int:number>/", finding, name="finding"),
    path("<int:number>/notify/", notify, name="notify"),
    path("<int:number>/dismiss/", dismiss, name="dismiss"),
    path("<int:number>/extend/", extend, name="extend"),
    path("<int:number>/plan/", plan, name="plan"),
    path("<int:number>/submit/", submit, name="submit"),
    path("<int:number>/return/", give_back, name="return"),
    path("<int:number>/sign/", sign, name="sign"),
    path("<int:number>/recheck/", recheck, name="recheck"),
    path("<int:number>/files/<int:account>/", file, name="file"),
]
