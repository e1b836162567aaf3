"""Who sees which resource: a scope, and for a registered source what it sent itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from luoshi.platform.regions.models import Division

if TYPE_CHECKING:
    from luoshi.platform.access.scope import Scope

Place = tuple[str, str]
_FEW = 4  # so many places are asked for one by one


@dataclass(frozen=True)
class View:
    """What may be seen: residents inside `scope` and, for the source of number `source`, what it sent itself."""

    scope: Scope
    source: int | None = None
    _seen: dict[Place, bool] = field(default_factory=dict, compare=False, repr=False)

    @property
    def everything(self) -> bool:
        """Whether nothing is hidden."""
        return self.scope.everywhere

    def learn(self, places: Iterable[Place]) -> None:
        """Decide about many places at once: one query however many they are."""
        unknown = {place for place in places if place not in self._seen}
        if self.everything or len(unknown) <= _FEW:
            return
        newest = dict(
            Division.objects.filter(code__in={division for division, _ in unknown})
            .order_by("valid_from")
            .values_list("code", "path")
        )
        for division, institution in unknown:
            self._seen[division, institution] = institution in self.scope.institution_codes or self.scope.covers_path(
                newest.get(division, "")
            )

    def sees(self, division: str | None, institution: str | None, source: int | None = None) -> bool:
        """Whether a resource about somebody living and managed there, sent by that source, may be seen."""
        if self.everything or (source is not None and source == self.source):
            return True
        place = (division or "", institution or "")
        if place not in self._seen:
            self._seen[place] = self.scope.covers_person(*place)
        return self._seen[place]
