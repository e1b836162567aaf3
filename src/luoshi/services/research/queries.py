"""Reads of the research desk, scope first."""

from __future__ import annotations

from pathlib import Path

from django.db.models import QuerySet
from django.http import Http404

from luoshi.kernel import clock
from luoshi.platform.access.scope import Scope
from luoshi.platform.lake.files import default_lake
from luoshi.platform.regions.models import Division
from luoshi.services.research.blurring import Blurred, Checked, Wanted
from luoshi.services.research.models import Project, Taking


def projects(*, scope: Scope) -> QuerySet[Project]:
    """The viewer's own projects, and for those who approve all about divisions inside their scope."""
    found = Project.objects.filter(applicant=scope.user.get_username()) if scope.user else Project.objects.none()
    if scope.everywhere:
        return Project.objects.all()
    if scope.can("research.approve"):
        inside = Division.objects.filter(scope.path_filter("path")).values("code")
        found = found | Project.objects.filter(division__in=inside)
    return found.distinct()


def project(number: int, *, scope: Scope) -> Project:
    """One of `projects`. Raises `Http404`."""
    found = projects(scope=scope).filter(pk=number).first()
    if found is None:
        raise Http404
    return found


def takings(*, scope: Scope) -> QuerySet[Taking]:
    """Who took what, newest first, of the projects in sight."""
    return Taking.objects.filter(project__in=projects(scope=scope)).select_related("project")


def wanted(project: Project) -> Wanted:
    """What the project asks for."""
    return Wanted(project.table, project.columns, project.start, project.end, project.division, project.k)


def check(project: Project, *, lake: Path | None = None) -> Checked:
    """How anonymous the project's choice is over the lake as it stands. Raises `UnreadableFile` where there is no lake."""
    blurred = Blurred(lake or default_lake(), wanted(project), on=clock.today())
    try:
        return blurred.check()
    finally:
        blurred.close()
