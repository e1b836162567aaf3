"""The FHIR server as a hospital meets it: a server of two processes, a client of its own, over HTTP, with a token.

Bundles of 100 validated entries into SQLite and into PostgreSQL, then reads, searches by patient and code, and
`$everything`, in a store that holds the records of a simulated region. `LUOSHI_BENCH_FHIR` sets its residents; the times
allowed are those promised (4,000 resources/s into PostgreSQL, 2,500 into SQLite; 20, 50 and 300 ms).
"""

from __future__ import annotations

import http.client
import itertools
import json
import multiprocessing
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from bench.records import region
from bench.row import Row

RESIDENTS = int(os.environ.get("LUOSHI_BENCH_FHIR", "10000"))
ENTRIES, SECONDS, CONNECTIONS, CALLS = 100, 8.0, 4, 300
ALLOWED = {"postgres": ENTRIES / 4000, "sqlite": ENTRIES / 2500}


def _setup(home: str, url: str, folder: str) -> dict[str, Any]:
    """Make a store with the records of a region and a registered source; in a process of its own."""
    from luoshi.cli.main import django_setup

    os.environ.update(LUOSHI_HOME=home, DATABASE_URL=url, LUOSHI_SECRET_KEY="bench")
    django_setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0, interactive=False)
    from luoshi.platform.sources import clients, tokens
    from luoshi.platform.sources.models import Client, Registration
    from luoshi.platform.store.ingest import ingest
    from luoshi.platform.store.models import Source

    source = Source.objects.create(name="hospital")
    Registration.objects.create(source=source)
    clients.issue(source=source, by="bench")
    report = ingest([Path(folder)], source="hospital", by="bench")
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ANALYZE")
        cursor.execute("SELECT key FROM store_resource WHERE type = 'Patient' ORDER BY hash LIMIT 2000")
        patients = [key for (key,) in cursor.fetchall()]
        cursor.execute("SELECT key FROM store_resource WHERE type = 'Observation' LIMIT 2000")
        observations = [key for (key,) in cursor.fetchall()]
    token = tokens.issue(Client.objects.get(source=source)).token
    connection.close()
    return {
        "token": token,
        "patients": patients,
        "observations": observations,
        "resources": report.resources,
        "rate": report.resources / report.seconds,
    }


@contextmanager
def served(environment: dict[str, str], *options: str) -> Iterator[tuple[int, int]]:
    """`luoshi server run` with these options on a free port, for the length of a block: port and process group."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "luoshi.cli.main", "server", "run", "--port", str(port), *options],
        env=environment,
        start_new_session=True,
    )
    try:
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.2)
        yield port, process.pid
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def _cpu(group: int) -> float:
    """Seconds of processor time that the processes of a group have used: what a crowded machine does not change."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parts = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(parts[2]) == group:
            ticks += int(parts[11]) + int(parts[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _bundles(folder: Path, count: int) -> list[bytes]:
    """Transactions of new resources: those of the region under other ids."""
    lines: list[tuple[str, dict[str, Any]]] = []
    for path in sorted(folder.glob("*.ndjson")):
        with path.open("rb") as file:
            lines.extend(("", orjson.loads(line)) for line in itertools.islice(file, count * ENTRIES // 8))
    step = max(1, len(lines) // (count * ENTRIES))
    chosen = [resource for _, resource in lines[::step]][: count * ENTRIES]
    bundles = []
    for i in range(0, len(chosen) - ENTRIES + 1, ENTRIES):
        entries = []
        for j, resource in enumerate(chosen[i : i + ENTRIES]):
            resource = {**resource, "id": f"n{i + j}-{resource['id']}"[:64]}
            request = {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"}
            entries.append({"resource": resource, "request": request})
        bundles.append(orjson.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}))
    return bundles


def _send(port: int, token: str, bundles: list[bytes], seconds: float) -> tuple[int, float]:
    """Send bundles over some connections until the time is over: bundles answered, seconds. Runs in its own process."""
    waiting = iter(bundles)
    guard, done, until = threading.Lock(), [0], time.perf_counter() + seconds

    def one() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        headers = {"Content-Type": "application/fhir+json", "Authorization": f"Bearer {token}"}
        while time.perf_counter() < until:
            with guard:
                body = next(waiting, None)
            if body is None:
                return
            connection.request("POST", "/fhir/R4", body, headers)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200:
                raise RuntimeError(text[:500])
            with guard:
                done[0] += 1

    threads = [threading.Thread(target=one) for _ in range(CONNECTIONS)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done[0], time.perf_counter() - start


def _warm(port: int, token: str, addresses: list[str], group: int) -> None:
    """Until every process of the server has started and answered: each connection goes to one of them, by chance."""
    before = -1.0
    while (used := _cpu(group)) - before > 0.1:
        before = used
        time.sleep(1)
    for _ in range(8):
        _ask(port, token, addresses)


def _ask(port: int, token: str, addresses: list[str]) -> list[float]:
    """Seconds of each of some reads, one after the other. Runs in its own process."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    taken = []
    for address in addresses:
        start = time.perf_counter()
        connection.request("GET", f"/fhir/R4{address}", headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        body = answer.read()
        taken.append(time.perf_counter() - start)
        if answer.status != 200:
            raise RuntimeError(f"{address}: {body[:300]!r}")
    return taken


@contextmanager
def postgres() -> Iterator[str | None]:
    """An empty PostgreSQL server, or None where there are no binaries. It syncs to disk as a real one does."""
    folders = [*Path("/usr/lib/postgresql").glob("*/bin"), *map(Path, os.environ["PATH"].split(os.pathsep))]
    folder = next((f for f in folders if (f / "initdb").exists() and (f / "pg_ctl").exists()), None)
    if folder is None:
        yield None
        return
    home = Path(tempfile.mkdtemp(prefix="luoshi-bench-", dir="/tmp"))
    prefix: list[str] = []
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(home, user.pw_uid, user.pw_gid)
        prefix = ["runuser", "-u", "postgres", "--"]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = f"-p {port} -c listen_addresses=127.0.0.1 -k {home} -c shared_buffers=1GB -c max_wal_size=4GB"

    def run(*command: str | Path) -> None:
        subprocess.run([*prefix, *map(str, command)], check=True, cwd=home, stdout=subprocess.DEVNULL)

    data = home / "data"
    run(folder / "initdb", "-D", data, "-A", "trust", "-U", "luoshi", "-E", "UTF8", "--locale=C")
    run(folder / "pg_ctl", "-D", data, "-w", "-l", home / "log", "-o", options, "start")
    try:
        yield f"postgres://luoshi@127.0.0.1:{port}/postgres"
    finally:
        run(folder / "pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(home, ignore_errors=True)


def _apart(function: Callable[..., Any], *arguments: Any) -> Any:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as alone:
        return alone.submit(function, *arguments).result()


def _p95(taken: list[float]) -> float:
    return sorted(taken)[int(len(taken) * 0.95)]


def measure(kind: str, url: str, home: str, folder: Path) -> Iterator[Row]:
    """The rows of one database."""
    made = _apart(_setup, home, url, str(folder))
    told = f"{made['resources']:,} resources of {RESIDENTS:,} residents in the store"
    yield Row(f"fhir: ingest ({kind})", made["resources"] / made["rate"], size=f"{told}, {made['rate']:,.0f}/s")
    environment = {**os.environ, "LUOSHI_HOME": home, "DATABASE_URL": url, "LUOSHI_SECRET_KEY": "bench"}
    with served(environment, "--workers", "2") as (port, group):
        token, patients = made["token"], made["patients"]
        kinds = (
            f"/Patient/{patients[0]}",
            f"/Observation?patient={patients[0]}",
            f"/Patient/{patients[0]}/$everything",
        )
        _apart(_warm, port, token, [*kinds, *(f"/Patient/{p}" for p in patients[:10])], group)
        reads = [f"/Observation/{key}" for key in made["observations"][:CALLS]]
        codes = ("85354-9", "1558-6", "29463-7", "8302-2")
        searches = [f"/Observation?patient={p}&code={codes[i % 4]}" for i, p in enumerate(patients[:CALLS])]
        wholes = [f"/Patient/{p}/$everything" for p in patients[: CALLS // 2]]
        for name, addresses, allowed in (("read", reads, 20), ("search", searches, 50), ("$everything", wholes, 300)):
            used = _cpu(group)
            taken = _apart(_ask, port, token, addresses)
            used = (_cpu(group) - used) / len(taken) * 1000
            middle = sorted(taken)[len(taken) // 2] * 1000
            size = f"p95 of {len(taken)}; median {middle:.1f} ms, {used:.1f} ms of processor time in the server; {told}"
            yield Row(f"fhir: {name} ({kind})", _p95(taken) * 1000, None, {"allowed": allowed}, size, "ms", 1.0)
        bundles = _bundles(folder, 800)
        _apart(_send, port, token, bundles[: 8 * CONNECTIONS], SECONDS)  # the first of a type compiles its schema
        bundles = bundles[8 * CONNECTIONS :]
        used = _cpu(group)
        done, seconds = _apart(_send, port, token, bundles, SECONDS)
        used = (_cpu(group) - used) / done * 1000
        rate = f"{done * ENTRIES / seconds:,.0f} validated resources/s, {done} bundles"
        rate += f", {used:.1f} ms of processor time each in the server; {told}"
        allowed = {"allowed": ALLOWED[kind] * 1000}
        yield Row(f"fhir: bundle of {ENTRIES} ({kind})", seconds / done * 1000, None, allowed, rate, "ms", 1.0)


def rows(residents: int) -> Iterator[Row]:
    """Both databases, one after the other."""
    folder = region(min(residents, RESIDENTS))
    with tempfile.TemporaryDirectory() as home:
        yield from measure("sqlite", f"sqlite:///{home}/store.sqlite3", home, folder)
    with postgres() as url:
        if url is not None:
            with tempfile.TemporaryDirectory() as home:
                yield from measure("postgres", url, home, folder)


if __name__ == "__main__":
    print(json.dumps([row.plain() for row in rows(RESIDENTS)], indent=1))
