"""Records into the store: nothing lost, nothing doubled, everybody found; on SQLite and on PostgreSQL."""

from __future__ import annotations

import gzip
import json
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from luoshi.cli.records import group
from luoshi.kernel.errors import UnreadableFile
from luoshi.kernel.identifiers import resident_id_check_character
from luoshi.platform.store import reads
from luoshi.platform.store.refusals import write_refused

if TYPE_CHECKING:
    from tests.platform.store.conftest import Store

RESIDENT = "urn:luoshi:cn:id:resident"


def resident_id(n: int, *, born: str = "19800101") -> str:
    """An invented resident ID; odd `n` is a man."""
    first = f"999901{born}{n:03}"
    return first + resident_id_check_character(first)


def patient(key: str, n: int | None = None, **more: Any) -> dict[str, Any]:
    """A Patient, with the resident ID of serial `n`."""
    made: dict[str, Any] = {"resourceType": "Patient", "id": key, **more}
    if n is not None:
        made["identifier"] = [{"system": RESIDENT, "value": resident_id(n)}]
    return made


def observation(key: str, about: str | None, value: float = 1.0) -> dict[str, Any]:
    """An Observation about a Patient."""
    made: dict[str, Any] = {
        "resourceType": "Observation",
        "id": key,
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]},
        "valueQuantity": {"value": value, "unit": "mmHg"},
    }
    if about:
        made["subject"] = {"reference": about}
    return made


def lines(path: Path, *resources: dict[str, Any] | str) -> Path:
    """Write NDJSON."""
    path.write_text(
        "".join((r if isinstance(r, str) else json.dumps(r, ensure_ascii=False)) + "\n" for r in resources), "utf-8"
    )
    return path


def of(state: dict[str, Any]) -> dict[str, str | None]:
    """Type/id -> the Patient id of whom it is about."""
    return {f"{kind}/{key}": person for kind, key, _, person, _, _, _ in state["resources"]}


def test_all_that_refers_to_a_patient_finds_them_before_and_after(store: Store, tmp_path: Path) -> None:
    file = lines(
        tmp_path / "a.ndjson",
        observation("before", "Patient/p"),
        {"resourceType": "Encounter", "id": "e", "status": "finished", "class": {"code": "AMB"},
         "subject": {"reference": "https://his.example.org/fhir/Patient/p"}},
        {"resourceType": "EpisodeOfCare", "id": "ep", "status": "active", "patient": {"reference": "Patient/p"}},
        {"resourceType": "Task", "id": "t", "status": "completed", "intent": "order", "for": {"reference": "Patient/p"}},
        {"resourceType": "Immunization", "id": "i", "status": "completed", "vaccineCode": {"text": "x"},
         "patient": {"reference": f"Patient?identifier={RESIDENT}|{resident_id(7)}"}, "occurrenceDateTime": "2020"},
        {"resourceType": "Appointment", "id": "ap", "status": "proposed", "participant": [
            {"actor": {"reference": "Location/1"}, "status": "accepted"},
            {"actor": {"reference": "Patient/p"}, "status": "accepted"}]},
        patient("p", 7),
        observation("after", "Patient/p"),
        observation("nobody", None),
        observation("waiting", "Patient/later"),
    )  # fmt: skip
    report = store.ingest(file)
    assert (report.resources, report.files, report.counts.new) == (10, 1, 10)
    state = store.state()
    assert of(state) == {
        "Patient/p": "p", "Observation/before": "p", "Encounter/e": "p", "EpisodeOfCare/ep": "p", "Task/t": "p",
        "Immunization/i": "p", "Appointment/ap": "p", "Observation/after": "p", "Observation/nobody": None,
        "Observation/waiting": None,
    }  # fmt: skip
    assert state["pending"] == [["Patient/later", "waiting"]]
    store.ingest(lines(tmp_path / "b.ndjson", patient("later")))
    state = store.state()
    assert of(state)["Observation/waiting"] == "later"
    assert state["pending"] == []
    assert state["persons"] == [2, 2, 1]


def test_one_person_in_two_hospitals(store: Store, tmp_path: Path) -> None:
    store.ingest(lines(tmp_path / "a.ndjson", patient("1", 3), observation("o", "Patient/1")), source="a")
    store.ingest(
        lines(tmp_path / "b.ndjson", patient("1", 5), patient("77", 3), observation("o", "Patient/77", 2.0)), source="b"
    )
    state = store.state()
    assert state["persons"][0] == 2
    by_public = {f"{kind}/{public}": person for kind, _, public, person, _, _, _ in state["resources"]}
    ((other,),) = store.rows("SELECT id FROM store_source WHERE name = 'b'")
    assert by_public["Observation/o"] == by_public[f"Observation/s{other}-o"] == "1"
    assert by_public["Patient/77"] == "1"
    assert {row[4] for row in state["resources"]} == {1}, "another source's id is no new version"


def test_old_number_doubtful_number_and_conflict(store: Store, tmp_path: Path) -> None:
    new = resident_id(21)
    old = new[:6] + new[8:17]
    store.ingest(lines(tmp_path / "a.ndjson", patient("x", 21), patient("y", 23)))
    store.ingest(
        lines(
            tmp_path / "b.ndjson",
            {"resourceType": "Patient", "id": "old", "identifier": [{"system": RESIDENT, "value": old}]},
            {"resourceType": "Patient", "id": "child", "birthDate": "2024-05-01",
             "identifier": [{"system": RESIDENT, "value": new}]},
            {"resourceType": "Patient", "id": "typo", "identifier": [{"system": RESIDENT, "value": new[:-1] + "Z"}]},
            patient("y", 21),
        )
    )  # fmt: skip
    state = store.state()
    persons = of(state)
    assert persons["Patient/old"] == persons["Patient/x"]
    assert len({persons[f"Patient/{key}"] for key in ("child", "typo", "x", "y")}) == 4
    assert state["reviews"] == [["borrowed", "child"], ["checksum", "typo"], ["conflict", "y"]]


def test_sending_again_changes_nothing(store: Store, tmp_path: Path) -> None:
    monday = lines(tmp_path / "1.ndjson", patient("p", 1), observation("o", "Patient/p", 1), "{bad")
    tuesday = lines(tmp_path / "2.ndjson", patient("p", 1), observation("o", "Patient/p", 2))
    store.ingest(monday)
    counts = store.ingest(tuesday).counts
    assert (counts.new, counts.changed, counts.unchanged) == (0, 1, 1)
    state = store.state()
    for file in (monday, tuesday, monday):
        counts = store.ingest(file).counts
        assert (counts.new, counts.changed, counts.unchanged) == (0, 0, 2)
    assert store.state() == state
    assert [(v[1], v[2], v[5]) for v in state["versions"]] == [("o", 1, False), ("o", 2, True), ("p", 1, True)]
    reordered = {"id": "p", **{k: v for k, v in reversed(patient("p", 1).items()) if k != "id"}}
    assert store.ingest(lines(tmp_path / "3.ndjson", reordered)).counts.unchanged == 1


def test_one_id_with_different_contents_is_told_and_kept(store: Store, tmp_path: Path) -> None:
    file = lines(tmp_path / "a.ndjson", observation("o", None, 1), observation("o", None, 2), observation("o", None, 1))
    counts = store.ingest(file).counts
    assert (counts.new, counts.changed, counts.unchanged, counts.conflicts) == (1, 1, 1, 1)
    assert [(v[2], v[5]) for v in store.state()["versions"]] == [(1, False), (2, True)]


def test_a_reference_may_move_to_another_person(store: Store, tmp_path: Path) -> None:
    store.ingest(lines(tmp_path / "a.ndjson", patient("p"), patient("q"), observation("o", "Patient/p")))
    mark = reads.position()
    store.ingest(lines(tmp_path / "b.ndjson", observation("o", "Patient/q")))
    assert of(store.state())["Observation/o"] == "q"
    assert reads.changed_since(mark).persons == [1, 2]
    assert reads.changed_since(reads.position()) == reads.Changed([], False)


def test_bundles(store: Store, tmp_path: Path) -> None:
    mother = "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"
    transaction = {
        "resourceType": "Bundle", "type": "transaction", "entry": [
            {"fullUrl": mother, "resource": {"resourceType": "Patient", "name": [{"text": "某"}]},
             "request": {"method": "POST", "url": "Patient"}},
            {"resource": observation("o", mother), "request": {"method": "PUT", "url": "Observation/o"}},
        ]}  # fmt: skip
    exact = json.dumps({"resourceType": "Bundle", "type": "collection", "entry": [
        {"resource": observation("exact", None)}, {"resource": {"resourceType": "Patient", "gender": "x"}}]})  # fmt: skip
    bad = {"resourceType": "Bundle", "type": "transaction", "entry": [
        {"resource": patient("never"), "request": {"method": "PUT", "url": "Patient/never"}},
        {"resource": {"resourceType": "Patient", "gender": "x"}, "request": {"method": "POST", "url": "Patient"}}]}  # fmt: skip
    history = {"resourceType": "Bundle", "type": "history", "entry": [
        {"fullUrl": "urn:2", "request": {"method": "DELETE", "url": "Observation/h"}, "response": {"status": "204"}},
        {"fullUrl": "urn:1", "resource": observation("h", None, 2), "request": {"method": "PUT", "url": "Observation/h"},
         "response": {"status": "200"}},
        {"fullUrl": "urn:0", "resource": observation("h", None, 1), "request": {"method": "PUT", "url": "Observation/h"},
         "response": {"status": "201"}}]}  # fmt: skip
    folder = tmp_path / "in" / "deep"
    folder.mkdir(parents=True)
    (folder / "a.json").write_text(json.dumps(transaction, indent=2), "utf-8")
    (folder / "b.json").write_text(exact.replace('"value": 1.0', '"value": 1.10'), "utf-8")
    (folder / "c.json").write_text(json.dumps(bad), "utf-8")
    (folder / "d.json.gz").write_bytes(gzip.compress(json.dumps(history).encode()))
    (folder / "other.json").write_text('{"counts": 1}', "utf-8")
    assert [Path(p).name for p in store.ingest(tmp_path / "in").skipped] == ["other.json"]
    state = store.state()
    assert of(state) == {
        "Patient/0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0": "0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0",
        "Observation/o": "0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0", "Observation/exact": None, "Observation/h": None,
    }  # fmt: skip
    assert [r[6] for r in state["resources"] if r[1] == "h"] == [True]
    assert [(v[2], bool(v[4])) for v in state["versions"] if v[1] == "h"] == [(1, True), (2, True), (3, False)]
    assert '"value":1.10' in next(v[4] for v in state["versions"] if v[1] == "exact")
    assert len(state["refused"]) == 2


def test_what_is_refused_is_kept_and_given_back(store: Store, tmp_path: Path) -> None:
    gb18030 = json.dumps(patient("g", name=[{"text": "张三"}]), ensure_ascii=False).encode("gb18030")
    file = tmp_path / "a.ndjson"
    file.write_bytes(
        b"\xef\xbb\xbf" + json.dumps(patient("marked")).encode() + b"\n\n{bad\n" + gb18030 + b"\n"
        b'{"resourceType":"Patiant"}\n{"resourceType":"Patient","id":"z","gender":"f"}\n[]\n'
        + json.dumps(patient("last")).encode()
    )
    report = store.ingest(file)
    assert (report.counts.new, report.counts.refused) == (2, 5)
    assert report.refused == {"structure": 3, "not-supported": 1, "code-invalid": 1}
    assert write_refused(report.run, tmp_path / "back.ndjson") == 5
    back = [json.loads(line) for line in (tmp_path / "back.ndjson").read_text("utf-8").splitlines()]
    assert [(b["line"], b["reason"]) for b in back] == [
        (3, "structure"), (4, "structure"), (5, "not-supported"), (6, "code-invalid"), (7, "structure"),
    ]  # fmt: skip
    assert "UTF-8" in back[1]["text"]
    assert back[3]["body"] == '{"resourceType":"Patient","id":"z","gender":"f"}'


def test_a_truncated_gz_gives_what_it_holds_and_says_so(store: Store, tmp_path: Path) -> None:
    resources = [observation(f"o{i}", None, i) for i in range(20_000)]
    whole = gzip.compress(lines(tmp_path / "x", *resources).read_bytes(), 1)
    (tmp_path / "cut.ndjson.gz").write_bytes(whole[: len(whole) // 2])
    good = lines(tmp_path / "good.ndjson", patient("p"))
    (problem,) = store.ingest(tmp_path / "cut.ndjson.gz", good).problems
    assert "damaged or cut off (after line" in problem
    state = store.state()
    stored = [r for r in state["resources"] if r[0] == "Observation"]
    assert 1000 < len(stored) < 20_000
    assert state["refused"] == [], "no half line was taken for a resource"
    assert any(r[1] == "p" for r in state["resources"])
    (tmp_path / "cut.ndjson.gz").write_bytes(whole)
    assert store.ingest(tmp_path / "cut.ndjson.gz").counts.unchanged == len(stored)
    assert len(store.state()["resources"]) == 20_001


def test_no_such_file(store: Store, tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="there is no such file"):
        store.ingest(tmp_path / "nothing")


@pytest.mark.shared
def test_the_public_sample_goes_in_whole(store: Store, shared_dir: Path) -> None:
    folder = shared_dir / "fhir-sample"
    counts = json.loads((folder / "facts.json").read_text("utf-8"))["counts"]
    assert store.ingest(folder).counts.refused == 0
    state = store.state()
    stored: dict[str, int] = {}
    for kind, *_ in state["resources"]:
        stored[kind] = stored.get(kind, 0) + 1
    assert stored == counts
    assert state["persons"][0] == counts["Patient"]
    assert state["pending"] == []
    assert {kind for kind, _, _, person, *_ in state["resources"] if person is None} == {"Provenance"}


def test_the_command_reports_and_writes_what_was_refused(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("luoshi.cli.main.django_setup", lambda: None)
    file = lines(tmp_path / "a.ndjson", patient("p", 1), observation("o", "Patient/p"), '{"resourceType":"Patiant"}')
    back = tmp_path / "back.ndjson"
    arguments = ["ingest", str(file), "--source", "tc-03", "--refused", str(back)]
    result = CliRunner().invoke(group, arguments)
    assert result.exit_code == 1
    assert "3 resources of 1 files" in result.stdout
    assert "2 new, 0 changed, 0 unchanged, 0 deleted, 1 refused; 1 new persons." in result.stdout
    assert "refused, not-supported: 1" in result.stdout
    assert json.loads(back.read_text("utf-8"))["line"] == 3
    assert "2 unchanged" in CliRunner().invoke(group, arguments).stdout


def test_workers_that_are_gone_lose_no_block(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from luoshi.platform.store import ingest

    class Gone:
        """A pool whose processes were ended from outside."""

        def __init__(self, *_: object, **__: object) -> None:
            self.given = 0

        def submit(self, *_: object) -> Future[Any]:
            self.given += 1
            if self.given > 2:
                raise BrokenProcessPool
            future: Future[Any] = Future()
            future.set_exception(BrokenProcessPool())
            return future

        def shutdown(self, **_: object) -> None: ...

    monkeypatch.setattr(ingest, "ProcessPoolExecutor", Gone)
    monkeypatch.setattr(ingest, "_ALONE", 0)
    monkeypatch.setattr(ingest, "BLOCK", 1000)
    file = lines(tmp_path / "a.ndjson", *[observation(f"o{i}", None) for i in range(100)])
    assert store.ingest(file).counts.new == 100
    assert len(store.state()["resources"]) == 100
