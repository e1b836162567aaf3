"""What happens to what is not valid: refused, quarantined, flagged; and the tally and silence of a source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.http import Http404
from tests.platform.sources.conftest import WRONG_ID, bundle, ndjson, patient

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, Refused
from luoshi.platform.access.scope import Scope
from luoshi.platform.sources import quarantine, queries, receiving, registering, silence
from luoshi.platform.sources.models import Flag, Quarantined, Tally
from luoshi.platform.store.ingest import ingest
from luoshi.platform.store.models import Refusal, Resource
from luoshi.records.translating import Translated


def send(path: Path, *resources: Any, source: str = "a", **more: Any) -> Any:
    (path / "r.ndjson").write_bytes(ndjson(*resources))
    return ingest([path / "r.ndjson"], source=source, by="tester", workers=0, **more)


def test_reject_keeps_and_tells(register: Callable[..., Any], tmp_path: Path) -> None:
    register(profile="cn")
    report = send(tmp_path, patient(), patient("p2", **WRONG_ID))
    assert (report.counts.new, report.counts.refused, report.counts.quarantined) == (1, 1, 0)
    assert report.examples["value"].startswith("r.ndjson:2 Patient.identifier[0].value: ")
    assert Refusal.objects.count() == 1
    assert not Quarantined.objects.exists()


def test_flag_takes_what_breaks_a_rule_and_says_so(register: Callable[..., Any], tmp_path: Path) -> None:
    register(profile="cn", mode="flag")
    wrong_shape = {"resourceType": "Patient", "id": "p3", "name": "李"}
    report = send(tmp_path, patient("p2", **WRONG_ID), wrong_shape, patient("p4", birthDate="2025-02-30"))
    assert (report.counts.new, report.counts.refused, report.counts.flagged) == (1, 2, 1)
    (flag,) = Flag.objects.all()
    stored = Resource.objects.get(key="p2")
    assert (flag.resource, flag.version) == (stored.pk, 1)
    assert flag.issues[0]["path"] == "Patient.identifier[0].value"
    assert queries.flags_of([(stored.pk, 1)]) == {(stored.pk, 1): flag.issues}
    again = send(tmp_path, patient("p2", **WRONG_ID))
    assert again.counts.unchanged == 1
    assert Flag.objects.count() == 1


def test_flag_takes_invariants_of_r4(register: Callable[..., Any], tmp_path: Path) -> None:
    register(mode="flag")
    # pat-1: a contact has at least a detail or an organization.
    report = send(tmp_path, patient("p1", contact=[{"gender": "male"}]), patient("p2", gender="man"))
    assert (report.counts.new, report.counts.refused, report.counts.flagged) == (2, 0, 2)


def test_flag_in_bundles(register: Callable[..., Any]) -> None:
    source = register(profile="cn", mode="flag").source
    whole = bundle(patient("p1"), patient("p2", **WRONG_ID), kind="transaction")
    receipt = receiving.receive([Translated(whole)], source=source, by="tester")
    assert (receipt.accepted, receipt.flagged) == (True, 1)
    assert receipt.issues[0]["key"] == "Patient/p2"
    broken = bundle(patient("p3"), {"resourceType": "Patient", "id": "p4", "name": 3}, kind="transaction")
    assert not receiving.receive([Translated(broken)], source=source, by="tester").accepted
    assert not Resource.objects.filter(key="p3").exists()


def test_quarantine_keeps_whole_until_somebody_decides(register: Callable[..., Any], tmp_path: Path) -> None:
    source = register(mode="quarantine", profile="cn", institution="C1").source
    sent = [patient("p1"), patient("p2", **WRONG_ID), patient("p3", name="x"), patient("p4", gender="man")]
    report = send(tmp_path, *sent)
    assert (report.counts.new, report.counts.refused, report.counts.quarantined) == (1, 3, 3)
    assert send(tmp_path, *sent).counts.refused == 3
    first, second, third = queries.quarantined(source)
    assert orjson.loads(quarantine.text_of(first)) == sent[1]
    assert first.issues[0]["path"] == "Patient.identifier[0].value"
    with pytest.raises(InvalidValue, match="still not valid"):
        quarantine.release(first, by="tester")
    corrected = orjson.dumps(patient("p2")).decode()
    quarantine.release(first, by="tester", body=corrected)
    assert Resource.objects.get(key="p2").source == source
    with pytest.raises(Refused, match="decided already"):
        quarantine.discard(first, by="tester", reason="twice")
    with pytest.raises(InvalidValue):
        quarantine.discard(second, by="tester", reason=" ")
    quarantine.discard(second, by="tester", reason="a test record of the sender")
    assert bytes(Refusal.objects.get(pk=second.pk).body)
    assert [row.pk for row in queries.quarantined(source)] == [third.pk]
    # Sent again, what was decided stays decided.
    send(tmp_path, *sent)
    assert queries.quarantined(source).count() == 1


def test_newer_rules_release_what_they_accept(register: Callable[..., Any], tmp_path: Path) -> None:
    source = register(mode="quarantine", profile="cn").source
    send(tmp_path, patient("p2", **WRONG_ID), patient("p3", name="x"))
    assert quarantine.recheck(source, by="tester") == quarantine.Rechecked(0, 2)
    changed = register(mode="quarantine", profile="").source
    assert quarantine.recheck(changed, by="tester") == quarantine.Rechecked(1, 1)
    assert Resource.objects.filter(key="p2").exists()
    assert quarantine.recheck(changed, by="tester") == quarantine.Rechecked(0, 1)


def test_quarantine_lies_in_a_scope(
    register: Callable[..., Any], tmp_path: Path, make_user: Callable[..., Any]
) -> None:
    register(mode="quarantine", institution="C1")
    send(tmp_path, patient("p3", name="x"))
    pk = Quarantined.objects.get().pk
    assert quarantine.find(pk, scope=Scope.of(make_user("data-steward", division="990101"))).pk == pk
    with pytest.raises(Http404):
        quarantine.find(pk, scope=Scope.of(make_user("data-steward", division="990102")))
    other = register("b", institution="C1").source
    with pytest.raises(Http404):
        quarantine.find(pk, scope=Scope.system(), source=other)


def test_a_source_that_was_switched_off_sends_nothing(register: Callable[..., Any], tmp_path: Path) -> None:
    register(active=False)
    with pytest.raises(Refused, match="switched off"):
        send(tmp_path, patient())
    assert not Resource.objects.exists()


def test_a_line_too_long_is_refused_and_the_rest_read(
    register: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from luoshi.records import reading

    monkeypatch.setattr(reading, "LONGEST_LINE", 1 << 16)
    register(mode="quarantine")
    report = send(tmp_path, patient("p1"), patient("p2", name=[{"text": "x" * (3 << 20)}]), patient("p3"))
    assert (report.counts.new, report.counts.refused, report.problems) == (2, 1, [])
    assert "r.ndjson:2" in report.examples["too-long"]


def test_the_day_is_counted_by_kind(register: Callable[..., Any], tmp_path: Path) -> None:
    source = register(mode="quarantine").source
    send(tmp_path, patient("p1"), patient("p2", name="x"), {"resourceType": "Nothing"})
    receiving.receive(
        [Translated(bundle(patient("p3")), kinds=Counter({"cda:prescription": 1}))], source=source, by="tester"
    )
    found = {t.kind: (t.received, t.refused, t.quarantined) for t in queries.tallies(source, clock.today())}
    assert found == {"": (4, 0, 2), "Patient": (3, 0, 1), "cda:prescription": (1, 0, 0)}


def test_what_cannot_be_read_is_kept(register: Callable[..., Any]) -> None:
    source = register().source
    receipt = receiving.receive(
        [], source=source, by="tester", unreadable=[receiving.Unreadable(b"<a>", "No XML.", "line 1")]
    )
    assert not receipt.accepted
    assert receipt.issues == [{"severity": "error", "code": "structure", "path": "line 1", "text": "No XML."}]
    assert bytes(Refusal.objects.get().body) == b"<a>"


def test_silence_by_the_clock(register: Callable[..., Any], tmp_path: Path) -> None:
    source = register(institution="C1").source
    other = register("b", institution="C2").source
    noon = datetime(2025, 11, 3, 12, tzinfo=clock.CHINA)
    with clock.at(noon):
        registering.declare(source=source, by="tester", kind="Patient", hours=24, since=date(2025, 11, 1))
        registering.declare(source=source, by="tester", kind="Encounter", hours=48, since=date(2025, 11, 2))
        registering.declare(source=other, by="tester", hours=6, since=date(2025, 11, 10))
        late = silence.silent(Scope.system())
        assert [(s.kind, s.heard, s.late_hours) for s in late] == [("Patient", None, 36)]
        send(tmp_path, patient())
        assert silence.silent(Scope.system()) == []
    # Whoever looks after an outage sees at once who is late, and for how long.
    later = noon + timedelta(days=10)
    late = silence.silent(Scope.system(), later)
    assert [(s.source.name, s.kind, s.late_hours) for s in late] == [
        ("a", "Encounter", 9 * 24 + 12),
        ("a", "Patient", 9 * 24 - 1),  # a moment less than nine days
        ("b", "", 3 * 24 + 6),
    ]
    assert [s.kind for s in silence.silent_for(["990101"], ["Encounter"], later)] == ["Encounter"]
    registering.end(feed=queries.feeds(source)[0], by="tester")
    assert len(silence.silent(Scope.system(), later)) == 2


def test_wrong_feeds(register: Callable[..., Any]) -> None:
    source = register().source
    for wrong in ({"kind": "Patients"}, {"kind": "fax:x"}, {"hours": 0}, {"hours": 9000}):
        with pytest.raises(InvalidValue):
            registering.declare(source=source, by="tester", **wrong)  # type: ignore[arg-type]
    registering.declare(source=source, by="tester", kind="cda:prescription", hours=24)
    registering.declare(source=source, by="tester", kind="cda:prescription", hours=12)
    assert [(f.kind, f.hours) for f in queries.feeds(source)] == [("cda:prescription", 12)]


def test_the_list_costs_the_same_for_many_sources(
    register: Callable[..., Any], django_assert_num_queries: Callable[[int], Any]
) -> None:
    for n in range(5):
        registering.declare(source=register(f"s{n}", institution="C1").source, by="tester")
    with django_assert_num_queries(7):
        found = queries.standings(scope=Scope.system())
    assert len(found) == 5
    assert not Tally.objects.exists()
