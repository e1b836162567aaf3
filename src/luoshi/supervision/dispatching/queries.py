"""Reads of dispatches, scope first: what was sent, how far it came, the worklist of those who act."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django.db.models import Count, Q, QuerySet
from django.http import Http404

from luoshi.indicators import Catalogue
from luoshi.platform.access.scope import Scope
from luoshi.platform.consent import public as consent
from luoshi.platform.regions import queries as regions
from luoshi.platform.store import people
from luoshi.supervision.dispatching import rules
from luoshi.supervision.dispatching.models import Dispatch, Item


@dataclass(frozen=True)
class Progress:
    """What became of some items: how many were sent, and of them settled by the data (`counted`, `left`), still missing
    though somebody ticked (`ticked`), objected to, left out by agreement, fallen back after a tick (`lapsed`)."""

    sent: int = 0
    counted: int = 0
    left: int = 0
    ticked: int = 0
    objected: int = 0
    excused: int = 0
    to_do: int = 0

    @property
    def settled(self) -> int:
        """Settled by the data."""
        return self.counted + self.left


@dataclass(frozen=True)
class Row:
    """One line of a worklist; `card` only of a resident whom the viewer may be told of, `hidden` where they may not."""

    item: Item
    card: people.Card | None
    hidden: bool


def items_in(scope: Scope) -> Q:
    """Items about people who live, or places that stand, in a granted division, or which a granted institution is to act
    on."""
    return scope.path_filter("home") | Q(institution__in=scope.institution_codes)


def dispatches(*, scope: Scope) -> QuerySet[Dispatch]:
    """Dispatches of divisions inside the scope, and those that sent something into it, newest first."""
    sent_here = Item.objects.filter(items_in(scope)).values("dispatch")
    return Dispatch.objects.filter(scope.path_filter("path") | Q(pk__in=sent_here)).select_related("by")


def dispatch(number: int, *, scope: Scope) -> Dispatch:
    """One of `dispatches`. Raises `Http404`."""
    found = dispatches(scope=scope).filter(pk=number).first()
    if found is None:
        raise Http404
    return found


def items(*, scope: Scope) -> QuerySet[Item]:
    """Items in sight."""
    return Item.objects.filter(items_in(scope))


def progress(numbers: Iterable[int], *, scope: Scope) -> dict[int, Progress]:
    """What became of the items in sight of each dispatch. One query."""
    return _progress(items(scope=scope).filter(dispatch__in=list(numbers)), "dispatch")  # type: ignore[return-value]


def by_institution(number: int, *, scope: Scope) -> dict[str, Progress]:
    """The same for each institution of one dispatch, in order of code. One query."""
    return _progress(items(scope=scope).filter(dispatch=number), "institution")  # type: ignore[return-value]


def _progress(found: QuerySet[Item], by: str) -> dict[int | str, Progress]:
    counts: dict[int | str, Counter[str]] = {}
    for key, state, data, n in found.order_by(by).values_list(by, "state", "data").annotate(n=Count("pk")):
        tally = counts.setdefault(key, Counter())
        tally["sent"] += n
        if data == rules.MISSING:
            names = {rules.SENT: "to_do", rules.ACTED: "ticked", rules.OBJECTED: "objected", rules.EXCUSED: "excused"}
            tally[names[state]] += n
        else:
            tally[data] += n
    return {key: Progress(**tally) for key, tally in counts.items()}


def effect(found: Dispatch, done: Progress) -> float | None:
    """How much of the change of the value the settled items of a dispatch are, in points of its unit; None where the
    indicator counts no subjects one by one."""
    known = Catalogue.load().indicators.get(found.indicator)
    if known is None or known.weight:
        return None
    return rules.effect(
        found.numerator_now, found.denominator_now, counted=done.counted, left=done.left, unit=known.unit,
        lists_counted=known.lists_counted,
    )  # fmt: skip


def open_items(*, scope: Scope, number: int | None = None, institution: str = "") -> QuerySet[Item]:
    """What is still to be acted on in open dispatches: missing in the data and not left out, soonest due first."""
    found = items(scope=scope).filter(dispatch__state=rules.OPEN, data=rules.MISSING).exclude(state=rules.EXCUSED)
    if number is not None:
        found = found.filter(dispatch=number)
    if institution:
        found = found.filter(institution=institution)
    return found.select_related("dispatch").order_by("dispatch__due", "dispatch", "reason", "subject")


def named(found: Sequence[Item], *, scope: Scope) -> list[Row]:
    """Items with the cards of their residents, as far as the viewer may be told. A few queries however many they are;
    the page writes the look."""
    hidden: set[int] = set()
    for indicator in {item.dispatch.indicator for item in found}:
        known = Catalogue.load().indicators.get(indicator)
        cohort = (known.cohort or "") if known else ""
        members = {i.person: i.institution for i in found if i.person is not None and i.dispatch.indicator == indicator}
        told = consent.tellable(cohort, members.items(), scope=scope)
        hidden |= {
            i.pk for i in found if i.person in members and i.dispatch.indicator == indicator and i.person not in told
        }
    wanted = [i.person for i in found if i.person is not None and i.pk not in hidden]
    cards = people.cards(wanted, scope=scope)
    return [
        Row(
            item,
            cards.get(item.person) if item.person is not None and item.pk not in hidden else None,
            item.pk in hidden,
        )
        for item in found
    ]


def grouped(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """Lines by what is to be done, the largest group first."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(rules.heading(row.item.why), []).append(row)
    return sorted(groups.items(), key=lambda pair: (-len(pair[1]), pair[0]))


def place_names(found: Iterable[Item]) -> tuple[dict[str, str], dict[str, str]]:
    """Names of the divisions and institutions of items. Two queries."""
    rows = list(found)
    return (
        regions.division_names(item.division for item in rows),
        regions.institution_names(item.institution for item in rows if item.institution),
    )


def together(parts: Iterable[Progress]) -> Progress:
    """The sum."""
    total = Progress()
    for part in parts:
        total = replace(total, **{name: getattr(total, name) + value for name, value in vars(part).items()})
    return total
