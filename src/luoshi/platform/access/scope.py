"""The one object every read takes: what a user may do, and over which divisions and institutions.

A query that takes a scope narrows itself by `division_paths` and `institution_codes`; a page asks `covers_*` before it
shows an object and answers 404 when the answer is no, so that nobody learns what exists outside.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.http import Http404
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.kernel.errors import Refused
from luoshi.platform.access.models import Grant
from luoshi.platform.access.roles import role_book
from luoshi.platform.regions.models import Division, Institution

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from luoshi.platform.access.models import User

EVERYWHERE = "/"


@dataclass(frozen=True)
class Scope:
    """What `user` may do and where, on the day it was made.

    `division_paths` are the paths of granted divisions (`/99/9901/`), none below another; `("/",)` is everywhere.
    `institution_codes` are the institutions granted by name with all members below them; institutions inside a granted
    division are not listed. `user` is None for the system itself (jobs, command line).
    """

    user: User | None
    division_paths: tuple[str, ...] = ()
    institution_codes: tuple[str, ...] = ()
    permissions: frozenset[str] = frozenset()
    trusted: bool = False  # the system itself; a token that reaches everywhere is not
    _memory: dict[tuple[str, str], Any] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, user: User | AnonymousUser) -> Scope:
        """The scope of a user's grants that are in force today; nobody signed in has an empty one.

        Two queries, one more for every level of institutions below a granted one.
        """
        if not user.is_authenticated or not user.is_active:
            return cls(user=None)
        paths: set[str] = set()
        codes: set[str] = set()
        institutions: set[int] = set()
        permissions: set[str] = set()
        roles = role_book().roles
        for grant in Grant.objects.on(clock.today()).filter(user=user).select_related("division"):
            if grant.role not in roles:
                continue
            permissions.update(roles[grant.role].permissions)
            if grant.everywhere:
                paths.add(EVERYWHERE)
            elif grant.division:
                codes.add(grant.division.code)
            elif grant.institution_id:
                institutions.add(grant.institution_id)
        if codes:
            # A division that was renamed or moved has a newer row; the grant follows it there.
            newest = dict(Division.objects.filter(code__in=codes).order_by("valid_from").values_list("code", "path"))
            paths.update(newest.values())
        return cls(
            user=user,
            division_paths=_outermost(paths),
            institution_codes=_with_members(institutions),
            permissions=frozenset(permissions),
        )

    @classmethod
    def system(cls) -> Scope:
        """Everything: for jobs and the command line, where the operating system has decided who may run them."""
        return cls(
            user=None, division_paths=(EVERYWHERE,), permissions=frozenset(role_book().permissions), trusted=True
        )

    @property
    def everywhere(self) -> bool:
        """Whether no division is outside."""
        return EVERYWHERE in self.division_paths

    def can(self, permission: str) -> bool:
        """Whether one of the grants gives `permission`."""
        return permission in self.permissions

    def require(self, permission: str) -> None:
        """Raise `Refused` unless `can(permission)`."""
        if not self.can(permission):
            name = role_book().permissions[permission].name
            raise Refused(_("你没有“%(name)s”权限。") % {"name": name}, todo=_("请联系安全管理员授权。"))

    def covers_path(self, path: str) -> bool:
        """Whether a division path lies inside."""
        return bool(path) and any(path.startswith(granted) for granted in self.division_paths)

    def covers_division(self, code: str) -> bool:
        """Whether the division of that code lies inside; false for a code nobody knows. One query, remembered."""
        if self.everywhere and code:
            return True
        return self.covers_path(self._division_path(code))

    def covers_institution(self, code: str) -> bool:
        """Whether the institution is granted itself or stands in a granted division. At most one query, remembered."""
        if not code:
            return False
        if self.everywhere or code in self.institution_codes:
            return True
        key = ("institution", code)
        if key not in self._memory:
            self._memory[key] = (
                Institution.objects.filter(code=code).values_list("division__path", flat=True).first() or ""
            )
        return self.covers_path(self._memory[key])

    def covers_person(self, division_code: str | None, institution_code: str | None) -> bool:
        """Whether a resident living in that division, managed by that institution, may be seen."""
        return bool(
            self.everywhere
            or (institution_code and institution_code in self.institution_codes)
            or (division_code and self.covers_division(division_code))
        )

    def heard(self, code: str, path: str) -> None:
        """Told by who has read the division's row: its path, so that it is not read again to decide on it."""
        self._memory.setdefault(("division", code), path)

    def division_or_404(self, code: str) -> str:
        """`code` when inside, otherwise `Http404`."""
        if not self.covers_division(code):
            raise Http404
        return code

    def root_division(self) -> str:
        """Code of the widest division inside: the shortest granted path, or for everywhere the widest division that
        holds every other one. Empty when only institutions are granted or there is no division yet."""
        if not self.division_paths:
            return ""
        if not self.everywhere:
            return min(self.division_paths, key=lambda path: (path.count("/"), path)).strip("/").rpartition("/")[2]
        key = ("root", "")
        if key not in self._memory:
            first = Division.objects.current().filter(parent__isnull=True).order_by("level", "code").first()
            self._memory[key] = first.code if first else ""
        return str(self._memory[key])

    def path_filter(self, field_name: str) -> Q:
        """A filter for rows whose `field_name` is a division path inside this scope; matches nothing when none is.

        It may be joined to others by `|`: for everywhere it is a condition that always holds, not the empty one, which
        Django would drop.
        """
        if self.everywhere:
            return ~Q(pk__in=[])
        condition = Q(pk__in=[])
        for path in self.division_paths:
            condition |= Q(**{f"{field_name}__startswith": path})
        return condition

    def seats(self) -> tuple[str, ...]:
        """Paths of the granted divisions and of the divisions where granted institutions stand. At most one query."""
        key = ("seats", "")
        if key not in self._memory:
            paths = set(self.division_paths)
            if self.institution_codes:
                paths.update(
                    Institution.objects.filter(code__in=self.institution_codes)
                    .values_list("division__path", flat=True)
                    .distinct()
                )
            self._memory[key] = tuple(sorted(paths))
        return tuple(self._memory[key])

    def above_filter(self, field_name: str) -> Q:
        """A filter for rows whose `field_name` is the path of one of the viewer's seats or of a division above it: what
        is promised there binds the viewer too."""
        above: set[str] = set()
        for path in self.seats():
            codes = path.strip("/").split("/")
            above.update(f"/{'/'.join(codes[:depth])}/" for depth in range(1, len(codes) + 1))
        return Q(**{f"{field_name}__in": above})

    def _division_path(self, code: str) -> str:
        key = ("division", code)
        if key not in self._memory:
            self._memory[key] = (
                Division.objects.filter(code=code).order_by("-valid_from").values_list("path", flat=True).first() or ""
            )
        return str(self._memory[key])


def _outermost(paths: set[str]) -> tuple[str, ...]:
    """The paths that lie below no other of them, in order."""
    return tuple(sorted(p for p in paths if not any(p != other and p.startswith(other) for other in paths)))


def _with_members(institutions: set[int]) -> tuple[str, ...]:
    """Codes of the institutions and of everything below them."""
    codes: set[str] = set()
    level = set(institutions)
    seen: set[int] = set()
    while level:
        seen |= level
        rows = Institution.objects.filter(pk__in=level).values_list("code", "members__pk")
        below: set[int] = set()
        for code, member in rows:
            codes.add(code)
            if member is not None and member not in seen:
                below.add(member)
        level = below
    return tuple(sorted(codes))
