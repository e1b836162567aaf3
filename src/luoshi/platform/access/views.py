"""Guards for pages: who is signed in, what they may do, and whether a second factor was given in this session."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from luoshi.platform.access.models import User
from luoshi.platform.access.roles import role_book
from luoshi.platform.access.scope import Scope

View = Callable[..., HttpResponse]


class SignedInRequest(HttpRequest):
    """The request of a page behind `requires`: who asks and what they may do are known."""

    user: User
    scope: Scope
    htmx: Any


SECOND_FACTOR_KEY = "second_factor_at"


def scope_of(request: HttpRequest) -> Scope:
    """The scope of the signed-in user, made once per request."""
    scope: Scope | None = getattr(request, "scope", None)
    if scope is None:
        scope = Scope.of(request.user)
        request.scope = scope  # type: ignore[attr-defined]
    return scope


def signed_in(request: HttpRequest) -> User:
    """The account behind a request that a guard has let through."""
    assert isinstance(request.user, User)
    return request.user


def requires(permission: str) -> Callable[[View], View]:
    """A page for those who have `permission`: strangers are sent to sign in, others get 403.

    Puts the scope on `request.scope`. The page itself answers 404 for objects outside the scope. The decorated view
    carries `permission`, which a test reads to check that every page has a guard.
    """
    if permission not in role_book().permissions:
        raise ValueError(f"unknown permission {permission!r}")

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if not scope_of(request).can(permission):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]
        return guarded

    return guard


def requires_person_factor(view: View) -> View:
    """Ask for the second factor before a page that shows single residents, when `settings.LUOSHI_TWO_FACTOR`.

    Put it below `requires`; the decorated view carries `person_factor`, which a test reads. Someone who has not
    enrolled is led to enrol first; both come back to the page.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if settings.LUOSHI_TWO_FACTOR and not request.session.get(SECOND_FACTOR_KEY):
            url = f"{reverse('access:second-factor')}?{urlencode({'next': request.get_full_path()})}"
            return redirect(url)
        return view(request, *args, **kwargs)

    guarded.person_factor = True  # type: ignore[attr-defined]
    return guarded
