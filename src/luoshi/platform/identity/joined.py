"""What is kept about a person in other tables, when persons are joined and taken apart.

A row keeps the number of the person it was written for; nothing is moved, so nothing can be lost. Whoever reads asks for
the rows of everyone who counts for a person today (`of`), and learns for whom a row counts (`top`). Both are parts of the
query they stand in and cost no query of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.db.models import CharField, F, OuterRef, Q, Subquery
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce

from luoshi.platform.identity.models import Link

# (persons whose rows may count otherwise now, who did it); called inside the transaction of a merge or its undoing.
Follower = Callable[[frozenset[int], str], None]
_followers: list[Follower] = []


def of(person: int, field: str = "person") -> Q:
    """Rows whose `field` names the person or somebody who counts for them."""
    return of_any([person], field)


def of_any(persons: Iterable[int], field: str = "person") -> Q:
    """Rows whose `field` names one of the persons or somebody who counts for one."""
    wanted = list(persons)
    children = Link.objects.filter(root__in=wanted, ended_at=None).values("child")
    return Q(**{f"{field}__in": wanted}) | Q(**{f"{field}__in": children})


def of_text(person: int, field: str) -> Q:
    """As `of`, for a field that holds the number as text."""
    children = Link.objects.filter(root=person, ended_at=None).annotate(text=Cast("child", CharField())).values("text")
    return Q(**{field: str(person)}) | Q(**{f"{field}__in": children})


def top(field: str = "person") -> Combinable:
    """The person a row counts for, to annotate with."""
    links = Link.objects.filter(child=OuterRef(field), ended_at=None).values("root")
    return Coalesce(Subquery(links[:1]), F(field))


def add_follower(follower: Follower) -> None:
    """Hear of merges and their undoing from now on; adding the same again changes nothing."""
    if follower not in _followers:
        _followers.append(follower)


def tell(persons: Iterable[int], by: str) -> None:
    """Tell every follower; if one fails, nothing is joined or taken apart."""
    for follower in _followers:
        follower(frozenset(persons), by)
