"""Papers that tell what a plan says: their kind, the goals they repeat, and the figures that only stand around them."""

from __future__ import annotations

from pathlib import Path

import pytest

from luoshi.plans.model import Plan
from luoshi.plans.read import read_file


def _read(tmp_path: Path, text: str) -> Plan:
    path = tmp_path / "paper.txt"
    path.write_text(text, "utf-8")
    return read_file(path)[1]


def _targets(plan: Plan) -> list[tuple[str, str, object, str, str | None]]:
    return [(t.metric, t.op, t.value, t.unit, t.deadline) for t in plan.targets]


NEWS = """云岭市出台护牙行动方案
云岭日报讯 近日,市卫生健康委印发《云岭市护牙行动方案(2024-2028年)》(以下简称《方案》)。
《方案》提出,到2028年,12岁儿童患龋率控制在28%以内,成人每天2次刷牙率达到46%。
根据《方案》,到2026年底,全市95%以上的乡镇设有口腔诊室。
据了解,截至2023年底,全市窝沟封闭服务覆盖率已达到31%。
"""
UNTITLED = (
    "3月8日,市政府办公室公布了云岭市防痨规划,规划提出,到2027年,肺结核发病率下降到45/10万以下。"
    "规划还明确,病原学阳性率不低于60%。"
)
REPRINTED = "儿童护眼三年行动\n据新华社电 记者从市教育局了解到,小学生近视率到2027年控制在35%以内。\n"
EXPLAINED = """一、为什么要做
我委会同有关部门制定了《云岭市护心行动方案》。《云岭市护心行动方案》包括4部分内容:一是总体要求。二是目标,到2030年,高血压知晓率达到66%。三是任务。四是保障。
"""


def test_news_is_known_by_its_telling_and_keeps_what_the_plan_promises(tmp_path: Path) -> None:
    plan = _read(tmp_path, NEWS)
    assert plan.plan.kind == "news"
    assert sorted(_targets(plan), key=lambda t: str(t[2])) == [
        ("12岁儿童患龋率", "<=", 28, "%", "2028"),
        ("成人每天2次刷牙率", "=", 46, "%", "2028"),
        ("乡镇设有口腔诊室的比例", ">=", 95, "%", "2026"),
    ]
    assert [r.value for r in plan.results] == [31]


def test_untitled_news_and_explanations_are_told_from_plans(tmp_path: Path) -> None:
    assert _read(tmp_path, UNTITLED).plan.kind == "news"
    assert _read(tmp_path, REPRINTED).plan.kind == "news"
    assert _read(tmp_path, EXPLAINED).plan.kind == "explanation"


@pytest.mark.parametrize(
    "text",
    [
        "云岭市护牙行动方案\n为贯彻《健康云岭规划纲要》提出的要求,落实《云岭护牙规划》,制定本方案。\n一、目标\n到2028年,患龋率控制在28%以内。\n",
        "云岭市卫生健康工作要点\n各县制定实施方案,明确责任分工。《健康云岭纲要》提出的任务由各县落实。\n1.到2028年,患龋率控制在28%以内。\n",
    ],
)
def test_a_plan_that_cites_others_stays_a_plan(tmp_path: Path, text: str) -> None:
    plan = _read(tmp_path, text)
    assert plan.plan.kind == "plan"
    assert [t.value for t in plan.targets] == [28]


def test_an_excerpt_that_makes_a_plan_is_no_report_for_its_history(tmp_path: Path) -> None:
    plan = _read(
        tmp_path,
        "为做好职业病防治,制定本规划。\n一、现状\n“十三五”规划已经完成。申报率从2016年的40%提高到2020年的61%。"
        "组建了3支队伍。报告事故减少了20%。\n",
    )
    assert plan.plan.kind == "plan"
    assert not plan.targets


def test_the_headline_is_not_read_twice(tmp_path: Path) -> None:
    text = (
        "云岭市:到2027年新生儿死亡率下降到2‰\n来源:云岭晚报\n近日,云岭市印发《方案》,提出到2027年新生儿死亡率下降到2‰。"
        "《方案》要求各县落实。\n"
    )
    plan = _read(tmp_path, text)
    assert [(t.value, t.deadline) for t in plan.targets] == [(2, "2027")]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            "到2026年和2030年,城镇吸烟率由目前的24%分别降至20%和16%,人均每日食盐摄入量由目前的9.1克分别下降8%和15%。",
            [
                ("城镇吸烟率", 20, "2026"), ("城镇吸烟率", 16, "2030"),
                ("人均每日食盐摄入量", 8, "2026"), ("人均每日食盐摄入量", 15, "2030"),
            ],
        ),
        (
            "到2028年,建档率、随访率,家属、护士和村医培训率均达到90%以上。",
            [(name, 90, "2028") for name in ("建档率", "随访率", "家属培训率", "护士培训率", "村医培训率")],
        ),
        ("到2030年,人均预期寿命较目前再增加约2岁,达到81岁。", [("人均预期寿命提升幅度", 2, "2030"), ("人均预期寿命", 81, "2030")]),
        ("15岁以上人群吸烟率2026年<22%,2030年<18%。", [("15岁以上人群吸烟率", 22, "2026"), ("15岁以上人群吸烟率", 18, "2030")]),
        ("2023年9月,《健康云岭纲要》提出:成人吸烟率降至19%以下。", [("成人吸烟率", 19, None)]),
    ],
)  # fmt: skip
def test_wordings_of_those_who_tell(text: str, wanted: list[tuple[str, float, str | None]]) -> None:
    from luoshi.plans.targets import find_targets

    found = find_targets(text, offset_of=lambda i: i, year=None, plan_years=(None, 2030))
    due = [w[2] for w in wanted]
    assert [(t.metric.removesuffix("下降幅度"), t.value) for t in found] == [w[:2] for w in wanted]
    assert all(d is None or t.deadline == d for t, d in zip(found, due, strict=True))


@pytest.mark.parametrize(
    "text",
    [
        "规划从三个方面提出了14个具体工作指标。",
        "每年新发结核病人120例,其中传染性病人40例。",
        "By 2027, the coverage rate of family doctors in all towns will reach over 30%.",
        "鼓励各县提前完成支付方式全覆盖任务。",
        "常住人口超过500人以上的县建立戒毒门诊。",
        "刷牙率从2019年的31%,",
        "如果得不到有效遏制,2030年全市成人肥胖率将达到66%。",
    ],
)
def test_figures_that_nobody_promises(text: str) -> None:
    from luoshi.plans.targets import find_targets

    assert not find_targets(text, offset_of=lambda i: i, year=None, plan_years=(None, 2030))
