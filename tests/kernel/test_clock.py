"""The clock can be set, and says Chinese days."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue


def test_inside_the_block_time_stands_still() -> None:
    with clock.at(date(2025, 10, 31)):
        assert clock.today() == date(2025, 10, 31)
    assert clock.now().tzinfo is not None


def test_a_demonstration_lives_on_its_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUOSHI_TODAY", "2025-11-03")
    assert clock.today() == date(2025, 11, 3)
    monkeypatch.setenv("LUOSHI_TODAY", "soon")
    with pytest.raises(InvalidValue, match="LUOSHI_TODAY"):
        clock.today()


def test_an_evening_in_utc_is_the_next_day_in_china() -> None:
    with clock.at(datetime(2025, 12, 31, 17, tzinfo=UTC)):
        assert clock.today() == date(2026, 1, 1)
