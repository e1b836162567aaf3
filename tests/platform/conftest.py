"""Fixtures of the platform's tests."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.ports import free_port


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Address of an empty PostgreSQL server that lives as long as the tests; skips where there are no binaries.

    The server refuses to run as root, so it runs as the user `postgres` then.
    """
    folders = [*Path("/usr/lib/postgresql").glob("*/bin"), *map(Path, os.environ["PATH"].split(os.pathsep))]
    folder = next((f for f in folders if (f / "initdb").exists() and (f / "pg_ctl").exists()), None)
    if folder is None:
        pytest.skip("no PostgreSQL server here (initdb and pg_ctl were not found)")
    prefix: list[str] = []
    home = Path(tempfile.mkdtemp(prefix="luoshi-postgres-", dir="/tmp"))
    if os.geteuid() == 0:
        try:
            user = pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("PostgreSQL refuses to run as root and there is no user postgres")
        os.chown(home, user.pw_uid, user.pw_gid)
        prefix = ["runuser", "-u", "postgres", "--"]
    data = home / "data"
    port = free_port()
    options = f"-p {port} -c listen_addresses=127.0.0.1 -k {home} -c fsync=off -c full_page_writes=off"

    def run(*command: str | Path) -> None:
        subprocess.run([*prefix, *map(str, command)], check=True, cwd=home, stdout=subprocess.DEVNULL)

    try:
        run(folder / "initdb", "-D", data, "-A", "trust", "-U", "luoshi", "-E", "UTF8", "--locale=C", "-N")
        run(folder / "pg_ctl", "-D", data, "-w", "-l", home / "log", "-o", options, "start")
        try:
            yield f"postgres://luoshi@127.0.0.1:{port}/postgres"
        finally:
            run(folder / "pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)
