"""What the results of visits mean: the facts of a day, and the first result of the rules that holds. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, overload

from luoshi.services.visits.conditions import holds
from luoshi.services.visits.rulebook import Result, Version
from luoshi.services.visits.subjects import Judged, Subject, Visit


class Judgements(Sequence[Judged | None]):
    """The class of each visit, None where nothing was found; reckoned when asked for. Visits without a finding neither
    count into a row nor break it."""

    def __init__(self, version: Version, subject: Subject, visits: Sequence[Visit]) -> None:
        self.version, self.subject, self.visits = version, subject, visits
        self._classes: list[Result | bool | None] = [False] * len(visits)
        self._made: dict[int, Judged | None] = {}

    def __len__(self) -> int:
        return len(self.visits)

    @overload
    def __getitem__(self, at: int) -> Judged | None: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Judged | None]: ...
    def __getitem__(self, at: int | slice) -> Judged | Sequence[Judged | None] | None:
        if isinstance(at, slice):
            return [self[n] for n in range(*at.indices(len(self)))]
        at = at if at >= 0 else len(self.visits) + at
        if at not in self._made:
            if not 0 <= at < len(self.visits):
                raise IndexError(at)
            self._made[at] = self._judged(at)
        return self._made[at]

    def _judged(self, at: int) -> Judged | None:
        result = self._class(at)
        if result is None:
            return None
        streak = 1
        for n in range(at - 1, -1, -1):
            before = self._class(n)
            if before is not None:
                if before is not result and before.id != result.id and before.id not in result.row_with:
                    break
                streak += 1
        reaction = result.reactions[min(streak, len(result.reactions)) - 1]
        return Judged(self.visits[at].day, result.id, streak, reaction.do, result.risk)

    def _class(self, at: int) -> Result | None:
        kept = self._classes[at]
        if not isinstance(kept, bool):
            return kept
        found: Result | None = None
        visit = self.visits[at]
        if self.version.results and visit.values:
            facts = facts_of(self.subject, visit.day)
            facts.update(visit.values)
            with_values(self.version, facts)
            found = next((result for result in self.version.results if holds(result.when, facts)), None)
        self._classes[at] = found
        return found


def judge(version: Version, subject: Subject, visits: Sequence[Visit]) -> Sequence[Judged | None]:
    """What each visit means: see `Judgements`."""
    return Judgements(version, subject, visits)


def facts_of(subject: Subject, day: date) -> dict[str, Any]:
    """What conditions may ask about a person on a day."""
    facts: dict[str, Any] = dict(subject.facts)
    if subject.born is not None:
        months = (day.year - subject.born.year) * 12 + day.month - subject.born.month - (day.day < subject.born.day)
        facts["age"], facts["age_months"] = months // 12, months
    facts["sex"] = subject.sex or None
    facts["days_in"] = (day - subject.entered).days
    return facts


def with_values(version: Version, facts: dict[str, Any]) -> dict[str, Any]:
    for name, several in version.values.items():
        facts[name] = next((d.value for d in several if holds(d.when, facts)), None)
    return facts


def values_of(version: Version, subject: Subject, day: date) -> dict[str, Any]:
    """The rule's values for this person on that day (such as the goal of the systolic pressure)."""
    facts = with_values(version, facts_of(subject, day))
    return {name: facts[name] for name in version.values}
