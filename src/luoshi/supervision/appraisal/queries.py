"""Reads of schemes, runs, appeals and meetings, scope first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import Http404

from luoshi.platform.access.scope import Scope
from luoshi.platform.regions.models import Division
from luoshi.supervision.appraisal import computing, rules, schemes
from luoshi.supervision.appraisal.computing import Line
from luoshi.supervision.appraisal.models import Appeal, Decision, Meeting, Run, SchemeVersion
from luoshi.supervision.appraisal.schemes import Scheme

SHIPPED = 0  # the version of a scheme that comes with Luoshi


@dataclass(frozen=True)
class Offered:
    """A scheme an office may run: its own newest version, or the one that comes with Luoshi (version 0)."""

    scheme: Scheme
    version: int
    by: str = ""
    note: str = ""


def offered(division: str, *, scope: Scope) -> list[Offered]:
    """The schemes of an office: its own in their newest version, then those that come with Luoshi and that it has not
    made its own."""
    scope.division_or_404(division)
    own: dict[str, SchemeVersion] = {}
    for row in SchemeVersion.objects.filter(division=division).order_by("slug", "version"):
        own[row.slug] = row
    found = [Offered(row.scheme, row.version, row.by, row.note) for row in own.values()]
    return found + [Offered(s, SHIPPED) for name, s in schemes.shipped().items() if name not in own]


def scheme(slug: str, division: str, *, scope: Scope, version: int | None = None) -> Offered:
    """One scheme of an office, the newest version unless one is named. Raises `Http404`."""
    scope.division_or_404(division)
    rows = SchemeVersion.objects.filter(division=division, slug=slug)
    if version != SHIPPED:
        row = (rows.filter(version=version) if version is not None else rows.order_by("-version")).first()
        if row is not None:
            return Offered(row.scheme, row.version, row.by, row.note)
    if slug in schemes.shipped() and version in (None, SHIPPED):
        return Offered(schemes.shipped()[slug], SHIPPED)
    raise Http404


def versions(slug: str, division: str, *, scope: Scope) -> list[SchemeVersion]:
    """The versions of an office's own scheme, the newest first."""
    scope.division_or_404(division)
    return list(SchemeVersion.objects.filter(division=division, slug=slug))


def runs(*, scope: Scope) -> QuerySet[Run]:
    """Runs in sight: for those who manage appraisals all of the divisions inside their scope; for everyone what was
    announced inside it, by an office above with a table open to all, or by the office directly above about them."""
    public = Run.objects.filter(state__in=(rules.ANNOUNCED, rules.FINAL))
    parents = {f"{path.rstrip('/').rpartition('/')[0]}/" for path in scope.division_paths}
    found = public.filter(scope.path_filter("path")) | public.filter(path__in=parents)
    found = found | public.filter(scope.above_filter("path"), open_table=True)
    if scope.can("appraisal.manage"):
        found = found | Run.objects.filter(scope.path_filter("path"))
    return found.distinct()


def run(number: int, *, scope: Scope) -> Run:
    """One of `runs`. Raises `Http404`."""
    found = runs(scope=scope).filter(pk=number).first()
    if found is None:
        raise Http404
    return found


def manages(found: Run | Meeting, *, scope: Scope) -> bool:
    """Whether the run's or meeting's office lies inside the scope: its people see the whole of it."""
    return scope.covers_path(found.path)


def lines(found: Run, *, scope: Scope) -> list[Line]:
    """The lines of a run the viewer may see: all for the office and for a table open to all, else those of divisions
    inside the scope."""
    result = found.result
    if manages(found, scope=scope) or found.open_table:
        return list(result.lines)
    return [line for line in result.lines if scope.covers_division(line.division)]


def line(found: Run, division: str, *, scope: Scope) -> Line:
    """One of `lines`. Raises `Http404`."""
    for one in lines(found, scope=scope):
        if one.division == division:
            return one
    raise Http404


def corrections(found: Run) -> list[tuple[str, str, computing.Input]]:
    """What upheld appeals put right, in the order they were decided."""
    rows = found.appeals.filter(state=rules.UPHELD).order_by("decided", "pk")
    return [(row.division, row.item, computing.Input(**(row.corrected or {}))) for row in rows]


def holds(found: Run) -> bool:
    """Whether the run, reckoned anew from its inputs and upheld appeals, comes to the digits it was published with."""
    inputs = computing.corrected(found.inputs, corrections(found))
    again = computing.compute(found.scheme, inputs)
    return computing.digest(found.scheme, inputs, again) == found.digest and again.plain() == found.result.plain()


def appeals(found: Run, *, scope: Scope) -> list[Appeal]:
    """Appeals against a run: all for its office, else those of divisions inside the scope."""
    rows = list(found.appeals.all())
    if manages(found, scope=scope):
        return rows
    return [row for row in rows if scope.covers_division(row.division)]


def appeal(number: int, *, scope: Scope) -> Appeal:
    """One appeal in sight. Raises `Http404`."""
    row = Appeal.objects.filter(pk=number, run__in=runs(scope=scope).values("pk")).select_related("run").first()
    if row is None or not (manages(row.run, scope=scope) or scope.covers_division(row.division)):
        raise Http404
    return row


def meetings(*, scope: Scope) -> QuerySet[Meeting]:
    """Meetings of offices inside the scope; with fixed minutes also those of offices above."""
    fixed = Meeting.objects.filter(state=rules.CLOSED).filter(scope.above_filter("path"))
    return (Meeting.objects.filter(scope.path_filter("path")) | fixed).distinct()


def meeting(number: int, *, scope: Scope) -> Meeting:
    """One of `meetings`. Raises `Http404`."""
    found = meetings(scope=scope).filter(pk=number).first()
    if found is None:
        raise Http404
    return found


def decisions(found: Meeting, *, scope: Scope) -> list[Decision]:
    """What was decided: all for the office, else what is about divisions inside the scope."""
    rows = list(found.decisions.all())
    if manages(found, scope=scope):
        return rows
    return [row for row in rows if scope.covers_division(row.division)]


def names(codes: Sequence[str]) -> dict[str, str]:
    """Newest names by code, one query."""
    return dict(Division.objects.filter(code__in=set(codes)).order_by("valid_from").values_list("code", "name"))
