"""The one place that asks what time it is, so that tests and re-issued bulletins can answer instead.

Civil time in China is UTC+8 all year. Inside, instants are timezone-aware; days are Chinese days.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")

_fixed: ContextVar[datetime | None] = ContextVar("luoshi_clock", default=None)


def now() -> datetime:
    """The present instant, timezone-aware, in Chinese time; or the fixed one inside `at`."""
    return _fixed.get() or datetime.now(CHINA)


def today() -> date:
    """The present day in China."""
    return now().astimezone(CHINA).date()


@contextmanager
def at(instant: datetime | date) -> Iterator[datetime]:
    """Within the block `now()` answers `instant` (a day means its noon)."""
    if not isinstance(instant, datetime):
        instant = datetime(instant.year, instant.month, instant.day, 12, tzinfo=CHINA)
    token = _fixed.set(instant)
    try:
        yield instant
    finally:
        _fixed.reset(token)
