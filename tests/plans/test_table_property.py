"""Task tables and indicator tables made by rule, each in several carriers; the reader recovers them."""

from __future__ import annotations

import html
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from luoshi.plans.model import Plan
from luoshi.plans.read import read_file

_WORK = (
    "推进医共体建设，实行人财物统一管理", "加强慢性病管理，提高随访质量", "完善急救体系，缩短呼叫反应时间",
    "提升中医药服务能力，推广适宜技术", "做好妇幼健康工作，落实高危专案", "强化人才培养，引进紧缺专业人员",
)  # fmt: skip
_LEADS = ("市卫生健康委", "市医保局", "市教育局", "市民政局")
_OTHERS = ("市财政局", "市发展改革委", "市人力资源社会保障局", "各县（市、区）人民政府", "市疾控局")
_DATES = {"2026年6月底前": "2026-06-30", "2026年12月底": "2026-12-31", "2026年底前": "2026"}
_HEADS = {
    "two": (("序号", "工作任务", "牵头单位", "配合单位", "完成时限"), ("number", "work", "lead", "others", "date")),
    "one": (("序号", "重点任务", "责任单位", "完成时限"), ("number", "work", "all", "date")),
    "unit-first": (("序号", "责任单位", "工作内容", "完成时限"), ("number", "all", "work", "date")),
}
_MEASURES = (
    ("居民健康素养水平", "%"), ("人均预期寿命", "岁"), ("家庭医生签约率", "%"), ("县域内就诊率", "%"), ("每千人口床位数", "张"),
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One row of a task table as it is meant."""

    number: str
    work: str
    lead: str
    others: tuple[str, ...]
    date: str

    def cell(self, what: str) -> str:
        """What stands under a column."""
        texts = {"others": "、".join(self.others), "all": "、".join((self.lead, *self.others))}
        return texts.get(what) or str(getattr(self, what))


@st.composite
def task_tables(draw: st.DrawFn) -> tuple[str, list[Row]]:
    rows = []
    for index in range(draw(st.integers(3, 6))):
        others = draw(st.lists(st.sampled_from(_OTHERS), min_size=1, max_size=3, unique=True))
        date = draw(st.sampled_from(sorted(_DATES)))
        rows.append(Row(str(index + 1), _WORK[index], draw(st.sampled_from(_LEADS)), tuple(others), date))
    return draw(st.sampled_from(sorted(_HEADS))), rows


def _carried(title: str, cells: list[list[str]], carrier: str) -> tuple[str, str]:
    """The file's text and the ending of its name."""
    if carrier == "html":
        body = "".join(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in cells)
        return f"<html><body><h1>{title}</h1><table>{body}</table></body></html>", "html"
    parted = {"tabs": ("\t", "\n"), "bars": (" | ", "\n"), "lines": ("\n", "\n"), "barred lines": (" |\n", " |\n")}
    cell, row = parted[carrier]
    return f"{title}\n" + "".join(cell.join(texts) + row for texts in cells), "txt"


def _read(text: str, ending: str) -> Plan:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"plan.{ending}"
        path.write_text(text, "utf-8")
        return read_file(path)[1]


_CARRIERS = st.sampled_from(["html", "tabs", "bars", "lines", "barred lines"])


@settings(max_examples=60, deadline=None)
@given(task_tables(), _CARRIERS)
def test_task_tables_are_recovered(made: tuple[str, list[Row]], carrier: str) -> None:
    kind, rows = made
    heads, columns = _HEADS[kind]
    text, ending = _carried(
        "临江市2026年卫生健康工作任务分解表",
        [list(heads), *([row.cell(what) for what in columns] for row in rows)],
        carrier,
    )
    plan = _read(text, ending)
    assert [(t.number, t.text, set(t.units), t.deadline) for t in plan.tasks] == [
        (row.number, row.work, {row.lead, *row.others}, _DATES[row.date]) for row in rows
    ]
    if kind == "two":
        assert [t.lead_units for t in plan.tasks] == [[row.lead] for row in rows]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(10, 60), st.integers(61, 80), st.integers(81, 99)), min_size=3, max_size=5),
    _CARRIERS,
    st.booleans(),
)
def test_indicator_tables_are_recovered(values: list[tuple[int, int, int]], carrier: str, signs: bool) -> None:
    heads = ["序号", "指标名称", "单位", "2023年", "2025年", "2027年", "牵头单位"]
    cells = [
        [
            str(i + 1),
            *_MEASURES[i],
            str(base),
            f"{'≥' if signs else ''}{near}",
            f"{'≥' if signs else ''}{far}",
            _LEADS[i % 4],
        ]
        for i, (base, near, far) in enumerate(values)
    ]
    text, ending = _carried("临江市健康提升行动（2024—2027年）主要目标", [heads, *cells], carrier)
    found = {(t.metric, t.value, t.deadline, t.baseline) for t in _read(text, ending).targets}
    assert found == {
        (_MEASURES[i][0], value, year, base)
        for i, (base, near, far) in enumerate(values)
        for value, year in ((near, "2025"), (far, "2027"))
    }
