"""The one place that asks what time it is, so that tests and re-issued bulletins can answer instead.

Civil time in China is UTC+8 all year. Inside, instants are timezone-aware; days are Chinese days. A demonstration
region lives on a fixed day: `LUOSHI_TODAY` (an ISO date) names it. Audit and sessions always use the real time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, timedelta, timezone

from luoshi.kernel.errors import InvalidValue

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")

_fixed: ContextVar[datetime | None] = ContextVar("luoshi_clock", default=None)


def now() -> datetime:
    """The present instant, timezone-aware, in Chinese time; or the fixed one inside `at` or given by `LUOSHI_TODAY`."""
    return _fixed.get() or demonstration_day() or datetime.now(CHINA)


def demonstration_day() -> datetime | None:
    """Noon of the day in `LUOSHI_TODAY`, or None where it is not set. Raises `InvalidValue` for no ISO date."""
    text = os.environ.get("LUOSHI_TODAY", "")
    try:
        return datetime.fromisoformat(text).replace(hour=12, tzinfo=CHINA) if text else None
    except ValueError:
        raise InvalidValue("it is no date.", where="LUOSHI_TODAY", todo="Use the form 2025-11-03.") from None


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
