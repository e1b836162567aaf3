"""The planned register of a place is kept while the lake is the same, and is what reading all of it anew would give."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.http import Http404

from luoshi.kernel import clock
from luoshi.platform.access.scope import Scope
from luoshi.services.chronic import actions, enrolling, kept, members, panel
from luoshi.services.chronic.members import Member

pytestmark = [pytest.mark.django_db]
Scopes = Callable[[str], Scope]


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many people each reading of the lake put aside, with nothing kept before."""
    seen: list[int] = []

    class Counted(panel.Lake):
        def people(self, condition: str, today) -> None:
            super().people(condition, today)
            seen.append(self.rows("SELECT count(*) FROM people")[0][0])

    monkeypatch.setattr(kept, "Lake", Counted)
    kept.forget()
    yield seen
    kept.forget()


def _listed(scope: Scope) -> list[Member]:
    return list(kept.place_members(scope, clock.today(), most=10_000)[0])


def test_read_once_and_again_only_whom_something_was_saved_about(
    scope: Scopes, readings: list[int], patients: list[Member]
) -> None:
    clinic = scope("clinic")
    assert _listed(clinic) == members.members(panel.read(clinic))
    assert _listed(clinic) == _listed(clinic)
    assert len(readings) == 1
    member = next(m for m in patients if m.programmes == ("hypertension",) and m.due)
    actions.save_visit(
        person=member.person.number,
        token="kept-visit-1",
        programmes=["hypertension"],
        day=clock.today(),
        mode="face",
        values={"systolic": 128, "diastolic": 78},
        by="test",
        scope=clinic,
    )
    after = _listed(clinic)
    assert readings[1:] == [1]
    assert after == members.members(panel.read(clinic))
    assert not next(m for m in after if m.person == member.person).due
    row = enrolling.known_here(
        person=member.person.number,
        programme="hypertension",
        since=member.diseases[0].managed.since,
        state="managed",
        institution=member.diseases[0].managed.institution,
        episode=member.diseases[0].managed.episode,
        scope=clinic,
        by="test",
    )
    enrolling.move(row, "end", by="test", scope=clinic, given={"reason": "died"})
    ended = _listed(clinic)
    assert member.person.number not in {m.person.number for m in ended}
    assert ended == members.members(panel.read(clinic))
    assert readings[2:] in ([1], [1, 1])


def test_another_lake_is_read(scope: Scopes, readings: list[int]) -> None:
    clinic = scope("clinic")
    _listed(clinic)
    description = Path(settings.LUOSHI_LAKE) / "lake.json"
    before = description.stat()
    try:
        os.utime(description, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
        _listed(clinic)
    finally:
        os.utime(description, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert len(readings) == 2


def test_what_is_kept_for_one_is_not_told_another(scope: Scopes, readings: list[int]) -> None:
    """The leader has looked at a centre; somebody of another county asks for it."""
    clinic = scope("clinic").institution_codes[0]
    assert kept.place_members(scope("leader"), clock.today(), institution=clinic, most=10_000)[0]
    with pytest.raises(Http404):
        kept.place_members(Scope(user=None), clock.today(), institution=clinic, most=10_000)


def test_a_place_too_large_says_so_every_time(scope: Scopes, readings: list[int]) -> None:
    for _ in range(2):
        with pytest.raises(panel.TooMany) as told:
            kept.place_members(scope("leader"), clock.today(), most=3)
        assert sum(count for count, _lost in told.value.counts.values()) > 3
    assert len(readings) == 1
