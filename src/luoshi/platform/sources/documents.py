"""Clinical documents into the store: one document, one transaction, one answer."""

from __future__ import annotations

from luoshi.kernel.errors import Refused, UserError
from luoshi.platform.sources.receiving import Receipt, Unreadable, receive
from luoshi.platform.store.models import Source
from luoshi.records.cda import translate


def receive_document(data: bytes, *, source: Source, by: str, where: str = "") -> Receipt:
    """Keep a CDA document with what was read of it. What cannot be read is kept as it came, and said in the receipt.
    Raises `Refused` when the source was switched off."""
    try:
        made = translate(data, where=where, institution=source.institution)
    except Refused:
        raise
    except UserError as error:
        return receive(
            [], source=source, by=by, unreadable=[Unreadable(data, f"{error.message} {error.todo}".strip(), where)]
        )
    return receive([made], source=source, by=by)
