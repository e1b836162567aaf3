"""Writes of the quality desk: run the checks, give rows back, note what became of them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.kernel.errors import Refused
from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.lake.files import default_lake
from luoshi.services.quality import queries, results, rules, running
from luoshi.services.quality.models import Return, ReturnedRow, Score
from luoshi.services.quality.results import Sight

MOST_RETURNED = 20_000


def run(*, by: User | str, lake: Path | None = None, whole: bool = False) -> running.Ran:
    """Run all checks over the lake of the settings, keep the scores that changed, and settle what was given back."""
    lake = lake or default_lake()
    ran = running.run(lake, whole=whole)
    with transaction.atomic():
        changed = _keep_scores(lake, ran)
        mended = _settle(lake)
        audit.record(
            by=by, action="quality.run", object_type="lake", object_id="quality",
            detail={"checks": ran.checks, "rows": ran.rows, "failing": ran.failing, "scores": changed, "mended": mended},
        )  # fmt: skip
    return ran


def _keep_scores(lake: Path, ran: running.Ran) -> int:
    latest = Score.objects.filter(source=OuterRef("source"), received=OuterRef("received")).order_by("-at", "-pk")
    before = {
        (score.source, score.received): score
        for score in Score.objects.filter(pk=Subquery(latest.values("pk")[:1])).iterator()
    }
    fresh = []
    for card in rules.cards(results.cells(lake, Sight(None, None))):
        assert card.received is not None
        old = before.get((card.source, card.received))
        now = (card.rows, card.failing)
        if card.score is not None and (old is None or (old.rows, old.failing) != now):
            fresh.append(
                Score(
                    source=card.source,
                    received=card.received,
                    at=ran.at,
                    rows=card.rows,
                    failing=card.failing,
                    score=card.score,
                )
            )
    Score.objects.bulk_create(fresh, batch_size=500)
    return len(fresh)


def _settle(lake: Path) -> int:
    """Look again at every row given back that is not mended yet. Gives how many are mended now."""
    waiting = list(ReturnedRow.objects.exclude(state=ReturnedRow.MENDED))
    if not waiting:
        return 0
    still = results.still_failing(lake, {(row.check_id, row.key) for row in waiting})
    versions = queries.resources({(row.resource_type, row.key) for row in waiting})
    now = clock.now()
    mended = 0
    for row in waiting:
        if (row.check_id, row.key) not in still:
            row.state, row.settled = ReturnedRow.MENDED, now
            mended += 1
        elif row.version is not None and versions.get((row.resource_type, row.key), (row.version, ""))[0] > row.version:
            row.state = ReturnedRow.AGAIN
    ReturnedRow.objects.bulk_update(waiting, ["state", "settled"], batch_size=500)
    return mended


def give_back(
    *,
    source: str,
    by: User | str,
    scope: Scope,
    received: date | None = None,
    check: str = "",
    lake: Path | None = None,
) -> tuple[Return, queries.FailingPage]:
    """Give the failing rows of a source (of one day, by one check) back to their sender: they are noted one by one, so
    that each is seen to be mended. Each person is noted as looked at.

    Raises `Refused` when nothing fails or more than `MOST_RETURNED` rows do, `NotFound` for an unknown check.
    """
    page = queries.failing(
        scope=scope,
        source=source,
        received=received,
        check=check or None,
        limit=MOST_RETURNED,
        with_bodies=True,
        lake=lake,
    )
    if not page.total:
        raise Refused(_("没有需要退回的记录。"))
    if page.total > MOST_RETURNED:
        raise Refused(
            _("一次最多退回 %(most)s 行，这里有 %(total)s 行。") % {"most": MOST_RETURNED, "total": page.total},
            todo=_("请按日期或检查项分批退回。"),
        )
    with transaction.atomic():
        batch = Return.objects.create(
            source=source,
            received=received,
            check_id=check,
            by=by if isinstance(by, str) else by.get_username(),
            at=clock.now(),
            total=page.total,
        )
        lines = []
        for row in page.rows:
            kind = queries.resource_type(row.check)
            version = page.bodies.get((kind, row.id), (None, ""))[0]
            lines.append(
                ReturnedRow(
                    batch=batch,
                    check_id=row.check,
                    resource_type=kind,
                    key=row.id,
                    person=row.person,
                    version=version,
                )
            )
        ReturnedRow.objects.bulk_create(lines, batch_size=500)
        audit.record(
            by=by, action="quality.return", object_type="source", object_id=source,
            detail={"rows": page.total, "received": str(received or ""), "check": check, "batch": batch.pk},
        )  # fmt: skip
        persons = sorted({row.person for row in page.rows if row.person is not None})
        audit.look_at_list(by=by, persons=persons, what=f"export quality {batch.pk}")
    return batch, page
