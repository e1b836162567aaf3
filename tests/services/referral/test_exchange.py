"""Two instances on two databases refer to each other over HTTP, one goes down and catches up, both change their mind at
once; and what a stranger sends is none of our business."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from luoshi.platform.access.scope import Scope
from luoshi.platform.regions.models import Institution
from luoshi.platform.sources import clients, registering

from .conftest import condition, patient, pressure, store

HERE = Path(__file__).parent


class Instance:
    """One process with its own SQLite file and port."""

    def __init__(self, home: Path) -> None:
        self.home, self.port, self.process = home, 0, None
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(("LUOSHI_", "DATABASE_URL", "DJANGO_"))} | {
            "LUOSHI_HOME": str(home), "DATABASE_URL": f"sqlite:///{home / 'store.sqlite3'}", "LUOSHI_TODAY": "2025-11-03",
            "LUOSHI_TWO_FACTOR": "0", "LUOSHI_WEBHOOKS": "127.0.0.1", "PYTHONDONTWRITEBYTECODE": "1",
        }  # fmt: skip

    def begin(self) -> Instance:
        """Start the process; it says its port when it listens."""
        with (self.home / "log").open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(HERE / "instance.py")], env=self.environment, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip
        return self

    def ready(self) -> None:
        """Wait until it listens."""
        line = self.process.stdout.readline()
        assert line, (self.home / "log").read_text()[-2000:]
        self.port = json.loads(line)["port"]

    def end(self) -> None:
        """Stop it."""
        self.process.stdin.close()
        self.process.wait(600)
        self.process.stdout.close()

    def __call__(self, do: str, **more: Any) -> Any:
        self.process.stdin.write(json.dumps({"do": do, **more}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, (self.home / "log").read_text()[-3000:]
        answer = json.loads(line)
        assert "error" not in answer, answer
        return answer["answer"]


def _copy(home: Path) -> None:
    """The database of this test as a file of its own."""
    home.mkdir()
    connection.ensure_connection()
    with sqlite3.connect(home / "store.sqlite3") as file:
        connection.connection.backup(file)
        file.execute("PRAGMA journal_mode=WAL")
    file.close()


@pytest.fixture
def two(
    transactional_db: None, tmp_path: Path, small_region: Any, make_user: Any
) -> Iterator[tuple[Instance, Instance]]:
    """A, a township centre, and B, a hospital of another system; each registered at the other."""
    if connection.vendor != "sqlite":
        pytest.skip("the instances are copied from an SQLite file")
    from luoshi.platform.access.models import Grant

    keys = {}
    for name in ("system-a", "system-b"):
        registration = registering.register(name=name, by="test", scope=Scope.system(), division="9901")
        keys[name] = clients.issue(source=registration.source, by="test", scopes="system/*.cruds")
    doctor = make_user("institution-clinician", institution="H1", name="doctor")
    a, b = Instance(tmp_path / "a"), Instance(tmp_path / "b")
    _copy(b.home)  # B knows neither the patient nor, soon, the centre
    Institution.objects.filter(code="C1").update(parent=None)
    Grant.objects.filter(user=doctor).update(institution=Institution.objects.get(code="C1"))
    Institution.objects.filter(code="H1").delete()
    store(patient("p1", "周远山", "990101001001", "C1"), condition("k1", "p1", "I10"), condition("k2", "p1", "B20"),
          pressure("o1", "p1", "2025-10-20", 152))  # fmt: skip
    _copy(a.home)
    for one in (a.begin(), b.begin()):
        one.ready()
    a("peer", name="b", address=f"http://127.0.0.1:{b.port}/fhir/R4", client_id=keys["system-a"].client_id,
      secret=keys["system-a"].secret, source="system-b", places=[{"code": "H1", "name": "东溪区人民医院", "level": 2}])  # fmt: skip
    b("peer", name="a", address=f"http://127.0.0.1:{a.port}/fhir/R4", client_id=keys["system-b"].client_id,
      secret=keys["system-b"].secret, source="system-a",
      places=[{"code": "C1", "name": "城关镇卫生院", "type": "township-centre"}])  # fmt: skip
    yield a, b
    for one in (a, b):
        one.end()


WANTED = {
    "direction": "up", "person": 1, "sender": "C1", "receiver": "H1", "peer": "b", "diagnosis": "原发性高血压",
    "reason": "连续两次未控制", "criteria": ["htn-uncontrolled"],
}  # fmt: skip


def test_two_instances_refer_to_each_other(two: tuple[Instance, Instance]):
    a, b = two
    uid = a("send", **WANTED)
    assert a("deliver") == 1, a("waiting")
    there = b("told", uid=uid)
    assert (there["state"], there["attached"]) == ("submitted", True)
    assert there["subject"]["name"] == "周远山"
    assert there["person"] is None
    titles = b("attached", uid=uid)
    assert len(titles) == 0 or all("艾滋" not in t for t in titles)

    bed = b("bed", institution="H1", free=1)
    b("accept", uid=uid)
    b("reserve", uid=uid, slot=bed)
    assert b("deliver") == 2
    here = a("told", uid=uid)
    assert here["state"] == "reserved"
    assert here["arrive_on"].startswith("2025-11-03")

    # Sending everything again changes nothing, there or here.
    before = a("counts"), b("counts")
    a("deliver", again=True)
    b("deliver", again=True)
    assert (a("counts"), b("counts")) == before
    assert a("told", uid=uid) == here

    # A is down while B goes on; then it catches up, in order.
    a("down")
    b("arrive", uid=uid)
    b("treat", uid=uid)
    assert b("deliver") == 0
    assert [w[0] for w in b("waiting")] == ["waiting", "waiting"]
    a("up", port=a.port)
    b("summarise", uid=uid, diagnosis="高血压2级", treatment="调整用药后平稳", advice="两周随访", follow_up="")
    assert b("deliver", now=True) == 3
    here = a("told", uid=uid)
    assert here["state"] == "summarised"
    assert here["summary"]["treatment"] == "调整用药后平稳"
    assert here["steps"] == ["draft", "submit", "accept", "reserve", "arrive", "treat", "summarise"]
    a("close", uid=uid, note="纳入随访")
    assert a("deliver") == 1
    there = b("told", uid=uid)
    assert (there["state"], there["attached"], there["subject"]) == ("closed", False, {})

    # Both change their mind at once: the patient has arrived, so the cancellation comes too late and A follows B.
    late = a("send", **WANTED)
    a("deliver")
    b("accept", uid=late)
    b("arrive", uid=late)
    a("cancel", uid=late, reason="patient", note="")
    assert a("deliver") == 1
    b("deliver")
    b("deliver", now=True)
    assert (a("told", uid=late)["state"], b("told", uid=late)["state"]) == ("arrived", "arrived")
    assert "adopt" in a("told", uid=late)["steps"]

    # In time it is a cancellation for both, whatever B said meanwhile.
    gone = a("send", **WANTED)
    a("deliver")
    b("accept", uid=gone)
    a("cancel", uid=gone, reason="recovered", note="")
    a("deliver")
    b("deliver", now=True)
    assert (a("told", uid=gone)["state"], b("told", uid=gone)["state"]) == ("cancelled", "cancelled")

    # Two reservers of the last bed, at the same instant, on a real file.
    bed = b("bed", institution="H1", free=1)
    pair = [a("send", **WANTED) for _ in range(2)]
    assert a("deliver") == 2
    for one in pair:
        b("accept", uid=one)
    assert b("race", uids=pair, slot=bed) == ["refused", "reserved"]
