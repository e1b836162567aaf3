"""Reads of accounts."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Prefetch, Q, QuerySet

from luoshi.kernel import clock
from luoshi.kernel.errors import NotFound, nearest
from luoshi.platform.access.models import Grant, User
from luoshi.platform.access.scope import Scope
from luoshi.platform.regions.models import Division, Institution


def user_named(username: str) -> User:
    """The account of that name. Raises `NotFound` naming the nearest."""
    user = User.objects.filter(username=username).first()
    if user is None:
        names = User.objects.values_list("username", flat=True)
        raise NotFound(f"There is no account {username!r}.", todo=nearest(username, names))
    return user


def names_of(usernames: Iterable[str]) -> dict[str, str]:
    """What people are called, by account; without those nobody is called by any more. One query."""
    rows = User.objects.filter(username__in={name for name in usernames if name}).only("username", "full_name")
    return {user.username: user.get_full_name() for user in rows}


def users(*, scope: Scope) -> QuerySet[User]:
    """Accounts a security admin of that scope looks after: those with a grant inside, and those without any; each with
    `held`, the grants it holds today."""
    inside = (
        Q(grants__isnull=True)
        | (Q(grants__division__isnull=False) & scope.path_filter("grants__division__path"))
        | (Q(grants__institution__isnull=False) & scope.path_filter("grants__institution__division__path"))
        | Q(grants__institution__code__in=scope.institution_codes)
    )
    everyone = User.objects.all() if scope.everywhere else User.objects.filter(inside).distinct()
    in_force = Grant.objects.on(clock.today()).select_related("division", "institution")
    return everyone.prefetch_related(Prefetch("grants", queryset=in_force, to_attr="held"))  # type: ignore[no-redef]


def place(*, division: str = "", institution: str = "") -> tuple[Division | None, Institution | None]:
    """The division or institution of a code. Raises `NotFound`."""
    if division:
        row = Division.objects.current().filter(code=division).first()
        if row is None:
            raise NotFound(f"There is no division {division}.", todo="`luoshi region list` prints them.")
        return row, None
    if institution:
        body = Institution.objects.current().filter(code=institution).first()
        if body is None:
            raise NotFound(f"There is no institution {institution}.", todo="Import it with `luoshi region import`.")
        return None, body
    return None, None
