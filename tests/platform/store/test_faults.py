"""What happens when the ground gives way: a killed ingest, a full disk. On a database file of its own, in processes of
their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

EmptyStore = Callable[[Path], Path]

# Argument 1: a folder for the database. Argument 2: files. Then what is to happen, in order.
SCRIPT = """
import json, os, random, resource, signal, sys
from pathlib import Path
from luoshi.cli.main import django_setup

django_setup()
from django.db import connections
from luoshi.kernel.errors import Refused
from luoshi.platform import audit
from luoshi.platform.store import ingest, writing

sys.path.insert(0, sys.argv[1])
from conftest import Store

many = Path(sys.argv[2])
out = {}


def apart(act):
    "Run in a child process with a database connection of its own; the exit status."
    connections.close_all()
    child = os.fork()
    if child == 0:
        try:
            act()
            os._exit(0)
        except Refused as error:
            print(error, file=sys.stderr)
            os._exit(2)
        except BaseException:
            import traceback
            traceback.print_exc()
            os._exit(3)
    return os.waitpid(child, 0)[1]


def killed(after, when):
    "An ingest that kills itself in its nth transaction, before or after the last write of it."
    record, count = audit.record, [0]

    def deadly(**given):
        if given["action"] == "record.ingest":
            count[0] += 1
            if count[0] == after and when == "before":
                os.kill(os.getpid(), signal.SIGKILL)
        made = record(**given)
        if count[0] == after:
            os.kill(os.getpid(), signal.SIGKILL)
        return made

    audit.record = deadly
    ingest.ingest([many], source="a", by="tester", workers=0)


def full():
    size = sum(p.stat().st_size for p in Path(os.environ["LUOSHI_HOME"]).glob("*.sqlite3"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 1_500_000, resource.RLIM_INFINITY))
    ingest.ingest([many], source="a", by="tester", workers=0)


def clean():
    ingest.ingest([many], source="a", by="tester", workers=0)


def state():
    from luoshi.platform.audit import trail
    found = Store().state()
    found["audit"] = list(map(str, trail.verify()))
    return found


ingest.BLOCK = 200_000
out["steps"] = []
for step in sys.argv[3:]:
    if step == "state":
        out["steps"].append(state())
    elif step.startswith("kill"):
        out["steps"].append(apart(lambda: killed(int(step.split("-")[1]), step.split("-")[2])))
    else:
        out["steps"].append(apart({"clean": clean, "full": full}[step]))
print(json.dumps(out["steps"], default=str))
"""


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of some 12,000 resources: patients last in each file, ids with different contents, broken lines."""
    folder = tmp_path_factory.mktemp("many")
    for part in range(3):
        resources: list[dict[str, Any]] = [
            observation(f"o{part}-{i}", f"Patient/p{(i * 7) % 1500}", i) for i in range(3500)
        ]
        resources += [observation(f"o{part}-{i}", f"Patient/p{i}", -1) for i in range(2)]
        resources += [
            {
                "resourceType": "Patient",
                "id": f"p{n}",
                "identifier": [{"system": "urn:luoshi:cn:id:ehr-no", "value": f"{n % 900:017}"}],
            }
            for n in range(part * 500, part * 500 + 500)
        ]
        lines = [json.dumps(item) for item in resources]
        lines.insert(1000, "{broken")
        (folder / f"{part}.ndjson").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def observation(key: str, about: str, value: float) -> dict[str, Any]:
    """An Observation about a Patient."""
    return {
        "resourceType": "Observation",
        "id": key,
        "status": "final",
        "code": {"text": "x"},
        "subject": {"reference": about},
        "valueQuantity": {"value": value, "unit": "mmHg"},
    }


def play(home: Path, many: Path, *steps: str) -> tuple[list[Any], str]:
    """Results of the steps on the new store in `home`, and what was said on the way."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(Path(__file__).parent), str(many), *steps],
        env={
            **os.environ,
            "LUOSHI_HOME": str(home),
            "DATABASE_URL": f"sqlite:///{home / 'store.sqlite3'}",
            "DJANGO_SETTINGS_MODULE": "luoshi.project.settings",
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), done.stderr


@pytest.fixture
def home(tmp_path: Path, empty_store: EmptyStore) -> Path:
    """A folder with a new store."""
    return empty_store(tmp_path / "home/store.sqlite3").parent


@pytest.fixture(scope="module")
def expected(many: Path, tmp_path_factory: pytest.TempPathFactory, empty_store: EmptyStore) -> dict[str, Any]:
    """The state after one clean run."""
    home = tmp_path_factory.mktemp("clean")
    empty_store(home / "store.sqlite3")
    (status, state), _ = play(home, many, "clean", "state")
    assert status == 0
    assert len(state["resources"]) == 3 * 4000
    assert state["pending"] == []
    assert state["persons"][0] == 900
    found: dict[str, Any] = state
    return found


def test_a_killed_ingest_goes_on_and_ends_like_one_that_was_not(
    many: Path, home: Path, expected: dict[str, Any]
) -> None:
    results, _ = play(home, many, "kill-2-before", "kill-1-after", "kill-3-before", "clean", "clean", "state")
    *statuses, state = results
    assert statuses == [9, 9, 9, 0, 0]
    assert state == expected


def test_a_full_disk_is_said_in_words_and_work_goes_on_when_there_is_room(
    many: Path, home: Path, expected: dict[str, Any]
) -> None:
    (status, before, _, after), said = play(home, many, "full", "state", "clean", "state")
    assert status >> 8 == 2
    assert "the disk is full" in said
    assert 0 < len(before["resources"]) < len(expected["resources"])
    assert before["audit"] == []
    assert after == expected


@pytest.mark.skipif("postgres" in os.environ.get("DATABASE_URL", ""), reason="this is that run")
def test_everything_holds_on_postgresql(postgres_url: str, root: Path) -> None:
    # The store, and what stands on SQL of its own: the other doors, bundles over HTTP, matching and its desk, joined
    # persons with portal and health code.
    folders = (
        "platform/store",
        "platform/sources/test_doors.py",
        "platform/identity",
        "services/fhir_server/test_bundles.py",
        "services/identity_desk/test_on_any_store.py",
        "services/resident_portal/test_joined.py",
    )
    tests = [str(root / "tests" / name) for name in folders]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", *tests, "--ignore", str(Path(__file__))],
        env={**os.environ, "DATABASE_URL": postgres_url},
        capture_output=True,
        text=True,
        cwd=root,
    )
    assert done.returncode == 0, done.stdout[-3000:]
