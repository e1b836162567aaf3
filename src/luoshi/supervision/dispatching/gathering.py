"""Who would be sent for a target at a division: everyone on its list, with an institution that can act."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import Http404
from django.utils.translation import gettext as _

from luoshi.indicators import Catalogue
from luoshi.kernel.errors import Refused
from luoshi.kernel.period import Period
from luoshi.platform.access.scope import Scope
from luoshi.platform.lake import results, subjects
from luoshi.platform.regions.models import Division, Institution
from luoshi.supervision import sources
from luoshi.supervision.dispatching import rules
from luoshi.supervision.dispatching.models import Item

CENTRES = ("township-centre", "community-centre")


@dataclass(frozen=True)
class Candidate:
    """One subject to send. `placed`: the institution was not on the record, the centre of the township stands in."""

    subject: str
    person: int | None
    division: str
    home: str
    institution: str
    reason: str
    reason_en: str
    placed: bool


@dataclass(frozen=True)
class Gathered:
    """What a dispatch would hold. `total` are missing here in all; `already` are in another open dispatch."""

    standing: sources.Standing
    period: Period
    candidates: tuple[Candidate, ...]
    total: int
    already: int

    @property
    def by_institution(self) -> dict[str, int]:
        """How many each institution would get, most first; under "" those nobody was found for."""
        return dict(Counter(c.institution for c in self.candidates).most_common())

    @property
    def unplaced(self) -> int:
        """How many have no institution at all."""
        return sum(not c.institution for c in self.candidates)


def gather(target: int, *, division: str, scope: Scope) -> Gathered:
    """Everyone missing to a target at a division. Raises `Http404` outside the scope and for a target that lists nobody,
    `Refused` where there are more than one dispatch may hold."""
    scope.division_or_404(division)
    standing = next(iter(sources.get().standings(scope=scope, division=division, targets=[target])), None)
    if standing is None:
        raise Http404
    known = Catalogue.load().indicators.get(standing.promise.indicator)
    if known is None or known.kind != "ratio" or standing.promise.binding != "indicator":
        raise Http404
    period = results.measured_period(known.id, standing.deadline)
    most = rules.book().most_items
    missed, total = results.missed(known.id, period, scope=scope, division=division, limit=most + 1)
    if total > most:
        raise Refused(
            _("这里有 %(total)s 个对象，一次最多派 %(most)s 个。") % {"total": total, "most": most},
            todo=_("请按下一级区划分别派单。"),
        )
    names = [m.subject for m in missed]
    already = set(
        Item.objects.filter(
            dispatch__state=rules.OPEN, dispatch__indicator=known.id, subject__in=names, data=rules.MISSING,
            dispatch__period_start=period.start,
        ).values_list("subject", flat=True)
    )  # fmt: skip
    fresh = [m for m in missed if m.subject not in already]
    words = subjects.became(known.id, period, [m.subject for m in fresh]) or {}
    rows = [
        (m.subject, m.person, m.division, m.institution or "", *_reasons(m.reason, words.get(m.subject))) for m in fresh
    ]
    return Gathered(standing, period, placed(rows, division, standing.promise.plan.division_path), total, len(already))


def placed(
    rows: Sequence[tuple[str, int | None, str, str, str, str]], division: str, otherwise: str
) -> tuple[Candidate, ...]:
    """Subjects (subject, person, division, institution, reason, reason in English) with the path of where each lives
    (`otherwise` where nobody knows) and somebody who can act. Two queries."""
    codes = {row[2] for row in rows}
    paths = dict(Division.objects.filter(code__in=codes).order_by("valid_from").values_list("code", "path"))
    centres = _centres(division)
    found = []
    for subject, person, where, own, reason, reason_en in rows:
        home = paths.get(where, otherwise)
        institution = own or _nearest(home, centres)
        found.append(Candidate(subject, person, where, home, institution, reason, reason_en, placed=not own))
    return tuple(found)


def _reasons(said: str, became: subjects.Became | None) -> tuple[str, str]:
    return (became.reason or said, became.reason_en) if became else (said, "")


def _centres(division: str) -> dict[str, str]:
    """Path of a division -> code of the centre that stands there."""
    rows = Institution.objects.current().filter(type__in=CENTRES, division__path__contains=f"/{division}/")
    return dict(rows.order_by("-code").values_list("division__path", "code"))


def _nearest(home: str, centres: dict[str, str]) -> str:
    """The centre of the division or of the nearest above it that has one, or nothing."""
    codes = home.strip("/").split("/")
    for depth in range(len(codes), 0, -1):
        if found := centres.get(f"/{'/'.join(codes[:depth])}/"):
            return found
    return ""
