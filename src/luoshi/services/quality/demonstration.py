"""What the demonstration shows of quality: the checks have run over the records of the city."""

from __future__ import annotations

from luoshi.services.quality import actions


def prepare() -> list[tuple[str, str, str, str, str]]:
    """Run every check once. Adds no accounts."""
    actions.run(by="demo")
    return []
