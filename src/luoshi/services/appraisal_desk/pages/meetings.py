"""The dispatch meeting: the list, one screen per division, decisions minuted on the spot, the minutes."""

from __future__ import annotations

from datetime import date, timedelta

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
from luoshi.services.appraisal_desk import duty_links, screens, tables, words
from luoshi.supervision.appraisal import meetings as actions
from luoshi.supervision.appraisal import queries, rules
from luoshi.supervision.appraisal.models import Meeting
from luoshi.web import downloads
from luoshi.web.tables import Cell, Column, Table

DAYS_GIVEN = 30  # a decision is due so many days on, unless another day is said


@requires("board.read")
@require_http_methods(["GET", "POST"])
def meetings(request: HttpRequest) -> HttpResponse:
    """Meetings in sight; with the permission a new one is opened here."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    given, today = request.POST, clock.today()
    error = ""
    if request.method == "POST":
        try:
            made = actions.open_meeting(
                title=given.get("title", ""), division=scope.root_division(), day=_day(given.get("day", ""), today),
                chair=given.get("chair", ""), present=given.get("present", ""), by=signed_in(request), scope=scope,
            )  # fmt: skip
        except UserError as problem:
            error = str(problem)
        else:
            below = screens.order(made, scope=scope)
            return redirect("appraisal_desk:screen", made.pk, below[0][0])
    found = list(queries.meetings(scope=scope)[:200])
    context = {
        "table": tables.meetings(found, queries.names([one.division for one in found])),
        "may": scope.can("meeting.hold") and bool(scope.root_division()),
        "title": _("%(year)s 年第 %(quarter)s 季度调度会") % {"year": today.year, "quarter": (today.month + 2) // 3},
        "today": today,
        "error": error,
        "given": given,
    }
    return render(request, "appraisal_desk/meetings.html", context, status=400 if error else 200)


@requires("board.read")
@require_http_methods(["GET", "POST"])
def screen(request: HttpRequest, number: int, division: str) -> HttpResponse:
    """One division on one screen; arrow and page keys go to the next. A decision is minuted here."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    found = queries.meeting(number, scope=scope)
    if not queries.manages(found, scope=scope):
        raise Http404
    listed = screens.order(found, scope=scope)
    codes = [code for code, _name in listed]
    if division not in codes:
        raise Http404
    at = codes.index(division)
    error = ""
    if request.method == "POST":
        try:
            _minute(request, found, division, scope)
        except UserError as problem:
            error = str(problem)
        else:
            return redirect("appraisal_desk:screen", number, division)
    shown = screens.screen(division, listed[at][1], office=found.division, scope=scope)
    decisions = [one for one in queries.decisions(found, scope=scope) if one.division == division]
    context = {
        "meeting": found,
        "open": found.state == rules.OPEN,
        "screen": shown,
        "at": at + 1,
        "all": len(codes),
        "divisions": listed,
        "previous": reverse("appraisal_desk:screen", args=[number, codes[at - 1]]) if at else "",
        "next": reverse("appraisal_desk:screen", args=[number, codes[at + 1]]) if at + 1 < len(codes) else "",
        "minutes": reverse("appraisal_desk:minutes", args=[number]),
        "decisions": decisions,
        "duty_links": duty_links.links(one.duty for one in decisions if one.duty),
        "may": scope.can("meeting.hold") and found.state == rules.OPEN,
        "due": found.day + timedelta(days=DAYS_GIVEN),
        "given": request.POST,
        "error": error,
    }
    return render(request, "appraisal_desk/screen.html", context, status=400 if error else 200)


def _minute(request: HttpRequest, found: Meeting, division: str, scope: Scope) -> None:
    given = request.POST
    target = given.get("target", "")
    actions.decide(
        number=found.pk, division=division, what=given.get("what", ""), who=given.get("who", ""),
        due=_day(given.get("due", ""), found.day + timedelta(days=DAYS_GIVEN)),
        target=int(target) if target.isdecimal() else None, by=signed_in(request), scope=scope,
    )  # fmt: skip


@requires("board.read")
@require_GET
def minutes(request: HttpRequest, number: int) -> HttpResponse:
    """The minutes: who met, what each screen showed, what was decided; for print, Excel and Word."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    found = queries.meeting(number, scope=scope)
    decisions = queries.decisions(found, scope=scope)
    listed = screens.order(found, scope=scope)
    names = dict(listed) | queries.names([one.division for one in decisions])
    table = tables.decisions(decisions, names, duty_links.links(one.duty for one in decisions if one.duty))
    shown = _shown(found, scope)
    lines = [
        _("日期：%(day)s") % {"day": found.day},
        _("主持：%(chair)s") % {"chair": found.chair or "—"},
        _("参加：%(present)s") % {"present": found.present or "—"},
        _("记录：%(by)s") % {"by": found.by},
    ]
    if kind := downloads.wanted(request):
        return downloads.answer(kind, found.title, [table, shown], title=found.title, lines=lines)
    manages = queries.manages(found, scope=scope)
    context = {
        "meeting": found,
        "state": words.state(rules.MEETING, found.state),
        "light": words.LIGHTS[found.state],
        "lines": lines,
        "decisions": table,
        "shown": shown,
        "may_close": scope.can("meeting.hold") and manages and found.state == rules.OPEN,
        "first": reverse("appraisal_desk:screen", args=[number, listed[0][0]]) if listed and manages else "",
        "breadcrumbs": [(_("调度会"), reverse("appraisal_desk:meetings")), (found.title, "")],
    }
    return render(request, "appraisal_desk/minutes.html", context)


def _shown(found: Meeting, scope: Scope) -> Table:
    """What the screens showed when the minutes were fixed."""
    rows = []
    for code, kept in sorted(found.shown.items()):
        if not scope.covers_division(code):
            continue
        lights = dict(kept["lights"])
        worst = "；".join(
            f"{one['metric']} {one['value']}（{_('目标')} {one['promise']}）" for one in kept["worst"][:3]
        )
        rows.append(
            [
                Cell(kept["name"]),
                *(Cell(str(lights[key]), lights[key]) for key in screens.LIGHTS),
                Cell(kept["score"] or "—", note=kept["rank"]),
                Cell(worst or "—"),
                Cell(str(kept["overdue_all"]), kept["overdue_all"]),
            ]
        )
    columns = [
        Column(_("区划"), head=True, width=20), Column(_("按期"), "number", width=8), Column(_("偏慢"), "number", width=8),
        Column(_("滞后"), "number", width=8), Column(_("不能判断"), "number", width=10), Column(_("考核得分"), "number"),
        Column(_("差距最大"), width=70), Column(_("逾期任务"), "number", width=10),
    ]  # fmt: skip
    return Table(_("会上所见"), columns, rows, empty=_("会议结束时固定。"))


@requires("meeting.hold")
@require_POST
def close(request: HttpRequest, number: int) -> HttpResponse:
    """Fix the minutes with what the screens show now."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    found = queries.meeting(number, scope=scope)
    if not queries.manages(found, scope=scope):
        raise Http404
    shown = {
        code: screens.screen(code, name, office=found.division, scope=scope).plain()
        for code, name in screens.order(found, scope=scope)
    }
    try:
        actions.close(number=number, shown=shown, by=signed_in(request), scope=scope)
    except UserError as problem:
        messages.error(request, str(problem))
    return redirect("appraisal_desk:minutes", number)


def _day(text: str, default: date) -> date:
    if not text:
        return default
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidValue(_("“%(text)s”不是日期。") % {"text": text[:20]}) from None
