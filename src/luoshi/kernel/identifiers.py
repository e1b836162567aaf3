"""Identifiers with check characters: resident ID, unified social credit code, and the old institution code.

Each `check_*` returns the normalised value or raises `InvalidValue` saying which rule is broken. Messages never repeat
the value: identifiers are personal data.
"""

from __future__ import annotations

import re
from datetime import date

from luoshi.kernel.errors import InvalidValue

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORG_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def resident_id_check_character(first17: str) -> str:
    """The last character of an 18-character resident ID (GB 11643-1999, ISO 7064 MOD 11-2)."""
    return _ID_CHECKS[sum(int(d) * w for d, w in zip(first17, _ID_WEIGHTS, strict=True)) % 11]


def check_resident_id(text: str) -> str:
    """Normalise and check a resident ID; a 15-digit one (before 1999) is upgraded to 18 characters.

    Source: GB 11643-1999. Raises `InvalidValue` for a wrong shape, a birth date that does not exist or a wrong
    check character.
    """
    value = text.strip().upper()
    if re.fullmatch(r"\d{15}", value):
        value = value[:6] + "19" + value[6:]
        value += resident_id_check_character(value)
    if not re.fullmatch(r"[1-9]\d{16}[\dX]", value):
        raise InvalidValue("A resident ID has 17 digits and a check character (or 15 digits before 1999).")
    resident_id_birth_date(value)
    if resident_id_check_character(value[:17]) != value[17]:
        raise InvalidValue("The check character of the resident ID is wrong: probably a digit was mistyped.")
    return value


def resident_id_birth_date(value: str) -> date:
    """Birth date inside an 18-character resident ID. Raises `InvalidValue` if there is no such day."""
    try:
        return date(int(value[6:10]), int(value[10:12]), int(value[12:14]))
    except ValueError as error:
        raise InvalidValue("The birth date inside the resident ID does not exist.") from error


def resident_id_sex(value: str) -> str:
    """`male` or `female`, from the 17th digit (odd is male)."""
    return "male" if int(value[16]) % 2 else "female"


def uscc_check_character(first17: str) -> str:
    """The last character of a unified social credit code (GB 32100-2015, MOD 31)."""
    total = sum(_USCC_ALPHABET.index(c) * w for c, w in zip(first17, _USCC_WEIGHTS, strict=True))
    return _USCC_ALPHABET[(31 - total % 31) % 31]


def check_uscc(text: str) -> str:
    """Normalise and check an 18-character unified social credit code (GB 32100-2015)."""
    value = text.strip().upper()
    if len(value) != 18 or any(c not in _USCC_ALPHABET for c in value):
        raise InvalidValue("A unified social credit code has 18 characters of 0-9 and A-Y without I, O, S, V, Z.")
    if uscc_check_character(value[:17]) != value[17]:
        raise InvalidValue("The check character of the unified social credit code is wrong.")
    return value


def organisation_check_character(first8: str) -> str:
    """The ninth character of an organisation code (GB 11714-1997, MOD 11)."""
    total = sum(_ORG_ALPHABET.index(c) * w for c, w in zip(first8, _ORG_WEIGHTS, strict=True))
    return "0123456789X0"[(11 - total % 11) % 11]


def check_institution_code(text: str) -> str:
    """Normalise and check a health institution code (WS 218-2002): a 9-character organisation code with check
    character, then the 13-character classification where it is given (22 characters in all)."""
    value = text.strip().upper().replace("-", "")
    if not re.fullmatch(r"[0-9A-Z]{8}[0-9X](?:[0-9A-Z]{13})?", value):
        raise InvalidValue("A health institution code has 9 characters, or 22 with its classification.")
    if organisation_check_character(value[:8]) != value[8]:
        raise InvalidValue("The check character of the health institution code is wrong.")
    return value


def mask(value: str) -> str:
    """An identifier or telephone number as it may be shown in lists: the first and last characters only."""
    return value if len(value) <= 4 else value[:3] + "*" * (len(value) - 5) + value[-2:]
