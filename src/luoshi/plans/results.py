"""Figures that are only told as done: found in a report or in the history of a plan, shown, promised by nobody."""

from __future__ import annotations

import re

from luoshi.plans.model import PlanHead, Result, Target

# 累计建立…, 组建了…: what only says that it was done.
_DONE = re.compile(r"^(?:累计|已经?|现已)|(?<=[\u4e00-\u9fff])了")


def of(told: list[Target], head: PlanHead, promised: set[tuple[int, int]]) -> list[Result]:
    """Readings of the parts that tell, as results R1… in their order, without those whose place is `promised` too. A year
    is the one printed beside the figure; a report of one year tells of that year."""
    one_year = head.kind == "report" and head.period_start == head.period_end
    found: list[Result] = []
    for target in told:
        if (target.start, target.end) in promised:
            continue
        printed = target.deadline if not target.deadline_inferred else None
        year = int(printed[:4]) if printed else head.period_start if one_year else None
        metric = _DONE.sub("", target.metric)
        number = f"R{len(found) + 1}"
        found.append(
            Result(number, target.quote, target.start, target.end, metric, target.op, target.value, target.unit, year)
        )
    return found
