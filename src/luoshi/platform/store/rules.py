"""How a source's records are checked, and what happens to those that are not valid."""

from __future__ import annotations

from typing import NamedTuple

from luoshi.kernel.errors import Refused
from luoshi.platform.store.models import Source
from luoshi.platform.store.preparing import FLAG, QUARANTINE, REJECT

__all__ = ["FLAG", "QUARANTINE", "REJECT", "Rules", "rules_of"]


class Rules(NamedTuple):
    """`mode`: what is not valid is refused (kept with its reasons, the sender is told), put into quarantine (until
    somebody decides) or, where only a rule fails that says nothing about the shape, accepted with a flag. `profile`:
    the rules beside R4 itself, or None."""

    mode: str = REJECT
    profile: str | None = None


def rules_of(source: Source, profile: str | None = None) -> Rules:
    """The rules a source was registered with, its profile falling back to `profile`; one that is not registered is
    checked by `profile` and refused what fails. Raises `Refused` for a source that was switched off."""
    registration = getattr(source, "registration", None)
    if registration is None:
        return Rules(REJECT, profile)
    if not registration.active:
        raise Refused(f"the source {source.name} was switched off.", todo="Switch it on where it is registered.")
    return Rules(registration.mode, registration.profile or profile)
