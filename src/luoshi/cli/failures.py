"""Failures of the machine in words: a full disk, a file that may not be written, a store that is not there.

They are the user's to mend, so the command line says them in one sentence. Anything else stays a bug with a traceback.
"""

from __future__ import annotations

import errno
import sys

from luoshi.kernel.errors import NotFound, Refused, UnreadableFile, UserError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_KEPT = "Make room and start again: what was committed is kept and nothing is stored by halves."
_NO_TABLES = ("no such table", "no such column", "undefinedtable", "undefinedcolumn", "does not exist")
_DISK = ("full", "no space", "disk i/o", "extend file", "could not write")
_AWAY = ("unable to open", "connection refused", "could not connect", "connection failed", "timeout expired")


def in_words(error: BaseException) -> UserError | None:
    """What the user can mend about `error`; None when it is a bug. Knows the operating system's errors and, where
    Django was used, those of the database."""
    if isinstance(error, OSError):
        return _of_system(error)
    if "django.db" in sys.modules:
        from django.db import DatabaseError, InterfaceError

        if isinstance(error, DatabaseError | InterfaceError):
            return _of_store(str(error).lower())
    if "django.http" in sys.modules:
        from django.http import Http404

        if isinstance(error, Http404):
            return NotFound(
                "there is no such thing, or not for this account and division.", todo="Look at what `list` gives."
            )
    return None


def _of_system(error: OSError) -> UserError | None:
    where = str(error.filename) if error.filename is not None else ""
    if error.errno in _FULL:
        return Refused("the disk is full.", where=where, todo=_KEPT)
    if where and error.strerror:
        return UnreadableFile(f"{error.strerror[0].lower()}{error.strerror[1:]}.", where=where)
    return None


def _of_store(text: str) -> UserError | None:
    if any(words in text for words in _DISK):
        return Refused("the store cannot grow: the disk is full.", todo=_KEPT)
    if any(words in text for words in _AWAY):
        return Refused("the store cannot be reached.", todo="Check DATABASE_URL and LUOSHI_HOME.")
    if any(words in text for words in _NO_TABLES):
        return Refused(
            "the store has no tables yet, or those of an older Luoshi.", todo="Run `luoshi server prepare`, then again."
        )
    if "readonly" in text or "read-only" in text:
        return Refused("the store may not be written.", todo="Check the rights of the folder LUOSHI_HOME.")
    if "locked" in text:
        return Refused("the store is busy: another process holds it.", todo="Wait for it and start again.")
    if "not a database" in text or "malformed" in text:
        return Refused("the store is damaged or no database.", todo="Put the last backup in its place.")
    return None
