"""`luoshi server`: what keeps it from starting is said before."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from luoshi.cli.server import free_port


def _luoshi(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LUOSHI_HOME": str(home), "DATABASE_URL": f"sqlite:///{home / 'store.sqlite3'}"}
    return subprocess.run(
        [sys.executable, "-m", "luoshi.cli.main", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


# Argument 1: a folder for what is printed. Then command lines, each run in a fork of its own once the program is read in.
FORKS = """import importlib, os, shlex, sys
from luoshi.cli.main import NOUNS, django_setup, main
django_setup()
for noun in NOUNS:
    importlib.import_module(f"luoshi.cli.{noun}")
for number, line in enumerate(sys.argv[2:]):
    child = os.fork()
    if child == 0:
        for stream, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(f"{sys.argv[1]}/{number}.{name}", os.O_CREAT | os.O_WRONLY), stream)
        sys.argv = ["luoshi", *shlex.split(line)]
        main()
        sys.exit()
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def _forked(home: Path, printed: Path, *lines: str) -> list[subprocess.CompletedProcess[str]]:
    """What each command line came to, one after another: as `_luoshi`, but the program is read in once for all."""
    environment = {**os.environ, "LUOSHI_HOME": str(home), "DATABASE_URL": f"sqlite:///{home / 'store.sqlite3'}"}
    command = [sys.executable, "-c", FORKS, str(printed), *lines]
    codes = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    assert len(codes) == len(lines)
    said = [[(printed / f"{n}.{name}").read_text("utf-8") for name in ("out", "err")] for n in range(len(lines))]
    return [
        subprocess.CompletedProcess(shlex.split(line), int(code), *told)
        for line, code, told in zip(lines, codes, said, strict=True)
    ]


def test_an_empty_store_is_not_served(tmp_path: Path) -> None:
    result = _luoshi(tmp_path, "server", "run", "--port", "1024")
    assert result.returncode == 2
    assert "luoshi server prepare" in result.stderr
    assert "Traceback" not in result.stderr


WITHOUT_TABLES = ("account list", "audit verify", "region list", "lake build", "server work", "server clock")


@pytest.fixture(scope="module")
def without_tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, subprocess.CompletedProcess[str]]:
    """How each of the commands ends where there is no store."""
    home, printed = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("printed")
    return dict(zip(WITHOUT_TABLES, _forked(home, printed, *WITHOUT_TABLES), strict=True))


@pytest.mark.parametrize("line", WITHOUT_TABLES)
def test_without_tables_a_command_says_what_to_do(
    without_tables: dict[str, subprocess.CompletedProcess[str]], line: str
) -> None:
    result = without_tables[line]
    assert result.returncode == 2, result.stderr
    assert result.stderr.count("\n") == 1
    assert "luoshi server prepare" in result.stderr


@pytest.mark.django_db  # for the tables of the empty store
def test_clocks_turn_and_a_taken_port_is_said(tmp_path: Path, empty_store: Callable[[Path], Path]) -> None:
    empty_store(tmp_path / "store.sqlite3")
    (tmp_path / "printed").mkdir()
    prepared, clocks, turned = _forked(
        tmp_path, tmp_path / "printed", "server prepare", "server clock", "server clock --turn"
    )
    assert prepared.returncode == 0
    lines = clocks.stdout.splitlines()
    assert len(lines) >= 12
    assert all("never" in line for line in lines)
    failed = [line for line in turned.stdout.splitlines() if " done" not in line]
    # Without a lake nothing can be checked; everything else has nothing to do.
    assert {line.split()[0] for line in failed} <= {"quality.run", "quality.authenticity", "contracts.look"}, failed
    assert turned.returncode == (1 if failed else 0)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = _luoshi(tmp_path, "server", "run", "--port", str(port))
        assert free_port(port) != port
    assert result.returncode == 2
    assert f"port {port} of 127.0.0.1 is taken" in result.stderr
