"""Results are no promises: reports without a title, mixed papers, bare years, and how far 力争 reaches."""

from __future__ import annotations

import pytest

from luoshi.documents.txt import from_lines
from luoshi.plans import narration
from luoshi.plans.model import Plan
from luoshi.plans.read import read
from luoshi.plans.targets import find_targets

REPORT = """一年来，在县委、县政府的正确领导下，县卫健局各项工作取得了新的成效。
一、综合医改纵深推进。组建了2个紧密型医共体，县域内就诊率达到91.2%，较上年提高1.6个百分点。
二、公共卫生服务水平不断提高。全县累计建立电子健康档案52.3万份，老年人健康管理率达到68.9%。
三、服务能力持续增强。县医院通过三级医院评审，新增床位300张，完成了12个乡镇卫生院改造。
四、健康帮扶成果巩固。脱贫人口家庭医生签约率达100%，大病专项救治了1286人。
"""


def plan_in(text: str) -> Plan:
    return read(from_lines(text, "txt", "utf-8", []))


def found(text: str, *, year: int | None = 2025, years: tuple[int | None, int | None] = (2025, 2025)) -> list[str]:
    targets = find_targets(text, offset_of=lambda index: index, year=year, plan_years=years)
    return [f"{target.metric}{target.op}{target.value:g}" for target in targets if not isinstance(target.value, list)]


@pytest.mark.parametrize("text", [REPORT, "\n".join(REPORT[at : at + 31] for at in range(0, len(REPORT), 31))])
def test_a_report_without_a_title_is_told_by_its_tense(text: str) -> None:
    plan = plan_in(text)
    assert plan.plan.kind == "report"
    assert "past tense" in plan.plan.kind_reason
    assert plan.targets == []


def test_what_a_report_tells_is_shown_as_told_and_promised_by_nobody() -> None:
    plan = plan_in("临川县2024年卫生健康工作总结\n" + REPORT)
    told = {(result.metric, result.value, result.unit, result.year) for result in plan.results}
    assert {("县域内就诊率", 91.2, "%", 2024), ("老年人健康管理率", 68.9, "%", 2024)} <= told
    assert plan.targets == []
    assert all(REPORT.count(result.quote) for result in plan.results)
    assert [result.id for result in plan.results] == [f"R{n}" for n in range(1, len(plan.results) + 1)]


def test_a_mixed_paper_gives_its_second_half() -> None:
    plan = plan_in(
        "东河区2024年工作总结及2025年工作计划\n一、2024年主要工作\n（一）建档率达95.1%，新建社区卫生服务中心2所。\n"
        "（二）强化监督执法，办结案件36起。\n二、2025年重点工作\n（一）提升管理水平。高血压规范管理率提升至75%。\n"
        "（二）提升服务能力。新增床位200张。\n"
    )
    assert [task.title for task in plan.tasks] == ["提升管理水平", "提升服务能力"]
    assert [target.value for target in plan.targets] == [75, 200]
    assert any("2024年主要工作" in note for note in plan.notes)


def test_a_plan_stays_a_plan_though_it_tells_where_it_starts() -> None:
    plan = plan_in(
        "青石市职业病防治规划\n一、现状\n全市累计报告186例，申报率提升了。检查覆盖率达到了85%。工作取得明显成效。\n"
        "二、任务\n（一）深化源头预防。申报率要达到95%以上。\n（二）严格执法。应配备执法人员不少于6名。\n"
    )
    assert plan.plan.kind == "plan"
    assert [target.value for target in plan.targets] == [95, 6]


@pytest.mark.parametrize(
    ("text", "years", "wanted"),
    [
        (
            "2021年，系统管理率达到95%，较上年提高1个百分点。2022年，素养水平达到28%。到2025年，素养水平达到32%。",
            (None, 2025),
            ["素养水平=32"],
        ),
        ("2022年建成区域中心2个，2023年建成3个。", (2022, 2025), ["建成区域中心数=2", "建成数=3"]),
    ],
)
def test_bare_years_of_a_history_are_results(text: str, years: tuple[int | None, int], wanted: list[str]) -> None:
    assert found(text, year=None, years=years) == wanted


@pytest.mark.parametrize(
    ("text", "forces"),
    [
        ("力争就诊率达到90%以上，诊疗量占比达到65%，新建社区医院2家。", ["strive", "strive", "expected"]),
        ("力争建成区域医疗中心1个，省级中心3个，就诊率稳定在90%以上。", ["strive", "strive", "expected"]),
        ("支出率力争达到60%，基金占比达到30%。", ["strive", "expected"]),
        ("力争到2025年，素养水平达到30%，新建医院2家。", ["strive", "strive"]),
        ("力争就诊率达到90%，确保签约率达到40%。", ["strive", "expected"]),
        ("每个街道原则上设置1所中心，建档率达到95%。", ["in-principle", "expected"]),
    ],
)
def test_force_governs_what_is_built_alike(text: str, forces: list[str]) -> None:
    targets = find_targets(text, offset_of=lambda index: index, year=2025, plan_years=(2025, 2025))
    assert [target.force for target in targets] == forces


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("建卡、建证率均达95%以上。", ["建卡率", "建证率"]),
        ("0-6岁儿童建卡、建证率≥98%。", ["0-6岁儿童建卡率", "0-6岁儿童建证率"]),
        ("法定传染病报告率、及时率均达100%。", ["法定传染病报告率", "法定传染病报告及时率"]),
        ("高血压、糖尿病患者规范管理率均达到70%。", ["高血压患者规范管理率", "糖尿病患者规范管理率"]),
        ("高血压、糖尿病患者规范管理率达到70%。", ["高血压、糖尿病患者规范管理率"]),
        ("孕产妇、新生儿死亡率分别控制在10/10万、2‰以下。", ["孕产妇死亡率", "新生儿死亡率"]),
        ("县医院、县中医院三、四级手术占比分别达到45%、38%。", ["县医院三、四级手术占比", "县中医院三、四级手术占比"]),
    ],
)
def test_measures_that_share_their_head_are_one_each(text: str, names: list[str]) -> None:
    targets = find_targets(text, offset_of=lambda index: index, year=2025, plan_years=(2025, 2025))
    assert [target.metric for target in targets] == names


@pytest.mark.parametrize(
    "text",
    [
        "学校发生3例及以上关联病例时应立即报告。",
        "对粉尘浓度超标3倍以上的企业实施重点监管。",
        "中央财政补助5亿元，市级配套1.2亿元。",
        "疫苗冷链温度保持在2℃～8℃。",
        "开展2剂次国产疫苗接种。",
        "心脑血管疾病占总死亡的48.7%。",
        "国家卫生健康委等10部门印发文件。",
        "博士研究生给予安家补助50万元，硕士研究生15万元。",
        "评价得分与10%的财政补助资金挂钩。",
    ],
)
def test_limits_and_facts_are_no_promises(text: str) -> None:
    assert found(text) == []


def test_headings_that_say_how_things_went() -> None:
    assert narration.went_well("综合医改纵深推进")
    assert not narration.went_well("纵深推进综合医改")
    assert not narration.went_well("持续深化医药卫生体制改革")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (
            "述职述廉\n2024年，本人认真履职尽责，现述职如下。\n一是抓业务强服务。全年收治患者326例，满意度98.5%。\n",
            "report",
        ),
        (
            "我市签约服务实现新突破\n本报讯（记者 王某）5月19日，记者从市卫生健康委获悉，签约率达43.5%。\n据介绍，推出了服务包。\n",
            "news",
        ),
        ("某县2025年工作要点\n现将要点印发如下。\n一、加强防控。接种率达到95%以上。\n", "plan"),
    ],
)
def test_papers_are_known_by_how_they_open(text: str, kind: str) -> None:
    assert plan_in(text).plan.kind == kind


def test_a_term_keeps_where_it_starts() -> None:
    targets = find_targets(
        "办理时限由15个工作日压缩至3个工作日以内。", offset_of=lambda index: index, year=2025, plan_years=(2025, 2025)
    )
    assert [(target.value, target.op, target.baseline) for target in targets] == [(3, "<=", 15)]


def test_units_said_once_are_not_joined_to_the_list_above() -> None:
    plan = plan_in(
        "某市要点\n一、改革\n1.推进建设。覆盖率达到2%。\n责任单位：市财政局\n2.加强管理。覆盖率达到3%。\n"
        "责任单位：各县（市、区）人民政府\n各县（市、区）人民政府为以上各项任务的责任单位，不再一一列出。\n"
    )
    assert plan.plan.default_units == ["各县（市、区）人民政府"]
