"""What every template may ask about the signed-in user."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from luoshi.platform.access.views import scope_of


def access(request: HttpRequest) -> dict[str, Any]:
    """`scope` for templates: `{% if "plan.edit" in scope.permissions %}`. Empty when nobody is signed in."""
    if not hasattr(request, "user"):
        return {}
    return {"scope": scope_of(request)}
