"""Who wants to hear of every set the store commits, in the same transaction: if a listener fails, nothing is written.

An application adds its listener when it is ready. A listener gets the set as prepared and as worked (`work.Work`), after
everything of it is written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from luoshi.platform.store.preparing import Prepared
    from luoshi.platform.store.work import Work

Listener = Callable[["Prepared", "Work"], None]
_listeners: list[Listener] = []


def add(listener: Listener) -> None:
    """Hear of sets from now on; adding the same again changes nothing."""
    if listener not in _listeners:
        _listeners.append(listener)


def tell(prepared: Prepared, work: Work) -> None:
    """Tell every listener, in the order they came."""
    for listener in _listeners:
        listener(prepared, work)
