"""What happens by the clock: when it is due, once, whatever the clock or a machine does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Event

import pytest

from luoshi.kernel.errors import Refused
from luoshi.platform.jobs import registry, timetable
from luoshi.platform.jobs.models import Round

NOON = datetime(2025, 11, 3, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Once(Event):
    """Set after the first look."""

    def wait(self, timeout: float | None = None) -> bool:
        self.set()
        return True


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch, db: None) -> list[str]:
    """A registry with one hourly job, which notes each of its runs here."""
    done: list[str] = []
    monkeypatch.setattr(registry, "_declared", {})
    monkeypatch.setattr(registry, "_discover", lambda: None)
    registry.job("hourly", restartable=True, every=HOUR)(lambda progress: done.append("hourly"))
    registry.job("asked for")(lambda progress: done.append("asked for"))
    return done


def test_it_runs_at_once_and_then_when_its_time_has_passed(runs: list[str]) -> None:
    for minutes, so_far in ((0, 1), (1, 1), (59, 1), (60, 2), (61, 2), (600, 3)):
        timetable.turn(now=NOON + timedelta(minutes=minutes))
        assert runs == ["hourly"] * so_far, minutes
    assert Round.objects.get().began_at == NOON + timedelta(minutes=600)


def test_a_clock_set_back_does_not_stop_it(runs: list[str]) -> None:
    timetable.turn(now=NOON)
    timetable.turn(now=NOON - timedelta(days=30))
    timetable.turn(now=NOON - timedelta(days=30) + timedelta(minutes=1))
    assert runs == ["hourly"] * 2


def test_of_two_workers_one_runs_it(runs: list[str]) -> None:
    timetable.turn(now=NOON)
    seen = timetable.lines()[0]
    timetable.turn(now=NOON + HOUR)  # the other one, after this one had looked
    assert not timetable._run(seen, NOON + HOUR)
    assert runs == ["hourly"] * 2


def test_one_under_way_is_waited_for_until_its_machine_is_back_or_given_up(runs: list[str]) -> None:
    Round.objects.create(name="hourly", holder="a machine", began_at=NOON)
    assert timetable.turn(now=NOON + HOUR, everything=True) == 0
    assert timetable.free("another machine") == 0
    assert timetable.free("a machine") == 1
    timetable.turn(now=NOON + HOUR)
    assert runs == ["hourly"]
    Round.objects.update(ended_at=None)
    timetable.turn(now=NOON + HOUR + timetable.LEASE)
    assert runs == ["hourly"] * 2


def test_what_went_wrong_is_said_but_not_what_a_bug_knew(runs: list[str], caplog: pytest.LogCaptureFixture) -> None:
    def refuse(progress: object) -> None:
        raise Refused("the disk is full.")

    def stumble(progress: object) -> None:
        raise KeyError("a name")

    registry.job("refuse", restartable=True, every=HOUR)(refuse)
    registry.job("stumble", restartable=True, every=HOUR)(stumble)
    timetable.turn(now=NOON)
    said = {r.name: (r.failed, r.said) for r in Round.objects.all()}
    assert said["hourly"] == (False, "")
    assert said["refuse"] == (True, "the disk is full.")
    assert said["stumble"][0]
    assert "a name" not in said["stumble"][1]


def test_what_runs_by_the_clock_bears_being_run_again() -> None:
    with pytest.raises(ValueError, match="run again"):
        registry.job("once", every=HOUR)


def test_what_is_frequent_does_not_wait_for_what_is_long(runs: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timetable, "close_old_connections", lambda: None)
    registry.job("often", restartable=True, every=timedelta(seconds=5))(lambda progress: runs.append("often"))
    timetable.keep_prompt(Once())
    assert runs == ["often"]


def test_keeping_it_ends_when_told(runs: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timetable, "close_old_connections", lambda: None)
    timetable.keep_patient(Once())
    assert runs == ["hourly"]
