"""Pages: the queue, two persons side by side, the effect on the indicators, and the links of one person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from luoshi.kernel.errors import UserError
from luoshi.kernel.identifiers import mask
from luoshi.platform import audit
from luoshi.platform.access.scope import Scope
from luoshi.platform.access.views import requires, requires_person_factor, signed_in
from luoshi.platform.identity import actions, links
from luoshi.platform.identity import queries as identity
from luoshi.platform.identity.models import Case, Link
from luoshi.platform.store.reads import instant
from luoshi.records.matching import scheme
from luoshi.services.identity_desk import queries
from luoshi.web import paging
from luoshi.web.manifest import in_language
from luoshi.web.tables import Cell, Column, Table

app_name = "identity_desk"
_HIDDEN = ("resident_id", "mother_id", "other_id", "phone")


def state_names() -> dict[str, str]:
    """States of cases in words."""
    return {
        Case.OPEN: _("待核对"),
        Case.UNSURE: _("暂不能定"),
        Case.SAME: _("同一人"),
        Case.DIFFERENT: _("不是同一人"),
    }


def band_names() -> dict[str, str]:
    """Bands in words."""
    return {"same": _("很可能同一人"), "review": _("需人工判断"), "different": _("多半不是")}


def note_text(note: str) -> str:
    """Why a likely pair was not joined by itself, in words."""
    return _("两人各有有效身份证号") if note == "clash" else note


@requires("identity.review")
@requires_person_factor
@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    """Who may be one person, the riskiest first."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    names = state_names()
    state = request.GET.get("state", Case.OPEN)
    state = state if state in names else Case.OPEN
    rows = identity.cases(scope=scope, state=state)
    total = rows.count()
    at = paging.offset(request)
    cut = list(rows[at : at + paging.SIZE])
    raw = identity.names([r for case in cut for r in (case.left_record, case.right_record)])
    audit.look_at_list(
        by=signed_in(request), persons=sorted({p for c in cut for p in (c.left, c.right)}), what="identity"
    )
    table = Table(
        _("可能是同一人的居民"),
        [Column(_("甲"), head=True), Column(_("乙")), Column(_("可能性"), "number"), Column(_("证据合计（比特）"), "number"),
         Column(_("建议")), Column(_("风险"), "number")],
        [_queue_row(case, raw) for case in cut],
        empty=_("没有这样的记录。新到的居民会自动比对，结果列在这里。"),
        caption_hidden=True,
    )  # fmt: skip
    context = {
        "table": table, "page": paging.of_slice(request, cut, total), "state": state, "states": names.items(),
        "mode": {"auto": _("自动合并确定的，其余人工核对"), "review": _("全部人工核对"), "off": _("已停用")}[actions.state().mode],
        "learned": actions.state().learned_at,
    }  # fmt: skip
    return render(request, "identity_desk/queue.html", context)


def _queue_row(case: Case, raw: dict[int, dict[str, str | None]]) -> list[Cell]:
    left, right = raw.get(case.left_record, {}), raw.get(case.right_record, {})
    return [
        Cell(_short(left), href=reverse("identity_desk:case", args=[case.pk]), note=left.get("birth") or ""),
        Cell(_short(right), note=right.get("birth") or ""),
        Cell(_percent(case.probability), case.probability),
        Cell(f"{case.weight:+.1f}", case.weight),
        Cell(band_names()[case.band], note=note_text(case.note)),
        Cell(f"{case.risk:.1f}", case.risk),
    ]


def _short(raw: dict[str, str | None]) -> str:
    return raw.get("name") or _("未登记姓名")


def _percent(share: float) -> str:
    return "> 99.9%" if share > 0.999 else f"{100 * share:.1f}%"


@requires("identity.review")
@requires_person_factor
@require_GET
def case(request: HttpRequest, case_id: int) -> HttpResponse:
    """Two persons side by side."""
    found = queries.seen(case_id, scope=request.scope)  # type: ignore[attr-defined]
    audit.look_at_list(by=signed_in(request), persons=[found.case.left, found.case.right], what="identity")
    weighed = [f for f in found.case.evidence if f["level"] != "unknown"]
    context = {
        "found": found,
        "case": found.case,
        "fields": _fields(found),
        "sides": list(zip(found.sides, found.summaries, strict=True)),
        "joined": (joined := found.sides[0].root == found.sides[1].root),
        "kept": list(zip(found.sides, found.summaries, strict=True))[: 1 if joined else 2],
        "band": band_names()[found.case.band],
        "state": state_names()[found.case.state],
        "note": note_text(found.case.note),
        "probability": _percent(found.case.probability),
        "weight": f"{found.case.weight:+.1f}",
        "speaks_for": sum(1 for f in weighed if f["weight"] > 0),
        "speaks_against": sum(1 for f in weighed if f["weight"] < 0),
        "answered": found.case.state in (Case.SAME, Case.DIFFERENT),
        "can_undo": found.case.state != Case.OPEN,
        "history": [(a, state_names()[a.answer]) for a in found.answers],
        "breadcrumbs": [
            (_("身份核对"), reverse("identity_desk:queue")),
            (f"{found.case.left} · {found.case.right}", ""),
        ],
    }
    return render(request, "identity_desk/case.html", context)


def _fields(found: queries.Seen) -> list[dict[str, Any]]:
    """The compared fields aligned: what each side says, whether they differ, what it weighs, in words."""
    by_name = {f["field"]: f for f in found.case.evidence}
    left, right = found.sides[0].raw, found.sides[1].raw
    rows = []
    for spec in scheme().fields:
        finding = by_name.get(spec.name)
        columns = [c for c in spec.columns if spec.kind != "resident_id" or c == "resident_id"]
        if finding is None or (finding["level"] == "unknown" and not any(left.get(c) or right.get(c) for c in columns)):
            continue
        known = finding["level"] != "unknown"
        rows.append(
            {
                "title": in_language(spec.title, spec.title_en),
                "left": [_shown(c, left.get(c)) for c in columns if left.get(c)],
                "right": [_shown(c, right.get(c)) for c in columns if right.get(c)],
                "say": in_language(finding["say"], finding["say_en"]),
                "weight": f"{finding['weight']:+.1f}" if known else "0",
                "mark": "differs" if known and finding["weight"] < 0 else "agrees" if finding["weight"] > 0 else "",
                "light": "red" if finding["weight"] < 0 else "green" if finding["weight"] > 0 else "grey",
            }
        )
    return rows


def _shown(column: str, value: str | None) -> str:
    text = value or ""
    if column == "sex":
        return {"male": _("男"), "female": _("女")}.get(text, _("不详"))
    return mask(text) if column in _HIDDEN else text


@requires("identity.review")
@requires_person_factor
@require_GET
def effect(request: HttpRequest, case_id: int) -> HttpResponse:
    """A fragment: which indicators and promises move when the two become one."""
    until, shifts = queries.shifts(case_id, scope=request.scope)  # type: ignore[attr-defined]
    rows = [
        [
            Cell(s.name),
            Cell(s.before),
            Cell(s.after),
            Cell(" · ".join(promise for _id, promise in s.targets) or "—"),
        ]
        for s in shifts
    ]
    table = Table(
        _("合并对指标的影响"),
        [Column(_("指标"), head=True), Column(_("现在（两人）"), "number"), Column(_("合并后（一人）"), "number"),
         Column(_("相关目标"))],
        rows,
        empty=_("合并不改变任何指标的分子或分母。"),
        notes=[
            _("按本年截至 %(day)s 计算，只列这两人带来的数；跨人的对象（如分娩与新生儿）不在内。")
            % {"day": f"{until:%Y-%m-%d}"}
        ],
        caption_hidden=True,
    )  # fmt: skip
    return render(request, "identity_desk/_effect.html", {"table": table})


@requires("identity.review")
@requires_person_factor
@require_POST
def answer(request: HttpRequest, case_id: int) -> HttpResponse:
    """Same, different or unsure; then the next case."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    found = identity.case(case_id, scope=scope)
    revision = request.POST.get("revision", "")
    try:
        actions.answer(
            found.pk,
            answer=request.POST.get("answer", ""),
            by=signed_in(request),
            reason=request.POST.get("reason", ""),
            revision=int(revision) if revision.isdigit() else None,
        )
    except UserError as error:
        messages.error(request, _said(error))
        return redirect("identity_desk:case", found.pk)
    following = identity.cases(scope=scope).exclude(pk=found.pk).first()
    messages.success(request, _("已记录：%(answer)s。") % {"answer": state_names()[request.POST["answer"]]})
    return redirect("identity_desk:case", following.pk) if following else redirect("identity_desk:queue")


@requires("identity.review")
@requires_person_factor
@require_POST
def undo(request: HttpRequest, case_id: int) -> HttpResponse:
    """Take the last answer back; a merge it made comes apart."""
    found = identity.case(case_id, scope=request.scope)  # type: ignore[attr-defined]
    try:
        actions.take_back(found.pk, by=signed_in(request), reason=request.POST.get("reason", ""))
    except UserError as error:
        messages.error(request, _said(error))
    else:
        messages.success(request, _("已撤回，两人的记录各归原处。"))
    return redirect("identity_desk:case", found.pk)


@requires("identity.review")
@requires_person_factor
@require_GET
def person(request: HttpRequest, person: int) -> HttpResponse:
    """Whom a person was joined with, when, by whom and why."""
    found = identity.links_of(person, scope=request.scope)  # type: ignore[attr-defined]
    audit.look(by=signed_in(request), person=person, what="identity")
    rows = [(link, _basis(link), _moment(link.at), _moment(link.ended_at)) for link in found]
    context = {
        "person": person, "root": links.root(person), "rows": rows,
        "breadcrumbs": [(_("身份核对"), reverse("identity_desk:queue")), (str(person), "")],
    }  # fmt: skip
    return render(request, "identity_desk/person.html", context)


@requires("identity.review")
@requires_person_factor
@require_POST
def part(request: HttpRequest, link_id: int) -> HttpResponse:
    """Take a link apart."""
    link = identity.link(link_id, scope=request.scope)  # type: ignore[attr-defined]
    try:
        actions.unmerge(other=link.child, by=signed_in(request), reason=request.POST.get("reason", ""))
    except UserError as error:
        messages.error(request, _said(error))
    else:
        messages.success(request, _("已拆分，两人的记录各归原处。"))
    return redirect("identity_desk:person", link.child)


def _basis(link: Link) -> str:
    return {"desk": _("人工核对"), "auto": _("自动匹配"), "source": _("发送方告知")}[link.basis]


def _moment(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else localtime(instant(microseconds))


def _said(error: UserError) -> str:
    """An error of the actions in the language of the page."""
    words = {
        "somebody else answered this case meanwhile.": _("别人刚刚作了结论，请重新查看。"),
        "this case is answered already.": _("这一条已有结论；如需更改请先撤回。"),
        "A reason is needed.": _("请写明理由。"),
        "this person is not joined with another.": _("此人没有与他人合并。"),
        "this case has no answer to take back.": _("没有可撤回的结论。"),
    }
    return words.get(error.message, _("不能这样做，请重新查看。"))


urlpatterns = [
    path("", queue, name="queue"),
    path("<int:case_id>/", case, name="case"),
    path("<int:case_id>/effect/", effect, name="effect"),
    path("<int:case_id>/answer/", answer, name="answer"),
    path("<int:case_id>/undo/", undo, name="undo"),
    path("person/<int:person>/", person, name="person"),
    path("links/<int:link_id>/part/", part, name="part"),
]
