"""`luoshi indicator` as a person types it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from luoshi.cli.indicator import group
from luoshi.kernel.errors import InvalidValue, NotFound
from luoshi.simulate import lake
from luoshi.simulate.city import invent


def run(*words: str) -> str:
    result = CliRunner().invoke(group, words, catch_exceptions=True)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    target = tmp_path_factory.mktemp("region") / "lake"
    lake.write(invent(800, seed=5, as_of=date(2025, 10, 31)), target)
    return str(target)


def test_list_and_show():
    listed = json.loads(run("list", "--seed", "GZ23", "--format", "json"))
    assert {"htn-std", "elderly-tcm"} <= {row["id"] for row in listed}
    assert set(listed[0]) == {
        "id",
        "name",
        "name_en",
        "kind",
        "cohort",
        "unit",
        "better",
        "period",
        "confidence",
        "seeds",
    }
    assert "computed from records" in run("list")
    shown = run("show", "htn-std", "--sql")
    assert "本年面对面随访 {visits} 次" in shown
    assert "FROM open_episode" in shown


def test_run_and_why(folder: str):
    rows = json.loads(run("run", "htn-std", "--lake", folder, "--period", "2025", "--by", "child", "--format", "json"))
    assert rows[0]["period"] == "2025-01-01..2025-10-31"
    assert rows[0]["denominator"] == sum(row["denominator"] for row in rows[1:])
    why = json.loads(run("why", "htn-std", "--lake", folder, "--period", "2025", "--limit", "2", "--format", "json"))
    assert why["total"] == rows[0]["denominator"] - rows[0]["numerator"]
    assert len(why["rows"]) <= 2
    assert "values" in run("run", "htn-std", "record-rate", "--lake", folder, "--period", "2025")


def test_mistakes_are_answered(folder: str):
    with pytest.raises(NotFound, match="Did you mean"):
        run("show", "htn-stt")
    with pytest.raises(InvalidValue, match="no list of subjects"):
        run("why", "infant-mortality", "--lake", folder, "--period", "2025")
    with pytest.raises(InvalidValue, match="no period"):
        run("run", "htn-std", "--lake", folder, "--period", "last year")
    with pytest.raises(NotFound, match="No values for the division"):
        run("run", "htn-std", "--lake", folder, "--period", "2025", "--division", "nowhere")


def test_a_new_indicator_starts_from_a_frame_that_is_valid(tmp_path: Path):
    from luoshi.catalog.loader import read_entry
    from luoshi.indicators import Indicator

    run("new", "my-own", "--cohort", "elderly", "--out", str(tmp_path))
    assert read_entry(tmp_path / "my-own.yaml", Indicator).cohort == "elderly"
    with pytest.raises(InvalidValue, match="already there"):
        run("new", "my-own", "--cohort", "elderly", "--out", str(tmp_path))
    with pytest.raises(NotFound, match="'elderly'"):
        run("new", "another", "--cohort", "elderli", "--out", str(tmp_path))
    with pytest.raises(InvalidValue, match="is no id"):
        run("new", "My Own", "--cohort", "elderly", "--out", str(tmp_path))


@pytest.mark.parametrize(("option", "wrong", "right"), [("--cohort", "elderli", "elderly"), ("--seed", "GZ32", "GZ23")])
def test_a_list_of_what_does_not_exist_names_the_nearest(option: str, wrong: str, right: str):
    with pytest.raises(NotFound, match=right):
        run("list", option, wrong)


def test_check_runs_the_cases_of_one():
    assert "0 wrong" in run("check", "htn-std")
