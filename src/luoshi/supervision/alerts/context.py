"""What the head of every page asks: how many messages wait for the reader."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest

from luoshi.platform.access.models import User


def unread(request: HttpRequest) -> dict[str, Any]:
    """`unread_messages` for templates, counted only where a page shows it; None for those who have no inbox."""
    return {"unread_messages": _counter(request)}


def _counter(request: HttpRequest) -> Callable[[], int | None]:
    def count() -> int | None:
        from luoshi.supervision.alerts import queries

        user, scope = getattr(request, "user", None), getattr(request, "scope", None)
        if not isinstance(user, User) or scope is None or not scope.can("alert.read"):
            return None
        return queries.unread(user)

    return count
