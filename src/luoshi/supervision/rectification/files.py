"""The file an account may bring: taken, looked at and kept as evidence of duties is."""

from __future__ import annotations

from dataclasses import dataclass

from luoshi.supervision.duties import keeping, rules, sniffing
from luoshi.supervision.duties.rules import Files


@dataclass(frozen=True)
class Kept:
    """A file that was kept: its kind, its cleaned name, its hash."""

    media: str
    name: str
    sha256: str


def limits() -> Files:
    """Which kinds, and how large."""
    return rules.declared().files


def keep(content: bytes, name: str) -> Kept:
    """Look at a file and keep it. Raises `UnreadableFile` with what is wrong; then nothing is kept."""
    draft = keeping.take([content], most=limits().bytes_at_most)
    try:
        media = sniffing.sniff(content, name, limits())
        keeping.keep(draft)
    finally:
        draft.path.unlink(missing_ok=True)
    return Kept(media, keeping.clean(name), draft.sha256)
