"""The REST face of all services: one API, one description (`/api/openapi.json`), the same accounts, scopes and rules.

A service that has something to offer programs keeps a `router` in its module `rest`; it is found here and stands under
the same prefix as the service's pages (`/plans/` → `/api/plans/`). Answers in error are `application/problem+json`.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from functools import wraps
from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, ValidationError

from luoshi.platform.access.models import User
from luoshi.platform.access.roles import role_book
from luoshi.platform.access.views import SECOND_FACTOR_KEY, scope_of
from luoshi.web import errors
from luoshi.web.manifest import services

VERSION = "1"
Operation = Callable[..., Any]


def signed_in(request: HttpRequest) -> User | None:
    """The account of the session, for ninja; None is answered with 401."""
    return request.user if isinstance(request.user, User) and request.user.is_active else None


def needs(permission: str) -> Callable[[Operation], Operation]:
    """An operation for those who have `permission`; others get 403. Puts the scope on `request.scope`.

    One that shows single residents asks for the second factor of this session too, as the pages do. The decorated
    operation carries `permission`, which a test reads to check that every operation has a guard.
    """
    known = role_book().permissions[permission]

    def guard(operation: Operation) -> Operation:
        @wraps(operation)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if not scope_of(request).can(permission):
                raise PermissionDenied
            if known.person_level and settings.LUOSHI_TWO_FACTOR and not request.session.get(SECOND_FACTOR_KEY):
                return errors.problem(403, _("需要第二重验证"), _("请先在网页上完成第二重验证，再调用接口。"))
            return operation(request, *args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]
        # Ninja reads the types in the names of this module; they stand in those of the operation's own.
        guarded.__signature__ = inspect.signature(operation, eval_str=True)  # type: ignore[attr-defined]
        return guarded

    return guard


def collect() -> NinjaAPI:
    """The API of the installed services. Called once, where the addresses are made."""
    api = NinjaAPI(
        title="落实 Luoshi",
        version=VERSION,
        description="Reads of an open regional health platform; sign in on the pages first, the session counts here.",
        auth=signed_in,
        docs_url=None,  # its page would need scripts from another host
        openapi_url="/openapi.json",
        urls_namespace="api",
    )
    for service in services():
        if find_spec(f"{service.name}.rest"):
            module = importlib.import_module(f"{service.name}.rest")
            api.add_router(f"/{service.address()}", module.router, tags=[service.title_en])
    api.add_exception_handler(AuthenticationError, _stranger)
    api.add_exception_handler(PermissionDenied, _forbidden)
    api.add_exception_handler(Http404, _not_found)
    api.add_exception_handler(ValidationError, _invalid)
    return api


def _forbidden(request: HttpRequest, error: Any) -> HttpResponse:
    return errors.forbidden(request, error)


def _not_found(request: HttpRequest, error: Any) -> HttpResponse:
    return errors.not_found(request, error)


def _stranger(request: HttpRequest, error: Any) -> HttpResponse:
    return errors.problem(401, _("请先登录"), _("用网页登录后，同一会话即可调用接口。"))


def _invalid(request: HttpRequest, error: Any) -> HttpResponse:
    places = ", ".join(".".join(str(part) for part in one.get("loc", ())) for one in error.errors)
    return errors.problem(422, _("请检查输入"), places)
