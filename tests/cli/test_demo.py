"""`luoshi demo` touches only folders of its own, and says what an earlier run left."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from luoshi.cli import demo
from luoshi.cli.main import cli
from luoshi.kernel.errors import UserError


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The city itself is not made: a list of what would have been."""
    made: list[tuple[int, int]] = []

    def prepare(console: object, home: Path, residents: int, seed: int) -> None:
        made.append((residents, seed))
        facts = {"residents": residents, "seed": seed, "password": "p", "people": []}
        (home / "ready.json").write_text(json.dumps(facts), "utf-8")

    monkeypatch.setattr(demo, "_prepare", prepare)
    for name in ("LUOSHI_HOME", "LUOSHI_LAKE", "LUOSHI_TODAY", "LUOSHI_TWO_FACTOR", "DATABASE_URL"):
        monkeypatch.setenv(name, "as before")  # the command sets them; monkeypatch puts them back
    return made


def _demo(home: Path, *more: str) -> Result:
    return CliRunner().invoke(cli, ["demo", "--home", str(home), "--no-serve", *more])


def _refused(result: Result) -> str:
    assert isinstance(result.exception, UserError), result.output
    return str(result.exception)


@pytest.mark.parametrize("more", [(), ("--fresh",)])
def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path, more: tuple[str, ...]) -> None:
    (tmp_path / "letter.txt").write_text("dear", "utf-8")
    assert "nothing was touched" in _refused(_demo(tmp_path, *more))
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_file_is_no_home(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", "utf-8")
    assert "is a file" in _refused(_demo(tmp_path / "file"))


def test_an_unfinished_run_starts_anew(tmp_path: Path, quick: list[tuple[int, int]]) -> None:
    home = tmp_path / "demo"
    assert _demo(home).exit_code == 0
    (home / "ready.json").unlink()
    (home / "half.sqlite3").write_text("x", "utf-8")
    assert _demo(home).exit_code == 0
    assert len(quick) == 2
    assert not (home / "half.sqlite3").exists()


def test_another_city_is_made_only_when_asked(tmp_path: Path, quick: list[tuple[int, int]]) -> None:
    home = tmp_path / "demo"
    assert _demo(home, "--residents", "600").exit_code == 0
    assert _demo(home).exit_code == 0
    assert "--fresh" in _refused(_demo(home, "--residents", "700"))
    assert _demo(home, "--residents", "700", "--fresh").exit_code == 0
    assert quick == [(600, 1), (700, 1)]


def test_serve_only_needs_an_earlier_run(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["demo", "--home", str(tmp_path / "none"), "--serve-only"])
    assert "Run `luoshi demo` first" in _refused(result)
