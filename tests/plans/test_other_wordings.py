"""Wordings met on papers outside the seeds, each in our own words: names of measures, lists that go on, figures that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from luoshi.plans import targets
from luoshi.plans.model import Plan
from luoshi.plans.read import read_file

Expected = list[tuple[str, str, float, str]]

SENTENCES: list[tuple[str, Expected]] = [
    (
        "市区急救平均到达时间控制在10分钟以内，乡镇控制在20分钟以内。",
        [("市区急救平均到达时间", "<=", 10, "分钟"), ("乡镇急救平均到达时间", "<=", 20, "分钟")],
    ),
    (
        "到2024年底，老年人签约服务覆盖率达到70%以上；到2026年，达到80%以上。",
        [("老年人签约服务覆盖率", ">=", 70, "%"), ("老年人签约服务覆盖率", ">=", 80, "%")],
    ),
    ("热线15秒内接通比例达到96%以上。", [("热线15秒内接通比例", ">=", 96, "%")]),
    ("视力下降超过60度的学生比例降至12%以下。", [("视力下降超过60度的学生比例", "<=", 12, "%")]),
    ("5类8项适宜技术开展率达到85%。", [("5类8项适宜技术开展率", "=", 85, "%")]),
    (
        "制播健康广播节目40期、公益短片不少于12期。",
        [("制播健康广播节目数", "=", 40, "期"), ("公益短片数", ">=", 12, "期")],
    ),
    ("0—24月龄儿童随访率达到80%以上。", [("0-24月龄儿童随访率", ">=", 80, "%")]),
    (
        "孕产妇死亡率控制在10/10万以下，婴儿死亡率控制在4‰以下。",
        [("孕产妇死亡率", "<=", 10, "/10万"), ("婴儿死亡率", "<=", 4, "‰")],
    ),
    ("孕产妇死亡保持零发生。", [("孕产妇死亡数", "=", 0, "例")]),
    (
        "小学生新发龋齿率控制在6%以内，初中生控制在8%以内，高中生控制在9%以内。",
        [("小学生新发龋齿率", "<=", 6, "%"), ("初中生新发龋齿率", "<=", 8, "%"), ("高中生新发龋齿率", "<=", 9, "%")],
    ),
    ("全县注册护士总数达到900人。", [("注册护士总数", "=", 900, "人")]),
    ("三级医院护士与开放床位比达到0.7:1。", [("三级医院护士与开放床位比", "=", 0.7, "N:1")]),
    ("学生近视率在上年基数基础上每年下降0.6个百分点以上。", [("学生近视率下降幅度", ">=", 0.6, "个百分点")]),
]


@pytest.mark.parametrize(("text", "expected"), SENTENCES, ids=[text[:12] for text, _ in SENTENCES])
def test_a_promise_in_another_wording(text: str, expected: Expected) -> None:
    found = targets.scan(text, year=2025, plan_years=(2024, 2026)).readings
    assert [(r.metric, r.op, r.value, r.unit) for r in found] == expected


def _plan(folder: Path, text: str) -> Plan:
    path = folder / "plan.txt"
    path.write_text(text, encoding="utf-8")
    return read_file(path)[1]


def test_figures_of_a_background_part_are_no_targets(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        "青溪县护理事业发展规划（2021—2025年）\n一、规划背景\n全县医护比提高到1:1.1，每千人口注册护士达到3.0人。\n"
        "二、发展目标\n到2025年，每千人口注册护士达到3.6人。\n三、主要任务\n（一）补充护士。每年招聘护士20名。\n"
        "（二）培训护士。全年培训护士100人次。\n",
    )
    assert [t.value for t in plan.targets] == [3.6, 20, 100]


def test_a_table_printed_one_cell_to_a_line(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        "青溪县护理事业发展规划（2021—2025年）\n一、主要任务\n（一）补充护士。扩大护士队伍。\n（二）培训护士。做好培训。\n"
        "专栏1 主要指标\n指标\n2020年\n2025年\n性质\n护士总数（人）\n700\n900\n预期性\n"
        "三级医院\n护士与开放床位比\n0.5:1\n0.6:1\n约束性\n",
    )
    assert [(t.metric, t.value, t.unit, t.force) for t in plan.targets] == [
        ("护士总数", 900, "人", "expected"),
        ("护士与开放床位比", 0.6, "N:1", "binding"),
    ]


def test_the_period_printed_below_the_title(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        "青溪市人民政府关于印发青溪市强基行动计划的通知\n青溪市强基行动计划\n（2022—2024年）\n一、重点任务\n（一）建中心。新建中心3个。\n（二）建站点。新建站点5个。\n",
    )
    assert (plan.plan.period_start, plan.plan.period_end) == (2022, 2024)


def test_the_later_of_two_horizons_ends_the_plan(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        "健康青溪行动实施方案\n为贯彻《中共白川市委 白川市人民政府关于印发〈健康白川〉的通知》精神，制定本方案。\n一、主要任务\n"
        "（一）健康知识普及。到2023年底和2030年，健康素养水平分别不低于22%和30%。\n（二）控烟。到2023年底和2030年，无烟法规保护的人口比例分别不低于40%和80%。\n",
    )
    assert plan.plan.period_end == 2030
    assert plan.plan.issuer is None
    assert plan.plan.region != "中共白川市委白川市"
