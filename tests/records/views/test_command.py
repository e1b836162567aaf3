from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from luoshi.cli.view import group
from luoshi.kernel.errors import UserError

VIEW = {
    "resource": "Patient",
    "select": [
        {
            "column": [
                {"name": "id", "path": "id", "type": "id"},
                {"name": "given", "path": "name.given", "collection": True, "type": "string"},
                {"name": "active", "path": "active", "type": "boolean"},
            ]
        }
    ],
}
PEOPLE = [
    {"resourceType": "Patient", "id": "甲", "name": [{"given": ["a", "b"]}], "active": True},
    {"resourceType": "Observation", "id": "o"},
    {"resourceType": "Patient", "id": "乙"},
]


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    (tmp_path / "v.json").write_text(json.dumps(VIEW), "utf-8")
    with gzip.open(tmp_path / "r.ndjson.gz", "wt", encoding="utf-8") as file:
        file.write("\n".join(json.dumps(each) for each in PEOPLE))
    return ["--view", str(tmp_path / "v.json"), "--resources", str(tmp_path / "r.ndjson.gz")]


def test_json_and_csv_are_printed(files: list[str]) -> None:
    found = CliRunner().invoke(group, ["run", *files], catch_exceptions=False)
    assert json.loads(found.stdout) == [
        {"id": "甲", "given": ["a", "b"], "active": True},
        {"id": "乙", "given": [], "active": None},
    ]
    found = CliRunner().invoke(group, ["run", *files, "--format", "csv"], catch_exceptions=False)
    assert found.stdout == 'id,given,active\n甲,"[""a"",""b""]",true\n乙,[],\n'


def test_files_are_written(files: list[str], tmp_path: Path) -> None:
    for form in ("parquet", "json", "csv"):
        out = tmp_path / f"out.{form}"
        CliRunner().invoke(group, ["run", *files, "--format", form, "--out", str(out)], catch_exceptions=False)
    assert pq.read_table(tmp_path / "out.parquet").to_pylist()[0] == {"id": "甲", "given": ["a", "b"], "active": True}
    assert json.loads((tmp_path / "out.json").read_text("utf-8"))[1]["id"] == "乙"
    assert (tmp_path / "out.csv").read_text("utf-8").splitlines()[0] == "id,given,active"
    assert not list(tmp_path.glob(".out*"))


def test_parquet_can_be_piped(files: list[str], tmp_path: Path) -> None:
    found = CliRunner().invoke(group, ["run", *files, "--format", "parquet"], catch_exceptions=False)
    (tmp_path / "piped.parquet").write_bytes(found.stdout_bytes)
    assert pq.read_table(tmp_path / "piped.parquet").column_names == ["id", "given", "active"]


def test_the_catalogue_is_listed_and_shown() -> None:
    listed = CliRunner().invoke(group, ["list"], catch_exceptions=False).stdout
    assert "observation" in listed
    shown = CliRunner().invoke(group, ["sql", "--view", "visit"], catch_exceptions=False).stdout
    assert "json_transform" in shown


def test_bad_lines_are_named_without_their_content(files: list[str], tmp_path: Path) -> None:
    broken = tmp_path / "broken.ndjson"
    broken.write_text('{"resourceType": "Patient", "id": "a"}\n{"resourceType": "Patient", "id": "secret\n', "utf-8")
    with pytest.raises(UserError, match=r"broken.ndjson") as caught:
        CliRunner().invoke(group, ["run", *files[:2], "--resources", str(broken)], catch_exceptions=False)
    assert "secret" not in str(caught.value)


def test_missing_and_damaged_files_are_explained(files: list[str], tmp_path: Path) -> None:
    for arguments in (["--view", "nothere.json", *files[2:]], [*files[:2], "--resources", "nothere"]):
        with pytest.raises(UserError, match="nothere"):
            CliRunner().invoke(group, ["run", *arguments], catch_exceptions=False)
    (tmp_path / "v.json").write_text("{", "utf-8")
    with pytest.raises(UserError, match="not JSON"):
        CliRunner().invoke(group, ["run", *files], catch_exceptions=False)
    cut = tmp_path / "cut.ndjson.gz"
    cut.write_bytes(gzip.compress(b'{"resourceType": "Patient", "id": "a"}\n' * 1000)[:40])
    with pytest.raises(UserError, match=r"cut.ndjson.gz"):
        CliRunner().invoke(group, ["run", "--view", "person", "--resources", str(cut)], catch_exceptions=False)


def test_printed_json_keeps_structure_and_may_be_empty(files: list[str], tmp_path: Path) -> None:
    view = {
        "resource": "Patient",
        "select": [{"column": [{"name": "n", "path": "name", "collection": True}, {"name": "a", "path": "active"}]}],
    }
    (tmp_path / "v.json").write_text(json.dumps(view), "utf-8")
    found = CliRunner().invoke(group, ["run", *files], catch_exceptions=False)
    assert json.loads(found.stdout) == [{"n": [{"given": ["a", "b"]}], "a": True}, {"n": [], "a": None}]
    (tmp_path / "none.ndjson").write_text('{"resourceType": "Device", "id": "d"}\n\n', "utf-8")
    found = CliRunner().invoke(group, ["run", *files[:2], "--resources", str(tmp_path / "none.ndjson")])
    assert json.loads(found.stdout) == []
    (tmp_path / "none.ndjson").write_text("", "utf-8")
    found = CliRunner().invoke(group, ["run", *files[:2], "--resources", str(tmp_path / "none.ndjson")])
    assert json.loads(found.stdout) == []
