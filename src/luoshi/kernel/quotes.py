"""Quotation marks inside quotation marks (GB/T 15834-2011, 4.8: double outside, single inside)."""

from __future__ import annotations

_INNER = str.maketrans("“”", "‘’")


def inner(text: str) -> str:
    """`text` as it stands inside double marks: its own double marks become single ones."""
    return text.translate(_INNER)
