"""Pages before one is in: sign in, register with the code of the counter, sign out."""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate, login, logout
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from luoshi.kernel.errors import UserError
from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.identity import joined
from luoshi.platform.store import people
from luoshi.services.resident_portal import actions
from luoshi.services.resident_portal.forms import RegisterForm, SignInForm
from luoshi.services.resident_portal.models import Account

BACKEND = "django.contrib.auth.backends.ModelBackend"


def _username(identifier: str, password: str) -> str:
    """The account behind an identifier. For one nobody has, a name nobody has either: wrong tries are counted, and take
    as long, for numbers that exist and for those that do not. Who was known as two people may have two accounts: the
    one of that password."""
    found = people.by_identifier(identifier, scope=Scope.system())
    accounts = (
        Account.objects.filter(joined.of_any(found), closed_at__isnull=True).select_related("user").order_by("pk")
    )
    users = [account.user for account in accounts]
    if users:
        right = (user for user in users if user.check_password(password)) if len(users) > 1 else iter(users)
        return next(right, users[0]).get_username()
    return "resident-none-" + hashlib.sha256(f"{settings.SECRET_KEY}:{identifier}".encode()).hexdigest()[:16]


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Identifier and password; never the identifier alone."""
    form = SignInForm(request.POST if request.method == "POST" else None)
    onward = _onward(request)
    if request.method == "POST" and form.is_valid():
        user = authenticate(
            request,
            username=_username(form.cleaned_data["identifier"], form.cleaned_data["password"]),
            password=form.cleaned_data["password"],
        )
        if isinstance(user, User):
            _let_in(request, user)
            return redirect(onward)
        form.add_error(None, _("号码或密码不对。还没有开通的，请先用开通码开通。"))
    return render(request, "resident_portal/sign_in.html", {"form": form, "next": onward})


@never_cache
@sensitive_post_parameters("password", "again", "code")
@require_http_methods(["GET", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    """Open an account, or set a new password, with the code of the counter."""
    form = RegisterForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            account = actions.register(
                identifier=data["identifier"], name=data["name"], code=data["code"], password=data["password"]
            )
        except UserError as error:
            field = "password" if error.where == "password" else None
            form.add_error(field, f"{error.message} {error.todo}".strip())
        else:
            _let_in(request, account.user)
            messages.success(request, _("已开通。以后用身份证号和密码登录。"))
            return redirect("resident_portal:home")
    return render(request, "resident_portal/register.html", {"form": form})


def _let_in(request: HttpRequest, user: User) -> None:
    with transaction.atomic():
        login(request, user, backend=BACKEND)
        audit.record(by=user, action="sign-in", object_type="user", object_id=user.pk)


@never_cache
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    if isinstance(request.user, User):
        with transaction.atomic():
            audit.record(by=request.user, action="sign-out", object_type="user", object_id=request.user.pk)
            logout(request)
    return redirect("resident_portal:sign-in")


def _onward(request: HttpRequest) -> str:
    """The page asked for, if it is one of the portal or of the health code; otherwise the resident's first page."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    home = reverse("resident_portal:home")
    allowed = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if allowed and target.startswith((home, "/health-code/my/")) else home


urlpatterns = [
    path("sign-in/", sign_in, name="sign-in"),
    path("register/", register, name="register"),
    path("sign-out/", sign_out, name="sign-out"),
]
