"""From a gap to a closed item on data alone: dispatched, visited, recorded, counted, the number moved, the finding closed."""

from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.db import connection

from luoshi.kernel import clock
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.lake.build import update
from luoshi.platform.lake.refresh import refresh
from luoshi.platform.lake.source import StoreSource
from luoshi.platform.store.ingest import ingest
from luoshi.services.plan_desk.models import Target
from luoshi.supervision import sources
from luoshi.supervision.alerts.models import Message
from luoshi.supervision.dispatching import actions as dispatching
from luoshi.supervision.dispatching import queries, settling
from luoshi.supervision.dispatching.models import Dispatch, Item
from luoshi.supervision.rectification import actions as rectification
from luoshi.supervision.rectification.models import Finding

pytestmark = [pytest.mark.slow]


@pytest.fixture
def lake(city_db: Any, db: None, tmp_path: Path, settings: Any) -> Path:
    """A copy of the city's lake, to be brought up to date without touching the city."""
    shutil.copytree(city_db.lake, tmp_path / "lake")
    settings.LUOSHI_LAKE = tmp_path / "lake"
    return tmp_path / "lake"


def visits_of(items: list[Item], folder: Path) -> int:
    """A file with the face-to-face visits each of these residents still lacks; how many."""
    lines = []
    for item in items:
        had, due = map(int, re.findall(r"\d+", item.reason)[:2])
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT v.body FROM store_resource r JOIN store_version v ON v.resource_id = r.id AND v.version = r.version"
                " WHERE r.type = 'Encounter' AND r.person = %s AND v.body LIKE %s LIMIT 1",
                [item.person, "%htn-visit%"],
            )
            row = cursor.fetchone()
        if row is None:
            continue
        visit = orjson.loads(row[0])
        visit["extension"] = [{"url": "urn:luoshi:cn:ext:mode", "valueCode": "face"}]
        for n in range(due - had):
            day = f"2025-10-{10 + 5 * n:02d}"
            visit |= {"id": f"late-{item.person}-{n}", "meta": {"lastUpdated": f"{day}T18:00:00+08:00"}}
            visit["period"] = {"start": f"{day}T09:00:00+08:00", "end": f"{day}T09:20:00+08:00"}
            lines.append(orjson.dumps(visit))
    (folder / "Encounter.ndjson").write_bytes(b"\n".join(lines) + b"\n")
    return len(lines)


def test_visits_that_arrive_close_the_item_and_the_finding(lake: Path, tmp_path: Path):
    Dispatch.objects.all().delete()
    Finding.objects.filter(repeat_of__isnull=False).delete()
    Finding.objects.all().delete()
    target = Target.objects.get(binding__indicator="htn-std").pk
    leader, clinic = (User.objects.get(username=name) for name in ("leader", "clinic"))
    city, own = Scope.of(leader), Scope.of(clinic)
    division = city.root_division()

    def standing() -> sources.Standing:
        return sources.get().standings(scope=city, division=division, targets=[target])[0]

    before = standing()
    assert before.computed in ("red", "yellow")
    finding = rectification.raise_finding(
        kind="target",
        title="高血压规范管理偏慢",
        text="进度慢于时间",
        division=division,
        target=target,
        by=leader,
        scope=city,
    )
    rectification.notify(number=finding.pk, by=leader, scope=city)
    assert rectification.recheck_all() == 0  # nothing passes yet
    sent = dispatching.send(target=target, division=division, due=date(2025, 11, 17), by=leader, scope=city)
    assert sent.items.count() == sent.missing_before == before.denominator - before.numerator
    assert Message.objects.filter(user=clinic, kind="dispatch-received", object_id=str(sent.pk)).count() == 1

    visited = list(queries.open_items(scope=city, number=sent.pk).filter(reason__contains="随访"))[:8]
    mine = [item for item in visited if own.covers_institution(item.institution)]
    if mine:
        dispatching.act(numbers=[item.pk for item in mine], day=clock.today(), by=clinic, scope=own)
    ticked_only = Item.objects.filter(dispatch=sent, data="missing").count()
    assert ticked_only == sent.missing_before  # a tick moves nothing
    folder = tmp_path / "late"
    folder.mkdir()
    made = visits_of(visited, folder)
    report = ingest([folder], source="demo", by="test", profile="cn", workers=0)
    assert (report.counts.new, report.counts.refused) == (made, 0)
    update(StoreSource(), lake, at=clock.now())
    refresh(lake)

    settled = settling.settle_all()
    assert settled.dispatches == 1
    assert settled.counted > 0
    assert settling.settle_all().dispatches == 0  # once for each edition of the results
    sent.refresh_from_db()
    after, done = standing(), queries.progress([sent.pk], scope=city)[sent.pk]
    counted = set(Item.objects.filter(dispatch=sent, data="counted").values_list("pk", flat=True))
    assert counted <= {item.pk for item in visited}
    assert after.numerator == before.numerator + len(counted)
    assert done.counted == len(counted) == settled.counted
    effect = queries.effect(sent, done)
    assert effect == pytest.approx(100 * len(counted) / after.denominator)
    assert after.value - before.value == pytest.approx(effect)
    assert sent.missing_now == sent.missing_before - len(counted)

    assert after.computed == "green"
    assert rectification.recheck_all() == 1
    finding.refresh_from_db()
    assert (finding.state, finding.closed_how) == ("closed", "data")
    assert after.fraction_text in finding.ground
    assert rectification.recheck_all() == 0
