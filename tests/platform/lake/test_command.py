from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.platform.lake.samples import at_home, patient

from luoshi.cli.lake import group
from luoshi.platform.store.models import Source
from luoshi.platform.store.preparing import prepare
from luoshi.platform.store.writing import commit


def run(*arguments: str) -> str:
    return CliRunner().invoke(group, list(arguments), catch_exceptions=False).stdout


def lines(text: str) -> dict[str, str]:
    return {line.split()[0]: " ".join(line.split()[1:]) for line in text.splitlines()}


@pytest.mark.django_db
def test_build_update_and_status(tmp_path: Path) -> None:
    lake = str(tmp_path / "lake")
    assert "luoshi lake build" in run("status", "--lake", lake)
    sender = Source.objects.create(name="hospital")
    commit(prepare(json.dumps(patient("a")).encode(), 1, False), source=sender, by="test")
    assert lines(run("build", "--lake", lake, "--bucket-size", "10"))["person"] == "1"
    commit(prepare(json.dumps(patient("b", **at_home("nowhere"))).encode(), 1, False), source=sender, by="test")
    assert lines(run("build", "--lake", lake, "--update"))["person"] == "2"
    shown = run("status", "--lake", lake)
    assert "buckets of 10 persons" in shown
    assert "nowhere" in lines(shown)["unknown_divisions:"]
