"""What is done about items of a dispatch from its pages: each comes back to where it was asked, with what happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from luoshi.kernel.errors import UserError
from luoshi.platform.access.scope import Scope
from luoshi.platform.access.views import requires, requires_person_factor, signed_in
from luoshi.services.dispatch_desk import asking
from luoshi.supervision.dispatching import actions


def _done(request: HttpRequest, work: Callable[[], Any], words: str, back: str) -> HttpResponse:
    """Do the work and come back, saying how it went."""
    try:
        result = work()
    except UserError as error:
        messages.error(request, f"{error.message} {error.todo}".strip())
    else:
        messages.success(request, words % {"n": result} if "%(n)s" in words else words)
    return redirect(back)


def _back(request: HttpRequest) -> str:
    given = request.POST.get("back", "")
    return (
        given
        if url_has_allowed_host_and_scheme(given, None) and given.startswith("/")
        else reverse("dispatch_desk:mine")
    )


@requires("dispatch.act")
@requires_person_factor
@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """Say that chosen items were acted on."""

    def work() -> int:
        return actions.act(
            numbers=asking.numbers(request), day=asking.day(request, "day"), said=request.POST.get("said", ""),
            by=signed_in(request), scope=request.scope,  # type: ignore[attr-defined]
        )  # fmt: skip

    return _done(request, work, _("已标记 %(n)s 项，待数据确认。"), _back(request))


@requires("dispatch.act")
@requires_person_factor
@require_POST
def undo(request: HttpRequest) -> HttpResponse:
    """Take back that they were."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    return _done(
        request,
        lambda: actions.undo(numbers=asking.numbers(request), by=signed_in(request), scope=scope),
        _("已取消 %(n)s 项的标记。"),
        _back(request),
    )


@requires("dispatch.act")
@requires_person_factor
@require_POST
def object_to(request: HttpRequest) -> HttpResponse:
    """Say why chosen items cannot be acted on."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    return _done(
        request,
        lambda: actions.object_to(
            numbers=asking.numbers(request), reason=request.POST.get("said", ""), by=signed_in(request), scope=scope
        ),
        _("已对 %(n)s 项提出异议，等派单人答复。"),
        _back(request),
    )


@requires("dispatch.send")
@requires_person_factor
@require_POST
def answer(request: HttpRequest) -> HttpResponse:
    """Agree to leave objected items out, or insist."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    agree = request.POST.get("answer") == "agree"
    return _done(
        request,
        lambda: actions.answer(
            numbers=asking.numbers(request), agree=agree, reason=request.POST.get("reason", ""), by=signed_in(request),
            scope=scope,
        ),
        _("已同意 %(n)s 项不办（仍在分母中）。") if agree else _("已退回 %(n)s 项办理。"),
        _back(request),
    )  # fmt: skip


@requires("dispatch.send")
@requires_person_factor
@require_POST
def change(request: HttpRequest, number: int) -> HttpResponse:
    """Give more time, end, or withdraw."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    common = {"number": number, "reason": request.POST.get("reason", ""), "by": signed_in(request), "scope": scope}
    what = request.POST.get("what", "")
    work: dict[str, Callable[[], Any]] = {
        "extend": lambda: actions.extend(due=asking.day(request, "due"), **common),  # type: ignore[arg-type]
        "close": lambda: actions.close(**common),  # type: ignore[arg-type]
        "withdraw": lambda: actions.withdraw(**common),  # type: ignore[arg-type]
    }
    if what not in work:
        raise Http404
    return _done(request, work[what], _("已办理。"), reverse("dispatch_desk:dispatch", args=[number]))
