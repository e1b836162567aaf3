"""`luoshi server`: what keeps it from starting is said before."""

from __future__ import annotations

import os
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


def test_an_empty_store_is_not_served(tmp_path: Path) -> None:
    result = _luoshi(tmp_path, "server", "run", "--port", "1024")
    assert result.returncode == 2
    assert "luoshi server prepare" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("account", "list"),
        ("audit", "verify"),
        ("region", "list"),
        ("lake", "build"),
        ("server", "work"),
        ("server", "clock"),
    ],
    ids=" ".join,
)
def test_without_tables_a_command_says_what_to_do(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    result = _luoshi(tmp_path, *arguments)
    assert result.returncode == 2, result.stderr
    assert result.stderr.count("\n") == 1
    assert "luoshi server prepare" in result.stderr


@pytest.mark.django_db  # for the tables of the empty store
def test_clocks_turn_and_a_taken_port_is_said(tmp_path: Path, empty_store: Callable[[Path], Path]) -> None:
    empty_store(tmp_path / "store.sqlite3")
    assert _luoshi(tmp_path, "server", "prepare").returncode == 0
    lines = _luoshi(tmp_path, "server", "clock").stdout.splitlines()
    assert len(lines) >= 12
    assert all("never" in line for line in lines)
    turned = _luoshi(tmp_path, "server", "clock", "--turn")
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
