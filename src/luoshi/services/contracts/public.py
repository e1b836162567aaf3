"""What other services may ask about contracts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from luoshi.kernel import clock
from luoshi.platform.regions import queries as regions
from luoshi.platform.store import people
from luoshi.services.contracts import catalogue, queries
from luoshi.web.manifest import in_language

__all__ = ["Due", "Own", "in_force", "of_resident"]


@dataclass(frozen=True)
class Due:
    """Something a contract promises and that is to be done by a day."""

    item: str
    name: str
    first: date
    last: date


@dataclass(frozen=True)
class Own:
    """A resident's contract in force, for the resident: institution, team with its telephone and members (name, role),
    package, days, what is due now, and what was done of what was due this year."""

    institution: str
    team: str
    phone: str
    members: tuple[tuple[str, str], ...]
    package: str
    start: date
    last: date | None
    due: tuple[Due, ...]
    done: int
    asked: int


def in_force(persons: list[int], on: date | None = None) -> dict[int, str]:
    """Of each person the institution whose contract is in force on a day (default: today), whoever sent it. For
    deciding, without a scope: do not show it outside one. Two queries."""
    found = queries.bonds(persons, on=on or clock.today())
    return {person: bond.institution for person, rows in found.items() for bond in reversed(rows) if bond.running}


def of_resident(card: people.Card, *, hidden: frozenset[str] = frozenset()) -> list[Own]:
    """The contracts in force of a resident, for their own page; the caller has checked that it is theirs. What only
    members of the cohorts `hidden` are due is left out, for a guardian who may not know of them."""
    from luoshi.platform.access.scope import Scope
    from luoshi.services.contracts import rules

    today = clock.today()
    kept = queries.kept(card, scope=Scope.system())
    names = regions.institution_names({b.institution for b in kept.bonds if b.running})
    known = catalogue.items().items
    made = []
    for bond in (b for b in kept.bonds if b.running):
        windows = [w for w in kept.windows if w.contract == bond.key and not _tells(w.item, hidden)]
        counted = rules.delivered(windows, today, since=date(today.year, 1, 1))
        team = bond.contract.team if bond.contract else None
        members = team.members.filter(until__isnull=True) if team else ()
        made.append(
            Own(
                institution=names.get(bond.institution, bond.institution),
                team=team.name if team else "",
                phone=team.phone if team else "",
                members=tuple((m.name, in_language(*rules.ROLES[m.role])) for m in members),
                package=bond.contract.package_text if bond.contract else "",
                start=bond.start,
                last=bond.last,
                due=tuple(
                    Due(w.item, in_language(known[w.item].name, known[w.item].name_en), w.first, w.last)
                    for w in sorted(windows, key=lambda w: w.last)
                    if w.state(today) == "due"
                ),
                done=counted.done,
                asked=counted.asked,
            )
        )
    return made


def _tells(item: str, cohorts: frozenset[str]) -> bool:
    """Whether being due an item tells that somebody is in one of the cohorts."""
    book = catalogue.items()
    return all(book.groups[group].cohort in cohorts for group in book.items[item].groups)
