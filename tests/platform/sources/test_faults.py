"""The listener as a process of its own, ended by SIGKILL while messages come: what was acknowledged is
there, what was not is sent again, and nothing is doubled."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

START, END = b"\x0b", b"\x1c\r"
MESSAGES = 30


def message(number: int) -> bytes:
    return (
        f"MSH|^~\\&|LIS|H1|L|R|20251103110000||ORU^R01|M{number}|P|2.5\r"
        f"PID|1||P{number % 7}^^^H1^MR||测试\rOBR|1||R{number}|GLU^葡萄糖\rOBX|1|NM|GLU^葡萄糖||{number}|mmol/L\r"
    ).encode()


SETUP = """
import django
django.setup()
from luoshi.platform.access.scope import Scope
from luoshi.platform.sources import registering
registering.register(name="lis", by="t", scope=Scope.system())
"""


def prepare(home: Path) -> None:
    settings = {"DJANGO_SETTINGS_MODULE": "luoshi.project.settings"}
    subprocess.run([sys.executable, "-c", SETUP], env=environment(home) | settings, check=True)


def environment(home: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LUOSHI_", "DATABASE_URL", "DJANGO_"))}
    return kept | {"LUOSHI_HOME": str(home), "DATABASE_URL": f"sqlite:///{home}/luoshi.sqlite3"}


def listen(home: Path) -> tuple[subprocess.Popen[str], int]:
    command = [sys.executable, "-u", "-m", "luoshi.cli.main", "server", "mllp", "--source", "lis", "--port", "0"]
    process = subprocess.Popen(command, env=environment(home), stdout=subprocess.PIPE, text=True)
    assert process.stdout
    said = process.stdout.readline()
    return process, int(said.strip(" .\n").rpartition(":")[2])


def send(port: int, numbers: range, most: int) -> set[int]:
    """Send until `most` were acknowledged or the listener is gone; which were."""
    done: set[int] = set()
    with socket.create_connection(("127.0.0.1", port), timeout=600) as connection:
        for number in numbers:
            connection.sendall(START + message(number) + END)
            if len(done) == most:
                return done  # one more is under way when the listener is ended
            got = b""
            while not got.endswith(END):
                part = connection.recv(4096)
                assert part
                got += part
            assert f"MSA|AA|M{number}".encode() in got
            done.add(number)
    return done


def test_a_killed_listener_loses_and_doubles_nothing(tmp_path: Path, empty_store: Callable[[Path], Path]) -> None:
    empty_store(tmp_path / "luoshi.sqlite3")
    prepare(tmp_path)
    process, port = listen(tmp_path)
    acknowledged = send(port, range(MESSAGES), 12)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=600)
    with sqlite3.connect(tmp_path / "luoshi.sqlite3") as store:
        kept = {int(key[1:]) for (key,) in store.execute("SELECT key FROM sources_message")}
    assert acknowledged <= kept  # AA was said after the commit
    process, port = listen(tmp_path)
    for _ in range(2):
        assert send(port, range(MESSAGES), MESSAGES + 1) == set(range(MESSAGES))
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=600)
    assert process.returncode == 0
    with sqlite3.connect(tmp_path / "luoshi.sqlite3") as store:
        (observations,) = store.execute("SELECT count(*) FROM store_resource WHERE type = 'Observation'").fetchone()
        (versions,) = store.execute("SELECT max(version) FROM store_resource").fetchone()
        (messages,) = store.execute("SELECT count(*) FROM sources_message").fetchone()
    assert (observations, versions, messages) == (MESSAGES, 1, MESSAGES)
