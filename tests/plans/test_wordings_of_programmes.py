"""Wordings of national programmes and yearly points, in our own words: bounds, bases, shares of bodies that do so many."""

from __future__ import annotations

from pathlib import Path

import pytest

from luoshi.plans import targets
from luoshi.plans.model import Plan
from luoshi.plans.read import read_file

Expected = list[tuple[str, str, float, str]]

SENTENCES: list[tuple[str, Expected]] = [
    (
        "到2028年，人均每日食盐摄入量不高于6克，蔬菜每日摄入量不低于400克。",
        [("人均每日食盐摄入量", "<=", 6, "克"), ("蔬菜每日摄入量", ">=", 400, "克")],
    ),
    (
        "签约率较上年提升2个百分点，续签率稳定在70%以上，知晓率达到92%。",
        [("签约率较上年提升幅度", "=", 2, "个百分点"), ("续签率", ">=", 70, "%"), ("知晓率", "=", 92, "%")],
    ),
    (
        "城区急救服务半径≤3公里、乡村≤10公里。",
        [("城区急救服务半径", "<=", 3, "公里"), ("乡村急救服务半径", "<=", 10, "公里")],
    ),
    ("新增社区医院20家，累计达到75家。", [("新增社区医院数", "=", 20, "家"), ("新增社区医院数", "=", 75, "家")]),
    ("风疹发病率控制在2/100万以下。", [("风疹发病率", "<=", 2, "/100万")]),
    ("病区护士与床位比不低于0.4：1。", [("病区护士与床位比", ">=", 0.4, "N:1")]),
    ("门诊平均用药品规数由900个压减到700个以内。", [("门诊平均用药品规数", "<=", 700, "个")]),
    ("抗菌药物使用强度控制在36DDDs以下。", [("抗菌药物使用强度", "<=", 36, "DDDs")]),
    ("学生吸烟等危险行为减少15%以上。", [("学生吸烟等危险行为下降幅度", ">=", 15, "%")]),
    ("60%以上的县（市、区）至少设立1个康复站。", [("县（市、区）设立1个康复站的比例", ">=", 60, "%")]),
    ("70%的街道建有1家托育园。", [("街道建有1家托育园的比例", "=", 70, "%")]),
    ("80张床位以上的护理院配强医师队伍。", []),
    ("到2027年，所有县级医院具备透析能力。", [("县级医院具备透析能力的比例", "=", 100, "%")]),
    ("按照医护1∶3的比例配备护理人员。", [("医护比例", "=", 3, "1:N")]),
    ("按照1:1的比例配套资金。", []),
    ("卒中患者溶栓时间短于45分钟的比例达到55%。", [("卒中患者溶栓时间短于45分钟的比例", "=", 55, "%")]),
    ("建档率=建档人数/常住人口数*100%。", []),
    ("建档率：85%随访率：66%", [("建档率", "=", 85, "%"), ("随访率", "=", 66, "%")]),
    (
        "每个区（县）成立指导中心1个，75%的乡镇成立防治小组。",
        [("每个区（县）成立指导中心数", "=", 1, "个"), ("乡镇成立防治小组的比例", "=", 75, "%")],
    ),
]


@pytest.mark.parametrize(("sentence", "expected"), SENTENCES, ids=[s[:16] for s, _ in SENTENCES])
def test_a_sentence_says_what_is_promised(sentence: str, expected: Expected) -> None:
    found = targets.scan(sentence, year=2025).readings
    assert [(r.op, r.value, r.unit) for r in found] == [(op, value, unit) for _, op, value, unit in expected]
    for reading, (metric, *_) in zip(found, expected, strict=True):
        assert reading.metric == metric


def test_where_a_value_starts_is_its_baseline() -> None:
    reading = targets.scan("门诊平均用药品规数由900个压减到700个以内。", year=2025).readings[0]
    assert reading.baseline == 900


def _plan(tmp_path: Path, text: str) -> Plan:
    path = tmp_path / "plan.txt"
    path.write_text(text, "utf-8")
    return read_file(path)[1]


def test_a_part_with_words_and_numbered_parts_keeps_the_targets_of_its_words(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        "青溪省呼吸病防治规划（2024—2030年）\n一、加强防治\n（一）开展筛查。各县组织筛查，高危人群筛查率达到80%以上。（省卫生健康委、省教育厅按职责分工负责）\n"
        "1.改进诊断。肺功能检查率达到60%。\n2.规范治疗。规范管理率达到70%。\n"
        "（二）加强宣传。知识知晓率达到75%。（省卫生健康委负责）\n",
    )
    assert sorted(t.value for t in plan.targets) == [60, 70, 75, 80]
    assert [task.number for task in plan.tasks] == ["1", "2", "（二）"]


def test_an_item_that_opens_with_a_share_is_no_decimal(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        "青溪市老年健康规划（2021—2025年）\n一、目标\n1.健康素养水平达到30%\n2.75%以上的医院成为友善机构\n3.规范管理率达到65%\n"
        "二、任务\n（一）做好体检。体检率达到80%。\n（二）做好讲座。举办讲座6场。\n",
    )
    assert [t.value for t in plan.targets] == [30, 75, 65, 80, 6]


def test_a_flattened_table_with_groups_and_rates_per_population(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        "青溪省卫生健康规划（2021—2025年）\n一、任务\n（一）强基层。做好服务。\n（二）强医院。做好医疗。\n"
        "专栏1 主要指标\n类别 指标 单位 2020年 2025年 属性\n健康水平 人均预期寿命 岁 78.1 79左右 预期性\n"
        "孕产妇死亡率 1/10万 7.2 ≤8 约束性\n健康服务 每千人口医师数 人 2.9 3.3 预期性\n医护比 / 1:1.1 1:1.2 预期性\n",
    )
    found = {t.metric: (t.op, t.value, t.unit, t.baseline) for t in plan.targets}
    assert found["人均预期寿命"] == ("=", 79, "岁", 78.1)
    assert found["孕产妇死亡率"] == ("<=", 8, "/10万", 7.2)
    assert found["每千人口医师数"] == ("=", 3.3, "人", 2.9)


def test_offices_parted_by_a_blank_and_the_rule_for_leads(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        "青溪市2025年卫生健康工作要点\n一、重点工作\n1.做好体检。体检率达到80%。（责任领导：王五；责任科室：妇幼科 老龄科）\n"
        "2.推进改革。（市发展改革委、市卫生健康委负责。排在第一位的部门为牵头部门，下同）\n3.推进协作。（市教育局、市财政局负责）\n",
    )
    assert plan.tasks[0].units == ["妇幼科", "老龄科"]
    assert plan.tasks[1].lead_units == ["市发展改革委"]
    assert plan.tasks[1].flags == []
    assert plan.tasks[2].lead_units == ["市教育局"]


def test_the_head_of_an_information_table(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        "| 索 引 号: | 0031/2025-1 | 发布机构: | 花溪区政府(政府办公室) |\n| 生效日期: | 2025-03-31 | 废止日期: | |\n"
        "关于印发健康花溪行动方案的通知\n各街道办事处:\n现将《健康花溪行动方案》印发给你们。\n花溪区人民政府办公室\n2025年3月5日\n"
        "健康花溪行动方案\n一、任务\n（一）做好体检。体检率达到全区85%以上的县区建成紧密型县域水平。\n（二）做好讲座。举办讲座6场。\n",
    )
    assert plan.plan.issuer == "花溪区人民政府办公室"
    assert plan.plan.published == "2025-03-05"
