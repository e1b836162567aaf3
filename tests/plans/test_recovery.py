"""Generated papers of the genre with known answers: numbering, units and tasks are recovered, also from shuffled pages."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from luoshi.documents.txt import from_lines
from luoshi.kernel.numerals import chinese_number
from luoshi.plans.model import Plan
from luoshi.plans.read import read

VERBS = ("加强", "推进", "完善", "深化", "提升", "开展", "健全", "优化", "规范", "建设")
OBJECTS = (
    "基层医疗服务能力", "重大慢性病综合防控", "妇幼健康服务网络", "中医药传承创新", "公立医院高质量发展",
    "家庭医生签约服务", "卫生应急队伍体系", "医疗质量安全管理", "老年健康服务供给", "职业病危害专项治理",
    "严重精神障碍患者管理", "健康信息互联互通", "县域医共体内涵", "普惠托育服务", "血液供应保障机制",
)  # fmt: skip
DETAILS = (
    "落实政府投入责任，完善激励约束政策，逐步提高保障水平", "以县为单位开展评估，推动资源下沉和业务同质化管理",
    "组织专家巡回指导，及时总结推广典型经验做法", "建立台账并按季度通报进展，确保各项措施落地见效",
    "严格执行诊疗规范，强化重点环节质量控制与监督检查", "统筹利用现有场所和设备，避免重复建设与资源浪费",
    "面向乡镇卫生院和村卫生室开展实用技能培训，提高服务水平",
    "依托全民健康信息平台归集数据，实现检查检验结果共享",
)  # fmt: skip
UNITS = (
    "市卫生健康委", "市发展改革委", "市财政局", "市医保局", "市教育局", "市民政局", "市人力资源社会保障局",
    "市公安局", "市委宣传部", "市妇联", "市残联", "市市场监管局", "市文化和旅游局", "市工业和信息化局",
    "团市委", "市总工会", "市中医药管理局", "市大数据局", "市住房城乡建设局",
)  # fmt: skip


@dataclass
class Made:
    """A generated task: what the reader must find."""

    action: int
    number: str
    text: str
    lead: list[str]
    units: list[str]


@dataclass
class Paper:
    title: str
    actions: list[str]
    tasks: list[Made]
    body: str


def unit_list(units: list[str], style: str) -> tuple[str, list[str]]:
    if style == "label":
        return f"（责任单位：{'、'.join(units)}）", []
    if style == "lead" and len(units) > 1:
        return f"（{units[0]}牵头，{'、'.join(units[1:])}按职责分工负责）", units[:1]
    if style == "two" and len(units) > 1:
        return f"（牵头单位：{units[0]}；配合单位：{'、'.join(units[1:])}）", units[:1]
    return f"（{'、'.join(units)}负责）", []


def make(
    seed: int, scheme: str, style: str, brackets: str, actions: int, *, breaks: bool, per_action: tuple[int, int]
) -> Paper:
    """A paper. `scheme` names the numbering: heading/task, with `run` for task numbers that run on across headings."""
    dice = random.Random(seed)
    head, item = scheme.removesuffix(" run").split("/")
    running = scheme.endswith(" run")
    parts, titles, made, count = [], [], [], 0
    newline = "\n" if breaks else ""
    for index in range(1, actions + 1):
        title = f"{dice.choice(VERBS)}{dice.choice(OBJECTS)}行动"
        titles.append(title)
        number = chinese_number(index)
        parts.append(
            {"cn": f"{number}、", "paren": f"（{number}）", "chapter": f"第{number}章 ", "none": ""}[head]
            + (title if head != "none" else "")
            + newline
        )
        if not running:
            count = 0
        for _ in range(dice.randint(*per_action)):
            count += 1
            units = dice.sample(UNITS, dice.randint(1, 5))
            listed, lead = unit_list(units, style)
            sentences = "。".join(dice.sample(DETAILS, dice.randint(1, 3)))
            text = f"{dice.choice(VERBS)}{dice.choice(OBJECTS)}。{sentences}。{listed}"
            printed = {
                "dot": f"{count}.",
                "comma": f"{count}、",
                "paren": f"（{chinese_number(count)}）",
                "section": f"第{chinese_number(count)}节 ",
            }[item]
            shown = {
                "dot": str(count),
                "comma": str(count),
                "paren": f"（{chinese_number(count)}）",
                "section": f"第{chinese_number(count)}节",
            }[item]
            parts.append(printed + text + newline)
            made.append(Made(index - 1, shown, text, lead, units))
    body = "".join(parts)
    if brackets == "half":
        table = str.maketrans("（），：；", "(),:;")
        body = body.translate(table)
        for task in made:
            task.text, task.number = task.text.translate(table), task.number.translate(table)
    return Paper("清江市2024年卫生健康重点工作实施方案", titles, made, body)


def read_text(text: str) -> Plan:
    return read(from_lines(text, "txt", "utf-8", []))


def check(plan: Plan, paper: Paper, *, flat: bool = False) -> None:
    assert [task.number for task in plan.tasks] == [made.number for made in paper.tasks]
    titles = {action.id: action.title for action in plan.actions}
    for task, made in zip(plan.tasks, paper.tasks, strict=True):
        assert task.text == made.text
        assert task.units == made.units
        assert task.lead_units == made.lead
        if not flat:
            assert titles[task.action or ""] == paper.actions[made.action]


SCHEMES = [
    "cn/dot",
    "cn/dot run",
    "cn/comma",
    "cn/paren",
    "cn/paren run",
    "paren/dot",
    "chapter/section",
    "none/dot run",
]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 10**6),
    scheme=st.sampled_from(SCHEMES),
    style=st.sampled_from(["label", "lead", "two", "bare"]),
    brackets=st.sampled_from(["full", "half"]),
    actions=st.integers(2, 9),
)
def test_lines_are_read_back(seed: int, scheme: str, style: str, brackets: str, actions: int) -> None:
    paper = make(seed, scheme, style, brackets, actions, breaks=True, per_action=(2, 5))
    opening = "为做好全年工作，制定本方案。\n"
    check(read_text(f"{paper.title}\n{opening}{paper.body}"), paper, flat=scheme.startswith("none"))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 10**6),
    scheme=st.sampled_from(["cn/dot", "cn/dot run", "cn/paren", "cn/paren run", "paren/dot"]),
    style=st.sampled_from(["label", "lead", "two", "bare"]),
    actions=st.integers(3, 8),
)
def test_text_without_line_ends_is_read_back(seed: int, scheme: str, style: str, actions: int) -> None:
    paper = make(seed, scheme, style, "half", actions, breaks=False, per_action=(3, 5))
    check(read_text(f"{paper.title}\n为做好全年工作，制定本方案。{paper.body}"), paper)


def pages_of(text: str, dice: random.Random, tasks: int, pages: int) -> list[str]:
    """The text cut into pages anywhere, each long enough for several tasks."""
    length = len(text) // pages
    cuts = [0]
    for page in range(1, pages):
        at = page * length + dice.randint(-40, 40)
        while re.search(r"[(一二三四五六七八九十\d.、]$", text[:at]) or re.match(
            r"[一二三四五六七八九十\d.)、]", text[at:]
        ):
            at += 1  # a number itself is never cut
        cuts.append(at)
    return [text[a:b] for a, b in zip(cuts, [*cuts[1:], len(text)], strict=True)]


def shuffled(seed: int, pages: int) -> tuple[Plan, Paper, bool]:
    """A paper read from its shuffled pages, the paper, and whether the shuffle changed anything."""
    dice = random.Random(seed)
    paper = make(seed, "cn/dot run", "label", "half", 7, breaks=False, per_action=(7, 9))
    cut = pages_of(paper.body, dice, len(paper.tasks), pages)
    order = list(range(1, pages))
    dice.shuffle(order)
    printed = "".join(cut[index] for index in [0, *order])
    return read_text(f"{paper.title}\n制定本方案。{printed}"), paper, order != sorted(order)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10**6), pages=st.integers(3, 6))
def test_shuffled_pages_are_put_in_order(seed: int, pages: int) -> None:
    """Every task comes back in its order; at most those beside a page end differ, for these papers repeat their sentences."""
    plan, paper, changed = shuffled(seed, pages)
    assert [task.number for task in plan.tasks] == [made.number for made in paper.tasks]
    whole = {made.text for made in paper.tasks}
    assert sum(1 for task in plan.tasks if task.text not in whole) <= 2 * pages
    if changed:
        assert plan.page_order
        assert any("out of order" in note for note in plan.notes)


def test_cut_parts_are_joined() -> None:
    """Over shuffled papers most tasks cut by a page end are joined to the letter, and hardly a unit is lost."""
    tasks = units = right = same = 0
    for seed in range(12):
        plan, paper, _ = shuffled(seed, 4)
        for task, made in zip(plan.tasks, paper.tasks, strict=True):
            tasks += 1
            right += task.text == made.text
            units += len(made.units)
            same += len(set(task.units) & set(made.units))
    assert right >= 0.95 * tasks
    assert same >= 0.98 * units


def test_a_paper_in_order_is_left_alone() -> None:
    for seed in range(20):
        paper = make(seed, "cn/dot", "label", "full", 6, breaks=True, per_action=(1, 6))
        assert not read_text(f"{paper.title}\n{paper.body}").page_order
