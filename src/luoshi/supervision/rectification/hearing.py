"""A report that was found untrue becomes a finding at the unit that made it, ready for its notice."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.utils.translation import override

from luoshi.platform.access.scope import Scope
from luoshi.supervision.rectification import actions, queries

if TYPE_CHECKING:
    from luoshi.supervision.duties.events import Happened


def hear(happened: Happened) -> None:
    """The listener of `duties.events`: one finding for each report found untrue, none where one is open there."""
    duty, query = happened.duty, happened.query
    if happened.kind != "query-upheld" or duty is None or query is None:
        return
    scope, target = Scope.system(), duty.target or None
    where = {"division": duty.division, "institution": duty.institution}
    if target is not None and queries.open_for(target, scope=scope, **where).filter(kind="contradiction").exists():
        return
    number = re.search(r"-?\d+(?:\.\d+)?", query.said.replace(",", ""))
    explained = query.answer.rstrip("。") or "未说明"
    with override("zh-hans"):
        actions.raise_finding(
            kind="contradiction",
            title=f"{duty.title}：自报与数据不符"[:200],
            text=f"自报“{query.said}”，数据为“{query.found}”（{query.source}）。说明：{explained}。{happened.text}",
            unit=duty.unit_name,
            target=target,
            claimed=float(number.group()) if number and target is not None else None,
            origin=f"query:{query.pk}",
            raised_division=duty.issuer_division,
            by=None,
            scope=scope,
            division=duty.division,
            institution=duty.institution,
        )
