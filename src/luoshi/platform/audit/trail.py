"""Append to the chain, and check it.

A row's hash covers the row and the hash before it, so a changed or removed row breaks the chain; the signed head
says how long the chain must be, so a cut tail shows too. A head copied elsewhere (`seal`) still shows a tail that was
cut together with an older head put back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.core.signing import BadSignature, Signer
from django.db import connection, transaction
from django.db.models import Q, QuerySet

from luoshi.kernel.errors import InvalidValue
from luoshi.platform import statements
from luoshi.platform.audit.models import Entry, Head

if TYPE_CHECKING:
    from luoshi.platform.access.models import User

HEAD = 1
START = "0" * 64
_signer = Signer(salt="luoshi.audit.head")
_QUEUE = "UPDATE audit_head SET number = number + %s WHERE id = %s RETURNING number, hash"
_INSERT = (
    "INSERT INTO audit_entry"
    " (number, at, by, action, object_type, object_id, scope_division, detail, previous, hash)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
_SIGN = "UPDATE audit_head SET hash = %s, signature = %s WHERE id = %s"


def _canonical(entry: Entry) -> bytes:
    """The row without its own hash, as JSON with sorted keys and no spaces."""
    row = {
        "number": entry.number,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "by": entry.by,
        "action": entry.action,
        "object_type": entry.object_type,
        "object_id": entry.object_id,
        "scope_division": entry.scope_division,
        "detail": entry.detail,
        "previous": entry.previous,
    }
    return json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _hash(entry: Entry) -> str:
    return hashlib.sha256(_canonical(entry)).hexdigest()


def record(
    *,
    by: User | str,
    action: str,
    object_type: str,
    object_id: str | int,
    scope_division: str = "",
    detail: dict[str, Any] | None = None,
) -> Entry:
    """Append one row to the chain, in the caller's transaction.

    `by` is the user, or a name such as `system` where nobody is signed in. `detail` must be JSON and hold no names or
    identifiers of residents. Raises `RuntimeError` outside a transaction: what is audited and its audit row are
    committed together or not at all. Writers queue on the head row until the transaction ends.
    """
    row = Entry(
        by=by if isinstance(by, str) else by.get_username(),
        action=action,
        object_type=object_type,
        object_id=str(object_id),
        scope_division=scope_division,
        detail=json.loads(json.dumps(detail or {}, ensure_ascii=False, default=str)),
    )
    _append([row])
    return row


def _append(rows: list[Entry]) -> None:
    """Number, chain and store rows in the caller's transaction, by hand: every write and every read pays it."""
    if not connection.in_atomic_block:
        raise RuntimeError("audit rows must be written inside transaction.atomic()")
    with statements.cursor() as cursor:
        statements.run(cursor, _QUEUE, [len(rows), HEAD])
        found = cursor.fetchone()
        if found is None:
            Head.objects.get_or_create(pk=HEAD, defaults={"number": 0, "hash": START, "signature": ""})
            statements.run(cursor, _QUEUE, [len(rows), HEAD])
            found = cursor.fetchone()
        last, previous = found
        at = datetime.now(UTC)
        told = connection.ops.adapt_datetimefield_value(at)
        values = []
        for number, row in enumerate(rows, last - len(rows) + 1):
            row.number, row.at, row.previous = number, at, previous
            row.hash = previous = _hash(row)
            what = (row.object_type, row.object_id, row.scope_division, json.dumps(row.detail))
            values.append((number, told, row.by, row.action, *what, row.previous, row.hash))
        signed = (previous, _signer.sign(f"{last}:{previous}"), HEAD)
        if len(values) == 1 and statements.postgres():  # one message for both, while others wait for the head
            statements.run(cursor, f"WITH row AS ({_INSERT}) {_SIGN}", (*values[0], *signed))
            return
        if len(values) == 1:
            cursor.execute(_INSERT, values[0])
        else:
            cursor.executemany(_INSERT, values)
        cursor.execute(_SIGN, signed)


def look(*, by: User | str, person: int, what: str, **more: str) -> None:
    """Note that `by` saw `what` of one resident; see `look_at_list`."""
    look_at_list(by=by, persons=[person], what=what, **more)


def look_at_list(*, by: User | str, persons: Iterable[int], what: str, **more: str) -> None:
    """Note that `by` saw `what` (a page or list, in a word) of the residents with those numbers: a row each, in one
    transaction of its own. `more`: the purpose, and the ground where it is a particular one (`break-glass`). The number
    of SQL queries does not grow with the residents."""
    detail = {"what": what} | {name: value for name, value in more.items() if value}
    name = by if isinstance(by, str) else by.get_username()
    rows = [
        Entry(by=name, action="look", object_type="person", object_id=str(person), detail=detail) for person in persons
    ]
    if rows:
        with statements.pipelined(), transaction.atomic():
            _append(rows)


def looks_at(person: int, *, limit: int = 100) -> list[Entry]:
    """Who looked at a resident, newest first."""
    rows = Entry.objects.filter(object_type="person", object_id=str(person), action="look")
    return list(rows.order_by("-number")[:limit])


def entries(*, by: str = "", action: str = "", object_: str = "") -> QuerySet[Entry]:
    """Rows, newest first; `action` matches itself and what stands below it (`plan` and `plan.load`), `object_` is
    `type:id`. Raises `InvalidValue` for another shape."""
    rows = Entry.objects.order_by("-number")
    if by:
        rows = rows.filter(by=by)
    if action:
        rows = rows.filter(Q(action=action) | Q(action__startswith=f"{action}."))
    if object_:
        kind, colon, key = object_.partition(":")
        if not colon:
            raise InvalidValue("an object is written TYPE:ID.", where=object_, todo="For example person:17.")
        rows = rows.filter(object_type=kind, object_id=key)
    return rows


@dataclass(frozen=True)
class Break:
    """A place where the chain does not hold, in words. `number` is where it shows."""

    number: int
    reason: str


def verify() -> Iterator[Break]:
    """Every break of the chain, in order; none means nothing was changed, removed or cut since the head was signed.

    Reads the whole trail once, in batches, with memory that does not grow.
    """
    expected, previous = 1, START
    for entry in Entry.objects.order_by("number").iterator(chunk_size=5000):
        if entry.number != expected:
            yield Break(entry.number, f"rows {expected} to {entry.number - 1} are missing")
        elif entry.previous != previous:
            yield Break(entry.number, "does not follow the row before it")
        if _hash(entry) != entry.hash:
            yield Break(entry.number, "its content was changed after it was written")
        expected, previous = entry.number + 1, entry.hash
    yield from _verify_head(expected - 1, previous)


def _verify_head(number: int, last_hash: str) -> Iterator[Break]:
    head = Head.objects.filter(pk=HEAD).first()
    if head is None:
        if number:
            yield Break(number, "the signed head is missing")
        return
    try:
        signed = _signer.unsign(head.signature)
    except BadSignature:
        yield Break(head.number, "the signature of the head is wrong (or the secret key was changed)")
        return
    if signed != f"{head.number}:{head.hash}":
        yield Break(head.number, "the head was changed after it was signed")
    elif number < head.number:
        yield Break(number, f"rows {number + 1} to {head.number} were cut off the end")
    elif (number, last_hash) != (head.number, head.hash):
        yield Break(number, "the last row is not the one the head was signed for")


def seal() -> str:
    """The head of this moment as one signed line, to be kept outside the database. Empty when nothing happened yet."""
    head = Head.objects.filter(pk=HEAD).first()
    if head is None:
        return ""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return Signer(salt="luoshi.audit.seal").sign(f"{head.number}:{head.hash}:{at}")


def verify_seal(line: str) -> Break | None:
    """Check that the chain still holds the row a seal was made for."""
    try:
        number_text, digest, at = Signer(salt="luoshi.audit.seal").unsign(line.strip()).split(":", 2)
    except BadSignature:
        return Break(0, "a seal is not one of ours (or the secret key was changed)")
    number = int(number_text)
    if not Entry.objects.filter(number=number, hash=digest).exists():
        return Break(number, f"the row sealed at {at} is gone or changed")
    return None
