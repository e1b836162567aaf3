"""`luoshi plan text` and `luoshi plan read`, as a person types them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from luoshi.cli.main import cli, main

PLAN = """清河县2024年卫生健康工作计划
一、重点任务
1.建设社区医院2家。（责任单位：县卫生健康局、县财政局）
2.6月底前完成体检1万人。（县疾控中心牵头，各乡镇卫生院配合）
"""


@pytest.fixture
def plan_file(tmp_path: Path) -> Path:
    path = tmp_path / "plan.txt"
    path.write_text(PLAN, "utf-8")
    return path


def test_text_is_printed_as_it_stands(plan_file: Path) -> None:
    assert CliRunner().invoke(cli, ["plan", "text", str(plan_file)]).output == PLAN


def test_json_offsets_count_the_printed_text(plan_file: Path) -> None:
    runner = CliRunner()
    text = runner.invoke(cli, ["plan", "text", str(plan_file)]).output
    data = json.loads(runner.invoke(cli, ["plan", "read", str(plan_file), "--format", "json"]).output)
    assert {"plan", "actions", "tasks", "targets", "notes"} <= set(data)
    first, second = data["tasks"]
    assert text[first["start"] : first["end"]] == first["text"]
    assert (first["units"], first["deadline"], first["deadline_inferred"]) == (
        ["县卫生健康局", "县财政局"],
        "2024",
        True,
    )
    assert (second["lead_units"], second["deadline"]) == (["县疾控中心"], "2024-06-30")
    for target in data["targets"]:
        assert target["quote"] in text
        assert text[target["start"] : target["end"]] == target["quote"]


def test_table_shows_units_and_deadlines(plan_file: Path) -> None:
    output = CliRunner().invoke(cli, ["plan", "read", str(plan_file)]).output
    assert "清河县2024年卫生健康工作计划" in output
    assert "县疾控中心*" in output
    assert "1 actions, 2 tasks" in output


def test_a_refusal_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_bytes(b"")
    monkeypatch.setattr(sys, "argv", ["luoshi", "plan", "read", str(empty)])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "empty" in error
