"""Functions by name, imported when they are first called.

What applications register with one another when they are ready is registered so: a command that never calls it does not
wait for what it would import.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any


@cache
def later(name: str) -> Callable[..., Any]:
    """A function that is the one of that dotted name (`luoshi.services.referral.exchange.inbound.hear`).

    The same name gives the same function. What does not exist raises `ImportError` or `AttributeError` when called.
    """
    module, _, attribute = name.rpartition(".")

    def call(*args: Any, **kwargs: Any) -> Any:
        return getattr(import_module(module), attribute)(*args, **kwargs)

    call.__qualname__ = call.__name__ = name
    return call
