"""Several papers in one file: a cover notice and its plan, last year's report and this year's points, annexed schemes.

A paper begins at a line of its own that reads like a title, where the numbering below it starts again at one. Each paper
is judged by its title; reports, lists of names and scoring sheets are set aside when a plan is among them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from luoshi.plans import sections
from luoshi.plans.numbering import RANKS, Marker
from luoshi.plans.running_text import RunningText, clean

_TITLE = re.compile(
    r"(?:方案|计划|要点|规划|纲要|意见|办法|行动|安排|清单|分工|任务|措施|总结|报告|情况|制度|标准|指南|细则|规范|名单|通知)(?:[（(][^（）()]{1,30}[）)])*$"
)
_REPORT = re.compile(r"(?:总结|工作情况|完成情况|进展情况|情况报告|情况汇报|情况通报|工作报告)(?:[（(].*[）)])?$")
_ASIDE = re.compile(
    r"评分|考核(?:表|标准|细则|办法)|打分|名单|联系人|登记表|申请表|汇总表|参考|模板|起草说明|解读|名词解释|术语"
)


@dataclass(frozen=True)
class Paper:
    """One paper: its span in the running text, its title line, and whether it is `plan`, `report` or `aside`."""

    start: int
    end: int
    title: str
    kind: str


def split(reading: RunningText, markers: list[Marker]) -> list[Paper]:
    """The papers of a file in order; one paper over the whole text where there is only one."""
    tops = [marker for marker in markers if marker.rank < RANKS["cn-paren"] or marker.rank == RANKS["arabic"]]
    starts: list[tuple[int, str]] = []
    for para in reading.paras:
        title = clean(reading, para.start, para.end).text
        if not 6 <= len(title) <= 60 or not _TITLE.search(title) or re.search(r"[。；，,：:]", title):
            continue
        if any(marker.start == para.start for marker in markers) or sections.is_end_matter(title):
            continue
        following = next((marker for marker in markers if marker.start > para.end), None)
        before = [marker for marker in tops if marker.start < para.start]
        if following is None or following.ordinal != 1 or following.start - para.end > 1500 or not before:
            continue
        last = before[-1]
        if following.rank > min(marker.rank for marker in before) and last.rank != following.rank:
            continue
        starts.append((para.start, title))
    bounds = [(0, "")]
    for start, title in starts:
        between = [marker for marker in tops if bounds[-1][0] <= marker.start < start]
        if between:
            bounds.append((start, title))
        else:
            bounds[-1] = (bounds[-1][0], title)
    if len(bounds) == 1:
        return [Paper(0, len(reading.text), "", "plan")]
    first = next((title for title in _titles_before(reading, tops[0].start)), "")
    result = []
    for index, (start, title) in enumerate(bounds):
        end = bounds[index + 1][0] if index + 1 < len(bounds) else len(reading.text)
        name = title or first
        result.append(Paper(start, end, name, _kind(name)))
    return result


def _titles_before(reading: RunningText, end: int) -> list[str]:
    """Title lines before a position, the nearest first."""
    found = []
    for para in reading.paras:
        if para.end <= end:
            title = clean(reading, para.start, para.end).text
            if 6 <= len(title) <= 60 and _TITLE.search(title) and not re.search(r"[。；，,：:]", title):
                found.append(title)
    return found[::-1]


def _kind(title: str) -> str:
    if _ASIDE.search(title):
        return "aside"
    if _REPORT.search(title) and not re.search(r"计划|要点|安排|打算", title):
        return "report"
    return "plan"


def chosen(papers: list[Paper]) -> list[Paper]:
    """The papers that are read for tasks: the plans, or everything where no plan is among them."""
    plans = [paper for paper in papers if paper.kind == "plan"]
    return plans or papers
