"""Sign-in, sign-out, password and second factor."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from luoshi.kernel.errors import UserError
from luoshi.platform import audit
from luoshi.platform.access import actions, second_factor
from luoshi.platform.access.forms import CodeForm, NewPasswordForm
from luoshi.platform.access.views import SECOND_FACTOR_KEY, SignedInRequest

app_name = "access"
NEW_SECRET_KEY = "second_factor_secret"  # noqa: S105 (a key of the session)


def client_address(request: HttpRequest) -> str:
    """The address sign-in attempts are counted by: the last one the proxy saw, or the peer's own."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "") if settings.LUOSHI_PROXY else ""
    return forwarded.rpartition(",")[2].strip() or request.META.get("REMOTE_ADDR", "")


def locked_out(request: HttpRequest, response: Any = None, credentials: Any = None) -> HttpResponse:
    """What someone sees after too many wrong passwords."""
    minutes = int(settings.AXES_COOLOFF_TIME * 60)
    return render(request, "access/locked_out.html", {"minutes": minutes}, status=429)


class SignIn(LoginView):
    """Name and password."""

    template_name = "access/sign_in.html"
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Signed in: a new session, and a row in the trail."""
        with transaction.atomic():
            response = super().form_valid(form)
            user = form.get_user()
            audit.record(by=user.get_username(), action="sign-in", object_type="user", object_id=user.pk)
        return response


@never_cache
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    if request.user.is_authenticated:
        with transaction.atomic():
            audit.record(by=request.user, action="sign-out", object_type="user", object_id=request.user.pk)
            logout(request)
        messages.info(request, _("您已退出。"))
    return redirect("access:sign-in")


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def password(request: SignedInRequest) -> HttpResponse:
    """Choose a new password."""
    form = NewPasswordForm(request.POST if request.method == "POST" else None, user=request.user)
    if request.method == "POST" and form.is_valid():
        actions.set_password(user=request.user, password=form.cleaned_data["new"], by=request.user)
        update_session_auth_hash(request, request.user)
        messages.success(request, _("密码已更换。"))
        return redirect(settings.LOGIN_REDIRECT_URL)
    return render(request, "access/password.html", {"form": form})


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def second_factor_page(request: SignedInRequest) -> HttpResponse:
    """Prove the second factor, or enrol one, then go on to where `next` says."""
    user = request.user
    onward = _onward(request)
    form = CodeForm(request.POST if request.method == "POST" else None)
    secret = "" if user.has_second_factor else request.session.setdefault(NEW_SECRET_KEY, second_factor.new_secret())
    if request.method == "POST" and form.is_valid():
        code = form.cleaned_data["code"]
        try:
            if secret:
                passed = second_factor.enrol(user=user, secret=secret, code=code, by=user)
            else:
                passed = second_factor.challenge(user=user, code=code)
        except UserError as error:
            form.add_error("code", f"{error.message} {error.todo}".strip())
        else:
            if passed:
                request.session.pop(NEW_SECRET_KEY, None)
                request.session.cycle_key()
                request.session[SECOND_FACTOR_KEY] = int(time.time())
                return redirect(onward)
            form.add_error("code", _("验证码不对，或已经用过。请等待下一个验证码再试。"))
    context = {"form": form, "next": onward, "secret": secret}
    if secret:
        # Our own drawing of our own secret: nothing a user typed is in it.
        context["qr"] = mark_safe(second_factor.qr_code(user, secret))  # noqa: S308
    return render(request, "access/second_factor.html", context)


def _onward(request: HttpRequest) -> str:
    """The page asked for, if it is one of this server's; otherwise the first page."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    allowed = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if allowed else settings.LOGIN_REDIRECT_URL


urlpatterns = [
    path("sign-in/", never_cache(SignIn.as_view()), name="sign-in"),
    path("sign-out/", sign_out, name="sign-out"),
    path("password/", password, name="password"),
    path("second-factor/", second_factor_page, name="second-factor"),
]
