"""Small secrets that a row must keep (the seed of a second factor): sealed with SM4 before they reach the database.

The key lies outside the database: `LUOSHI_DATA_KEY`, or a file made once beside it (`settings.LUOSHI_DATA_KEYS`, the
present key first). What an older key sealed stays readable while that key is listed, and is sealed anew with the
present one when it is next written.
"""

from __future__ import annotations

import base64

from django.conf import settings

from luoshi.kernel import sm
from luoshi.kernel.errors import InvalidValue, Refused

MARK = "sm4:"


def _keys() -> list[bytes]:
    return [bytes.fromhex(key) for key in settings.LUOSHI_DATA_KEYS]


def is_sealed(text: str) -> bool:
    """Whether a column's text was sealed here."""
    return text.startswith(MARK)


def seal(text: str, *, context: str) -> str:
    """`text` as it may lie in the database. `context` names the place (`totp:17`): elsewhere it does not open."""
    sealed = sm.seal(text.encode(), _keys()[0], context=context.encode())
    return MARK + base64.b64encode(sealed).decode()


def unseal(text: str, *, context: str) -> str:
    """What was sealed. Raises `Refused` when no known key opens it, or somebody put it into another row."""
    try:
        sealed = base64.b64decode(text.removeprefix(MARK), validate=True)
        return sm.unseal(sealed, _keys(), context=context.encode()).decode()
    except (InvalidValue, ValueError) as error:
        raise Refused(
            "A secret kept in the database cannot be opened with the keys of this server.",
            where=context.partition(":")[0],
            todo="Give the key it was sealed with (LUOSHI_DATA_KEY, LUOSHI_OLD_DATA_KEYS), or reset it.",
        ) from error
