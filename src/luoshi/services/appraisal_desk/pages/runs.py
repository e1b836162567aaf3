"""Schemes, runs, one division's sheet, appeals."""

from __future__ import annotations

from datetime import date

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, UserError
from luoshi.platform.access.scope import Scope
from luoshi.platform.access.views import requires, signed_in
from luoshi.platform.lake import withholding
from luoshi.services.appraisal_desk import tables, words
from luoshi.supervision.appraisal import actions, queries, rules, schemes
from luoshi.supervision.appraisal.computing import DRAWS, LEVEL, Input
from luoshi.supervision.appraisal.models import Run
from luoshi.web import downloads, paging
from luoshi.web.tables import Table


@requires("board.read")
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Runs in sight, and the schemes of the viewer's office."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    found = queries.runs(scope=scope)
    at = paging.offset(request)
    shown = list(found[at : at + paging.SIZE])
    office = scope.root_division()
    may = scope.can("appraisal.manage") and bool(office)
    context = {
        "table": tables.runs(shown, queries.names([run.division for run in shown])),
        "page": paging.of_slice(request, shown, found.count()),
        "may": may,
        "schemes": [
            (o, words.scheme_name(o.scheme), words.composition_name(o.scheme))
            for o in queries.offered(office, scope=scope)
        ]
        if office
        else [],
        "office": office,
        "office_name": queries.names([office]).get(office, "") if office else "",
        "today": clock.today(),
    }
    return render(request, "appraisal_desk/home.html", context)


@requires("board.read")
@require_http_methods(["GET", "POST"])
def scheme(request: HttpRequest, slug: str) -> HttpResponse:
    """One scheme of the viewer's office: what is scored and how; with the permission it is edited here as text, checked,
    and kept as the next version."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    office = scope.root_division()
    if not office:
        raise Http404
    error, text = "", ""
    if request.method == "POST":
        text = request.POST.get("text", "")
        try:
            made = actions.save_scheme(
                text=text, division=office, note=request.POST.get("note", ""), by=signed_in(request), scope=scope
            )
        except UserError as problem:
            error = str(problem)
        else:
            messages.success(request, _("已保存为第 %(n)s 版。") % {"n": made.version})
            return redirect("appraisal_desk:scheme", made.slug)
    version = request.GET.get("version", "")
    found = queries.scheme(slug, office, scope=scope, version=int(version) if version.isdecimal() else None)
    context = {
        "found": found,
        "name": words.scheme_name(found.scheme),
        "composition": words.composition(found.scheme),
        "confidence": words.confidence(found.scheme),
        "table": tables.scheme(found.scheme),
        "versions": queries.versions(slug, office, scope=scope),
        "may": scope.can("appraisal.manage"),
        "text": text or schemes.to_yaml(found.scheme),
        "error": error,
        "breadcrumbs": [(_("考核"), reverse("appraisal_desk:home")), (words.scheme_name(found.scheme), "")],
    }
    return render(request, "appraisal_desk/scheme.html", context, status=400 if error else 200)


@requires("appraisal.manage")
@require_POST
def new(request: HttpRequest) -> HttpResponse:
    """Make a draft run of a scheme for the viewer's office."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    given = request.POST
    try:
        day = date.fromisoformat(given["on"]) if given.get("on") else None
    except ValueError:
        messages.error(request, _("截至日期不是有效的日期。"))
        return redirect("appraisal_desk:home")
    try:
        made = actions.run(
            slug=given.get("scheme", ""), division=given.get("division") or scope.root_division(), on=day,
            title=given.get("title", ""), by=signed_in(request), scope=scope,
        )  # fmt: skip
    except UserError as problem:
        messages.error(request, str(problem))
        return redirect("appraisal_desk:home")
    return redirect("appraisal_desk:run", made.pk)


@requires("board.read")
@require_GET
def run(request: HttpRequest, number: int) -> HttpResponse:
    """The sheet of a run: who stands where, how sure that is, what cost the points; and the appeals."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    found = queries.run(number, scope=scope)
    lines = queries.lines(found, scope=scope)
    if not lines and not queries.manages(found, scope=scope):
        raise Http404
    contested = queries.appeals(found, scope=scope)
    names = queries.names([line.division for line in found.result.lines])
    table = tables.divisions(found, lines, names)
    appeals = tables.appeals(contested, found, names)
    of = found.scheme
    told = [words.composition(of), method(), _provenance(found)]
    if kind := downloads.wanted(request):
        exact = withholding.may_see_exact(scope)
        sheets = [table, tables.scheme(of, found.result.weights), appeals]
        sheets += [
            _named(tables.items(found, line, exact=exact), names.get(line.division, line.division)) for line in lines
        ]
        return downloads.answer(kind, found.title, sheets, title=found.title, lines=told)
    manages = scope.can("appraisal.manage") and queries.manages(found, scope=scope)
    context = {
        "found": found,
        "state": words.state(rules.RUN, found.state),
        "light": words.LIGHTS[found.state],
        "table": table,
        "told": told,
        "ranked": sum(1 for line in found.result.lines if line.rank),
        "all": len(found.result.lines),
        "fell_back": found.result.note == "entropy-fell-back",
        "scheme_table": tables.scheme(of, found.result.weights),
        "scheme_name": words.scheme_name(of),
        "confidence": words.confidence(of),
        "appeals": appeals,
        "waiting": [
            {"row": row, "item": words.item_name(of.item(row.item)), "division": names.get(row.division, row.division),
             "score": found.result.line(row.division).scores[row.item]}  # type: ignore[union-attr]
            for row in contested
            if row.state == rules.FILED
        ],
        "moves": rules.RUN.offered(found.state, scope.permissions) if manages else [],
        "manages": manages,
        "holds": queries.holds(found),
        "breadcrumbs": [(_("考核"), reverse("appraisal_desk:home")), (found.title, "")],
    }  # fmt: skip
    return render(request, "appraisal_desk/run.html", context)


def method() -> str:
    """How the ranges of ranks come about."""
    return _(
        "名次范围：按各指标的人数所允许的偶然波动重算 %(draws)s 次，%(level)s%% 的名次落在范围内；"
        "范围重叠的，先后不能当真。同分同名次。"
    ) % {"draws": DRAWS, "level": round(LEVEL * 100)}


def _provenance(found: Run) -> str:
    return _("数值截至 %(day)s；方案 %(slug)s 第 %(version)s 版；校验码 %(digest)s") % {
        "day": found.as_of,
        "slug": found.slug,
        "version": found.version,
        "digest": found.digest[:16],
    }


def _named(table: Table, name: str) -> Table:
    return Table(name, table.columns, table.rows, table.empty, table.notes)


@requires("appraisal.manage")
@require_POST
def move(request: HttpRequest, number: int, move: str) -> HttpResponse:
    """Announce, make final, or drop a run."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    by = signed_in(request)
    try:
        if move == "announce":
            actions.announce(number=number, open_table=bool(request.POST.get("open_table")), by=by, scope=scope)
        elif move == "finalise":
            actions.finalise(number=number, by=by, scope=scope)
        elif move == "drop":
            actions.drop(number=number, reason=request.POST.get("reason", ""), by=by, scope=scope)
        else:
            raise Http404
    except UserError as problem:
        messages.error(request, str(problem))
    return redirect("appraisal_desk:run", number)


@requires("board.read")
@require_GET
def division(request: HttpRequest, number: int, division: str) -> HttpResponse:
    """One division's sheet: every item with value, formula and points; from here an appeal is filed."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    found = queries.run(number, scope=scope)
    line = queries.line(found, division, scope=scope)
    name = queries.names([division]).get(division, division)
    own = scope.covers_division(division)
    table = tables.items(found, line, exact=own)
    of = found.scheme
    title = f"{found.title} · {name}"
    if kind := downloads.wanted(request):
        exact = own and withholding.may_see_exact(scope)
        return downloads.answer(
            kind,
            title,
            [tables.items(found, line, exact=exact)],
            title=title,
            lines=[words.composition(of), _provenance(found)],
        )
    scored = [score for score in line.scores.values() if score.points is not None]
    context = {
        "found": found,
        "line": line,
        "name": name,
        "rank_range": tables.rank_range(line),
        "reason": words.reason(line.reason) if line.reason else "",
        "ranked": sum(1 for one in found.result.lines if one.rank),
        "table": table,
        "total": of.total,
        "earned": sum(score.points or 0.0 for score in scored),
        "possible": sum(score.possible for score in scored),
        "topsis": of.composition == "topsis",
        "composition": words.composition(of),
        "method": method(),
        "costs": [(words.item_name(item), score) for item, score in tables.costs(line, of)],
        "may_appeal": own and scope.can("appraisal.appeal") and found.state == rules.ANNOUNCED
        and (found.appeals_until is None or clock.today() <= found.appeals_until),
        "items": [(item.id, words.item_name(item)) for item in of.items],
        "appeals": [row for row in queries.appeals(found, scope=scope) if row.division == division and row.state == rules.FILED],
        "breadcrumbs": [
            (_("考核"), reverse("appraisal_desk:home")), (found.title, reverse("appraisal_desk:run", args=[number])), (name, "")
        ],
    }  # fmt: skip
    return render(request, "appraisal_desk/division.html", context)


@requires("appraisal.appeal")
@require_POST
def appeal(request: HttpRequest, number: int, division: str) -> HttpResponse:
    """File an appeal against one score."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    try:
        actions.appeal(
            number=number, division=division, item=request.POST.get("item", ""), claim=request.POST.get("claim", ""),
            value=_figure(request, "value"), by=signed_in(request), scope=scope,
        )  # fmt: skip
    except UserError as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, _("申诉已提交，等待复核。"))
    return redirect("appraisal_desk:division", number, division)


# Who may decide an appeal and who may take it back differ; each move asks for its own permission.
@requires("board.read")
@require_POST
def decide(request: HttpRequest, number: int, move: str) -> HttpResponse:
    """Uphold, reject or take back an appeal."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    row = queries.appeal(number, scope=scope)
    by, given = signed_in(request), request.POST
    try:
        if move == "uphold":
            corrected = Input(_figure(request, "value"), _figure(request, "numerator"), _figure(request, "denominator"))
            actions.uphold(
                number=number, answer=given.get("answer", ""), source=given.get("source", ""), corrected=corrected, by=by,
                scope=scope,
            )  # fmt: skip
        elif move == "reject":
            actions.reject(number=number, answer=given.get("answer", ""), by=by, scope=scope)
        elif move == "take-back":
            actions.take_back(number=number, by=by, scope=scope)
        else:
            raise Http404
    except UserError as problem:
        messages.error(request, str(problem))
    back = "appraisal_desk:run" if queries.manages(row.run, scope=scope) else "appraisal_desk:division"
    return redirect(back, *([row.run_id] if back.endswith(":run") else [row.run_id, row.division]))


def _figure(request: HttpRequest, name: str) -> float | None:
    text = request.POST.get(name, "").strip().rstrip("%")
    if not text:
        return None
    try:
        found = float(text)
    except ValueError:
        found = float("nan")
    if found != found or abs(found) > 1e12:
        raise InvalidValue(_("“%(text)s”不是数字。") % {"text": text[:20]}, where=name)
    return found
