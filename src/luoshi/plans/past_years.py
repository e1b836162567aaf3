"""Which printed years are history: those of sentences that tell what was done, and those before the plan begins."""

from __future__ import annotations

import re

from luoshi.plans import narration
from luoshi.plans.dates import Mention

_AIMED = re.compile(r"(?:[到至]|力争|确保|争取|计划|预计|截[至止])$")


def told(text: str, mentions: list[Mention]) -> set[Mention]:
    """The bare years (2021年，…) of sentences that tell what was done, and those beside them before the year a goal of the
    paragraph is set for: how things stood, year by year."""
    bare = [
        m
        for m in mentions
        if m.role == "deadline" and m.explicit and len(m.value) == 4 and not _AIMED.search(text[max(0, m.start - 4) : m.start])
        and not text[: m.end].endswith(("前", "内", "底", "末"))
    ]  # fmt: skip
    found: set[Mention] = set()
    by_paragraph: dict[int, list[Mention]] = {}
    for mention in bare:
        by_paragraph.setdefault(text.rfind("\n", 0, mention.start), []).append(mention)
    for members in by_paragraph.values():
        done = [m for m in members if narration.tells(text[m.start : _end(text, m.end)])]
        latest = max((m.year or 0 for m in done), default=0)
        start, end = text.rfind("\n", 0, members[0].start), text.find("\n", members[-1].end)
        goals = [
            m.year or 0
            for m in mentions
            if start <= m.start < (end if end >= 0 else len(text)) and m.role == "deadline" and m not in bare
        ]
        if done:
            aim = min((year for year in goals if year > latest), default=latest + 1)
            found |= {m for m in members if (m.year or 9999) < aim}
    return found


def _end(text: str, at: int) -> int:
    """Where the sentence around a place ends, or a new date after a semicolon begins."""
    ends = [place for mark in "。；\n" if (place := text.find(mark, at)) >= 0]
    return min(ends, default=len(text))


def before_plan(text: str, dated: Mention, year: int | None, plan_years: tuple[int | None, int | None]) -> bool:
    """Whether a date lies before the plan, so that its figures are results. Where only the end is known, 到2020年 stays a
    goal and a bare year counts as past when it lies six years before the end."""
    if dated.year is None:
        return False
    five = plan_years[1] is not None and "五" in text[dated.start : dated.end] and dated.year <= plan_years[1] - 5
    if five and not re.search(r"目标|将|力争|计划|确保|要", text[dated.end : _end(text, dated.end)]):
        return True  # “十三五”时期，… in a paper that ends with the next five years
    if plan_years[0] is not None:
        return dated.year < plan_years[0]
    if re.search(r"[到至]$", text[max(0, dated.start - 2) : dated.start]):
        return False
    written = year if year is not None and year != plan_years[1] else None
    if text[: dated.end].endswith(("前", "内")):
        return False  # 2025年底前: said of what is to come
    if re.match(r"[<>≥≤]|控制|不低于|不高于|不超过|不少于|要|应", text[dated.end : dated.end + 4]):
        return False  # 2022年≥30%
    begin = written or (plan_years[1] - 6 if plan_years[1] is not None else year)
    return begin is not None and dated.year < begin
