"""From a POST to the board: a resident with a visit is sent to a running server, until the values that boards are made of count
them. In between lie the door, matching who is who, the next look at the records, the lake, the results."""

from __future__ import annotations

import http.client
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from bench.fhir import served
from bench.loaded_city import environment
from bench.row import Row
from luoshi.engines import ResultStore
from luoshi.indicators import Catalogue
from luoshi.kernel.errors import UnreadableFile
from luoshi.kernel.lake_layout import results_folder

MOST = 100_000  # residents; a city of more takes long to make
TIMES = 5
PATIENCE = 120.0  # seconds for one
ASKED = "contract-rate"  # whose denominator are the residents


def rows(residents: int) -> Iterator[Row]:
    """The middle one of a few, and the slowest; the city is made once and kept in `var/bench`, what is sent goes to a copy."""
    size = min(residents, MOST)
    made = Path("var/bench").absolute() / f"demo-{size}"
    if not (made / "ready.json").exists():
        command = [sys.executable, "-m", "luoshi.cli.main", "demo", "--no-serve", "--home", str(made)]
        subprocess.run([*command, "--residents", str(size)], check=True, stdout=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory(prefix="luoshi-bench-", dir=made.parent, ignore_cleanup_errors=True) as name:
        home = Path(name) / "city"
        shutil.copytree(made, home)
        taken = _arrivals(home)
    words = f"a city of {size:,}; {TIMES} residents, one after the other; bar 5 s"
    yield Row("from a POST to the board", median(taken), floor=5.0, size=words, bar=1)
    yield Row("from a POST to the board, the slowest", max(taken), size=words)


def _arrivals(home: Path) -> list[float]:
    """Seconds until each new resident is counted."""
    told = json.loads(subprocess.run([sys.executable, "-m", "bench.fresh", str(home)], check=True, env=environment(home),
                                     capture_output=True, text=True).stdout.splitlines()[-1])  # fmt: skip
    taken = []
    with served(environment(home), "--workers", "1", "--with-worker") as (port, _):
        for number in range(TIMES + 1):
            known = _counted(home, told["village"]) or 0
            start = time.perf_counter()
            _post(port, told["token"], _arrival(number, told))
            _wait(
                lambda known=known: (_counted(home, told["village"]) or 0) > known,
                "the new resident",
                PATIENCE if number else 10 * PATIENCE,
            )  # type: ignore[misc]
            taken.append(time.perf_counter() - start)
    return taken[1:]  # what the first waits for is read once in the life of a process


def _counted(home: Path, village: str) -> int | None:
    """How many residents of a village the board knows of; None before there are results."""
    catalogue = Catalogue.load()
    try:
        reading = ResultStore(results_folder(home / "lake")).reading(catalogue)
    except (UnreadableFile, FileNotFoundError):
        return None
    indicator = catalogue.indicator(ASKED)
    stored = next(s for s in reading.periods.values() if ASKED in s.indicators and s.has_rows)
    return reading.cell(stored, indicator, division=village)[1]


def _arrival(number: int, told: dict[str, str]) -> bytes:
    key = f"bench-arrival-{number}"
    village = {"extension": [{"url": "urn:luoshi:cn:ext:division", "valueCode": told["village"]}], "use": "home"}
    resident = {
        "resourceType": "Patient", "id": key, "active": True, "gender": "female", "birthDate": f"196{number}-03-1{number}",
        "name": [{"text": f"{'赵钱孙李周吴'[number]}新{'春夏秋冬东西'[number]}"}], "address": [village],
        "managingOrganization": {"reference": f"Organization/{told['institution']}"},
    }  # fmt: skip
    visit = {
        "resourceType": "Encounter", "id": f"{key}-visit", "status": "finished", "class": {"code": "AMB"},
        "type": [{"coding": [{"system": "urn:luoshi:cn:code:service", "code": "htn-visit"}]}],
        "subject": {"reference": f"Patient/{key}"}, "period": {"start": "2025-10-30T08:00:00+08:00"},
        "serviceProvider": {"reference": f"Organization/{told['institution']}"},
    }  # fmt: skip
    entries = [{"resource": r, "request": {"method": "PUT", "url": f"{r['resourceType']}/{r['id']}"}}
               for r in (resident, visit)]  # fmt: skip
    return json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}).encode()


def _post(port: int, token: str, body: bytes) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request(
        "POST", "/fhir/R4", body, {"Content-Type": "application/fhir+json", "Authorization": f"Bearer {token}"}
    )
    answer = connection.getresponse()
    if answer.status >= 300:
        raise SystemExit(f"the server said {answer.status}: {answer.read()[:500]!r}")
    connection.close()


def _wait(until: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    end = time.perf_counter() + patience
    while not until():
        if time.perf_counter() > end:
            raise SystemExit(f"{what} did not come within {patience:g} seconds")
        time.sleep(0.02)


def _sender() -> None:
    """Register who sends the residents, and say where they live."""
    from luoshi.cli.main import django_setup

    django_setup()
    from luoshi.platform.regions.models import Division, Institution
    from luoshi.platform.sources import clients, tokens
    from luoshi.platform.sources.models import Client, Registration
    from luoshi.platform.store.models import Source

    source = Source.objects.create(name="bench")
    Registration.objects.create(source=source)
    clients.issue(source=source, by="bench")
    village = Division.objects.filter(level=5).order_by("code").first()
    institution = Institution.objects.order_by("code").first()
    assert village is not None
    assert institution is not None
    token = tokens.issue(Client.objects.get(source=source)).token
    print(json.dumps({"token": token, "village": village.code, "institution": institution.code}))


if __name__ == "__main__":
    _sender()
