"""Who is to be told: the people nearest to a place who hold a permission there."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from luoshi.kernel import clock
from luoshi.platform.access.models import Grant, User
from luoshi.platform.access.roles import role_book
from luoshi.platform.regions.models import Division, Institution


def nearest(permission: str, *, division: str = "", institution: str = "") -> list[User]:
    """The active holders of `permission` granted at the institution or division itself; where nobody is, those one step
    above, and so on up to those granted everywhere. At most one query for each step of an institution and two besides.

    Where no place is named every holder is told. Someone who looks after a whole city is thus not told what a county's own
    officer can do.
    """
    roles = [name for name, role in role_book().roles.items() if permission in role.permissions]
    held = Grant.objects.on(clock.today()).filter(role__in=roles, user__is_active=True)
    if not division and not institution:
        return _users(held)
    body = (
        Institution.objects.filter(code=institution).select_related("division", "parent").first()
        if institution
        else None
    )
    place = body
    for _step in range(6):  # institutions are not nested deeper
        if place is None:
            break
        if found := _users(held.filter(institution=place)):
            return found
        place = place.parent
    path = body.division.path if body else _path(division)
    codes = path.strip("/").split("/") if path else []
    by_division: dict[str, list[User]] = {}
    for grant in held.filter(Q(division__code__in=codes) | Q(everywhere=True)).select_related("user", "division"):
        by_division.setdefault(grant.division.code if grant.division else "", []).append(grant.user)
    for code in [*reversed(codes), ""]:
        if code in by_division:
            return list({user.pk: user for user in by_division[code]}.values())
    return []


def _users(grants: QuerySet[Grant]) -> list[User]:
    found = grants.select_related("user")
    return list({grant.user_id: grant.user for grant in found}.values())


def _path(division: str) -> str:
    rows = Division.objects.filter(code=division).order_by("-valid_from").values_list("path", flat=True)
    return rows.first() or ""
