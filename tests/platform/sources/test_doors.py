"""Documents, messages and tables into the store: whole or refused, newer versions, the same again, and hostile files."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import orjson
import pytest

from luoshi.kernel.errors import CatalogError, UnreadableFile
from luoshi.platform.sources import mllp, quarantine, tables
from luoshi.platform.sources.documents import receive_document
from luoshi.platform.sources.hl7v2 import handle
from luoshi.platform.sources.models import Message
from luoshi.platform.store.models import Person, Refusal, Resource, Version
from luoshi.records.hl7v2 import answer, parse
from luoshi.records.mapping import parse_mapping, read_mapping
from luoshi.records.mapping import tables as reading

SAMPLES = Path(__file__).resolve().parents[3] / "samples/doors"
MAPPING = read_mapping(SAMPLES / "visits.yaml")


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def counts() -> tuple[int, int, int]:
    """Resources, versions, persons."""
    return Resource.objects.count(), Version.objects.count(), Person.objects.count()


def receive_all(source: Any) -> None:
    for name in ("outpatient", "prescription", "laboratory", "imaging", "discharge"):
        receive_document(sample(f"{name}.xml"), source=source, by="t")
    for name in ("admission", "discharge", "result", "merge"):
        assert handle(sample(f"{name}.hl7"), source=source).code == "AA"
    tables.load(sample("visits.csv"), "visits.csv", MAPPING, source=source, by="t")


def test_the_same_day_three_times_through_every_door(register: Callable[..., Any]) -> None:
    source = register(institution="H1", profile="cn").source
    receive_all(source)
    first = counts()
    # One resident in documents, messages and the table is one person; two others stand in the table, one was merged.
    assert Resource.objects.filter(type="Patient").values("person").distinct().count() == first[2]
    for _ in range(2):
        receive_all(source)
    assert counts() == first
    original = Resource.objects.filter(type="Binary").values_list("person", flat=True)
    assert set(original) == {Resource.objects.filter(type="Composition").values_list("person", flat=True)[0]}


def test_a_newer_version_of_a_document_replaces_the_older(register: Callable[..., Any]) -> None:
    source = register().source

    def version(number: int, without: bytes = b"") -> Any:
        data = sample("outpatient.xml").replace(
            b"<languageCode", f'<setId extension="S1"/><versionNumber value="{number}"/><languageCode'.encode()
        )
        if without:
            at = data.index(without)
            start, end = data.rindex(b"<entry>", 0, at), data.index(b"</entry>", at) + 8
            data = data[:start] + data[end:]
        return receive_document(data, source=source, by="t")

    def diagnoses() -> list[str]:
        rows = Version.objects.filter(resource__type="Condition", known_to=None).exclude(body="")
        return sorted(orjson.loads(v.body)["code"]["coding"][0]["code"] for v in rows)

    assert version(1).accepted
    assert diagnoses() == ["E78.500", "I10.x00"]
    assert version(2, without=b"E78.500").counts["deleted"] == 1
    assert diagnoses() == ["I10.x00"]
    refused = version(1)
    assert not refused.accepted
    assert "Version 2" in refused.issues[0]["text"]
    assert diagnoses() == ["I10.x00"]
    assert version(3).accepted  # what was there before comes back
    assert diagnoses() == ["E78.500", "I10.x00"]
    assert version(3).counts["changed"] == 0


def test_what_cannot_be_read_is_kept_as_it_came(register: Callable[..., Any]) -> None:
    source = register(mode="quarantine").source
    receipt = receive_document(b"<ClinicalDocument/>", source=source, by="t", where="a.xml")
    assert (receipt.accepted, receipt.quarantined) == (False, True)
    assert bytes(Refusal.objects.get().body) == b"<ClinicalDocument/>"


def test_a_message_is_answered_after_its_commit_and_once(register: Callable[..., Any]) -> None:
    source = register(institution="H1").source
    first = handle(sample("result.hl7"), source=source)
    assert (first.code, first.again) == ("AA", False)
    assert bytes(Message.objects.get().body) == sample("result.hl7")
    before = counts()
    again = handle(sample("result.hl7"), source=source)
    assert (again.code, again.again, counts()) == ("AA", True, before)
    assert parse(again.ack).first("MSA").value(2) == "LIS-0001"  # type: ignore[union-attr]
    # The same control id with another text is another message.
    other = handle(sample("result.hl7").replace(b"|5.8|", b"|5.9|"), source=source)
    assert (other.code, other.again) == ("AA", False)
    assert Version.objects.count() == before[1] + 1


@pytest.mark.parametrize(
    ("mode", "data", "code", "words"),
    [
        ("reject", sample("result.hl7").replace(b"ORU^R01", b"SIU^S12"), "AR", "not read here"),
        ("reject", b"nonsense", "AR", "MSH"),
        ("reject", sample("result.hl7").replace(b"|19560214|", b"|19561332|"), "AE", "no such time"),
        ("quarantine", sample("result.hl7").replace(b"|19560214|", b"|19561332|"), "AA", "kept in quarantine"),
        ("reject", sample("result.hl7").replace(b"195602140240", b"195602140241"), "AE", "check character"),
        ("flag", sample("result.hl7").replace(b"195602140240", b"195602140241"), "AA", ""),
    ],
)
def test_answers_say_what_became_of_it(
    register: Callable[..., Any], mode: str, data: bytes, code: str, words: str
) -> None:
    source = register(mode=mode, profile="cn").source
    handled = handle(data, source=source)
    assert handled.code == code
    assert words in handled.text
    assert b"19561332" not in handled.ack.replace(b"\\", b"")
    assert Refusal.objects.exists() is (code != "AA" or mode == "quarantine")
    assert Message.objects.exists() is (mode == "flag")


def test_a_source_that_was_switched_off_is_answered_ar(register: Callable[..., Any]) -> None:
    source = register(active=False).source
    assert handle(sample("result.hl7"), source=source).code == "AR"


def test_a_merged_number_keeps_what_was_known_of_it(register: Callable[..., Any]) -> None:
    source = register().source
    handle(sample("admission.hl7").replace(b"P00321", b"P00999").replace(b"ADT-0001", b"X1"), source=source)
    handle(sample("merge.hl7"), source=source)
    bodies = [
        orjson.loads(v.body) for v in Version.objects.filter(resource__type="Patient", known_to=None).exclude(body="")
    ]
    (old,) = [b for b in bodies if "link" in b]
    assert (old["active"], old["name"][0]["text"]) == (False, "王试样")


# --- tables --------------------------------------------------------------------------------------------------------


def book(*rows: list[Any]) -> bytes:
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def test_a_workbook_and_its_csv_are_the_same(register: Callable[..., Any]) -> None:
    source = register().source
    lines = [line.split(",") for line in sample("visits.csv").decode().splitlines()]
    tables.load(sample("visits.csv"), "v.csv", MAPPING, source=source, by="t")
    before = counts()
    tables.load(book(*lines), "v.xlsx", MAPPING, source=source, by="t")
    gb = sample("visits.csv").decode().replace(",", ";").encode("gb18030")
    tables.load(gb, "v.csv", MAPPING, source=source, by="t")
    assert counts() == before


def test_rows_are_whole_or_refused(register: Callable[..., Any]) -> None:
    source = register(mode="quarantine", profile="cn").source
    dry = tables.load(sample("visits-with-mistakes.csv"), "v.csv", MAPPING, source=source, by="t", dry_run=True)
    assert (dry.rows, dry.refused, counts()) == (5, 2, (0, 0, 0))
    kept = tables.load(sample("visits-with-mistakes.csv"), "v.csv", MAPPING, source=source, by="t")
    assert (kept.refused, kept.quarantined, kept.counts.new) == (2, True, 8)
    assert kept.mistakes == dry.mistakes
    assert kept.mistakes[0] == (5, "身份证号 is empty. 出生日期: there is no such time.")
    assert "昨天" not in str(kept.mistakes)
    wrong = sample("visits.csv").replace(b"195602140240", b"195602140241")
    told = tables.load(wrong, "v.csv", MAPPING, source=source, by="t", dry_run=True)
    assert "check character" in told.mistakes[0][1]
    assert "cells" in quarantine.text_of(source.quarantined_set.first())


def test_a_number_that_lost_digits_is_seen(register: Callable[..., Any]) -> None:
    head, first = (line.split(",") for line in sample("visits.csv").decode().splitlines()[:2])
    row: list[Any] = [*first]
    row[1] = 990101195602140240
    report = tables.load(book(head, row), "v.xlsx", MAPPING, source=register().source, by="t", dry_run=True)
    assert "digits are lost" in report.mistakes[0][1]


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as box:
        box.writestr("xl/worksheets/sheet1.xml", b"\0" * (130 << 20))
    return out.getvalue()


HEAD = sample("visits.csv").splitlines()[0]


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"", "v.csv", "empty"),
        (b"x", "v.doc", "end in .csv or .xlsx"),
        (b"PK\x03\x04", "v.csv", "workbook"),
        (b"PK\x03\x04", "v.xlsx", "damaged"),
        (b"nonsense", "v.xlsx", "damaged"),
        (b"a,b\n1,2\n", "v.csv", "is missing"),
        (HEAD + b",extra\n", "v.csv", "nobody declared: extra"),
        (HEAD + b",\xe5\xa7\x93\xe5\x90\x8d\n", "v.csv", "stand twice"),
        (HEAD + b'\n"never closed', "v.csv", "never closed"),
        (HEAD + b'\n"a"b,c\n', "v.csv", "where none may stand"),
        (HEAD + b"\n" + b"x" * (2 << 20), "v.csv", "more than a megabyte"),
        (HEAD + b"\n\0\n", "v.csv", "zero bytes"),
        (HEAD + b"\n\x81\xff\xff", "v.csv", "neither UTF-8 nor GB18030"),
    ],
)
def test_what_is_no_table_is_refused(register: Callable[..., Any], data: bytes, name: str, words: str) -> None:
    with pytest.raises(UnreadableFile, match=words):
        tables.load(data, name, MAPPING, source=register().source, by="t")
    assert counts() == (0, 0, 0)


def test_bombs_and_giants_are_refused(register: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    source = register().source
    with pytest.raises(UnreadableFile):
        tables.load(bomb(), "v.xlsx", MAPPING, source=source, by="t")
    monkeypatch.setattr(reading, "MOST_ROWS", 2)
    with pytest.raises(UnreadableFile, match="more than 2 rows"):
        tables.load(sample("visits.csv"), "v.csv", MAPPING, source=source, by="t")
    monkeypatch.setattr(reading, "LARGEST", 10)
    with pytest.raises(UnreadableFile, match="at most 10"):
        tables.load(sample("visits.csv"), "v.csv", MAPPING, source=source, by="t")


GOOD = "name: t\nresources:\n  - {name: p, type: Patient, id: [a], fields: [{to: gender, column: b}]}\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "valid dictionary"),
        ("a: [", "mapping:"),
        (GOOD.replace("gender", "genders"), "no element 'genders'"),
        (GOOD.replace("Patient", "Patients"), "no resource type"),
        (GOOD.replace("id: [a]", "id: []"), "names no column"),
        (GOOD.replace("column: b", "colum: b"), "Extra inputs"),
        (GOOD.replace("column: b", "column: b, value: c"), "takes one of"),
        (GOOD.replace("column: b", "reference: q"), "no resource 'q'"),
        (GOOD.replace("name: t", "name: a b"), "name:"),
        (GOOD.replace("gender", "'name[0]..text'"), "no path"),
        (GOOD + "ignored: &x [a]\nsheet: *x\n", "aliases"),
        ("[" * 10_000, "deeper"),
        ("x" * (1 << 21), "larger"),
    ],
)
def test_wrong_mappings(text: str, words: str) -> None:
    with pytest.raises(CatalogError, match=words):
        parse_mapping(text)


# --- the listener --------------------------------------------------------------------------------------------------

FRAMED = mllp.START + sample("admission.hl7") + mllp.END + mllp.RETURN


async def talk(
    *sent: bytes, allowed: str = "", idle: float = 300.0, close: bool = False
) -> tuple[bytes, dict[str, int]]:
    """What a listener answers to these writes until it closes, which it does by itself or because nothing more comes."""
    import ipaddress

    networks = [ipaddress.ip_network(allowed)] if allowed else []
    listener = mllp.Listener(
        None,  # type: ignore[arg-type]
        networks,
        handle_one=lambda data: answer(parse(data), "AA", "", at="", control="1"),
        idle=idle,
    )
    port = await listener.start("127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in sent:
        writer.write(part)
        await writer.drain()
        await asyncio.sleep(0.02)
    if close:
        writer.write_eof()
    got = b""
    try:
        while part := await asyncio.wait_for(reader.read(1 << 16), 600):
            got += part
    except ConnectionError:
        pass
    writer.close()
    await listener.stop()
    return got, listener.counts


def test_frames_whole_in_pieces_and_two_at_once() -> None:
    got, told = asyncio.run(talk(FRAMED + FRAMED, FRAMED[:10], FRAMED[10:], close=True))
    assert got.count(b"MSA|AA|ADT-0001") == 3
    assert told == {"messages": 3, "refused": 0, "connections": 1}


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (b"MSH|no frame", b"begins with the byte"),
        (b"GET / HTTP/1.1\r\n\r\n", b"begins with the byte"),
        (FRAMED[:-1] + b"x", b"ends with the bytes"),
    ],
)
def test_framing_errors_are_told_and_end_the_connection(sent: bytes, words: bytes) -> None:
    got, told = asyncio.run(talk(sent, close=True))
    assert b"MSA|AR|" in got
    assert words in got
    assert told["messages"] == 0


def test_half_a_message_is_no_message() -> None:
    got, told = asyncio.run(talk(FRAMED[:40], close=True))
    assert (got, told["messages"]) == (b"", 0)


def test_a_message_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mllp, "LARGEST", 10_000)
    got, told = asyncio.run(talk(mllp.START + b"x" * 200_000, close=True))
    assert b"framing" in got
    assert told["messages"] == 0


def test_strangers_and_the_idle_are_sent_away() -> None:
    got, told = asyncio.run(talk(FRAMED, allowed="10.0.0.0/8"))
    assert (got, told) == (b"", {"messages": 0, "refused": 1, "connections": 0})
    assert asyncio.run(talk(idle=0.1))[0] == b""
