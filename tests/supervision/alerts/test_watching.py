"""What nobody does but happens is told once: a source falls silent, a target turns red."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from types import SimpleNamespace

import pytest

from luoshi.kernel import clock
from luoshi.platform.sources.models import Feed
from luoshi.platform.store.models import Source
from luoshi.supervision import sources
from luoshi.supervision.alerts import watching
from luoshi.supervision.alerts.models import Message

NOON = datetime(2025, 11, 3, 12, 0, tzinfo=clock.CHINA)


def test_a_silent_source_is_told_once_for_each_silence(make_user):
    steward = make_user("data-steward", division="9901")
    source = Source.objects.create(name="his", title="东溪区人民医院HIS", institution="H1")
    Feed.objects.create(source=source, kind="Encounter", hours=24, since=date(2025, 11, 1))
    with clock.at(NOON):
        assert watching.silent_sources() == 1
        assert watching.silent_sources() == 0
    with clock.at(NOON + timedelta(hours=5)):
        assert watching.silent_sources() == 0  # still the same silence
    message = Message.objects.get(user=steward)
    assert "东溪区人民医院HIS" in message.texts[0]
    assert message.link == "/sources/of/his/"


@pytest.fixture
def board(monkeypatch):
    """A board of one plan whose lights the test sets: (target, division) -> light."""
    lights: dict[tuple[int, str], str] = {}

    def standing(target: int, division: str) -> SimpleNamespace:
        promise = SimpleNamespace(metric=f"目标{target}", plan=SimpleNamespace(id=1))
        return SimpleNamespace(target=target, light=lights[target, division], promise=promise, place=division)

    def of(division: str) -> list[SimpleNamespace]:
        return [standing(t, d) for t, d in lights if d == division]

    fake = SimpleNamespace(
        plans=lambda scope: [SimpleNamespace(division="9901")],
        standings=lambda scope, division: of(division),
        below=lambda scope, division: {"990101": of("990101"), "990102": of("990102")},
    )
    monkeypatch.setattr(sources, "get", lambda: fake)
    return lights


def test_lights_that_turn_red_are_one_message_a_place(make_user, board):
    city, county = make_user("division-head", division="9901"), make_user("county-officer", division="990101")
    board.update({(t, d): "green" for t in (1, 2, 3) for d in ("9901", "990101", "990102")} | {(3, "990101"): "red"})
    assert watching.red_lights() == 0  # what was red all along is no news
    board[1, "990101"] = board[2, "990101"] = "red"
    assert watching.red_lights() == 1
    assert watching.red_lights() == 0
    said = Message.objects.get(user=county).texts[0]
    assert "2 项目标转为红灯" in said
    assert "目标1、目标2" in said
    board[1, "990102"] = "red"  # nobody there: the city hears of it
    assert watching.red_lights() == 1
    assert Message.objects.filter(user=city).count() == 1
    board[1, "990101"] = "yellow"
    assert watching.red_lights() == 0
