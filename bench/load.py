"""Many people at once: signed-in users going through board, targets, lists and cockpit of a served city.

Each user has a session of its own (made by the sign-in page), asks for a page, reads it for 10 to 30 seconds, asks for the
next: 200 of them ask for ten pages a second. Measured is the time from the request to the last byte of the answer, and the
processor time of the server for each page; the latter hardly depends on what else the machine is doing. The server is the
one `luoshi server run` starts, with two processes. The clients run on the same machine and take part of its cores; what
is printed includes that.

Before, every account opens each of its pages once in either process, as in the first hour after a night's evaluation; what
such a first look costs is printed beside. Measured are the looks after it.

`python -m bench load` runs it alone. From half a million residents on the columns are written by the
generator itself (`loaded_city`); below, a demonstration is made through every door.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import loaded_city
from bench.loaded_city import environment
from bench.row import Row

USERS = 200
INGESTED = 20_000  # the most that is made by a demonstration: a larger one takes hours to ingest
WRITTEN = 500_000  # the least whose columns are written directly
SECONDS = 60  # of measuring
WARM = 10  # seconds before it: every worker opens its results once
THINK = (10.0, 30.0)  # seconds a user reads before the next page
ACCOUNTS = 6  # province, cities and counties that sign in; the sessions are shared out among them
ALONE = 6  # requests of each kind with nobody else there, before the others come
WORKERS = 2
# page -> (how often, the p95 promised in seconds)
PAGES = {"board": (4, 0.3), "target": (4, 0.3), "targets": (3, 1.0), "persons": (2, 1.0), "cockpit": (3, 0.3)}


@dataclass
class Seen:
    """What the clients saw: seconds by page, and answers that were no 200."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    wrong: Counter[str] = field(default_factory=Counter)
    alone: dict[str, float] = field(default_factory=dict)
    processor: dict[str, float] = field(default_factory=dict)
    first: dict[str, float] = field(default_factory=dict)


def city(residents: int) -> Path:
    """A city or province of that size, made once and kept in `var/bench`; its tables brought up to date."""
    home = (Path("var/bench") / f"load-{residents}").resolve()
    luoshi = [sys.executable, "-m", "luoshi.cli.main"]
    if not ((home / "ready.json").exists() and (home / "luoshi.sqlite3").exists()):
        if residents >= WRITTEN:
            loaded_city.make(home, residents)
        else:
            made = [*luoshi, "demo", "--home", str(home), "--residents", str(residents), "--no-serve"]
            subprocess.run(made, check=True, stdout=subprocess.DEVNULL)
    subprocess.run([*luoshi, "server", "prepare"], check=True, env=environment(home), stdout=subprocess.DEVNULL)
    return home


class Server:
    """The server as `luoshi server run` starts it, on a free port, for the length of a block."""

    def __init__(self, home: Path) -> None:
        self.home = home
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]

    def __enter__(self) -> Server:
        command = [sys.executable, "-m", "luoshi.cli.main", "server", "run", "--port", str(self.port)]
        self.process = subprocess.Popen(
            [*command, "--workers", str(WORKERS)],
            env=environment(self.home),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/sign-in/", timeout=5).close()
                return self
            except OSError:
                time.sleep(0.2)
        raise RuntimeError("the server did not come up")

    def processor(self) -> float:
        """Seconds of processor that the server and its processes have taken so far (Linux)."""
        parents: dict[int, int] = {}
        spent: dict[int, float] = {}
        for entry in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = entry.read_text("ascii", "replace").rpartition(")")[2].split()
            except OSError:
                continue  # it has ended meanwhile
            number = int(entry.parent.name)
            parents[number] = int(fields[1])
            spent[number] = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
        inside = {self.process.pid}
        while more := {n for n, parent in parents.items() if parent in inside} - inside:
            inside |= more
        return sum(spent.get(n, 0.0) for n in inside)

    def __exit__(self, *error: object) -> None:
        self.process.terminate()
        self.process.wait(30)


class User:
    """One browser: a connection kept open and the cookies of its session."""

    def __init__(self, port: int, cookies: dict[str, str] | None = None) -> None:
        self.port = port
        self.cookies: dict[str, str] = dict(cookies or {})
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, bytes]:
        """One request; a connection the server closed meanwhile is opened anew once."""
        for again in (False, True):
            try:
                return await self._ask(method, path, urllib.parse.urlencode(form or {}).encode())
            except (ConnectionError, asyncio.IncompleteReadError):
                self.streams = None
                if again:
                    raise
        raise AssertionError

    async def _ask(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        if self.streams is None:
            self.streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.streams
        cookies = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        head = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", f"Cookie: {cookies}"]
        head += [f"Referer: http://127.0.0.1:{self.port}{path}", "Content-Type: application/x-www-form-urlencoded"]
        head += [f"Content-Length: {len(body)}"] if method == "POST" else []
        writer.write(("\r\n".join(head) + "\r\n\r\n").encode() + body)
        await writer.drain()
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = [line.partition(": ")[::2] for line in lines[1:] if line]
        for name, value in headers:
            if name.lower() == "set-cookie":
                key, _is, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        found = {name.lower(): value for name, value in headers}
        if found.get("transfer-encoding") == "chunked":
            return int(lines[0].split()[1]), await _chunks(reader)
        return int(lines[0].split()[1]), await reader.readexactly(int(found.get("content-length", 0)))

    async def sign_in(self, username: str, password: str) -> None:
        """Through the page, as people do. Raises `RuntimeError` where that is refused."""
        _status, page = await self.ask("GET", "/sign-in/")
        token = re.search(rb'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        form = {"username": username, "password": password, "csrfmiddlewaretoken": token[1].decode() if token else ""}
        status, _page = await self.ask("POST", "/sign-in/", form)
        if status != 302:
            raise RuntimeError(f"signing in answered {status}")


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts = []
    while size := int((await reader.readline()).split(b";")[0], 16):
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    await reader.readexactly(2)
    return b"".join(parts)


def _addresses(home: Path) -> dict[str, list[str]]:
    """What is asked for: the board, single promises, the list with filters, the people behind a gap, the cockpit."""
    with sqlite3.connect(home / "luoshi.sqlite3") as store:
        rows = store.execute(
            """SELECT t.id, b.indicator FROM plan_desk_target t JOIN plan_desk_binding b ON b.target_id = t.id
            WHERE b.kind = 'indicator' AND b.verdict = 'computable' ORDER BY t.id"""
        ).fetchall()
    people = [
        n for n, indicator in rows if indicator in ("htn-std", "dm-std", "elderly-mgmt", "contract-rate", "child-mgmt")
    ]
    return {
        "board": ["/"],
        "target": [f"/targets/{n}/" for n, _indicator in rows[:20]],
        "targets": ["/targets/", "/targets/?light=late", "/targets/?light=grey", "/targets/?page=2"],
        "persons": [f"/targets/{n}/missed/" for n in people],
        "cockpit": ["/cockpit/", *[f"/cockpit/?target={n}" for n in people]],
    }


async def _use(user: User, number: int, addresses: dict[str, list[str]], begin: float, end: float, seen: Seen) -> None:
    chance = random.Random(number)
    weights = [often for often, _bar in PAGES.values()]
    await asyncio.sleep(chance.uniform(0, THINK[1]))
    while time.monotonic() < end:
        page = chance.choices(list(PAGES), weights)[0]
        path = chance.choice(addresses[page])
        start = time.perf_counter()
        try:
            status, _body = await user.ask("GET", path)
        except (OSError, asyncio.IncompleteReadError) as error:
            status = 0
            seen.wrong[f"{page} {type(error).__name__}"] += 1
        taken = time.perf_counter() - start
        if time.monotonic() - taken >= begin:
            seen.seconds[page].append(taken)
            if status not in (0, 200):
                seen.wrong[f"{page} {status}"] += 1
        await asyncio.sleep(chance.uniform(*THINK))


async def _first_looks(users: Sequence[User], server: Server, addresses: dict[str, list[str]], seen: Seen) -> None:
    """Every page of every account as often as there are processes; the processor time of the server for one."""
    for page, paths in addresses.items():
        before = server.processor()
        for user in users:
            for path in paths:
                await asyncio.gather(*(User(server.port, user.cookies).ask("GET", path) for _worker in range(WORKERS)))
        seen.first[page] = (server.processor() - before) / (len(users) * len(paths) * WORKERS)


async def _alone(user: User, server: Server, addresses: dict[str, list[str]], seen: Seen) -> None:
    """The middle of the seconds each kind of page takes one user with the server to himself, once it is warm, and the
    processor time of the server for one."""
    for page, paths in addresses.items():
        warm = WORKERS * min(len(paths), ALONE)
        for n in range(warm):
            await user.ask("GET", paths[n % min(len(paths), ALONE)])
        taken = []
        before = server.processor()
        for n in range(3 * ALONE):
            start = time.perf_counter()
            await user.ask("GET", paths[n % min(len(paths), ALONE)])
            taken.append(time.perf_counter() - start)
        seen.processor[page] = (server.processor() - before) / len(taken)
        seen.alone[page] = _at(sorted(taken), 0.5)


async def _all(server: Server, home: Path, users: int) -> Seen:
    ready = json.loads((home / "ready.json").read_text("utf-8"))
    # Leaders and county commissions look at persons too; a few accounts, each with many sessions.
    names = [p["username"] for p in ready["people"] if p["username"].startswith(("leader", "county"))]
    names = names[:2] + names[-(ACCOUNTS - 2) :] if len(names) > ACCOUNTS else names
    browsers = [User(server.port) for _ in range(users)]
    for first in range(0, users, 8):
        await asyncio.gather(
            *(
                browsers[n].sign_in(names[n % len(names)], ready["password"])
                for n in range(first, min(first + 8, users))
            )
        )
    seen, addresses = Seen(), _addresses(home)
    await _first_looks(browsers[: len(names)], server, addresses, seen)
    await _alone(browsers[0], server, addresses, seen)
    begin = time.monotonic() + WARM
    await asyncio.gather(
        *(_use(browser, n, addresses, begin, begin + SECONDS, seen) for n, browser in enumerate(browsers))
    )
    return seen


def rows(residents: int, users: int = USERS) -> Iterator[Row]:
    """p95 of every kind of page, against what is promised for it; p50, number of requests and errors beside it."""
    size = residents if residents >= WRITTEN else min(residents, INGESTED)
    home = city(size)
    with Server(home) as server:
        seen = asyncio.run(_all(server, home, users))
    errors = sum(seen.wrong.values())
    for page, (_often, bar) in PAGES.items():
        taken = sorted(seen.seconds[page])
        if taken:
            told = (
                f"{users} users, {size:,} residents, {len(taken)} requests, p50 {_at(taken, 0.5):.3f}, "
                f"max {taken[-1]:.3f}; one user alone {seen.alone[page]:.3f}, processor {seen.processor[page]:.3f}, "
                f"of a first look {seen.first[page]:.3f}; "
                f"load of the machine {os.getloadavg()[0]:.1f}"
            )
            yield Row(f"load: {page} p95", _at(taken, 0.95), peers={"promised": bar}, size=told, bar=1.0)
    total = sum(len(taken) for taken in seen.seconds.values())
    told = f"{total / SECONDS:.1f} requests/s; " + (", ".join(f"{k}: {n}" for k, n in seen.wrong.items()) or "none")
    yield Row("load: answers that were not 200", float(errors), size=told, unit="")


def _at(ordered: list[float], share: float) -> float:
    """The value below which that share of the ordered ones lies."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
