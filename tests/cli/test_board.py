"""`luoshi board`: every confirmed promise, also before anything was measured."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from luoshi.cli.main import cli
from luoshi.kernel.errors import NotFound
from luoshi.platform.access.scope import Scope
from luoshi.services.plan_desk import actions

PLAN = """云岭市2025年卫生健康工作要点

云岭市卫生健康委员会
2025年1月10日

一、提升基层服务能力
1.做实家庭医生签约。家庭医生签约服务覆盖率达到60%以上。（责任单位：市卫生健康委、市医保局）
2.守住母婴安全。住院分娩率达到99%以上。（责任单位：市妇联）
"""


@pytest.fixture
def confirmed(make_user: Callable[..., Any], settings: Any, tmp_path: Path) -> None:
    """A confirmed plan of the city, and no lake yet."""
    settings.LUOSHI_LAKE = tmp_path / "lake"
    officer = make_user("plan-officer", division="9901")
    loaded = actions.load(content=PLAN.encode(), name="plan.txt", by=officer, scope=Scope.of(officer))
    actions.confirm_plan(plan=loaded.plan, by=officer)


def test_before_any_result_every_promise_is_grey(confirmed: None) -> None:
    output = CliRunner().invoke(cli, ["board"]).output
    assert output.count("grey\t") == 2
    assert "2 targets: 0 red, 0 yellow, 0 green, 2 grey; no results yet: run `luoshi lake refresh`" in output


def test_json_says_sentence_promise_and_units(confirmed: None) -> None:
    rows = json.loads(CliRunner().invoke(cli, ["board", "--format", "json", "--unit", "市医保局"]).output)
    assert [(row["quote"] in PLAN, row["op"], row["promised"], row["unit"]) for row in rows] == [(True, ">=", 60, "%")]
    assert rows[0]["value"] is None
    assert rows[0]["units"] == ["市卫生健康委", "市医保局"]


def test_an_unknown_division_names_the_nearest(confirmed: None) -> None:
    result = CliRunner().invoke(cli, ["board", "--division", "990109"])
    assert isinstance(result.exception, NotFound)
    assert "'990101'" in str(result.exception)


@pytest.mark.django_db
def test_without_divisions_it_says_how_to_get_them() -> None:
    result = CliRunner().invoke(cli, ["board"])
    assert isinstance(result.exception, NotFound)
    assert "luoshi region import" in str(result.exception)
