"""Papers without line ends and papers glued to each other; the period of a plan with several horizons."""

from __future__ import annotations

import pytest

from luoshi.documents.txt import from_lines
from luoshi.plans.model import Plan
from luoshi.plans.read import read

HYGIENE = """松山县2025年爱国卫生工作方案
为做好爱国卫生工作，制定本方案。
一、工作目标
国家卫生乡镇覆盖率达到60%以上。
二、重点任务
（一）开展环境整治。完成农村户厕改造1200户。（责任单位：县卫生健康局、县农业农村局）
（二）加强病媒防制。重点单位防蝇设施合格率达到95%。（责任单位：县卫生健康局）
三、保障措施
（一）加强领导。各乡镇要高度重视。
"""
SIGNING = """松山县2025年家庭医生签约服务工作计划
一、工作目标
重点人群签约覆盖率不低于80%。
二、主要任务
（一）规范签约管理。签约居民续约率达到85%以上。（责任单位：县卫生健康局）
（二）做实履约服务。每名签约医生每年上门服务不少于4次。（责任单位：各乡镇卫生院）
"""


def plan_in(text: str) -> Plan:
    return read(from_lines(text, "txt", "utf-8", []))


@pytest.mark.parametrize(
    "text",
    [
        HYGIENE + SIGNING,
        HYGIENE.rstrip() + SIGNING,
        (HYGIENE + SIGNING).replace("\n", " "),
        (HYGIENE + SIGNING).replace("\n", ""),
    ],
)
def test_two_papers_in_one_file(text: str) -> None:
    plan = plan_in(text)
    assert plan.plan.title == "松山县2025年爱国卫生工作方案"
    assert [(task.number, task.title) for task in plan.tasks] == [
        ("（一）", "开展环境整治"),
        ("（二）", "加强病媒防制"),
        ("（一）", "规范签约管理"),
        ("（二）", "做实履约服务"),
    ]
    assert [task.units for task in plan.tasks][2:] == [["县卫生健康局"], ["各乡镇卫生院"]]
    assert sorted(float(str(target.value)) for target in plan.targets) == [4, 60, 80, 85, 95, 1200]
    assert plan.targets[0].metric == "国家卫生乡镇覆盖率"


@pytest.mark.parametrize(
    ("text", "period", "deadlines"),
    [
        (
            "健康某省行动实施方案\n一、行动目标\n到2022年和2030年，素养水平分别不低于22%和30%。\n二、主要任务\n"
            "（一）控烟行动。到2022年和2030年，吸烟率分别低于24.5%和20%。\n某省人民政府\n2019年10月18日\n",
            (None, 2030),
            ["2022", "2030", "2022", "2030"],
        ),
        (
            "关于推进健康某县建设的意见\n一、目标\n近期目标：到2022年，期望寿命率达到78%。\n中期目标：到2025年，达到79%。\n"
            "远期目标：到2030年，达到80%。\n二、任务\n（一）加强防控。2025年底前接种率保持在95%以上。\n",
            (None, 2030),
            ["2022", "2025", "2030", "2025"],
        ),
        (
            "某市信息化“十四五”规划\n一、目标\n到2023年，应用率达到100%。展望2035年，互通率达到99%。\n二、任务\n"
            "（一）建设平台。归集率达到95%。\n",
            (2021, 2025),
            ["2023", "2035", "2025"],
        ),
    ],
)
def test_a_plan_with_several_horizons(text: str, period: tuple[int | None, int], deadlines: list[str]) -> None:
    plan = plan_in(text)
    assert (plan.plan.period_start, plan.plan.period_end) == period
    assert [target.deadline for target in plan.targets] == deadlines
