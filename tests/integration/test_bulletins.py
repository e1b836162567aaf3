"""Twelve monthly bulletins are issued while records keep coming late, being corrected, withdrawn and joined; at the end
every one of them comes out again as it was, to the last digit."""

from __future__ import annotations

import random
import re
from datetime import date, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from luoshi.engines import LakeDirectory, engine
from luoshi.engines.base import Request
from luoshi.indicators import Catalogue
from luoshi.kernel.clock import CHINA, at
from luoshi.kernel.period import Period
from luoshi.platform.identity import actions
from luoshi.platform.lake.build import build, update
from luoshi.platform.lake.refresh import month_ends
from luoshi.platform.lake.source import StoreSource
from luoshi.platform.regions.importing import import_files
from luoshi.platform.store.ingest import ingest
from luoshi.platform.store.models import Person
from luoshi.simulate import output

AS_OF = date(2025, 10, 31)
BULLETIN = ("htn-std", "htn-control", "dm-std", "elderly-mgmt", "child-mgmt", "contract-rate", "grassroots-share")
RECEIVED = re.compile(rb'"lastUpdated":"([^"]+)"')
Values = dict[tuple[str, str | None, str | None], tuple[int, int | None]]


def values(lake: Path, *days: date, known_at: datetime | None = None) -> list[Values]:
    """The indicators of the bulletin for the year up to each of `days`, at every division and institution."""
    asked = [Request(Period.calendar_year(day.year).to_date(day), BULLETIN) for day in days]
    found = engine().evaluate_many(LakeDirectory.open(lake), Catalogue.load(), asked, known_at)
    return [{key: cell for key, cell in one.cells.items() if cell != (0, 0)} for one in found]


def arrivals(folder: Path) -> list[tuple[datetime, bytes]]:
    """Every record with the instant it came, in order of coming; residents before their records."""
    lines = []
    for path in sorted(folder.glob("*.ndjson"), key=lambda p: p.name != "Patient.ndjson"):
        for line in path.read_bytes().splitlines():
            received = RECEIVED.search(line)
            assert received is not None
            lines.append((datetime.fromisoformat(received[1].decode()), line))
    return sorted(lines, key=lambda item: item[0])


def corrected(line: bytes) -> bytes:
    """The same observation or encounter, withdrawn."""
    resource = orjson.loads(line)
    resource["status"] = "entered-in-error"
    return orjson.dumps(resource)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_twelve_bulletins_come_out_again(tmp_path: Path) -> None:
    output.write(500, 41, AS_OF, tmp_path, form="fhir", hardship=60.0)
    import_files([tmp_path / "region"], by="test")
    waiting = arrivals(tmp_path / "fhir")
    sent: list[bytes] = []
    chance = random.Random(5)
    issued: list[tuple[date, datetime, Values]] = []
    lake = tmp_path / "lake"
    for day in month_ends(AS_OF, 12):
        instant = datetime(day.year, day.month, day.day, 12, tzinfo=CHINA) + timedelta(days=3)
        now = [line for came, line in waiting if came < instant]
        waiting = waiting[len(now) :]
        # Some of what was known before is withdrawn each month, some of it about years already told.
        able = [
            line for line in sent if b'"resourceType":"Encounter"' in line or b'"resourceType":"Observation"' in line
        ]
        mended = [corrected(line) for line in chance.sample(able, min(40, len(able)))]
        file = tmp_path / f"{day}.ndjson"
        file.write_bytes(b"\n".join([*now, *mended]))
        sent += now
        with at(instant - timedelta(hours=1)) as moment:
            assert ingest([file], source="region", by="test", workers=0).counts.refused == 0
            if not issued:
                build(StoreSource(), lake, at=moment, bucket_size=1 << 7)
            else:
                update(StoreSource(), lake, at=moment)
        issued.append((day, instant, values(lake, day)[0]))
    _go_on(tmp_path, waiting, sent, chance)
    for day, instant, then in issued:
        assert values(lake, day, known_at=instant) == [then], f"the bulletin of {day}"
    # What is believed now is another matter: the corrections did change the numbers.
    now_believed = values(lake, *(day for day, _instant, _then in issued))
    assert sum(now != then for now, (_day, _instant, then) in zip(now_believed, issued, strict=True)) >= 6


def _go_on(folder: Path, waiting: list[tuple[datetime, bytes]], sent: list[bytes], chance: random.Random) -> None:
    """After the last bulletin: the late ones come, much is withdrawn, two residents turn out to be one, all is rebuilt."""
    later = datetime(2026, 3, 1, 9, tzinfo=CHINA)
    able = [line for line in sent if b'"resourceType":"Encounter"' in line or b'"resourceType":"Observation"' in line]
    file = folder / "late.ndjson"
    file.write_bytes(
        b"\n".join([*(line for _came, line in waiting), *(corrected(line) for line in chance.sample(able, 400))])
    )
    with at(later) as moment:
        ingest([file], source="region", by="test", workers=0)
        keep, other = Person.objects.order_by("number").values_list("number", flat=True)[10:12]
        actions.merge(keep=keep, other=other, by="test", reason="the same identity card")
        update(StoreSource(), folder / "lake", at=moment)
        build(StoreSource(), folder / "lake", at=moment + timedelta(hours=1), bucket_size=1 << 7)
