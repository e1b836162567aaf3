"""Files of FHIR JSON in blocks."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from luoshi.cli.records import group
from luoshi.kernel.errors import UnreadableFile
from luoshi.records import reading
from luoshi.records.reading import blocks, find

LINES = [json.dumps({"resourceType": "Basic", "id": str(i), "code": {"text": "文" * (i % 50)}}) for i in range(2000)]


@pytest.mark.parametrize("name", ["a.ndjson", "a.json", "a.ndjson.gz", "a.txt"])
@pytest.mark.parametrize("ending", ["\n", ""])
def test_blocks_are_whole_lines_and_can_be_taken_up_anywhere(tmp_path: Path, name: str, ending: str) -> None:
    data = ("\n".join(LINES) + ending).encode()
    path = tmp_path / name
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    found = list(blocks(path, size=10_000))
    assert b"".join(block.data for block in found) == data
    assert len(found) > 5
    assert found[-1].first_line + found[-1].lines - 1 == len(LINES)
    for block in found[:-1]:
        assert block.data.endswith(b"\n")
        rest = list(blocks(path, start=block.end, first_line=block.first_line + block.lines, size=10_000))
        assert b"".join(r.data for r in rest) == data[block.end :]
        assert rest[-1].first_line + rest[-1].lines - 1 == len(LINES)


@pytest.mark.parametrize("text", ['{\n"resourceType":"Basic"}', '{"resourceType":"Bundle"}', "[\n1]", '{"a":\n1}\n'])
def test_one_json_text_is_one_block(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    (block,) = blocks(path)
    assert block.whole
    assert block.data == text.encode()


def test_an_empty_file_is_no_resource(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_bytes(b"")
    assert list(blocks(tmp_path / "a.ndjson")) == []


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="no such file"):
        find([tmp_path / "x"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnreadableFile, match="holds no"):
        find([tmp_path / "empty"])
    (tmp_path / "b.ndjson.gz").write_bytes(b"this is no gzip")
    with pytest.raises(UnreadableFile, match="damaged"):
        list(blocks(tmp_path / "b.ndjson.gz"))


def test_check_prints_a_line_per_resource(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_text(
        '{"resourceType":"Patient","id":"a"}\n\n{"resourceType":"Patient","id":"b","active":"x"}\nfoo\n', "utf-8"
    )
    result = CliRunner().invoke(group, ["check", str(path), "--format", "jsonl"])
    assert result.exit_code == 0
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(x["line"], x["resourceType"], x["id"], x["valid"]) for x in lines] == [
        (1, "Patient", "a", True), (3, "Patient", "b", False), (4, None, None, False),
    ]  # fmt: skip
    assert lines[1]["issues"] == [
        {"severity": "error", "code": "structure", "path": "Patient.active",
         "text": "boolean must be true or false in JSON, not a string."}
    ]  # fmt: skip
    table = CliRunner().invoke(group, ["check", str(path)])
    assert table.exit_code == 1
    assert "3 resources, 1 valid, 2 refused." in table.stdout


def test_check_goes_on_after_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson.gz").write_bytes(b"no gzip")
    (tmp_path / "b.ndjson").write_text('{"resourceType":"Patient"}', "utf-8")
    result = CliRunner().invoke(group, ["check", str(tmp_path), "--format", "jsonl", "--profile", "cn"])
    assert result.exit_code == 2
    assert len(result.stdout.splitlines()) == 1
    assert "damaged" in result.stderr


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_a_line_that_is_too_long_is_passed_over_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    monkeypatch.setattr(reading, "LONGEST_LINE", 1 << 20)
    data = b'{"a":1}\n{"b":2}\n' + b"x" * (3 << 20) + b'\n{"c":3}\n'
    path = tmp_path / f"a.ndjson{ending}"
    path.write_bytes(gzip.compress(data) if ending else data)
    found = reading.blocks(path, size=1 << 16)
    first = next(found)
    assert (first.data, first.end, first.lines) == (b'{"a":1}\n{"b":2}\n', 16, 2)
    long = next(found)
    assert (long.too_long, long.first_line, long.lines) == ((3 << 20) + 1, 3, 1)
    assert len(long.data) < 1 << 17
    last = next(found)
    assert (last.data, last.first_line, last.end) == (b'{"c":3}\n', 4, len(data))
    (again,) = reading.blocks(path, start=long.end, first_line=4)
    assert again.data == last.data
    assert next(found, None) is None
