"""The commands of sources and doors, as a person types them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from luoshi.kernel.errors import CatalogError, NotFound, UserError

SAMPLES = Path(__file__).resolve().parents[2] / "samples/doors"


def run(*arguments: str | Path) -> Result:
    """A command of `luoshi source` or `luoshi records`."""
    from luoshi.cli import records, source

    noun, *rest = map(str, arguments)
    group = {"source": source.group, "records": records.group}[noun]
    return CliRunner().invoke(group, rest)


def test_a_source_from_registration_to_silence(small_region: Any, tmp_path: Path) -> None:
    assert "mode quarantine" in run("source", "register", "emr", "--mode", "quarantine", "--institution", "C1").output
    assert "mode quarantine, profile cn." in run("source", "register", "emr", "--profile", "cn").output
    assert "profile cn, switched off" in run("source", "register", "emr", "--off").output
    assert "profile R4 alone." in run("source", "register", "emr", "--on", "--profile", "r4").output
    key = run("source", "token", "emr").stdout
    client = key.partition("client_id=")[2].partition("\n")[0]
    assert "client_secret=" in key
    assert "client_secret=" in run("source", "token", "emr", "--rotate", client).stdout
    assert "revoked" in run("source", "token", "emr", "--revoke", client).output
    run("source", "feed", "emr", "csv:visits", "--since", "2025-01-01")
    late = run("source", "silence")
    assert (late.exit_code, "csv:visits" in late.output) == (1, True)
    (row,) = json.loads(run("source", "list", "--format", "json").output)
    assert (row["name"], row["mode"], row["heard"], row["silent"]) == ("emr", "quarantine", None, ["csv:visits"])
    assert (row["institution"], row["division"]) == ("C1", "990101001")
    assert "SILENT: csv:visits" in run("source", "list").output
    assert run("source", "feed", "emr", "csv:visits", "--end").exit_code == 0
    assert run("source", "silence").exit_code == 0
    assert "10 columns, 3 resources" in run("source", "mapping", "emr", SAMPLES / "visits.yaml").output
    for wrong in (("token", "emr", "--revoke", "x"), ("token", "other"), ("feed", "emr", "cda", "--end")):
        assert isinstance(run("source", *wrong).exception, NotFound)


def test_quarantine_by_hand(db: None, tmp_path: Path) -> None:
    run("source", "register", "emr", "--mode", "quarantine")
    (tmp_path / "day.ndjson").write_text(
        '{"resourceType":"Patient","id":"a","gender":"x"}\n{"resourceType":"Patient"}\n{'
    )
    told = run("records", "ingest", tmp_path / "day.ndjson", "--source", "emr", "--workers", "0")
    assert told.exit_code == 1
    assert "2 of the refused wait in quarantine" in told.output
    assert "first day.ndjson:1 Patient.gender" in told.output
    listed = run("source", "quarantine", "emr").output
    assert "2 wait." in listed
    first = listed.split()[0]
    assert '"gender": "x"' in run("source", "quarantine", "emr", "--show", first).output
    (tmp_path / "right.json").write_text('{"resourceType":"Patient","id":"a","gender":"male"}')
    released = run("source", "quarantine", "emr", "--release", first, "--corrected", tmp_path / "right.json")
    assert "is released" in released.output
    assert "0 released, 1 still wait" in run("source", "quarantine", "emr", "--recheck").output
    second = run("source", "quarantine", "emr").output.split()[0]
    assert isinstance(run("source", "quarantine", "emr", "--discard", second).exception, UserError)
    assert "discarded" in run("source", "quarantine", "emr", "--discard", second, "--reason", "broken line").output
    assert isinstance(run("source", "quarantine", "emr", "--show", "999").exception, NotFound)


def test_documents_messages_and_tables(db: None, tmp_path: Path) -> None:
    documents = sorted(SAMPLES.glob("*.xml"))
    dry = run("records", "cda", *documents)
    assert dry.exit_code == 0
    assert "2 MedicationRequest" in dry.output
    assert "9 new" in run("records", "cda", SAMPLES / "discharge.xml", "--source", "emr").output
    assert "9 unchanged" in run("records", "cda", SAMPLES / "discharge.xml", "--source", "emr").output
    wrong = run("records", "cda", SAMPLES / "visits.csv", tmp_path / "nothing.xml", "--source", "emr")
    assert wrong.exit_code == 1
    assert "refused" in wrong.output
    assert "cannot be read (no such file or directory)" in wrong.output
    assert "1 DiagnosticReport" in run("records", "hl7v2", SAMPLES / "result.hl7").output
    assert run("records", "hl7v2", SAMPLES / "result.hl7", "--source", "emr").output.strip().endswith("AA")
    mapping = ("--mapping", SAMPLES / "visits.yaml")
    dry = run("records", "map", SAMPLES / "visits-with-mistakes.csv", *mapping)
    assert (dry.exit_code, "5 rows, 3 good, 2 refused." in dry.output, "A dry run" in dry.output) == (1, True, True)
    kept = run("records", "map", SAMPLES / "visits.csv", *mapping, "--source", "emr")
    assert (kept.exit_code, "8 new" in kept.output) == (0, True)
    assert isinstance(run("records", "map", SAMPLES / "visits.csv", "--mapping", documents[0]).exception, CatalogError)


@pytest.mark.parametrize("host", ["0.0.0.0", "10.1.2.3", "::"])
def test_no_door_is_open_to_anybody(db: None, host: str) -> None:
    from luoshi.cli.mllp import listen

    run("source", "register", "emr")
    with pytest.raises(UserError, match="anybody who reaches"):
        listen(source="emr", host=host, port=0, allow=(), cert=None, key=None, clients_ca=None)
    with pytest.raises(UserError, match="no network"):
        listen(source="emr", host=host, port=0, allow=("10.0.0.0/99",), cert=None, key=None, clients_ca=None)
    with pytest.raises(UserError, match="--cert"):
        listen(source="emr", host=host, port=0, allow=(), cert=None, key=None, clients_ca=str(SAMPLES))
