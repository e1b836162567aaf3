"""Who may see a record: one pure function, from facts to a decision with its ground. No database, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from luoshi.platform.consent.categories import Book

ANY = ""  # every category, every purpose


@dataclass(frozen=True)
class Viewer:
    """Who looks. `institutions`: codes they act for (with those below); `kind`: `staff`, `resident` (about themselves) or
    `guardian` (of a child of `child_age` completed years); `inside`: the person lies in their scope."""

    username: str
    institutions: frozenset[str] = frozenset()
    purpose: str = ""
    kind: str = "staff"
    child_age: int | None = None
    inside: bool = True


@dataclass(frozen=True)
class Choice:
    """The resident opened or closed a category, from a day, to a day (counted) or without end. `number` orders them."""

    category: str
    open: bool
    since: date
    until: date | None = None
    number: int = 0


@dataclass(frozen=True)
class Sharing:
    """The resident lets an institution in (`permit`) or keeps it out, for a category and purpose (`ANY`: all), between
    two days (both counted)."""

    institution: str
    permit: bool
    since: date
    until: date | None = None
    category: str = ANY
    purpose: str = ANY


@dataclass(frozen=True)
class Broken:
    """A user broke glass until an instant."""

    username: str
    until: datetime


@dataclass(frozen=True)
class Grounds:
    """All that was decided about one person."""

    choices: Sequence[Choice] = ()
    sharings: Sequence[Sharing] = ()
    broken: Sequence[Broken] = ()


@dataclass(frozen=True)
class Decision:
    """`allowed`, and why: `ground` is one of `GROUNDS`; `category` the one it was decided for."""

    allowed: bool
    ground: str
    category: str
    until: date | datetime | None = None


GROUNDS = (
    "self", "guardian", "guardian-secret", "duty", "author", "break-glass", "kept-out", "shared", "outside", "opened",
    "closed", "open-by-default", "closed-by-default",
)  # fmt: skip


def may_see(
    categories: Iterable[str],
    *,
    authors: frozenset[str],
    viewer: Viewer,
    grounds: Grounds,
    now: datetime,
    book: Book,
) -> Decision:
    """Whether `viewer` may see a record of these categories made by `authors` (codes of institutions).

    All categories must be allowed; the decision is that of the first which is not, else of the one with the most
    particular ground. In this order: oneself and one's guardian; a duty by law; whoever made the record; broken glass;
    institutions kept out or let in by name; the scope; the resident's choice; the default of the category.
    """
    found = [_one(category, authors, viewer, grounds, now, book) for category in sorted(categories)]
    refused = [decision for decision in found if not decision.allowed]
    return min(refused or found, key=lambda decision: GROUNDS.index(decision.ground))


def _one(
    category: str, authors: frozenset[str], viewer: Viewer, grounds: Grounds, now: datetime, book: Book
) -> Decision:
    today = now.date()
    if viewer.kind == "resident":
        return Decision(True, "self", category)
    if viewer.kind == "guardian":
        young = viewer.child_age is not None and viewer.child_age < book.guardians.full_until
        told = young or book.categories[category].family
        return Decision(told, "guardian" if told else "guardian-secret", category)
    purpose = book.purposes.get(viewer.purpose)
    if purpose is not None and category in purpose.duty and viewer.inside:
        return Decision(True, "duty", category)
    if authors & viewer.institutions:
        return Decision(True, "author", category)
    for broken in grounds.broken:
        if broken.username == viewer.username and now < broken.until:
            return Decision(True, "break-glass", category, broken.until)
    named = [s for s in grounds.sharings if _holds(s, category, viewer, today)]
    if any(not sharing.permit for sharing in named):
        return Decision(False, "kept-out", category)
    if named:
        return Decision(True, "shared", category, named[0].until)
    if not viewer.inside:
        return Decision(False, "outside", category)
    chosen = [c for c in grounds.choices if c.category == category and _in_force(c.since, c.until, today)]
    if chosen:
        last = max(chosen, key=lambda choice: choice.number)
        return Decision(last.open, "opened" if last.open else "closed", category, last.until)
    default = book.categories[category].open
    return Decision(default, "open-by-default" if default else "closed-by-default", category)


def is_open(category: str, grounds: Grounds, *, today: date, book: Book) -> bool:
    """Whether a category is open to whoever has no other ground."""
    chosen = [c for c in grounds.choices if c.category == category and _in_force(c.since, c.until, today)]
    return max(chosen, key=lambda choice: choice.number).open if chosen else book.categories[category].open


def _holds(sharing: Sharing, category: str, viewer: Viewer, today: date) -> bool:
    return (
        sharing.institution in viewer.institutions
        and sharing.category in (ANY, category)
        and sharing.purpose in (ANY, viewer.purpose)
        and _in_force(sharing.since, sharing.until, today)
    )


def _in_force(since: date, until: date | None, today: date) -> bool:
    return since <= today and (until is None or today <= until)
