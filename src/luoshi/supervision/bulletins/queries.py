"""Reads of bulletins, scope first."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import Http404

from luoshi.platform.access.scope import Scope
from luoshi.platform.regions.models import Division
from luoshi.supervision.bulletins.models import File, Issue, Schedule, Sending, Template


def issues(*, scope: Scope) -> QuerySet[Issue]:
    """The papers of divisions inside the scope, the newest first, without their content. Those who neither make nor
    review nor sign see what was issued only."""
    found = Issue.objects.filter(scope.path_filter("path")).defer("paper", "wording")
    if not any(scope.can(name) for name in ("bulletin.make", "bulletin.review", "bulletin.sign")):
        found = found.filter(state__in=["issued", "corrected"])
    return found


def issue(number: int, *, scope: Scope) -> Issue:
    """One of `issues` with its content. Raises `Http404`."""
    found = issues(scope=scope).defer(None).filter(pk=number).select_related("corrects").first()
    if found is None:
        raise Http404
    return found


def file(number: int, form: str, *, scope: Scope) -> File | None:
    """A file of an issued paper as it went out; None for a paper that was not issued. Raises `Http404`."""
    return File.objects.filter(issue=issue(number, scope=scope), format=form).first()


def templates(kind: str, division: str, *, scope: Scope) -> QuerySet[Template]:
    """Every version of an office's own template, the newest first. Raises `Http404` outside the scope."""
    scope.division_or_404(division)
    return Template.objects.filter(kind=kind, division=division)


def schedules(*, scope: Scope) -> QuerySet[Schedule]:
    """The schedules of divisions inside the scope."""
    return Schedule.objects.filter(scope.path_filter("path")).prefetch_related("readers__user")


def sendings(*, scope: Scope) -> QuerySet[Sending]:
    """What was sent by schedules in sight, the newest first."""
    return Sending.objects.filter(schedule__in=schedules(scope=scope)).select_related("schedule", "issue")


def division(code: str, *, scope: Scope) -> Division:
    """The newest row of a division inside the scope. Raises `Http404`."""
    found = Division.objects.filter(code=code).filter(scope.path_filter("path")).order_by("-valid_from").first()
    if found is None:
        raise Http404
    return found


def divisions(*, scope: Scope) -> list[tuple[str, str]]:
    """Code and name of the divisions a paper can be about: inside the scope, down to counties."""
    rows = Division.objects.current().filter(scope.path_filter("path"), level__lte=3).order_by("level", "code")
    return list(rows.values_list("code", "name"))
