"""The FHIR server when the ground gives way: killed in a transaction or an export, a full disk, two writers at once.

A server of its own on a store of its own, asked over HTTP; faults are put in by small changes made in its process.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import pytest
from tests.ports import free_port

pytestmark = [pytest.mark.slow, pytest.mark.django_db]  # for the tables of the empty store

# Reads the program in once, then does in a fork of its own each thing it is told by a line of JSON: what to do and what it
# needs. Answers with a line: how it ended and what it printed; of a server, its number, at once.
SCRIPT = """
import json, os, signal, sys
from luoshi.cli.main import django_setup
django_setup()
from django.db import connection
from django.urls import get_resolver
from luoshi.platform import audit
from luoshi.project.wsgi import application
get_resolver().url_patterns
assert connection.connection is None  # every fork opens its own

def main():
    for line in sys.stdin:
        act, *rest = json.loads(line)
        if act == "end":
            os.kill(rest[0], signal.SIGKILL)
        if act in ("end", "look"):
            told = os.waitpid(rest[0], 0 if act == "end" else os.WNOHANG)[0]
        else:
            out, into = os.pipe()
            child = os.fork()
            if not child:
                os.dup2(into, 1)
                os.close(out), os.close(into), os.close(0)
                do(act, rest)
                sys.stdout.flush()
                os._exit(0)
            os.close(into)
            told = child
            if act != "serve":
                printed = open(out).read()
                told = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), printed]
        print(json.dumps(told), flush=True)

def do(act, rest):
    try:
        {"make": make, "serve": serve, "export": export, "state": state}[act](*rest)
    except BaseException:
        import traceback
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)

def make():
    from luoshi.platform.sources import clients, tokens
    from luoshi.platform.sources.models import Client, Registration
    from luoshi.platform.store.models import Source
    source = Source.objects.create(name="h")
    Registration.objects.create(source=source)
    clients.issue(source=source, by="test")
    print(json.dumps(tokens.issue(Client.objects.get()).token))

def serve(*rest):
    # "kill-before", "kill-after": at the audit row of the nth ingest; "full": the file may not grow much more.
    record, count = audit.record, [0]
    def deadly(**given):
        found = None
        if given["action"] == "record.ingest":
            count[0] += 1
            if rest[1:2] == ("kill-before",) and count[0] == int(rest[2]):
                os.kill(os.getpid(), signal.SIGKILL)
        found = record(**given)
        if given["action"] == "record.ingest" and rest[1:2] == ("kill-after",) and count[0] == int(rest[2]):
            os.kill(os.getpid(), signal.SIGKILL)
        return found
    audit.record = deadly
    if rest[1:2] == ("full",):
        from django.db.backends.signals import connection_created
        def narrow(connection, **_):
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA page_count")
                pages = cursor.fetchone()[0]
                cursor.execute(f"PRAGMA max_page_count = {pages + 40}")
        connection_created.connect(narrow)
    from socketserver import ThreadingMixIn
    from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
    class Quiet(WSGIRequestHandler):
        def log_message(self, *_): pass
    class Server(ThreadingMixIn, WSGIServer):
        daemon_threads = True
        request_queue_size = 50
    make_server("127.0.0.1", int(rest[0]), application, Server, Quiet).serve_forever()

def export(*rest):
    from luoshi.platform.jobs.models import Job
    from luoshi.platform.jobs.queue import run
    from luoshi.services.fhir_server import bulk
    bulk.PIECE = 7
    if rest:
        look, count = audit.look_at_list, [0]
        def deadly(**given):
            count[0] += 1
            if count[0] == int(rest[0]):
                os.kill(os.getpid(), signal.SIGKILL)
            return look(**given)
        audit.look_at_list = deadly
    Job.objects.filter(status="running").update(status="queued", started_at=None, beat=None)
    run(Job.objects.get().pk)

def state():
    from luoshi.platform.audit import trail
    def rows(sql):
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return [list(row) for row in cursor.fetchall()]
    print(json.dumps({
        "resources": sorted(rows("SELECT type, key, version, deleted FROM store_resource")),
        "versions": rows("SELECT count(*), count(DISTINCT resource_id || '/' || version) FROM store_version")[0],
        "open": rows("SELECT count(*) FROM store_version WHERE known_to IS NULL")[0][0],
        "marks": rows("SELECT count(*) FROM store_mark")[0][0],
        "persons": rows("SELECT count(*) FROM store_person")[0][0],
        "audit": [str(b) for b in trail.verify()],
    }))

main()
"""


class Place:
    """A folder, the store in it, and servers on that."""

    def __init__(self, home: Path) -> None:
        self.home = home
        foreign = ("DATABASE_URL", "LUOSHI_", "DJANGO_")
        self.environment = {n: v for n, v in os.environ.items() if not n.startswith(foreign)} | {
            "LUOSHI_HOME": str(home),
            "DATABASE_URL": f"sqlite:///{home / 'store.sqlite3'}",
            "DJANGO_SETTINGS_MODULE": "luoshi.project.settings",
        }
        self.log = (home / "log").open("w+", encoding="utf-8")
        self.warm = subprocess.Popen(
            [sys.executable, "-c", SCRIPT], env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.log, text=True,
        )  # fmt: skip
        self.process = 0
        self.port = 0
        self.token = ""

    def begin(self) -> None:
        """What every test finds: a source in the new store, and its token."""
        self.token = self.run("make")

    def tell(self, *told: Any) -> Any:
        """What the warm process answers."""
        assert self.warm.stdin is not None
        assert self.warm.stdout is not None
        self.warm.stdin.write(json.dumps(told) + "\n")
        self.warm.stdin.flush()
        return json.loads(self.warm.stdout.readline())

    def run(self, *arguments: str, killed: bool = False) -> Any:
        """Run the script to its end; what it printed."""
        status, printed = self.tell(*arguments)
        self.log.seek(0)
        assert status == (-signal.SIGKILL if killed else 0), self.log.read()
        return json.loads(printed.splitlines()[-1]) if printed.strip() else None

    def serve(self, *fault: str) -> None:
        """Start a server."""
        self.stop()
        self.port = free_port()
        self.process = self.tell("serve", str(self.port), *fault)
        for _ in range(6000):
            assert self.tell("look", self.process) == 0, "the server ended"
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        pytest.fail("the server did not start")

    def stop(self) -> None:
        """End it."""
        if self.process:
            self.tell("end", self.process)
            self.process = 0

    def close(self) -> None:
        """End everything."""
        self.stop()
        self.warm.communicate(timeout=600)
        self.log.close()

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, Any]]:
        """Status and answer; (0, {}) when the server died."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=600)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        given |= {"Authorization": f"Bearer {self.token}", "Content-Type": "application/fhir+json"}
        try:
            connection.request(method, f"/fhir/R4{path}", None if body is None else json.dumps(body), given)
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, HTTPException):
            return 0, {}
        finally:
            connection.close()
        return answer.status, json.loads(text) if text else {}


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A process that has read the program in, for all tests."""
    found = Place(tmp_path_factory.mktemp("place"))
    yield found
    found.close()


@pytest.fixture
def place(warm: Place, empty_store: Callable[[Path], Path]) -> Iterator[Place]:
    """A new store, with nothing beside it that was there before."""
    for left in set(warm.home.iterdir()) - {warm.home / "log"}:
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    empty_store(warm.home / "store.sqlite3")
    warm.begin()
    yield warm
    warm.stop()


def day(number: int, count: int = 20, text: str = "") -> dict[str, Any]:
    """The transaction of a day: patients and observations."""
    entries = []
    for i in range(count):
        about = f"p{number}-{i}"
        entries.append({"resourceType": "Patient", "id": about, "gender": "female"})
        entries.append(
            {
                "resourceType": "Observation",
                "id": f"o{number}-{i}",
                "status": "final",
                "code": {"coding": [{"code": "8480-6"}]},
                "subject": {"reference": f"Patient/{about}"},
                "valueString": text or str(i),
            }
        )
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {"resource": e, "request": {"method": "PUT", "url": f"{e['resourceType']}/{e['id']}"}} for e in entries
        ],
    }


def whole(state: dict[str, Any]) -> bool:
    """Whether a state holds together: every resource with one open version, no version twice, the audit unbroken."""
    count = len(state["resources"])
    return state["versions"] == [count, count] and state["open"] == count == 2 * state["persons"] and not state["audit"]


def test_killed_in_a_transaction_nothing_is_there_by_halves_and_a_resend_completes(place: Place) -> None:
    for sent, fault in enumerate((("kill-before", "2"), ("kill-after", "2"))):
        place.serve(*fault)
        assert place.ask("POST", "", day(sent))[0] == 200
        assert place.ask("POST", "", day(sent + 1))[0] == 0
        state = place.run("state")
        assert whole(state)
        assert len(state["resources"]) == 40 * (sent + 1)
    place.serve()
    for _ in range(3):
        for number in range(3):
            assert place.ask("POST", "", day(number))[0] == 200
    state = place.run("state")
    assert whole(state)
    assert len(state["resources"]) == 120
    assert state["marks"] == 60


def test_a_full_disk_is_told_and_nothing_is_lost(place: Place) -> None:
    place.serve()
    assert place.ask("POST", "", day(0))[0] == 200
    place.serve("full")
    status, told = place.ask("POST", "", day(1, 40, "x" * 20_000))
    assert status == 507
    assert told["issue"][0]["code"] == "no-store"
    assert place.ask("GET", "/Observation?code=8480-6&_count=100")[0] in (200, 507)
    state = place.run("state")
    assert whole(state)
    assert len(state["resources"]) == 40
    place.serve()
    assert place.ask("POST", "", day(1, 40, "x" * 20_000))[0] == 200
    assert len(place.run("state")["resources"]) == 120


def test_of_two_writers_who_read_the_same_version_one_wins(place: Place) -> None:
    place.serve()
    place.ask("PUT", "/Patient/p", {"resourceType": "Patient", "id": "p"})

    def write(number: int, version: int) -> int:
        body = {"resourceType": "Patient", "id": "p", "name": [{"text": f"{version}-{number}"}]}
        return place.ask("PUT", "/Patient/p", body, If_Match=f'W/"{version}"')[0]

    for version in range(1, 6):
        with ThreadPoolExecutor(4) as many:
            statuses = sorted(many.map(write, range(4), [version] * 4))
        assert statuses == [200, 412, 412, 412]
    assert place.ask("GET", "/Patient/p")[1]["meta"]["versionId"] == "6"
    # Creating the same under a condition at once makes one.
    ward = {"resourceType": "Location", "identifier": [{"system": "urn:w", "value": "1"}]}

    def create(number: int) -> int:
        return place.ask("POST", "/Location", {**ward, "name": str(number)}, If_None_Exist="identifier=urn:w|1")[0]

    with ThreadPoolExecutor(4) as many:
        assert sorted(many.map(create, range(4))) == [200, 200, 200, 201]
    assert place.ask("GET", "/Location?identifier=urn:w|1")[1]["total"] == 1


def test_killed_in_an_export_it_ends_like_one_that_was_not(place: Place) -> None:
    place.serve()
    place.ask("POST", "", day(0, 20))
    connection = HTTPConnection("127.0.0.1", place.port, timeout=600)
    headers = {"Authorization": f"Bearer {place.token}", "Prefer": "respond-async"}
    connection.request("GET", "/fhir/R4/$export", headers=headers)
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 202
    where = answer.headers["Content-Location"].partition("/fhir/R4")[2]
    for piece in ("1", "3"):
        place.run("export", piece, killed=True)
    place.run("export")
    status, told = place.ask("GET", where)
    assert status == 200
    assert {one["type"]: one["count"] for one in told["output"]} == {"Patient": 20, "Observation": 20}
    for kind in ("Patient", "Observation"):
        (file,) = place.home.glob(f"bulk/*/{kind}.ndjson")
        ids = [json.loads(line)["id"] for line in file.read_text("utf-8").splitlines()]
        assert len(ids) == len(set(ids)) == 20
