"""Who wants to hear of what happens to duties, in the same transaction: if a listener fails, nothing happened.

An application adds its listener when it is ready (`add`). A listener gets a `Happened` and must not change the duty.
Kinds: `issued`, `received`, `objected`, `reassigned`, `withdrawn`, `delegated`, `split`, `submitted`, `returned`,
`closed`, `reported`, `contradicted` (with the `query`), `query-upheld`, `evidence-offered`, `evidence-judged`,
`commented`, `overridden`, `receipt-overdue`, `due-passed`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from luoshi.supervision.duties.models import Duty, Query

KINDS = (
    "issued", "received", "objected", "reassigned", "withdrawn", "delegated", "split", "submitted", "returned", "closed",
    "reported", "contradicted", "query-upheld", "evidence-offered", "evidence-judged", "commented", "overridden",
    "receipt-overdue", "due-passed",
)  # fmt: skip


@dataclass(frozen=True)
class Happened:
    """One thing that happened. `duty` is None for a light set by hand; then `target` and `place` say where. `by` is a
    user name, or `clock`; `text` what was said with it. `duties` are all of them where one event is about many (`issued`)."""

    kind: str
    by: str
    duty: Duty | None = None
    query: Query | None = None
    target: int = 0
    place: str = ""
    text: str = ""
    duties: tuple[Duty, ...] = ()


Listener = Callable[[Happened], None]
_listeners: list[Listener] = []


def add(listener: Listener) -> None:
    """Hear of duties from now on; adding the same again changes nothing."""
    if listener not in _listeners:
        _listeners.append(listener)


def tell(happened: Happened) -> None:
    """Tell every listener, in the order they came. Raises `ValueError` for a kind nobody declared."""
    if happened.kind not in KINDS:
        raise ValueError(f"unknown event {happened.kind!r}")
    for listener in _listeners:
        listener(happened)
