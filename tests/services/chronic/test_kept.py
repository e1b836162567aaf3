"""The planned register of a place is kept while the lake is the same, and is what reading all of it anew would give."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.conf import settings
from django.http import Http404

from luoshi.kernel import clock
from luoshi.platform.access.scope import Scope
from luoshi.platform.lake.build import build, update
from luoshi.platform.lake.source import StoreSource
from luoshi.platform.regions.models import Institution
from luoshi.platform.store import preparing, reads, writing
from luoshi.platform.store.models import Resource
from luoshi.services.chronic import actions, enrolling, kept, members, panel, shelf
from luoshi.services.chronic.members import Member

pytestmark = [pytest.mark.django_db]
Scopes = Callable[[str], Scope]


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> Iterator[list[int]]:
    """How many people each reading of the lake put aside, with nothing kept before, here or on disk."""
    settings.LUOSHI_HOME = tmp_path
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


def test_another_process_finds_it_planned(scope: Scopes, readings: list[int], patients: list[Member]) -> None:
    """What one process planned is what the next one shows, but for whom something was saved about since."""
    clinic = scope("clinic")
    first = _listed(clinic)
    kept.forget(on_disk=False)
    assert _listed(clinic) == first == members.members(panel.read(clinic))
    assert len(readings) == 1
    member = next(m for m in patients if m.programmes == ("hypertension",) and m.due)
    actions.save_visit(
        person=member.person.number, token="shelf-visit-1", programmes=["hypertension"], day=clock.today(), mode="face",
        values={"systolic": 128, "diastolic": 78}, by="test", scope=clinic,
    )  # fmt: skip
    kept.forget(on_disk=False)
    assert _listed(clinic) == members.members(panel.read(clinic))
    assert readings[1:] == [1]


def test_the_worker_plans_what_was_asked_for(scope: Scopes, readings: list[int], tmp_path: Path) -> None:
    """After another day began the worker plans the place once; whoever looks then reads nothing. A damaged file, and one that
    other rules made, are none."""
    clinic, today = scope("clinic"), clock.today()
    tomorrow = today + timedelta(days=1)
    _listed(clinic)
    assert kept.plan_ahead(today) == 0
    assert kept.plan_ahead(tomorrow) == 1
    assert kept.plan_ahead(tomorrow) == 0
    count = len(readings)
    found, _until = kept.place_members(clinic, tomorrow, most=10_000)
    assert len(readings) == count
    assert list(found) == members.members(panel.read(clinic, on=tomorrow))
    (file,) = (tmp_path / "kept" / "chronic").iterdir()
    assert file.parent.stat().st_mode & 0o077 == 0
    file.write_bytes(file.read_bytes()[:200])
    kept.forget(on_disk=False)
    assert list(kept.place_members(clinic, tomorrow, most=10_000)[0]) == list(found)
    assert len(readings) == count + 1


def test_files_of_other_rules_are_not_believed(
    scope: Scopes, readings: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic = scope("clinic")
    _listed(clinic)
    kept.forget(on_disk=False)
    monkeypatch.setattr(shelf, "_planner", lambda: "other rules")
    _listed(clinic)
    assert len(readings) == 2
    monkeypatch.setattr(shelf, "MOST_BYTES", 10)
    kept.forget(on_disk=False)
    monkeypatch.setattr(shelf, "_planner", lambda: "rules again")
    _listed(clinic)  # written, and thrown away for want of room
    kept.forget(on_disk=False)
    _listed(clinic)
    assert len(readings) == 4


def test_after_an_update_only_the_changed_are_read(
    scope: Scopes, readings: list[int], patients: list[Member], settings: Any, tmp_path: Path
) -> None:
    """A visit saved here reaches the lake, and somebody moves to another centre: the next look reads those two, in this process
    and in the next, and shows what planning everybody anew would. A lake built whole is read whole."""
    settings.LUOSHI_LAKE = lake = Path(shutil.copytree(settings.LUOSHI_LAKE, tmp_path / "lake"))
    update(StoreSource(), lake, at=clock.now())  # what the demonstration left in the store
    clinic = scope("clinic")
    _listed(clinic)
    one, other = [m for m in patients if m.programmes == ("hypertension",) and m.due][:2]
    actions.save_visit(
        person=one.person.number, token="follow-visit-1", programmes=["hypertension"], day=clock.today(), mode="face",
        values={"systolic": 128, "diastolic": 78}, by="test", scope=clinic,
    )  # fmt: skip
    patient = Resource.objects.get(type="Patient", person=other.person.number)
    (stored,) = reads.resources_of_person(other.person.number, scope=Scope.system(), types=["Patient"])
    body = dict(stored.resource) | {"id": patient.key}
    away = Institution.objects.exclude(code__in=clinic.institution_codes).filter(type="community-centre").first()
    assert away is not None
    body["managingOrganization"] = {"reference": f"Organization/{away.code}"}
    row = preparing.row(body, orjson.dumps(body).decode())
    writing.commit(preparing.Prepared(rows=[row]), source=patient.source, by="test")
    update(StoreSource(), lake, at=clock.now() + timedelta(minutes=1))
    readings.clear()
    found = _listed(clinic)
    assert readings == [1]  # the one who stays; who moved away is no longer among the people of the place
    assert found == members.members(panel.read(clinic))
    assert other.person.number not in {m.person.number for m in found}
    kept.forget(on_disk=False)
    assert _listed(clinic) == found
    build(StoreSource(), lake, at=clock.now() + timedelta(minutes=2), bucket_size=1 << 16)
    readings.clear()
    assert _listed(clinic) == members.members(panel.read(clinic))
    assert readings[0] > 100
