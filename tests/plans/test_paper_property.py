"""Whole papers made by rule in the genre: many numberings, unit grammars, inheritance, damage; the reader recovers them."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from luoshi.plans.model import Plan
from luoshi.plans.read import read_file

_CN = "一二三四五六七八九十"
# how the items of a section are numbered: print of the n-th, and the number as the reader keeps it
_NUMBERINGS = {
    "arabic": ("{n}.", "{n}"), "arabic-wide": ("{n}．", "{n}"), "arabic-blank": ("{n}. ", "{n}"),
    "arabic-comma": ("{n}、", "{n}"),
    "bracket": ("（{c}）", "（{c}）"), "bracket-half": ("({c})", "({c})"),
}  # fmt: skip
_TITLES = ("推进医共体建设", "加强慢性病管理", "完善急救体系", "提升中医药服务能力", "做好妇幼健康工作", "强化人才培养",
           "发展托育服务", "改造村卫生室", "加强疾病预防")  # fmt: skip
_UNITS = (
    "市卫生健康委",
    "市财政局",
    "市医保局",
    "市教育局",
    "市民政局",
    "市人力资源社会保障局",
    "各县（市、区）人民政府",
    "市发展改革委",
)
_GRAMMARS = (
    ("（责任单位：{all}）", False), ("(责任单位:{all})", False), ("（{lead}牵头，{rest}按职责分工负责）", True),
    ("（{lead}牵头，{rest}等配合）", True), ("\n牵头单位：{lead}；配合单位：{rest}", True), ("\n责任单位：{all}", False),
    ("【{all}】", False), ("（牵头单位：{lead}，责任单位：{rest}）", True), ("（{all}按职责分工负责）", False),
)  # fmt: skip


@dataclass(frozen=True)
class Paper:
    """The print of a paper and, task by task, what it says: number, title, lead, units, target value."""

    text: str
    tasks: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...], int], ...]


@st.composite
def papers(draw: st.DrawFn) -> Paper:
    style = draw(st.sampled_from(sorted(_NUMBERINGS)))
    printed, kept = _NUMBERINGS[style]
    grammar, leads = draw(st.sampled_from(_GRAMMARS))
    runs_on = draw(st.booleans())
    sections = draw(st.integers(2, 3))
    lines = ["临江市2026年卫生健康工作要点"]
    tasks = []
    number = 0
    for section in range(sections):
        lines.append(f"{_CN[section]}、{('深化改革', '强化服务', '夯实基础')[section]}")
        for _ in range(draw(st.integers(2, 3))):
            number = number + 1 if runs_on else 1 + sum(1 for t in tasks if t[5] == section)
            title = _TITLES[len(tasks)]
            units = draw(st.lists(st.sampled_from(_UNITS), min_size=2, max_size=4, unique=True))
            value = draw(st.integers(2, 99))
            tail = grammar.format(all="、".join(units), lead=units[0], rest="、".join(units[1:]))
            mark = printed.format(n=number, c=_CN[number - 1])
            lines.append(f"{mark}{title}。服务覆盖率达到{value}%以上。{tail}")
            known = kept.format(n=number, c=_CN[number - 1])
            tasks.append((known, title, (units[0],) if leads else (), tuple(units), value, section))
    return Paper("\n".join(lines) + "\n", tuple(task[:5] for task in tasks))


def _read(text: str) -> Plan:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.txt"
        path.write_text(text, "utf-8")
        return read_file(path)[1]


def _said(plan: Plan) -> list[tuple[str, str, tuple[str, ...], tuple[str, ...], list[object]]]:
    return [
        (task.number or "", task.title, tuple(task.lead_units), tuple(task.units),
         [t.value for t in plan.targets if t.task == task.id])
        for task in plan.tasks
    ]  # fmt: skip


def _wanted(paper: Paper) -> list[tuple[str, str, tuple[str, ...], tuple[str, ...], list[object]]]:
    return [(number, title, lead, units, [value]) for number, title, lead, units, value in paper.tasks]


@settings(max_examples=40, deadline=None)
@given(papers())
def test_papers_are_recovered(paper: Paper) -> None:
    assert _said(_read(paper.text)) == _wanted(paper)


@settings(max_examples=15, deadline=None)
@given(papers())
def test_blanks_and_odd_spaces_change_nothing(paper: Paper) -> None:
    text = paper.text.replace("健康", "健 康").replace("。服务", "。\u00a0服务").replace("覆盖率", "覆\u3000盖率")
    assert _said(_read(text)) == _wanted(paper)


@settings(max_examples=15, deadline=None)
@given(papers())
def test_units_printed_once_for_all_are_inherited(paper: Paper) -> None:
    text = paper.text + "各县（市、区）人民政府为以上各项任务的责任单位，不再一一列出。\n"
    plan = _read(text)
    name = "各县（市、区）人民政府"
    assert plan.plan.default_units == [name]
    assert all(name in task.units or name in task.inherited_units for task in plan.tasks)
