"""The guard of every page of the portal: a resident, and only about themselves or a child of theirs."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from luoshi.platform.access.models import User
from luoshi.services.resident_portal import queries
from luoshi.services.resident_portal.models import Account

View = Callable[..., HttpResponse]


class PortalRequest(HttpRequest):
    """A request of a signed-in resident; `subject` where the address names a person."""

    user: User
    account: Account
    subject: queries.Subject


def resident_page(view: View) -> View:
    """A page for residents: strangers are sent to sign in, accounts of staff get 403, another person's number 404.

    Puts `account` on the request and, where the address has a `person`, the `subject` in its place. The decorated view
    carries `resident_only`, which a test reads.
    """

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path(), login_url=reverse("resident_portal:sign-in"))
        account = queries.account_of(request.user)
        if account is None:
            raise PermissionDenied
        request.account = account
        if "person" in kwargs:
            request.subject = queries.subject(account, kwargs.pop("person"))
        return view(request, *args, **kwargs)

    guarded.resident_only = True  # type: ignore[attr-defined]
    return guarded
