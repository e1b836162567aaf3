"""Taking packs out, bringing them back, deciding about conflicts. Each is one transaction with its audit row."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.http import Http404
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, Refused, UnreadableFile, UserError
from luoshi.platform import audit
from luoshi.platform.access import at_rest
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.moving import CLOCK, advance
from luoshi.platform.store import reads
from luoshi.services.chronic import actions, enrolling, members, panel, queries, rules
from luoshi.services.chronic.models import Card, Conflict, Enrolment, Pack, Upload, Visit
from luoshi.services.chronic.packs import contents, merging, sealing
from luoshi.services.chronic.packs.merging import Change

MOST = 1000  # people of one pack
DAYS = 14  # a pack may be out so long at most


@dataclass
class Told:
    """What became of an upload. `again`: the same file was brought before."""

    applied: int = 0
    same: int = 0
    waiting: int = 0
    again: bool = False
    problems: list[str] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """For the row that keeps it."""
        return {"applied": self.applied, "same": self.same, "waiting": self.waiting, "problems": self.problems}


def take(*, division: str, passphrase: str, days: int, by: User, scope: Scope) -> tuple[Pack, bytes]:
    """A pack of the members of a division (default: all of the viewer's), and the page it is.

    Raises `InvalidValue` for a weak passphrase, too many days or people, `Refused` where nobody is managed.
    """
    if not 1 <= days <= DAYS:
        raise InvalidValue(_("有效期为1到%(n)s天。") % {"n": DAYS})
    read = panel.read(scope, division=division)
    found = members.members(read)
    named = queries.named(found, scope=scope)
    found = [m for m in found if named[m.person.number].told]
    if not found:
        raise Refused(_("这里没有在管患者。"))
    if len(found) > MOST:
        raise InvalidValue(_("一个离线包最多%(n)s人，请按村领取。") % {"n": MOST})
    numbers = [m.person.number for m in found]
    cards = {n: one.card for n, one in named.items() if one.card is not None}
    notes = {row.person: row for row in Card.objects.filter(person__in=numbers)}
    code, key = f"P{clock.today():%y%m%d}-{secrets.token_hex(4)}", sealing.new_key()
    lock = sealing.locked(key, passphrase, code)
    expires = clock.today() + timedelta(days=days)
    plain = contents.contents(
        found,
        cards,
        notes,
        code=code,
        expires=expires,
        today=clock.today(),
        who=by.get_full_name() or by.get_username(),
    )
    body = sealing.close(json.dumps(plain, ensure_ascii=False).encode(), key, f"pack:{code}")
    with transaction.atomic():
        row = Pack.objects.create(
            code=code,
            institution=(scope.institution_codes or ("",))[0],
            division=division or scope.root_division(),
            by=by.get_username(),
            made=clock.now(),
            expires=expires,
            persons=len(found),
            base={"people": contents.base_of(found, notes), "brought": {}},
            key=at_rest.seal(key.hex(), context=f"chronic-pack:{code}"),
        )
        audit.record(
            by=by,
            action="chronic-pack.take",
            object_type="chronic-pack",
            object_id=row.pk,
            scope_division=row.division,
            detail={"persons": len(found), "expires": str(expires)},
        )
    audit.look_at_list(by=by, persons=numbers, what="chronic-pack")
    return row, contents.page(body, lock, code=code, expires=expires)


def packs(*, scope: Scope) -> Any:
    """The viewer's own packs; those who manage see all of their place."""
    rows = Pack.objects.all()
    if scope.everywhere:
        return rows
    mine = rows.filter(by=scope.user.get_username()) if scope.user else rows.none()
    if scope.can("chronic.manage"):
        inside = Q(institution__in=[c for c in scope.institution_codes if c])
        codes = [p for p in rows.values_list("division", flat=True).distinct() if p and scope.covers_division(p)]
        return (mine | rows.filter(inside) | rows.filter(division__in=codes)).distinct()
    return mine


def pack(number: int, *, scope: Scope) -> Pack:
    """One of `packs`. Raises `Http404`."""
    row: Pack | None = packs(scope=scope).filter(pk=number).first()
    if row is None:
        raise Http404
    return row


def key_of(row: Pack) -> bytes:
    """The key of a pack. Raises `Refused` where this server cannot open it."""
    return bytes.fromhex(at_rest.unseal(row.key, context=f"chronic-pack:{row.code}"))


def bring(*, body: bytes, by: User, scope: Scope) -> tuple[Pack, Told]:
    """Merge an upload. The same file again changes nothing; a revoked pack is refused and its file kept; what an expired
    pack brings waits for a decision, all of it. Raises `UnreadableFile`, `Refused`, `Http404` for a pack out of sight."""
    outside = sealing.envelope(body)
    row: Pack | None = packs(scope=scope).filter(code=outside["pack"]).first()
    if row is None:
        raise Http404
    digest = hashlib.sha256(body).hexdigest()
    if (before := Upload.objects.filter(pack=row, sha256=digest, accepted=True).first()) is not None:
        return row, Told(again=True, **{k: before.told[k] for k in ("applied", "same", "waiting", "problems")})
    if row.state in ("revoked", "closed"):
        _keep(row, digest, body, by, accepted=False, told=Told(problems=[row.state]))
        raise Refused(_("这个离线包已作废或结清，没有合并。文件已原样留存。"), todo=_("请联系管理人员核对后重新领取。"))
    key = key_of(row)
    try:
        given = json.loads(sealing.open_(outside["body"], key, f"upload:{row.code}"))
    except ValueError as error:
        raise UnreadableFile(_("文件内容已损坏。")) from error
    with transaction.atomic():
        locked = Pack.objects.select_for_update().get(pk=row.pk)
        late = clock.today() > locked.expires
        if late and locked.state in ("out", "back"):
            advance(locked, rules.PACK, "expire", by="clock", permissions={CLOCK}, scope_division=locked.division)
        told = _merge(locked, given, late=late, by=by, scope=scope)
        if not late:
            advance(
                locked,
                rules.PACK,
                "upload",
                by=by,
                permissions=scope.permissions,
                scope_division=locked.division,
                given={"sha256": digest, **told.plain()},
            )
        locked.save(update_fields=["base"])
        _keep(locked, digest, body, by, accepted=True, told=told)
    return locked, told


def _keep(row: Pack, digest: str, body: bytes, by: User, *, accepted: bool, told: Told) -> None:
    Upload.objects.update_or_create(
        pack=row,
        sha256=digest,
        defaults={"at": clock.now(), "by": by.get_username(), "accepted": accepted, "told": told.plain(), "body": body},
    )


def _merge(row: Pack, given: Mapping[str, Any], *, late: bool, by: User, scope: Scope) -> Told:
    """Every change of the upload: applied, already there, or kept as a conflict. Nothing is dropped: what cannot be applied
    waits with the reason."""
    told, base = Told(), row.base["people"]
    brought: dict[str, Any] = row.base["brought"]
    for visit in given.get("visits", []):
        person = int(visit["person"])
        if str(person) not in base:
            told.problems.append(_("有一条随访不属于这个离线包。"))
            _wait(row, Change("visit", str(visit["token"]), person, None, None, dict(visit), apply=False), told)
            continue
        token = str(visit["token"])
        same = Visit.objects.filter(token=token).first()
        changes = merging.visit(
            person, visit, _plain_visit(same) if same else None, _same_day(person, visit), brought.get(token)
        )
        _do(row, changes, told, late=late, by=by, scope=scope, nothing=not changes)
        brought[token] = dict(visit)
    for number, fields in given.get("notes", {}).items():
        if number not in base:
            told.problems.append(_("有一条备注不属于这个离线包。"))
            continue
        person = int(number)
        held = Card.objects.filter(person=person).first()
        started = brought.get(f"notes:{number}", base[number]["fields"])
        changes = merging.fields(person, started, dict(held.fields) if held else {}, fields)
        _do(row, changes, told, late=late, by=by, scope=scope, nothing=not changes)
        brought[f"notes:{number}"] = {**started, **fields}
    for key, moved in given.get("states", {}).items():
        number, _dot, programme = key.partition(":")
        if number not in base or programme not in base[number]["states"]:
            told.problems.append(_("有一条管理状态不属于这个离线包。"))
            continue
        started = brought.get(f"state:{key}", base[number]["states"][programme])
        now = _state_now(int(number), programme, base[number]["states"][programme])
        changes = merging.state(int(number), programme, started, now, moved)
        _do(row, changes, told, late=late, by=by, scope=scope, nothing=not changes)
        brought[f"state:{key}"] = moved["state"]
    return told


def _do(row: Pack, changes: list[Change], told: Told, *, late: bool, by: User, scope: Scope, nothing: bool) -> None:
    told.same += nothing
    for change in changes:
        if late or not change.apply:
            _wait(row, change, told)
            continue
        try:
            with transaction.atomic():
                apply(row, change, by=by, scope=scope)
            told.applied += 1
        except (UserError, Http404) as error:
            # Still not lost: it waits, and the desk says why it could not be taken.
            told.problems.append(str(error) or _("不在您的范围内。"))
            _wait(row, change, told)


def _wait(row: Pack, change: Change, told: Told) -> None:
    place = reads.person_place(change.person) or (row.division, row.institution)
    held = {
        "person": change.person,
        "division": place[0],
        "institution": place[1],
        "base": change.base,
        "server": change.server,
        "brought": change.brought,
        "at": clock.now(),
    }

    def kept(key: str) -> tuple[Conflict, bool]:
        return Conflict.objects.get_or_create(pack=row, kind=change.kind, key=key, defaults=held)

    made, new = kept(change.key)
    if not new and made.brought != change.brought:
        # Brought anew with other content: decided or not, it is a case of its own.
        content = json.dumps(change.brought, sort_keys=True, default=str).encode()
        made, _again = kept(f"{change.key}#{hashlib.sha256(content).hexdigest()[:8]}")
    told.waiting += made.state == "open"


def apply(row: Pack, change: Change, *, by: User, scope: Scope, token: str = "") -> None:
    """Take what a pack brought. Raises `UserError` where the platform's rules forbid it."""
    brought = change.brought
    match change.kind:
        case "visit":
            actions.save_visit(
                person=change.person,
                token=token or str(brought["token"]),
                programmes=list(brought["programmes"]),
                day=actions.day_of(brought["day"]),
                mode=str(brought["mode"]),
                values=dict(brought.get("values") or {}),
                reserved=actions.day_of(brought["reserved"]) if brought.get("reserved") else None,
                advice=str(brought.get("advice") or ""),
                by=by,
                scope=scope,
                origin=f"pack:{row.code}",
                correct=True,
            )
        case "field":
            name = change.key.partition("#")[0].partition(":")[2]
            actions.write_card(person=change.person, fields={name: str(brought)}, by=by, scope=scope)
        case _:
            programme = change.key.partition("#")[0].partition(":")[2]
            enrolment = enrolment_of(change.person, programme, by=by, scope=scope)
            name = {"lost": "lose", "refused": "refuse", "managed": "return", "ended": "end"}[str(brought["state"])]
            enrolling.move(enrolment, name, by=by, scope=scope, given={"reason": str(brought.get("reason") or "other")})


def enrolment_of(person: int, programme: str, *, by: User, scope: Scope) -> Enrolment:
    """The open enrolment, also of somebody another system manages. Raises `Refused` where there is none."""
    row = Enrolment.objects.filter(person=person, programme=programme, state__in=rules.OPEN).first()
    if row is not None:
        return row
    found = [m for m in panel.read(scope, persons=[person]).managed if m.programme == programme]
    if not found:
        raise Refused(_("患者已不在管。"))
    one = found[0]
    return enrolling.known_here(
        person=person,
        programme=programme,
        since=one.since,
        state=one.state,
        institution=one.institution,
        episode=one.episode,
        scope=scope,
        by=by,
    )


def _plain_visit(row: Visit) -> dict[str, Any]:
    return {
        "token": row.token,
        "day": row.day.isoformat(),
        "mode": row.mode,
        "programmes": list(row.programmes),
        "values": dict(row.values),
        "reserved": row.reserved.isoformat() if row.reserved else "",
        "advice": row.advice,
        "by": row.by,
    }


def _same_day(person: int, visit: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Other visits saved for the person on that day for one of the diseases, from the platform or other packs."""
    try:
        day = actions.day_of(visit["day"])
    except InvalidValue:
        return []
    rows = Visit.objects.filter(person=person, day=day).exclude(token=str(visit["token"]))
    return [_plain_visit(row) for row in rows if set(row.programmes) & set(visit["programmes"])]


def _state_now(person: int, programme: str, base: str) -> str:
    row = Enrolment.objects.filter(person=person, programme=programme).order_by("-pk").first()
    return row.state if row is not None else base


def revoke(*, row: Pack, reason: str, by: User, scope: Scope) -> Pack:
    """Make a pack worthless (lost, stolen): what it brings is refused. Raises `Refused`."""
    with transaction.atomic():
        advance(
            row,
            rules.PACK,
            "revoke",
            by=by,
            permissions=scope.permissions,
            given={"reason": reason},
            scope_division=row.division,
            reason=reason[:200],
        )
    return row


def close(*, row: Pack, by: User, scope: Scope) -> Pack:
    """Everything is back: nothing more is taken. Raises `Refused` while conflicts wait."""
    if row.conflicts.filter(state="open").exists():
        raise Refused(_("还有冲突没有处理。"))
    with transaction.atomic():
        advance(row, rules.PACK, "close", by=by, permissions=scope.permissions, scope_division=row.division)
    return row


def expire(today: date) -> int:
    """Mark packs whose last day has passed; gives how many. For the clock."""
    rows = list(Pack.objects.filter(state__in=("out", "back"), expires__lt=today))
    for row in rows:
        with transaction.atomic():
            advance(row, rules.PACK, "expire", by="clock", permissions={CLOCK}, scope_division=row.division)
    return len(rows)
