"""Reads of the portal: who is signed in, whom they may read about, and what is known of that person."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404

from luoshi.kernel import clock
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.consent import public as consent
from luoshi.platform.consent import queries as consent_queries
from luoshi.platform.consent import rules as consent_rules
from luoshi.platform.identity import joined, links
from luoshi.platform.store import people, reads
from luoshi.services.records_desk import public as records
from luoshi.services.resident_portal.models import Account, Proxy


@dataclass(frozen=True)
class Subject:
    """The person a page is about. `own`: the signed-in resident; otherwise a child of theirs. `others`: whom else they
    may read about, as (person, name). `named`: the number the account (or the right to read for the child) was given
    for; another than `person` once the two were joined. What is decided here is kept under it, so that it goes with
    them when the two are taken apart."""

    account: Account
    card: people.Card
    own: bool
    viewer: consent_rules.Viewer
    others: tuple[tuple[int, str], ...]
    named: int

    @property
    def person(self) -> int:
        """The dense number of the person."""
        return self.card.person


def account_of(user: User) -> Account | None:
    """The open resident account of a user, if they have one. One query."""
    return Account.objects.filter(user=user, closed_at__isnull=True).select_related("user").first()


def subject(account: Account, person: int) -> Subject:
    """The subject of a page. Raises `Http404` for anybody but the resident and the children they are guardian of today,
    as if there were nobody of that number. Five queries."""
    today = clock.today()
    children = set(
        Proxy.objects.filter(account=account, since__lte=today, until__gte=today, ended_at__isnull=True).values_list(
            "person", flat=True
        )
    )
    tops = links.roots({account.person} | children)
    # The account last: who is joined with a child of theirs is still themselves.
    allowed = {tops.get(named, named): named for named in (*sorted(children), account.person)}
    if person not in allowed:
        raise Http404
    cards = people.cards(sorted(allowed), scope=Scope.system())
    if person not in cards:
        raise Http404
    card = cards[person]
    own = allowed[person] == account.person
    viewer = consent_rules.Viewer(
        account.user.get_username(),
        kind="resident" if own else "guardian",
        child_age=None if own else records.age(card),
    )
    others = tuple((number, other.name) for number, other in cards.items() if number != person)
    return Subject(account, card, own, viewer, others, allowed[person])


def own_usernames(person: int) -> list[str]:
    """Accounts of the resident and of their guardians, of today and before. Two queries."""
    names = list(Account.objects.filter(joined.of(person)).values_list("user__username", flat=True))
    return names + list(Proxy.objects.filter(joined.of(person)).values_list("account__user__username", flat=True))


@dataclass(frozen=True)
class Record:
    """What is known of the subject, as far as they may read it: everything for oneself."""

    told: records.Told
    examined: consent.Examined
    grounds: consent_rules.Grounds


def record(subject: Subject) -> Record:
    """The whole record of a subject."""
    grounds = consent_queries.grounds(subject.person)
    admitted = consent.Admitted(Scope.system(), subject.viewer, grounds)
    stored = reads.resources_of_person(subject.person, scope=Scope.system())
    examined = consent.examine(stored, admitted)
    return Record(records.tell(examined.visible), examined, grounds)
