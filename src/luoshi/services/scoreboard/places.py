"""Where the viewer stands: a division, or a single institution for those who see no more than that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import Http404

from luoshi.platform.access.scope import Scope
from luoshi.platform.regions import queries as regions
from luoshi.platform.regions.models import Division, Institution


@dataclass(frozen=True)
class Place:
    """What the board is about. `division` is "" when it is about `institution` alone; `path` is the division's path (of
    an institution: of the division it stands in); `level` runs from 1 (province) to 5 (village)."""

    name: str
    division: str
    institution: str
    path: str
    level: int

    @property
    def query(self) -> str:
        """`division=…` for links that stay at this place, or empty."""
        return f"division={self.division}" if self.division else ""

    @property
    def query_and(self) -> str:
        """The same with a leading `&`."""
        return f"&{self.query}" if self.query else ""

    def governs(self, path: str) -> bool:
        """Whether a plan of the division with that path binds this place: it is this place's or one above it."""
        return bool(path) and self.path.startswith(path)


@dataclass(frozen=True)
class Option:
    """A place to choose: itself, the ones above it inside the scope, the ones below it."""

    division: str
    name: str
    depth: int

    @property
    def indent(self) -> str:
        """Blanks that show the depth in a list."""
        return "　" * self.depth


def place(asked: str, *, scope: Scope) -> Place:
    """The place asked for by code, or the viewer's widest. Raises `Http404` outside the scope, or for a viewer with no
    place at all."""
    code = asked or scope.root_division()
    if code:
        row = regions.division_or_404(code, scope=scope)
        return Place(row.name, row.code, "", row.path, row.level)
    found = (
        Institution.objects.current()
        .filter(code__in=scope.institution_codes)
        .select_related("division")
        .order_by("code")
    )
    # Of an institution and its members the one that is nobody's member here comes first.
    own = next((i for i in found if i.parent_id not in {j.pk for j in found}), None)
    if own is None:
        raise Http404
    return Place(own.name, "", own.code, own.division.path, own.division.level)


def options(at: Place, *, scope: Scope) -> Sequence[Option]:
    """Places the viewer can go to from here: the way up inside the scope, here, and one step down."""
    if not at.division:
        return ()
    way = [d for d in regions.ancestors(at.division) if scope.covers_path(d.path)]
    below: list[Division] = list(regions.children(at.division, scope=scope))
    listed = [*((d, n) for n, d in enumerate(way)), *((d, len(way)) for d in below)]
    return [Option(d.code, d.name, depth) for d, depth in listed]
