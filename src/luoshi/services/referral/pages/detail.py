"""One referral: where it stands, the clock, what came with it, the timeline, and the moves the viewer may make."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from luoshi.kernel import clock
from luoshi.kernel.errors import UserError
from luoshi.platform.access import queries as accounts
from luoshi.platform.access.models import User
from luoshi.platform.access.views import SignedInRequest, requires, requires_person_factor
from luoshi.platform.consent import words as consent_words
from luoshi.services.records_desk import public as records
from luoshi.services.referral import actions, book, capacity, queries, rules, words
from luoshi.services.referral.models import Message, Referral
from luoshi.web.manifest import in_language
from luoshi.web.tables import Cell, Column, Table


@requires("referral.send")
@requires_person_factor
@require_GET
def referral(request: SignedInRequest, number: int) -> HttpResponse:
    """The page."""
    row = queries.one(number, scope=request.scope)
    named = queries.names([row], scope=request.scope, by=request.user, what="referral").get(row.pk)
    may = queries.held(row, request.scope)
    attached = queries.attached(row, scope=request.scope, by=request.user)
    offered = [m for m in rules.MACHINE.offered(row.state, may) if _possible(row, m.name, request.user)]
    steps = list(row.steps.all())
    people_names = accounts.names_of(s.by for s in steps)
    now = clock.now()
    context = {
        "row": row,
        "who": named,
        "sex": records.sex(named.sex) if named else "",
        "age": words.age(named.age) if named else "",
        "state": words.state(row.state),
        "light": words.clock_light(row, now),
        "left": words.left(row.due, now) if row.open else "",
        "direction": words.direction(row.direction),
        "priority": words.priority(row.priority),
        "criteria": [_criterion(name) for name in row.criteria],
        "disease": _disease(row.disease),
        "consented": words.consented(row.consent),
        "categories": [consent_words.category(name) for name in row.categories],
        "attached": attached,
        "record_table": _entries(attached) if attached else None,
        "offered": [(m.name, in_language(m.label, m.label_en)) for m in offered],
        "names_offered": {m.name for m in offered},
        "reasons": {kind: [(n, words.reason(kind, n)) for n in book.rules().reasons[kind]] for kind in book.rules().reasons},
        "bookable": [_slot(c) for c in capacity.bookable(row)] if "reserve" in {m.name for m in offered} else [],
        "may_file": row.green and row.green_filed is None and rules.RECEIVE in may and row.sent_by != request.user.username,
        "may_refer_down": rules.RECEIVE in may and row.person is not None and row.state in ("arrived", "treating"),
        "steps": [
            (
                s, words.move(s.kind), words.step_by(s, people_names), words.any_reason(s.note),
                words.state(s.after) if s.after else "",
            )
            for s in steps
        ],
        "shareable": [(name, consent_words.category(name), opened) for name, opened in queries.shareable(row.person)]
        if row.state == "draft" and row.person is not None else [],
        "messages_waiting": Message.objects.filter(referral=row).exclude(state=Message.SENT).count() if row.peer else 0,
        "summary": row.summary,
        "shares": rules.SEND in may or rules.RECEIVE in may,
        "breadcrumbs": [(_("双向转诊"), reverse("referral:mine")), (row.number, "")],
    }  # fmt: skip
    return render(request, "referral/referral.html", context)


def _possible(row: Referral, name: str, user: User) -> bool:
    """Whether a move the permissions allow makes sense here: nobody answers what they sent; the green channel is for
    emergencies in this region."""
    if name in ("accept", "ask", "reject") and not row.far:
        return row.sent_by != user.username
    if name == "rush":
        return row.priority == "emergency" and not row.far
    return True


def _criterion(name: str) -> dict[str, str]:
    found = book.criterion(name)
    if found is None:
        return {"name": name, "source": "", "doubt": ""}
    return {
        "name": in_language(found.name, found.name_en),
        "source": found.source,
        "doubt": words.confidence(found.confidence),
    }


def _disease(name: str) -> dict[str, str] | None:
    found = book.disease(name)
    if found is None:
        return None
    return {
        "name": in_language(found.name, found.name_en),
        "go_on": in_language(found.go_on, found.go_on_en),
        "source": found.source,
        "doubt": words.confidence(found.confidence),
    }


def _slot(row: Any) -> tuple[int, str]:
    day = f"{row.day:%m-%d} " if row.day else ""
    text = _("%(department)s %(day)s%(kind)s（余 %(free)d/%(total)d）") % {
        "department": row.department, "day": day, "kind": words.kind(row.kind), "free": row.free, "total": row.total,
    }  # fmt: skip
    return row.pk, text


def _entries(attached: queries.Attached) -> Table:
    kinds = records.kind_names()
    return Table(
        _("随转诊提供的健康档案摘要"),
        [Column(_("日期"), "day", width=12), Column(_("类别"), width=12), Column(_("内容"), head=True, width=50)],
        [
            [
                Cell(f"{e.day:%Y-%m-%d}" if e.day else "—", e.day),
                Cell(kinds.get(e.kind, e.kind)),
                Cell(e.title, note=e.detail),
            ]
            for e in attached.entries
        ],
        empty=_("在同意的类别和时间范围内没有记录。"),
        caption_hidden=True,
    )


@requires("referral.send")
@requires_person_factor
@require_POST
def move(request: SignedInRequest, number: int) -> HttpResponse:
    """One move, named by `move`. What went wrong is said on the page that follows."""
    name = request.POST.get("move", "")
    if name not in _MOVES:
        raise Http404
    queries.one(number, scope=request.scope)  # a foreign one is not there, whatever is wrong with the form
    post = request.POST
    version = int(post["version"]) if post.get("version", "").isascii() and post.get("version", "").isdigit() else None
    try:
        row = _MOVES[name](number, {key: post.get(key, "") for key in post}, post.getlist("category"), request, version)
    except UserError as mistake:
        messages.error(request, f"{mistake.message} {mistake.todo}".strip())
    else:
        messages.success(request, _("已办：%(move)s。现在的状态：%(state)s。") % {
            "move": words.move(name), "state": words.state(row.state)})  # fmt: skip
    return redirect("referral:referral", number)


Mover = Callable[[int, dict[str, str], list[str], SignedInRequest, int | None], Referral]


def _said(function: Callable[..., Referral], *fields: str) -> Mover:
    """A mover that hands the named fields of the form to an action."""

    def mover(
        number: int, post: dict[str, str], _kinds: list[str], request: SignedInRequest, version: int | None
    ) -> Referral:
        told = {field: post.get(field, "") for field in fields}
        return function(number=number, by=request.user, scope=request.scope, version=version, **told)

    return mover


def _submit(
    number: int, post: dict[str, str], kinds: list[str], request: SignedInRequest, version: int | None
) -> Referral:
    return actions.submit(
        number=number,
        consented_by=post.get("consent", ""),
        categories=kinds,
        by=request.user,
        scope=request.scope,
        version=version,
    )


def _rush(
    number: int, post: dict[str, str], kinds: list[str], request: SignedInRequest, version: int | None
) -> Referral:
    return actions.rush(
        number=number, reason=post.get("note", ""), consented_by=post.get("consent", ""), categories=kinds,
        by=request.user, scope=request.scope, version=version,
    )  # fmt: skip


def _reserve(
    number: int, post: dict[str, str], _kinds: list[str], request: SignedInRequest, version: int | None
) -> Referral:
    text = post.get("slot", "")
    slot = int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0
    return capacity.reserve(number=number, slot=slot, by=request.user, scope=request.scope, version=version)


def _file(
    number: int, _post: dict[str, str], _kinds: list[str], request: SignedInRequest, _version: int | None
) -> Referral:
    return actions.file_green(number=number, by=request.user, scope=request.scope)


_MOVES: dict[str, Mover] = {
    "submit": _submit,
    "rush": _rush,
    "reserve": _reserve,
    "filed": _file,
    "accept": _said(actions.accept),
    "ask": _said(actions.ask, "reason", "note"),
    "reject": _said(actions.reject, "reason", "note"),
    "resubmit": _said(actions.resubmit, "note", "tests"),
    "arrive": _said(actions.arrive),
    "miss": _said(actions.miss, "note"),
    "treat": _said(actions.treat),
    "summarise": _said(actions.summarise, "diagnosis", "treatment", "advice", "follow_up"),
    "close": _said(actions.close, "note"),
    "cancel": _said(actions.cancel, "reason", "note"),
}
