"""Rules that hold for every signed-in session: it ends when nobody uses it, and a password that must be changed is
changed first. Also the one relaxed content policy, for the staff shell, whose scripts need it."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

SEEN_KEY = "seen_at"
# How exactly idleness is known; a smaller step would write the session at every page.
STEP_SECONDS = 60
STAFF_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


class SessionRulesMiddleware:
    """Ends idle sessions and asks for a new password where one is due."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            answer = self._idle(request) or self._password_due(request)
            if answer is not None:
                return answer
        response = self.get_response(request)
        if request.path.startswith(reverse("admin:index")):
            response.headers["Content-Security-Policy"] = STAFF_POLICY
        if request.user.is_authenticated:
            # Pages about people stay out of shared caches and of the back button after sign-out.
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    @staticmethod
    def _idle(request: HttpRequest) -> HttpResponse | None:
        now = int(time.time())
        seen = request.session.get(SEEN_KEY, now)
        if now - seen > settings.LUOSHI_IDLE_MINUTES * 60:
            logout(request)
            messages.info(request, _("长时间没有操作，已为您退出。请重新登录。"))
            doors = settings.LUOSHI_SIGN_IN_BELOW.items()
            door = next((name for start, name in doors if request.path.startswith(start)), settings.LOGIN_URL)
            onward = request.get_full_path() if request.method == "GET" else "/"
            return redirect_to_login(onward, login_url=reverse(door))
        if now - seen >= STEP_SECONDS or SEEN_KEY not in request.session:
            request.session[SEEN_KEY] = now
        return None

    @staticmethod
    def _password_due(request: HttpRequest) -> HttpResponse | None:
        if not getattr(request.user, "must_change_password", False):
            return None
        allowed = {reverse("access:password"), reverse("access:sign-out")}
        if request.path in allowed or request.path.startswith(f"/{settings.STATIC_URL.strip('/')}/"):
            return None
        return redirect(reverse("access:password"))
