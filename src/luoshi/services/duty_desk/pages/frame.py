"""What the pages of the desk share: who asks, and a mistake said on the page it was made on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from luoshi.kernel.errors import UserError
from luoshi.platform.access.scope import Scope


def scope_of(request: HttpRequest) -> Scope:
    """The scope the guard has put there."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    return scope


def done(request: HttpRequest, to: str, work: Callable[[], Any], said: str) -> HttpResponse:
    """Do something and go back to `to`, with what was done or what is wrong said there. `work` raises `UserError`."""
    try:
        work()
    except UserError as error:
        messages.error(request, f"{error.message} {error.todo}".strip())
    else:
        messages.success(request, said)
    return redirect(to)
