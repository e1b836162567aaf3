"""Members of the register: each person with the standing of every disease, the visit that serves them all, what is
missing to the norm, risk and level. Pure reckoning over what `panel` read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _

from luoshi.services.chronic import rules
from luoshi.services.chronic.panel import LOOK_BACK, Managed, Panel, Person
from luoshi.services.visits import public as visits

JOINT = "three-high"


@dataclass(frozen=True, slots=True)
class Disease:
    """One disease of a member: the enrolment, where the plan stands, and visits made of those due this year."""

    managed: Managed
    standing: visits.Standing
    measure: visits.Measure
    counts: bool

    @property
    def programme(self) -> str:
        """Its id."""
        return self.managed.programme


@dataclass(frozen=True, slots=True)
class Member:
    """A person managed for at least one disease. `visit`: the next visit that serves them all, None where no plan goes
    on; `points`: the place in the list of today; `stratum`: of ten-year risk, None where too little is known."""

    person: Person
    diseases: tuple[Disease, ...]
    visit: visits.Merged | None
    points: float
    stratum: rules.Stratum | None
    level: rules.Level
    values: Mapping[str, tuple[date, Any]]
    last: date | None

    @property
    def due(self) -> bool:
        """Whether somebody should visit now."""
        return any(d.standing.is_open for d in self.diseases)

    @property
    def overdue(self) -> int:
        """Days since the first missed window closed, over all diseases."""
        return max((d.standing.days_over for d in self.diseases), default=0)

    @property
    def programmes(self) -> tuple[str, ...]:
        """Ids of the diseases."""
        return tuple(d.programme for d in self.diseases)


def members(panel: Panel, *, brief: bool = True) -> list[Member]:
    """Everybody of a panel, those to visit first by their points. `brief`: without the visits of the year before the last
    one, which no list shows."""
    by_person: dict[int, list[Managed]] = {}
    for one in panel.managed:
        if one.person in panel.people:
            by_person.setdefault(one.person, []).append(one)
    order = list(rules.diseases().diseases)
    found = [
        _member(panel, panel.people[person], sorted(several, key=lambda one: order.index(one.programme)), brief)
        for person, several in by_person.items()
    ]
    return in_order(found)


def in_order(found: Iterable[Member]) -> list[Member]:
    """Those to visit first by their points, then the others."""
    return sorted(found, key=lambda member: (-member.points if member.due else 1.0, member.person.number))


def _member(panel: Panel, person: Person, several: Iterable[Managed], brief: bool) -> Member:
    made = tuple(panel.visits.get(person.number, ()))
    latest = panel.values.get(person.number, {})
    begin = date(panel.today.year, 1, 1)
    since = panel.today - timedelta(days=LOOK_BACK - 30) if brief else begin
    diseases: list[Disease] = []
    for one in several:
        programme = visits.programme(one.programme)
        version = programme.on(panel.today)
        subject = visits.Subject(one.since, made, {}, person.born, person.sex, one.state, one.ended)
        standing = visits.standing(programme, subject, panel.today, since=since, brief=brief)
        measure = visits.measure(version, subject, begin, panel.today)
        diseases.append(Disease(one, standing, measure, visits.state(programme, one.state).counted))
    merged = visits.merged([d.standing for d in diseases])
    programmes = [d.programme for d in diseases]
    facts = {name: value for name, (_day, value) in latest.items()}
    facts |= {"age": _age(person.born, panel.today), "sex": person.sex}
    stratum = rules.stratum(facts, programmes)
    rank = stratum.rank if stratum else 0
    worst = max(
        (d.standing.judged for d in diseases if d.standing.judged),
        key=lambda j: (j.risk, j.do == "refer"),
        default=None,
    )
    points = max((rules.points(d.standing, d.measure, rank, d.managed.state) for d in diseases), default=0.0)
    last = max((d.standing.last.day for d in diseases if d.standing.last), default=None)
    return Member(
        person,
        tuple(diseases),
        merged[0] if merged else None,
        points,
        stratum,
        rules.level(worst, rank, len(diseases)),
        latest,
        last,
    )


def _age(born: date | None, today: date) -> int | None:
    if born is None:
        return None
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


@dataclass(frozen=True, slots=True)
class Tally:
    """How many of a disease, and how many of them managed to norm so far (None where nothing measures it). `lost` stay in
    the denominator. `due` and `overdue` are None for a place too large to plan at once."""

    programme: str
    managed: int
    met: int | None
    lost: int
    due: int | None
    overdue: int | None


def tallies(found: Iterable[Member]) -> list[Tally]:
    """The counts of a list of members by disease, in the order of the register; the three highs together last."""
    rows: dict[str, list[Disease]] = {name: [] for name in rules.diseases().diseases}
    for member in found:
        for disease in member.diseases:
            rows[disease.programme].append(disease)
    return [
        Tally(
            name,
            sum(d.counts for d in several),
            sum(d.counts and d.measure.met for d in several),
            sum(d.managed.state in ("lost", "refused") for d in several),
            sum(d.standing.is_open for d in several),
            sum(d.standing.overdue is not None for d in several),
        )
        for name, several in rows.items()
    ]


def why_not(disease: Disease) -> str:
    """Why somebody is not counted as managed to norm so far, in words; empty when they are. The same words and numbers as
    the indicator's own reasons."""
    measure = disease.measure
    if measure.visits < measure.visits_due:
        return _("本年面对面随访 %(made)s 次，应 %(due)s 次") % {"made": measure.visits, "due": measure.visits_due}
    if measure.checkups < measure.checkups_due:
        return _("本年未做健康体检")
    return ""
