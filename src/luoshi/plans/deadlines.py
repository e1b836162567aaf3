"""When a task is due: the dates its text sets, phases, repeats, and what the plan's own period implies.

`dates.find` tells what each date in a text is; here one deadline is chosen for a whole task. Written `2025` where only a
year is known and `2025-06-30` where the month or the half-year is.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass

from luoshi.plans import dates
from luoshi.plans.running_text import tidy

_RANGE = re.compile(
    r"(?P<a>20\d\d)\s?年?(?:[.年/]?(?P<am>1[0-2]|0?[1-9])月?)?(?:(?P<ad>\d{1,2})日)?\s?(?:-{1,2}|—{1,2}|–|~|至|到)\s?"
    r"(?:(?P<b>20\d\d)\s?年)?(?:[./]?(?P<bm>1[0-2]|0?[1-9])月)?(?:(?P<bd>\d{1,2})日)?(?:底|末)?"
)
_REPEAT = re.compile(
    r"每(?:个)?(?:半年|季度?|月|年|周|旬|学期|两年|三年)|按(?:月|季度?|年|半年)|逐年|次月\d{1,2}日前|定期"
)
# 摸底登记（8月底前）: nothing but a date stands behind the name of a piece of work.
_HEADED = re.compile(r"[^。；\n（(]{2,30}[（(](?P<what>[\d年月日底初末前上下中旬半季度至到起—\-~～－.\s]{3,30})[）)]")
_LABEL = re.compile(
    r"(?:完成|实施|推进|办结|落实|整改|工作)?(?:时限|时间|期限|时间节点|"
    r"进度安排)(?:要求)?\s*[：:]\s*(?P<what>[^。；;\n）)]{2,40})"
)
# （机关党委，4月-7月）: the months that close a task's bracket.
_CLOSING_MONTHS = re.compile(
    r"[（(，,；;\s](?P<what>(?:1[0-2]|[1-9])月?\s?(?:-{1,2}|—{1,2}|~|至|到)\s?(?:1[0-2]|[1-9])月)(?:底|份)?(?:完成)?\s*[）)]\s*[。；;]?\s*$"
)
_ALL_YEAR = re.compile(r"全年|年度内|当年")
_LONG_TERM = re.compile(r"长期|持续|常态|全年|贯穿")


@dataclass(frozen=True)
class Deadline:
    """`value` as ISO year or date; `begins` where a phase prints its start; `repeats` as printed (每季度); `inferred`
    says that it is only the end of the plan's period. `rule` names what was found at `place` of the text; `several` says
    that the task prints more dates than this one."""

    value: str | None
    inferred: bool = False
    begins: str | None = None
    repeats: str = ""
    rule: str = "end of the plan's period"
    place: tuple[int, int] | None = None
    several: bool = False


def task_deadline(
    text: str, *, year: int | None, plan_years: tuple[int | None, int | None], schedule: bool = False
) -> Deadline:
    """The deadline of a task. `year` completes dates without a year; the end of `plan_years` stands in where the text
    sets none. `schedule` reads the text as a phase: its range decides."""
    text = tidy(text)
    repeats = match.group(0) if (match := _REPEAT.search(text)) else ""
    label = _LABEL.search(text)
    if label:
        found = labelled(label.group("what"), year=year, plan_years=plan_years)
        if found.value and not found.inferred:
            return Deadline(found.value, False, found.begins, repeats, "label of a time limit", label.span("what"))
    heading = _HEADED.match(text)
    if heading:
        found = labelled(heading.group("what"), year=year, plan_years=plan_years)
        if found.value and not found.inferred:
            return Deadline(found.value, False, found.begins, repeats, "date in the heading", heading.span("what"))
    months = _CLOSING_MONTHS.search(text[-60:])
    if months and year and (phase := _phase(f"({months['what']})", year)):
        at = len(text) - len(text[-60:])
        place = (at + months.start("what"), at + months.end("what"))
        return Deadline(phase[1], False, phase[0], repeats, "months in the closing bracket", place)
    if schedule:
        phase = _phase(text[:80], year)
        if phase:
            return Deadline(phase[1], False, phase[0], repeats, "range of a phase", (0, min(80, len(text))))
    earliest = plan_years[0] or (year if year and year != plan_years[1] else None)
    found_dates: list[dates.Mention] = []
    for mention in dates.find(text, year=year):
        if mention.role not in {"deadline", "span"} or not mention.value or mention.year is None:
            continue
        if earliest is not None and mention.year < earliest:
            continue
        if earliest is None and plan_years[1] is not None and mention.year < plan_years[1] - 6:
            continue
        if re.search(
            r"(?:上年|上一?年度?|去年|往年|历年|每年|上个?)$", text[max(0, mention.start - 4) : mention.start]
        ):
            continue
        if mention.role == "span" and not re.search(r"[到至]$", text[: mention.start]) and plan_years[1] is not None:
            continue
        if plan_years[1] is not None and mention.year > plan_years[1]:
            continue  # a goal beyond this plan, usually the one above it
        found_dates.append(mention)
    set_days = [m for m in found_dates if not _ALL_YEAR.fullmatch(text[m.start : m.end])]
    found_dates = set_days or found_dates  # 9月底前建成…，全年派驻40人次: the day is the deadline
    if found_dates:
        last = max(found_dates, key=lambda mention: _last_day(mention.value))
        several = len({mention.value for mention in found_dates}) > 1
        return Deadline(last.value, False, None, repeats, "date in the text", (last.start, last.end), several)
    end = plan_years[1] or plan_years[0] or None
    return Deadline(str(end) if end else None, end is not None, None, repeats)


def labelled(text: str, *, year: int | None, plan_years: tuple[int | None, int | None]) -> Deadline:
    """The deadline in the words of a 完成时限 cell or label: 2025年12月底, 6月底前, 2025.6, 长期坚持, 每季度."""
    text = tidy(text).strip()
    repeats = match.group(0) if (match := _REPEAT.search(text)) else ""
    phase = _phase(text, year)
    if phase:
        return Deadline(phase[1], False, phase[0], repeats, "time limit")
    match = re.fullmatch(r"(20\d\d)(?:[.\-/](\d{1,2}))?(?:[.\-/](\d{1,2}))?(?:年|前|底)*", text)
    if match:
        return Deadline(_iso(int(match[1]), match[2], match[3], end=True), False, None, repeats, "time limit")
    values = [m.value for m in dates.find(text, year=year) if m.role in {"deadline", "span"} and m.value]
    if values:
        return Deadline(max(values, key=_last_day), False, None, repeats, "time limit")
    end = plan_years[1] or year
    if _LONG_TERM.search(text) or repeats:
        return Deadline(str(end) if end else None, True, None, repeats or text[:12])
    return Deadline(str(end) if end else None, end is not None, None, repeats)


def _phase(text: str, year: int | None) -> tuple[str, str] | None:
    """(begin, end) of the first range of a phase."""
    for match in _RANGE.finditer(text):
        first = int(match["a"])
        last = int(match["b"]) if match["b"] else (first if match["bm"] else None)
        if last is None:
            continue
        return _iso(first, match["am"], match["ad"], end=False), _iso(last, match["bm"], match["bd"], end=True)
    within = re.search(r"[（(]\s?(1[0-2]|[1-9])月?\s?(?:-{1,2}|—{1,2}|~|至)\s?(1[0-2]|[1-9])月(?:底)?\s?[）)]", text)
    if within and year:
        return _iso(year, within[1], None, end=False), _iso(year, within[2], None, end=True)
    return None


def _iso(year: int, month: str | None, day: str | None, *, end: bool) -> str:
    if not month:
        return str(year)
    last = monthrange(year, int(month))[1]
    number = min(int(day), last) if day else (last if end else 1)
    return f"{year}-{int(month):02d}-{number:02d}"


def _last_day(value: str) -> str:
    return value if "-" in value else f"{value}-12-31"
