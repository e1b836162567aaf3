"""The error tree. What a user can mend is a `UserError`; anything else is a bug and may show a traceback.

LuoshiError
├── UserError            shown as one sentence: what is wrong, where, and what to do
│   ├── InvalidValue     a value breaks its rule (a checksum, a date that does not exist)
│   ├── UnreadableFile   a file cannot be read (empty, encrypted, damaged, too large, wrong format)
│   ├── CatalogError     a catalogue file is wrong; names the file and the key
│   ├── NotFound         nothing of that name; names the nearest that exists
│   └── Refused          a rule forbids it (a state that does not allow the move, a missing permission)
└── (bugs)               plain Python exceptions
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class LuoshiError(Exception):
    """Root of every error this project raises on purpose."""


class UserError(LuoshiError):
    """Something the user can mend.

    `message` says what is wrong, `where` names the place (a file, a line, a key) and `todo` says what to do next.
    No personal data belongs in any of the three: they reach logs.
    """

    def __init__(self, message: str, *, where: str = "", todo: str = "") -> None:
        self.message, self.where, self.todo = message, where, todo
        super().__init__(str(self))

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text} {self.todo}".rstrip() if self.todo else text


class InvalidValue(UserError):
    """A value breaks its rule."""


class UnreadableFile(UserError):
    """A file cannot be read as what it claims to be."""


class CatalogError(UserError):
    """A file of the catalogue is wrong."""


class NotFound(UserError):
    """Nothing of that name exists."""


class Refused(UserError):
    """A rule forbids what was asked."""


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint naming the closest known names, or an empty string when none is close."""
    close = get_close_matches(name, list(known), n=3, cutoff=0.5)
    return f"Did you mean {' or '.join(repr(c) for c in close)}?" if close else ""
