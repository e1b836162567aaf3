"""What every answer goes through: the reader's choices (language, type size, contrast), and the safety headers.

Choices work without scripts: a link with `?lang=en`, `?type=large` or `?contrast=high` sets a cookie and comes back to
the same address without the parameter. The browser's Accept-Language is not asked: the pages are Chinese first, and
a page that changes language with the borrowed computer would confuse.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import translation

from luoshi.kernel.errors import UserError
from luoshi.web import errors

COOKIE_AGE = 365 * 24 * 3600
# parameter -> (what it may be, what holds without a choice)
CHOICES: dict[str, tuple[tuple[str, ...], str]] = {
    "lang": (("zh-hans", "en"), "zh-hans"),
    "type": (("normal", "large"), "normal"),
    "contrast": (("normal", "high"), "normal"),
}
# No page needs anything from another host, nor scripts or styles written into the page.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)


@dataclass(frozen=True)
class Preferences:
    """The reader's choices, kept in cookies."""

    lang: str = "zh-hans"
    type: str = "normal"
    contrast: str = "normal"


def _preferences(request: HttpRequest) -> Preferences:
    chosen = {}
    for name, (allowed, default) in CHOICES.items():
        value = request.COOKIES.get(f"luoshi_{name}", default)
        chosen[name] = value if value in allowed else default
    return Preferences(**chosen)


def _changes(request: HttpRequest) -> dict[str, str]:
    return {n: v for n, (allowed, _) in CHOICES.items() if (v := request.GET.get(n, "").lower()) in allowed}


class PageMiddleware:
    """Puts `request.preferences`, activates the language, sets headers, and turns a `UserError` into a page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Below /fhir/ these are names of search parameters.
        chooses = request.method == "GET" and not request.path.startswith("/fhir/")
        if chooses and (changes := _changes(request)):
            return self._remember(request, changes)
        preferences = _preferences(request)
        request.preferences = preferences  # type: ignore[attr-defined]
        with translation.override(preferences.lang):
            request.LANGUAGE_CODE = preferences.lang
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", "en" if preferences.lang == "en" else "zh-Hans")
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A mistake the user can mend is a page in words, not a server error."""
        if isinstance(exception, UserError):
            return errors.user_error(request, exception)
        return None

    @staticmethod
    def _remember(request: HttpRequest, changes: dict[str, str]) -> HttpResponse:
        query = request.GET.copy()
        for name in changes:
            del query[name]
        # A path that begins with two slashes would be read as another host.
        path = "/" + request.path.lstrip("/")
        response = HttpResponseRedirect(f"{path}?{query.urlencode()}" if query else path)
        for name, value in changes.items():
            response.set_cookie(
                f"luoshi_{name}", value, max_age=COOKIE_AGE, samesite="Lax", httponly=True, secure=request.is_secure()
            )
        return response
