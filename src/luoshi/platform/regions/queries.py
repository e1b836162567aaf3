"""Reads of regions, scope first."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from django.db.models import Q, QuerySet
from django.http import Http404

from luoshi.platform.regions.models import Department, DepartmentAlias, Division, Institution

if TYPE_CHECKING:
    from luoshi.platform.access.scope import Scope


def division_or_404(code: str, *, scope: Scope) -> Division:
    """The newest row of a division inside the scope, otherwise `Http404`."""
    row: Division | None = (
        Division.objects.filter(code=code).filter(scope.path_filter("path")).order_by("-valid_from").first()
    )
    if row is None:
        raise Http404
    return row


def children(code: str, *, scope: Scope, on: date | None = None) -> QuerySet[Division]:
    """Divisions one step below `code` inside the scope, valid on a day (default: now)."""
    rows = Division.objects.on(on) if on else Division.objects.current()
    return rows.filter(scope.path_filter("path"), parent__code=code).order_by("code")


def ancestors(code: str) -> list[Division]:
    """From the province down to the division itself, each in its newest row; empty for an unknown code. No scope: the
    names of the divisions above are no secret."""
    row = Division.objects.filter(code=code).order_by("-valid_from").first()
    if row is None:
        return []
    codes = row.path.strip("/").split("/")
    newest = {d.code: d for d in Division.objects.filter(code__in=codes).order_by("valid_from")}
    return [newest[c] for c in codes if c in newest]


def division_names(codes: Iterable[str]) -> dict[str, str]:
    """Newest names by code, one query."""
    rows = Division.objects.filter(code__in=set(codes)).order_by("valid_from")
    return dict(rows.values_list("code", "name"))


def institution_names(codes: Iterable[str]) -> dict[str, str]:
    """Names by code, one query."""
    return dict(Institution.objects.filter(code__in=set(codes)).values_list("code", "name"))


def institutions(*, scope: Scope, division: str | None = None) -> QuerySet[Institution]:
    """Institutions inside the scope, below a division where one is named."""
    inside = scope.path_filter("division__path") | Q(code__in=scope.institution_codes)
    rows = Institution.objects.current().filter(inside).select_related("division")
    if division:
        rows = rows.filter(division__path__contains=f"/{division}/")
    return rows.order_by("code")


def department_for(text: str, *, on: date | None = None) -> Department | None:
    """The department printed as `text` on a day (default: any day), when exactly one is."""
    aliases = DepartmentAlias.objects.on(on) if on else DepartmentAlias.objects.all()
    found = list(
        Department.objects.filter(Q(name=text) | Q(pk__in=aliases.filter(text=text).values("department"))).distinct()[
            :2
        ]
    )
    return found[0] if len(found) == 1 else None
