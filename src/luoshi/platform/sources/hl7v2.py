"""HL7 v2 into the store: one message in, one acknowledgement out, which says AA only after the commit."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import DatabaseError, transaction
from django.utils import timezone

from luoshi.kernel import clock
from luoshi.kernel.errors import Refused, UserError
from luoshi.platform.sources.models import Message as Received
from luoshi.platform.sources.receiving import Receipt, Unreadable, receive
from luoshi.platform.store.models import Source, Version
from luoshi.records import hl7v2
from luoshi.records.translating import Translated

log = logging.getLogger("luoshi.hl7v2")


@dataclass(frozen=True)
class Handled:
    """What became of a message: AA, AE or AR with the reason, and the acknowledgement to send. `again`: it had been
    received before. `receipt`: what was stored, where something was."""

    code: str
    text: str
    ack: bytes
    again: bool = False
    receipt: Receipt | None = None


def handle(data: bytes, *, source: Source, by: str = "") -> Handled:
    """Read, keep and acknowledge one message of a source (registered for the place its institution stands for).

    AA: everything is committed (or waits in quarantine, which ERR says). AE: refused with a reason, or the store could
    not take it now; the sender may mend it or send it again. AR: nothing of the kind is read here. A message with the
    control id and text of one that was accepted is answered AA again and not read again.
    """
    by = by or f"source:{source.name}"
    message = None
    try:
        message = hl7v2.parse(data)
        digest = hashlib.sha256(data).hexdigest()
        if Received.objects.filter(source=source, key=message.control[:200], digest=digest).exists():
            return _answer(message, "AA", "received before", again=True)
        translated = hl7v2.translate(message, institution=source.institution)
        with transaction.atomic():
            receipt = receive([_kept_of_merged(translated, source)], source=source, by=by)
            if receipt.accepted or receipt.quarantined:
                Received.objects.get_or_create(
                    source=source,
                    key=message.control[:200],
                    digest=digest,
                    defaults={"kind": f"{message.type}^{message.event}"[:20], "body": data},
                )
    except Refused as error:
        return _answer(message, "AR", str(error))
    except UserError as error:
        return _unreadable(data, message, error, source, by)
    except DatabaseError:
        log.exception("a message could not be stored")
        return _answer(message, "AE", "the store cannot take it now; send it again")
    return _of_receipt(message, receipt)


def _of_receipt(message: hl7v2.Message, receipt: Receipt) -> Handled:
    if receipt.accepted:
        return _answer(message, "AA", "; ".join(receipt.notes), receipt=receipt)
    first = receipt.issues[0]
    words = f"{first['path']}: {first['text']}".strip(": ")
    if receipt.quarantined:
        return _answer(message, "AA", f"kept in quarantine: {words}", receipt=receipt)
    return _answer(message, "AE", words, receipt=receipt)


def _unreadable(data: bytes, message: hl7v2.Message | None, error: UserError, source: Source, by: str) -> Handled:
    """Keep what could not be read, and say why."""
    code, kind = ("AR", "not-supported") if isinstance(error, hl7v2.NotSupported) else ("AE", "value")
    kept = Unreadable(data[: 1 << 20], str(error), "HL7 v2", code=kind)
    try:
        receipt = receive([], source=source, by=by, unreadable=[kept])
    except DatabaseError:
        log.exception("a refused message could not be kept")
        return _answer(message, code, str(error))
    if receipt.quarantined and code == "AE":
        return _answer(message, "AA", f"kept in quarantine: {error}", receipt=receipt)
    return _answer(message, code, str(error), receipt=receipt)


def _answer(
    message: hl7v2.Message | None, code: str, text: str, *, again: bool = False, receipt: Receipt | None = None
) -> Handled:
    now = timezone.now().astimezone(clock.CHINA)
    stamp = now.strftime("%Y%m%d%H%M%S")
    ack = hl7v2.answer(message, code, text, at=stamp, control=f"L{stamp}{now.microsecond:06d}")
    return Handled(code, text, ack, again, receipt)


def _kept_of_merged(translated: Translated, source: Source) -> Translated:
    """A number that is given up keeps what was known of it: the message has only the number."""
    entries = translated.bundle["entry"]
    for entry in entries:
        resource: dict[str, Any] = entry["resource"]
        if resource["resourceType"] == "Patient" and "link" in resource:
            version = (
                Version.objects.filter(
                    resource__type="Patient", resource__key=resource["id"], resource__source=source, known_to=None
                )
                .exclude(body="")
                .first()
            )
            if version is not None:
                entry["resource"] = {**orjson.loads(version.body), **resource}
    return translated
