"""What nobody does but happens: a source falls silent, a target turns red. A timer asks; who was told is not told again."""

from __future__ import annotations

from collections import defaultdict

from django.db import transaction

from luoshi.kernel import clock
from luoshi.platform.access.scope import Scope
from luoshi.platform.lake import results
from luoshi.platform.sources import silence
from luoshi.supervision import sources
from luoshi.supervision.alerts.actions import tell
from luoshi.supervision.alerts.models import SeenLight


def silent_sources() -> int:
    """Tell who looks after a silent source, once for each silence; how many messages."""
    told = 0
    with transaction.atomic():
        for item in silence.silent(Scope.system()):
            told += tell(
                "source-silent",
                key=f"silent:{item.source.pk}:{item.kind}:{item.due:%Y%m%dT%H%M}",
                permission="source.read",
                division=item.source.division,
                institution=item.source.institution,
                link=f"/sources/of/{item.source.name}/",
                object_type="source",
                object_id=item.source.name,
                title=item.source.title or item.source.name,
                hours=item.late_hours,
                what=item.kind or "全部记录",
            )
    return told


def red_lights() -> int:
    """Compare every light of the plans' divisions, and of those one step below, with how it was last seen, and tell who
    is nearest of those that turned red since: one message a division and plan. The first look tells nothing: what has
    been red all along is no news. How many messages."""
    board, scope = sources.get(), Scope.system()
    told = 0
    for division in sorted({plan.division for plan in board.plans(scope=scope)}):
        here = board.standings(scope=scope, division=division)
        below = board.below(scope=scope, division=division)
        for code, standings in {division: here, **below}.items():
            told += _compare(code, standings)
    return told


def _compare(division: str, standings: list[sources.Standing]) -> int:
    known = dict(SeenLight.objects.filter(division=division).values_list("target", "light"))
    fresh: dict[int, list[sources.Standing]] = defaultdict(list)
    changed = []
    for standing in standings:
        before = known.get(standing.target)
        if before == standing.light:
            continue
        changed.append(SeenLight(target=standing.target, division=division, light=standing.light, since=clock.now()))
        if standing.light == "red" and before is not None:
            fresh[standing.promise.plan.id].append(standing)
    if not changed:
        return 0
    told = 0
    with transaction.atomic():
        SeenLight.objects.bulk_create(
            changed, update_conflicts=True, unique_fields=["target", "division"], update_fields=["light", "since"]
        )
        for plan, red in fresh.items():
            titles = "、".join(s.promise.metric for s in red[:3]) + ("等" if len(red) > 3 else "")
            told += tell(
                "light-red",
                key=f"red:{division}:{plan}:{results.data_until()}:{','.join(str(s.target) for s in red)}",
                permission="board.read",
                division=division,
                link=f"/targets/?light=red&division={division}",
                object_type="division",
                object_id=division,
                place=red[0].place,
                count=len(red),
                title=titles,
            )
    return told
