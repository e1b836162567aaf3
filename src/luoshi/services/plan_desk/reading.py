"""From the bytes of an upload to a reading, and to the division it was made for."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from luoshi.documents.model import Document
from luoshi.kernel.errors import InvalidValue
from luoshi.plans.model import Plan
from luoshi.plans.read import read_file
from luoshi.plans.suggestion import suggest
from luoshi.platform.access.scope import Scope
from luoshi.platform.regions.models import Division
from luoshi.services.plan_desk import models, rules


@dataclass(frozen=True)
class Reading:
    """A document and what was read from it."""

    document: Document
    plan: Plan


def read(content: bytes, name: str, *, page_order: Sequence[tuple[int, int]] | None = None) -> Reading:
    """Read the bytes of a file called `name`, in the order an officer accepted where there is one. Raises
    `UnreadableFile` naming the file as its sender knows it."""
    with tempfile.TemporaryDirectory(prefix="luoshi-plan-") as folder:
        path = Path(folder) / Path(name).name
        path.write_bytes(content)
        document, plan = read_file(path, page_order=page_order)
    return Reading(document, plan)


def start_of_form(plan: models.Plan, start: int, end: int) -> dict[str, Any]:
    """What a form that adds the stretch from `start` to `end` of the plan's text as a target begins with: the stretch and
    what the reader makes of it. Values are shown as people write them."""
    quote = plan.text[start:end]
    begins, ends = plan.period_start, plan.period_end
    written = plan.published.year if plan.published else None
    found = suggest(quote, year=begins or written or ends, plan_years=(begins, ends))
    fields: dict[str, Any] = {"start": start, "end": end, "quote": quote, "force": "expected"}
    if found is None:
        return fields
    low, high = found.value if isinstance(found.value, list) else (found.value, None)
    return fields | {
        "metric": found.metric,
        "op": found.op,
        "value": rules.amount(low),
        "upper": None if high is None else rules.amount(high),
        "unit": found.unit,
        "deadline": found.deadline or "",
        "baseline": None if found.baseline is None else rules.amount(found.baseline),
        "kind": found.kind,
        "force": found.force,
        "scope": found.scope,
    }


def division_for(region: str | None, *, scope: Scope) -> Division:
    """The division a document names (浙江省绍兴市上虞区 is the last of the three), if the viewer's subtree holds it;
    else the widest division of the subtree. Raises `InvalidValue` when there is none."""
    inside = Division.objects.current().filter(scope.path_filter("path"))
    if region:
        names = [region[start:] for start in range(len(region) - 1)]
        named = inside.filter(name__in=names, level__lte=4).order_by("level", "code")
        found = [division for division in named if region.endswith(division.name)]
        if found:
            chosen: Division = max(found, key=lambda division: (len(division.name), -division.level))
            return chosen
    root = scope.root_division()
    division: Division | None = inside.filter(code=root).first() if root else None
    if division is None:
        raise InvalidValue(
            _("还没有区划可供规划归属。"), todo=_("请先运行 luoshi region import 导入区划，或用 --region 指定。")
        )
    return division
