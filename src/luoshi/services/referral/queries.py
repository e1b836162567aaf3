"""Reads of referrals, scope first. Who stands at neither end sees nothing: a foreign referral answers 404."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import orjson
from django.db.models import F, Q, QuerySet
from django.http import Http404

from luoshi.kernel import clock
from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.consent import public as consent
from luoshi.platform.consent.categories import book as consent_book
from luoshi.platform.consent.queries import grounds
from luoshi.platform.consent.rules import is_open
from luoshi.platform.regions.models import Institution
from luoshi.platform.store import people, reads
from luoshi.services.records_desk import public as records
from luoshi.services.referral import book, criteria, rules
from luoshi.services.referral.models import Referral

WORKING = frozenset({rules.SEND, rules.RECEIVE})


def _at(scope: Scope, end: str) -> Q:
    return scope.path_filter(f"{end}_path") | Q(**{f"{end}__in": scope.institution_codes})


def referrals(*, scope: Scope) -> QuerySet[Referral]:
    """Those that one of the viewer's institutions sends or receives; the receiver does not see drafts. Somebody who only
    watches sees those of their division that were sent."""
    sent, received = Q(far__in=("", "receive")) & _at(scope, "sender"), Q(far__in=("", "send")) & _at(scope, "receiver")
    if not WORKING & scope.permissions:
        return (
            Referral.objects.filter(sent | received).exclude(state="draft")
            if scope.can("referral.watch")
            else (Referral.objects.none())
        )
    return Referral.objects.filter(sent | (received & ~Q(state="draft")))


def one(number: int, *, scope: Scope) -> Referral:
    """One of `referrals`. Raises `Http404`."""
    found = referrals(scope=scope).filter(pk=number).select_related("peer", "slot", "origin").first()
    if found is None:
        raise Http404
    return found


def own(scope: Scope) -> frozenset[str]:
    """The institutions the viewer was granted themselves: those whose head is not granted too. One query, remembered."""
    key = ("referral", "own")
    if key not in scope._memory:
        codes = scope.institution_codes
        below = Institution.objects.filter(code__in=codes, parent__code__in=codes).values_list("code", flat=True)
        scope._memory[key] = frozenset(codes) - frozenset(below)
    return scope._memory[key]  # type: ignore[no-any-return]


def held(row: Referral, scope: Scope) -> frozenset[str]:
    """What the viewer may do with this referral: send where they stand for the sender, receive where they stand for the
    receiver; what is at the peer is the peer's. The head of an alliance that receives from a member acts as the
    receiver, not for the member."""
    sends, receives = scope.covers_institution(row.sender), scope.covers_institution(row.receiver)
    if sends and receives:
        mine = own(scope) & {row.sender, row.receiver}
        sends, receives = (row.sender in mine or not mine), (row.receiver in mine or not mine)
    sends, receives = sends and row.far != "send", receives and row.far != "receive" and row.state != "draft"
    held = {rules.SEND} if sends and scope.can(rules.SEND) else set()
    return frozenset(held | ({rules.RECEIVE} if receives and scope.can(rules.RECEIVE) else set()))


BOXES = ("in", "out", "turn", "late", "ended")


def box(name: str, *, scope: Scope) -> QuerySet[Referral]:
    """One box of the worklist: `in` and `out` hold what is open, `turn` what waits for the viewer, `late` what is past its
    deadline, `ended` the rest. Those due first stand first."""
    mine = referrals(scope=scope)
    out, in_ = _at(scope, "sender") & ~Q(far="send"), _at(scope, "receiver") & ~Q(far="receive") & ~Q(state="draft")
    if heads := own(scope):
        # Between a head and its member the head stands for itself.
        out, in_ = (
            out & ~(Q(receiver__in=heads) & ~Q(sender__in=heads)),
            in_ & ~(Q(sender__in=heads) & ~Q(receiver__in=heads)),
        )
    is_open_ = Q(state__in=rules.OPEN)
    turn = (out & Q(state__in=rules.SENDERS_TURN)) | (in_ & Q(state__in=rules.RECEIVERS_TURN))
    chosen = {
        "in": is_open_ & in_, "out": is_open_ & out, "turn": turn, "late": is_open_ & Q(due__lt=clock.now()),
        "ended": ~is_open_,
    }[name]  # fmt: skip
    rows = mine.filter(chosen)
    if name == "ended":
        return rows.order_by("-ended", "-pk")
    return rows.order_by(F("due").asc(nulls_last=True), "pk")


def counts(*, scope: Scope) -> dict[str, int]:
    """How many stand in each box but the last. Four small queries."""
    return {name: box(name, scope=scope).count() for name in BOXES[:-1]}


# --- the patient ---------------------------------------------------------------------------------------------------


def may_name(row: Referral, scope: Scope) -> bool:
    """Whether the viewer may know who it is: the sender always, the receiver while it is active."""
    may = held(row, scope)
    return rules.SEND in may or (rules.RECEIVE in may and row.active)


@dataclass(frozen=True)
class Named:
    """A patient as a referral shows them. `person` is None for one nobody knows here."""

    person: int | None
    name: str
    sex: str
    age: int | None
    division: str = ""


def names(rows: Sequence[Referral], *, scope: Scope, by: User, what: str) -> dict[int, Named]:
    """Who the patients of these referrals are, by referral, where the viewer may know; the look is noted. Two queries,
    whatever they are."""
    shown = [row for row in rows if may_name(row, scope)]
    known = people.cards({row.person for row in shown if row.person is not None}, scope=Scope.system())
    if looked := sorted({row.person for row in shown if row.person in known}):
        audit.look_at_list(by=by, persons=looked, what=what)
    found: dict[int, Named] = {}
    for row in shown:
        card = known.get(row.person) if row.person is not None else None
        if card is not None:
            found[row.pk] = Named(card.person, card.name, card.sex, records.age(card), card.division)
        elif row.subject:
            birth = people.day(row.subject.get("birth_date"))
            age = _years(birth) if birth else None
            found[row.pk] = Named(None, row.subject.get("name", ""), row.subject.get("sex", "unknown"), age)
    return found


def _years(birth: date) -> int:
    today = clock.today()
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))


def facts(person: int, *, scope: Scope) -> criteria.Facts:
    """What the record tells for the criteria, as far as the viewer may see it. Raises `Http404` outside the scope."""
    admitted = consent.admit(person, scope=scope)
    stored = reads.resources_of_person(person, scope=admitted.scope, types=("Condition", "Observation"))
    return criteria.read(s.resource for s in consent.examine(stored, admitted).visible)


def shareable(person: int) -> list[tuple[str, bool]]:
    """The categories of the record, each with whether it is open to the receiver unless the patient says otherwise."""
    found = grounds(person)
    return [
        (name, is_open(name, found, today=clock.today(), book=consent_book())) for name in consent_book().categories
    ]


@dataclass(frozen=True)
class Attached:
    """What of the record the viewer may see through the referral. `closed`: the consent was withdrawn or has ended."""

    entries: tuple[records.Entry, ...]
    until: str = ""
    closed: bool = False


def attached(row: Referral, *, scope: Scope, by: User) -> Attached | None:
    """The record summary: of the last months, newest first, what the consent lets through; None for somebody to whom it
    is not sent. The look is noted with its purpose."""
    if rules.RECEIVE not in held(row, scope) or not row.active:
        return None
    rule = book.rules().summary
    since = clock.today() - timedelta(days=round(rule.months * 30.44))
    if row.far == "send":
        bundle = orjson.loads(row.attached) if row.attached else {}
        found = records.tell(_as_stored(bundle)).entries
    elif row.person is None:
        return None
    else:
        try:
            admitted = consent.admit(row.person, scope=scope)
        except Http404:
            return Attached((), closed=True)
        stored = reads.resources_of_person(row.person, scope=admitted.scope)
        found = records.tell(consent.examine(stored, admitted).visible).entries
        audit.look(by=by, person=row.person, what="referral", purpose=admitted.viewer.purpose)
    recent = sorted((e for e in found if e.day and e.day >= since), key=lambda e: e.day or since, reverse=True)
    return Attached(tuple(recent[: rule.entries]), until=_until(row))


def _until(row: Referral) -> str:
    days = book.rules().summary.days_valid
    return f"{(row.submitted + timedelta(days=days)).astimezone(clock.CHINA):%Y-%m-%d}" if row.submitted else ""


def _as_stored(bundle: dict[str, object]) -> list[reads.Stored]:
    """Resources that came with a referral from a peer, as the store would give them."""
    found = []
    now = clock.now()
    entries: Iterable[object] = bundle.get("entry", [])  # type: ignore[assignment]
    for entry in entries:
        resource = entry.get("resource", {}) if isinstance(entry, dict) else {}
        if resource.get("resourceType"):
            body = orjson.dumps(resource).decode()
            found.append(
                reads.Stored(resource["resourceType"], resource.get("id", ""), None, 1, now, None, body, "peer")
            )
    return found
