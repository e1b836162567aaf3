"""Reads of findings, scope first."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from django.db.models import Q, QuerySet
from django.http import Http404

from luoshi.kernel import clock
from luoshi.platform.access.scope import Scope
from luoshi.platform.regions import queries as regions
from luoshi.supervision.rectification import rules
from luoshi.supervision.rectification.models import Finding, Step


def findings(*, scope: Scope) -> QuerySet[Finding]:
    """Findings at divisions and institutions inside the scope, newest first."""
    inside = scope.path_filter("path") | Q(institution__in=[c for c in scope.institution_codes if c])
    return Finding.objects.filter(inside).select_related("by", "repeat_of")


def finding(number: int, *, scope: Scope) -> Finding:
    """One of `findings`. Raises `Http404`."""
    found = findings(scope=scope).filter(pk=number).first()
    if found is None:
        raise Http404
    return found


def open_for(target: int, *, division: str, institution: str = "", scope: Scope) -> QuerySet[Finding]:
    """Findings about a target at one place that are not ended."""
    return findings(scope=scope).filter(
        target=target, division=division, institution=institution, state__in=rules.OPEN
    )  # fmt: skip


def earlier(
    *, kind: str, title: str, target: int | None, division: str, institution: str, unit: str, found_on: date
) -> QuerySet[Finding]:
    """Findings of the same unit about the same target (or, without one, of the same kind and name) in the time the rules
    call a repeat, the latest first; dismissed ones do not count."""
    same = _of_last_year(found_on).filter(division=division, institution=institution)
    if target is not None:
        return same.filter(target=target)
    return same.filter(target__isnull=True, kind=kind, unit=unit, title=title)


def here(*, division: str, scope: Scope) -> QuerySet[Finding]:
    """Findings at a division of which a new one may be the repeat, the latest first."""
    return _of_last_year(clock.today()).filter(division=division, pk__in=findings(scope=scope).values("pk"))


def _of_last_year(until: date) -> QuerySet[Finding]:
    since = until - timedelta(days=rules.escalation().repeat_within_days)
    found = Finding.objects.filter(found_on__gte=since, found_on__lte=until).exclude(state=rules.DISMISSED)
    return found.order_by("-found_on", "-pk")


def chain(found: Finding) -> list[Finding]:
    """A finding with all it repeats, the first one first; findings point back one step each."""
    line, seen = [found], {found.pk}
    while (before := line[-1].repeat_of) is not None and before.pk not in seen:
        seen.add(before.pk)
        line.append(before)
    return line[::-1]


def held(found: Finding, *, scope: Scope) -> frozenset[str]:
    """The permissions the viewer holds on this finding: those of the office that raised it only where that lies inside
    their scope, those of the unit only where the place does."""
    permissions = set(scope.permissions & {rules.ISSUE, rules.ACT, rules.CHECK, rules.SIGN})
    if not scope.covers_path(found.raised_path):
        permissions -= {rules.ISSUE, rules.CHECK, rules.SIGN}
    if not (scope.covers_path(found.path) or found.institution in scope.institution_codes):
        permissions.discard(rules.ACT)
    user = scope.user.get_username() if scope.user else ""
    if user and user in (found.planned_by, found.submitted_by):
        permissions -= {rules.CHECK, rules.SIGN}  # nobody judges their own work
    return frozenset(permissions)


def place_names(found: Iterable[Finding]) -> dict[int, str]:
    """Where each finding is, in words: the unit, the institution or the division. Two queries."""
    rows = list(found)
    divisions = regions.division_names({f.division for f in rows})
    institutions = regions.institution_names({f.institution for f in rows if f.institution})
    return {
        f.pk: institutions.get(f.institution, "") or " ".join(
            dict.fromkeys(filter(None, (divisions.get(f.division, f.division), f.unit)))
        )
        for f in rows
    }  # fmt: skip


def to_minute(*, scope: Scope) -> QuerySet[Step]:
    """Interviews that came and were not written down."""
    ids = [s.id for steps in rules.escalation().ladders.values() for s in steps if s.minutes]
    return Step.objects.filter(
        finding__in=findings(scope=scope), step__in=ids, minutes="", finding__state__in=rules.OPEN
    ).select_related("finding")  # fmt: skip
