"""Writes about contracts: each keyword-only, with `by`, one transaction with its audit row and its record in the store."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, NotFound, Refused
from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.moving import CLOCK, advance
from luoshi.platform.regions import queries as regions
from luoshi.platform.regions.models import Institution
from luoshi.platform.store import people, sets
from luoshi.services.contracts import catalogue, queries, resource, rules
from luoshi.services.contracts.models import Contract, Note, Team
from luoshi.services.contracts.queries import Bond, Offer

BACKDATED_DAYS = 30  # a signature on paper is entered within so many days


@dataclass(frozen=True)
class Terms:
    """What is agreed: with which institution and team, which package, from when for how many months, and how."""

    institution: str
    package: str
    months: int
    start: date
    team: int | None = None
    way: str = "desk"
    signed_day: date | None = None


@dataclass(frozen=True)
class Party:
    """One who signs; `relation`: to the head of the household, "" for the head or for somebody alone."""

    person: int
    relation: str = ""


def sign(*, parties: Sequence[Party], terms: Terms, by: User, scope: Scope) -> list[Contract]:
    """Sign with one resident, or with a household whose head signs for the others: all or nobody.

    Raises `NotFound` for a resident outside the scope, `InvalidValue` for terms that are not possible, `Refused` for one
    who has died or left, has no identifier, or is under contract already; it says who and, inside the viewer's scope,
    where. A contract that runs out before the new one begins is renewed by it.
    """
    scope.require("contract.sign")
    institution, team, offer, end = _checked(terms, scope)
    persons = [party.person for party in parties]
    if not persons or len(set(persons)) != len(persons):
        raise InvalidValue(_("请至少选择一位签约居民，且不要重复。"))
    if any(not party.relation.strip() for party in parties[1:]):
        raise InvalidValue(_("请写明每位成员与户主的关系。"))
    cards = people.cards(persons, scope=scope)
    if len(cards) != len(persons):
        raise NotFound(_("没有这位居民。"))
    with transaction.atomic():
        sets.lock()  # two desks signing the same resident wait for each other here
        bonds = queries.bonds(persons)
        before: dict[int, Bond] = {}
        for card in (cards[person] for person in persons):
            may_sign(card, terms.start)
            for held in bonds[card.person]:
                if collides(held, terms.start, end):
                    raise Refused(double(card, held, scope), todo=_("请先在原签约机构解约，或办理改签。"))
            latest = next((held for held in bonds[card.person] if _renewable(held, terms.start)), None)
            if latest is not None:
                before[card.person] = latest
        made = [
            _create(party, cards[party.person], terms, offer, team, end, by=by.get_username(), head=party is parties[0])
            for party in parties
        ]
        act = made[0].act
        for contract in made:
            contract.act = act
            _follow(contract, before.get(contract.person), by, scope)
            contract.save()
            _audit("contract.sign", contract, by.get_username(), institution, {"act": act, "months": terms.months})
        resource.write(made, by=by.get_username())
    return made


def renew(*, number: int, months: int, by: User, scope: Scope, package: str = "", team: int | None = None) -> Contract:
    """Renew a contract made here for another term that begins the day after it ends, or today where that has passed.
    Raises `Http404` outside the scope, `Refused` where its state does not allow it."""
    scope.require("contract.sign")
    old = queries.contract(number, scope=scope)
    start = rules.renewal_start(old.end, clock.today())
    offers = {offer.code for offer in queries.offers(old.institution)}
    chosen = package or (old.package if old.package in offers else "base")
    terms = Terms(old.institution, chosen, months, start, team or _still(old.team), "desk")
    return sign(parties=[Party(old.person)], terms=terms, by=by, scope=scope)[0]


def end(*, number: int, reason: str, on: date, note: str = "", by: User, scope: Scope) -> Contract:
    """End a contract before its time, `on` being the last day it holds; a renewal that has not begun ends with it.
    Raises `InvalidValue` for an unknown reason or a day outside the term, `Refused` where its state does not allow it."""
    scope.require("contract.sign")
    contract = queries.contract(number, scope=scope)
    if reason not in catalogue.ends().reasons:
        raise InvalidValue(_("请选择解约原因。"))
    if not contract.start - timedelta(days=1) <= on <= min(contract.end, clock.today()):
        raise InvalidValue(_("解约日期须在合同期内，且不晚于今天。"))
    if reason == "other" and len(note.strip()) < 4:
        raise InvalidValue(_("请写明其他原因（至少4个字）。"))
    with transaction.atomic():
        resource.write(_end(contract, reason, on, note, by, scope), by=by.get_username())
    return contract


def transfer(*, number: int, terms: Terms, by: User, scope: Scope) -> Contract:
    """Move a resident to another institution from `terms.start` on: the old contract ends the day before, the new one
    knows it as its predecessor. For those whose scope holds both institutions. Raises as `end` and `sign`."""
    scope.require("contract.sign")
    old = queries.contract(number, scope=scope)
    if old.institution == terms.institution:
        raise InvalidValue(_("改签须选择另一家机构；同一机构请续约。"))
    institution, team, offer, last = _checked(terms, scope)
    with transaction.atomic():
        sets.lock()
        old.refresh_from_db()
        card = people.cards([old.person], scope=scope).get(old.person)
        if card is None:
            raise NotFound(_("没有这位居民。"))
        may_sign(card, terms.start)
        if not old.start < terms.start <= old.end + timedelta(days=1):
            raise InvalidValue(_("改签的起始日期须在原合同期内。"))
        ended = _end(old, "re-signed", terms.start - timedelta(days=1), "", by, scope)
        for held in queries.bonds([old.person])[old.person]:
            if held.key != f"ours:{old.pk}" and collides(held, terms.start, last):
                raise Refused(double(card, held, scope), todo=_("请先在原签约机构解约，或办理改签。"))
        new = _create(Party(old.person), card, terms, offer, team, last, by=by.get_username(), head=True)
        new.predecessor = old
        new.save()
        _audit("contract.transfer", new, by.get_username(), institution, {"from": old.pk})
        resource.write([*ended, new], by=by.get_username())
    return new


def assign(*, numbers: Sequence[int], team: int, by: User, scope: Scope) -> int:
    """Give contracts to a team of their institution. Returns how many. Raises `NotFound` for a team of another one."""
    scope.require("contract.sign")
    rows = list(queries.contracts(scope=scope).filter(pk__in=numbers))
    found = Team.objects.filter(pk=team).first()
    if found is None or any(row.institution != found.institution for row in rows):
        raise NotFound(_("没有这个团队。"))
    with transaction.atomic():
        for row in rows:
            row.team = found
            row.save(update_fields=["team"])
            _audit("contract.assign", row, by.get_username(), None, {"team": found.pk})
        resource.write(rows, by=by.get_username())
    return len(rows)


def note(*, person: int, group: str, evidence: str, by: User, scope: Scope) -> Note:
    """Note that a resident belongs to a group the records cannot tell, with the evidence seen. Raises `InvalidValue`."""
    scope.require("contract.sign")
    if person not in people.cards([person], scope=scope):
        raise NotFound(_("没有这位居民。"))
    known = catalogue.items().groups.get(group)
    if known is None or not known.by_hand:
        raise InvalidValue(_("这类人群由健康档案判定，不能手工登记。"))
    if len(evidence.strip()) < 2:
        raise InvalidValue(_("请写明依据（如残疾人证、低保证）。"))
    with transaction.atomic():
        row, made = Note.objects.get_or_create(
            person=person, group=group, until=None,
            defaults={"evidence": evidence.strip()[:200], "since": clock.today(), "by": by.get_username(), "at": clock.now()},
        )  # fmt: skip
        if made:
            audit.record(by=by, action="contract.note", object_type="person", object_id=person, detail={"group": group})
    return row


def drop_note(*, number: int, by: User, scope: Scope) -> None:
    """Say that a resident no longer belongs to a group noted by hand. Raises `NotFound` outside the scope."""
    scope.require("contract.sign")
    row = Note.objects.filter(pk=number, until__isnull=True).first()
    if row is None or row.person not in people.cards([row.person], scope=scope):
        raise NotFound(_("没有这条登记。"))
    with transaction.atomic():
        row.until = clock.today()
        row.save(update_fields=["until"])
        audit.record(
            by=by, action="contract.drop-note", object_type="person", object_id=row.person, detail={"group": row.group}
        )


def tick(*, by: str = "system") -> dict[str, int]:
    """Let time make its moves: contracts that ran out expire or complete; those not renewed in time lapse. Safe to run
    at any time; the number of each move."""
    today = clock.today()
    counted: dict[str, int] = {}
    overdue = today - timedelta(days=catalogue.items().renewal_days)
    steps = (("expire", rules.ACTIVE, today), ("finish", rules.RENEWED, today), ("lapse", rules.EXPIRED, overdue))
    for move, state, before in steps:
        rows = list(Contract.objects.filter(state=state, end__lt=before).select_related("team").order_by("pk"))
        counted[move] = 0
        for at in range(0, len(rows), 500):
            moved = []
            with transaction.atomic():
                for row in rows[at : at + 500]:
                    try:
                        advance(row, rules.CONTRACT, move, by=by, permissions={CLOCK})
                    except Refused:
                        continue  # somebody renewed or ended it meanwhile
                    moved.append(row)
                if move != "lapse":  # a lapsed one has said already that it is over
                    resource.write(moved, by=by)
            counted[move] += len(moved)
    return counted


def _checked(terms: Terms, scope: Scope) -> tuple[Institution, Team | None, Offer, date]:
    """The institution, team and package of terms, and the last day. Raises as `sign`."""
    institution = queries.institution_or_404(terms.institution, scope=scope)
    longest = catalogue.items().longest_months
    if not 1 <= terms.months <= longest:
        raise InvalidValue(_("签约期限须在1至%(longest)s个月之间。") % {"longest": longest})
    last = rules.last_day(terms.start, terms.months)
    offer = next((o for o in queries.offers(terms.institution, on=terms.start) if o.code == terms.package), None)
    if offer is None:
        raise InvalidValue(_("这个服务包不存在或已停用。"))
    if terms.way not in rules.WAYS:
        raise InvalidValue(_("请选择签约方式。"))
    today = clock.today()
    if not today - timedelta(days=BACKDATED_DAYS) <= (terms.signed_day or today) <= today:
        raise InvalidValue(_("签约日期不能晚于今天，也不能早于30天前。"))
    if terms.start < (terms.signed_day or today):
        raise InvalidValue(_("起始日期不能早于签约日期。"))
    team = None
    if terms.team is not None:
        team = queries.teams(terms.institution, scope=scope, on=today).filter(pk=terms.team).first()
        if team is None:
            raise InvalidValue(_("这个团队不在该机构或已撤销。"))
    return institution, team, offer, last


def may_sign(card: people.Card, start: date) -> None:
    if card.death_date is not None and card.death_date <= start:
        raise Refused(_("%(name)s：档案显示已去世，不能签约。") % {"name": _named(card)})
    if not card.active:
        raise Refused(_("%(name)s：档案显示已迁出或停用，不能签约。") % {"name": _named(card)})
    if card.birth_date is not None and card.birth_date > start:
        raise InvalidValue(_("起始日期早于出生日期。"))


def collides(held: Bond, start: date, last: date) -> bool:
    """Whether a contract shares a day with the new term and is one that holds."""
    if held.contract is not None:
        if held.contract.state == rules.ENDED and (
            held.contract.end_reason == "void" or held.contract.last < held.start
        ):
            return False
    elif held.state not in ("active", "completed"):
        return False
    return rules.overlap(start, last, held.start, held.last)


def _renewable(held: Bond, start: date) -> bool:
    """Whether a contract is one that the new one renews: it ends before it, not long ago."""
    if held.state in (rules.ENDED, "revoked"):
        return False
    return held.last is not None and held.last < start <= held.last + timedelta(days=catalogue.items().renewal_days)


def double(card: people.Card, held: Bond, scope: Scope) -> str:
    """That somebody is under contract, and where, if the viewer may know."""
    until = f"{held.last:%Y-%m-%d}" if held.last else _("未定")
    if scope.covers_institution(held.institution):
        place = regions.institution_names([held.institution]).get(held.institution, held.institution)
        return _("%(name)s 已与 %(place)s 签约，至 %(until)s。") % {
            "name": _named(card),
            "place": place,
            "until": until,
        }
    return _("%(name)s 已在您管理范围以外的机构签约。") % {"name": _named(card)}


def _named(card: people.Card) -> str:
    """A resident in a message: the family name alone."""
    return f"{card.name[:1]}**" if card.name else str(card.person)


def moment() -> datetime:
    """The moment of a signature: the demonstration's day, where there is one, at the real time of day."""
    day = clock.demonstration_day()
    if day is None:
        return clock.now()
    real = datetime.now(clock.CHINA)
    return day.replace(hour=real.hour, minute=real.minute, second=real.second, microsecond=real.microsecond)


def _create(
    party: Party, card: people.Card, terms: Terms, offer: Offer, team: Team | None, last: date, *, by: str, head: bool
) -> Contract:
    try:
        with transaction.atomic():
            row = Contract(
                person=card.person, institution=terms.institution, team=team, package=offer.code, package_name=offer.title,
                items=[*dict.fromkeys((*catalogue.items().base, *offer.items))], fee=offer.fee, start=terms.start, end=last,
                signed_day=terms.signed_day or clock.today(), signed_at=moment(), signed_by=by, way=terms.way,
                act=secrets.token_hex(16), head=head, relation=party.relation.strip()[:60],
            )  # fmt: skip
            _make_room(card.person, terms.start, by)
            row.save()
            return row
    except IntegrityError as error:
        raise Refused(_("这位居民已有一份有效签约，请刷新后再看。")) from error


def _make_room(person: int, start: date, by: str) -> None:
    """A contract that ran out without the clock having said so, or that a renewal is about to follow, makes room.
    Raises `Refused` where the new one would leave a gap that is no renewal."""
    longest = timedelta(days=catalogue.items().renewal_days)
    for row in Contract.objects.filter(person=person, state=rules.ACTIVE):
        if row.end >= clock.today() and start > row.end + longest:
            raise Refused(_("现有签约至 %(day)s，新签约应在其到期后30天内起始。") % {"day": f"{row.end:%Y-%m-%d}"})
        move = "expire" if row.end < clock.today() else "renew"
        advance(row, rules.CONTRACT, move, by=by, permissions={CLOCK, "contract.sign"})


def _follow(contract: Contract, before: Bond | None, by: User, scope: Scope) -> None:
    """Make a new contract the renewal of the one before it."""
    if before is None:
        return
    old = before.contract
    if old is None:
        contract.follows = before.key.removeprefix("other:")[:80]
    elif old.state != rules.ENDED and not Contract.objects.filter(predecessor=old).exists():
        contract.predecessor = old
        old.refresh_from_db()
        if old.state == rules.EXPIRED:
            advance(old, rules.CONTRACT, "renew-late", by=by, permissions=scope.permissions)


def _end(contract: Contract, reason: str, on: date, note: str, by: User, scope: Scope) -> list[Contract]:
    """End a contract, and the renewal that has not begun by then. Gives both."""
    rows = [contract]
    follower = Contract.objects.select_related("team").filter(predecessor=contract).first()
    if follower is not None and follower.state in rules.RUNNING and follower.start > on:
        rows.append(follower)
    for row in rows:
        advance(
            row, rules.CONTRACT, "end", by=by, permissions=scope.permissions, given={"reason": reason},
            ended=on, end_reason=reason, end_note=note.strip()[:300],
        )  # fmt: skip
    return rows


def _still(team: Team | None) -> int | None:
    return team.pk if team is not None and (team.until is None or team.until >= clock.today()) else None


def _audit(action: str, row: Contract, by: str, institution: Institution | None, detail: dict[str, object]) -> None:
    audit.record(
        by=by,
        action=action,
        object_type="contract",
        object_id=row.pk,
        scope_division=institution.division.code if institution else "",
        detail={"person": row.person, "institution": row.institution, **detail},
    )
