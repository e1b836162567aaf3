"""The worklist 应签尽签: residents of an institution without a contract, those first whom a promise needs most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from luoshi.indicators import Catalogue
from luoshi.kernel import clock
from luoshi.platform.access.scope import Scope
from luoshi.platform.lake import results
from luoshi.platform.lake.files import default_lake
from luoshi.services.contracts import catalogue, privacy, queries, snapshots
from luoshi.services.contracts.lake import Resident
from luoshi.services.contracts.models import Note
from luoshi.services.plan_desk import public as plan_desk
from luoshi.web.manifest import in_language

EVERYBODY = "contract-rate"
PRIORITY = "contract-priority"


@dataclass(frozen=True)
class Promise:
    """A confirmed promise about contracts, as it stands at the institution; `open`: not kept there yet."""

    indicator: str
    name: str
    promise: str
    numerator: float | None
    denominator: float | None
    value: float | None
    open: bool


@dataclass(frozen=True)
class Candidate:
    """Somebody to sign: their groups, and the promises not yet kept that signing would move."""

    resident: Resident
    groups: tuple[str, ...]
    moves: tuple[str, ...]

    def age(self, on: date) -> int | None:
        """Completed years."""
        born = self.resident.birth_date
        return None if born is None else on.year - born.year - ((on.month, on.day) < (born.month, born.day))


@dataclass(frozen=True)
class Worklist:
    """A page of candidates out of `total`; `by_group`: how many of each group are not signed; `residents` and `signed`
    count all whom the institution serves; `until`: the last day the records were heard of."""

    rows: Sequence[Candidate]
    total: int
    by_group: Mapping[str, int]
    residents: int
    signed: int
    promises: Sequence[Promise]
    until: date | None


def worklist(
    institution: str, *, scope: Scope, group: str = "", limit: int = 50, offset: int = 0, lake: Path | None = None
) -> Worklist:
    """Residents whom an institution inside the scope, or one it leads, serves and who are under no contract today, with
    whomever.

    First those who move most promises that are not kept, then by rank of their first group, then the eldest. Raises
    `Http404` outside the scope. The number of SQL queries does not depend on how many there are.
    """
    codes = queries.led_by(queries.institution_or_404(institution, scope=scope))
    on = clock.today()
    seen = snapshots.of(codes, lake=lake or default_lake(), on=on, windows=False)
    persons = [r.person for r in seen.residents]
    under = {o.person for o in seen.elsewhere if o.holds(on)} | queries.running_here(persons, on).keys()
    free = [r for r in seen.residents if r.person not in under]
    every = groups_of([r.person for r in free], seen.groups or {})
    # Before anything is ordered: an order by rank would tell the group too.
    groups = privacy.tellable_groups(every, {r.person: r.institution for r in free}, scope=scope)
    promises = promised(institution, scope=scope)
    wanting = {p.indicator for p in promises if p.open}
    found = []
    for resident in free:
        names = tuple(groups.get(resident.person, ()))
        found.append(Candidate(resident, names, _moves(names, wanting)))
    counted = Counter(name for candidate in found for name in candidate.groups)
    chosen = [c for c in found if not group or group in c.groups]
    rank = {name: g.rank for name, g in catalogue.items().priority.items()}
    last = max(rank.values()) + 1
    chosen.sort(
        key=lambda c: (
            -len(c.moves),
            rank[c.groups[0]] if c.groups else last,
            c.resident.birth_date or date.max,
            c.resident.person,
        )
    )
    return Worklist(
        chosen[offset : offset + limit],
        len(chosen),
        counted,
        len(persons),
        len(under & set(persons)),
        promises,
        seen.until,
    )


def groups_of(persons: Sequence[int], known: Mapping[int, list[str]]) -> dict[int, list[str]]:
    """The groups of residents from the records together with those noted by hand, by rank. One query."""
    found = {person: list(known.get(person, ())) for person in persons if person in known}
    inside = set(persons)
    for person, group in Note.objects.filter(until__isnull=True).values_list("person", "group"):
        if person in inside and group not in found.setdefault(person, []):
            found[person].append(group)
    order = {name: group.rank for name, group in catalogue.items().priority.items()}
    return {person: sorted((n for n in names if n in order), key=order.__getitem__) for person, names in found.items()}


def promised(institution: str, *, scope: Scope) -> list[Promise]:
    """The confirmed promises about signing, measured for one institution. Two queries."""
    known = Catalogue.load().indicators
    wanted = {EVERYBODY, PRIORITY} | {i for g in catalogue.items().groups.values() for i in g.indicators}
    found = []
    for target in plan_desk.confirmed_targets(scope=scope):
        if target.indicator not in wanted or target.indicator not in known or target.kind == "change":
            continue
        indicator = known[target.indicator]
        value = results.value(
            target.indicator,
            results.measured_period(target.indicator, target.deadline),
            scope=scope,
            institution=institution,
        )
        kept = value.value is not None and target.threshold.met_by(value.value, better=indicator.better)
        name = in_language(indicator.name, indicator.name_en)
        found.append(
            Promise(target.indicator, name, target.promise, value.numerator, value.denominator, value.value, not kept)
        )
    return found


def _moves(groups: Sequence[str], wanting: set[str]) -> tuple[str, ...]:
    """The indicators not yet kept that somebody of these groups counts for."""
    known = catalogue.items().groups
    own = [EVERYBODY, *([PRIORITY] if groups else []), *(i for name in groups for i in known[name].indicators)]
    return tuple(i for i in dict.fromkeys(own) if i in wanting)
