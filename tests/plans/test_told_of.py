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
        "该规划分背景、要求、措施与评估5部分。",
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


def test_a_list_of_goals_in_news_is_kept_whatever_its_tense(tmp_path: Path) -> None:
    plan = _read(
        tmp_path,
        "据新华社电 记者从市卫生健康委获悉,护心行动方案日前印发。\n根据方案,到2027年,实现以下主要目标:\n"
        "——机构建设明显加强,能力进一步提高。\n——服务可及性明显提升,甲病、乙病等遗传病诊断率、治疗率均达到91%,医护比目标为1:1.2。\n"
        "市卫生健康委副主任李明表示,目前知晓率已提升至44%。\n",
    )
    assert plan.plan.kind == "news"
    assert [(t.metric, t.value, t.deadline) for t in plan.targets] == [
        ("甲病、乙病等遗传病诊断率", 91, "2027"),
        ("治疗率", 91, "2027"),
        ("医护比", 1.2, "2027"),
    ]


def test_a_headline_cut_off_from_its_text_is_read_once(tmp_path: Path) -> None:
    plan = _read(
        tmp_path,
        "云岭发布护苗计划:至2027年产前筛查率将保持在92%以上\n本报讯(记者李明)近日,云岭市印发护苗计划。计划要求各县落实。\n",
    )
    assert [(t.value, t.deadline) for t in plan.targets] == [(92, "2027")]


@pytest.mark.parametrize(
    ("opening", "kind"),
    [("一图读懂 | 云岭市护心规划", "explanation"), ("云岭市卫生健康委副主任李明介绍,护心行动已经铺开。", "news")],
)
def test_openings_that_only_others_use(tmp_path: Path, opening: str, kind: str) -> None:
    assert _read(tmp_path, f"{opening}\n到2027年,高血压知晓率达到66%。\n").plan.kind == kind


def test_heads_of_letters_that_pass_papers_on(tmp_path: Path) -> None:
    letter = (
        "云岭省人民政府办公厅转发省爱卫会等部门\n关于加强山区农村改厕工作的意见的通知\n(云办函[2015]86号 2015年9月7日)\n\n"
        "省爱卫会等部门《关于加强山区农村改厕工作的意见》已经省政府同意,现转发你们,请认真贯彻执行。\n"
        "我省4年共需建设卫生厕所1200座,到2018年底,普及率要达到71%。\n"
    )
    head = _read(tmp_path, letter).plan
    assert (head.title, head.doc_number) == ("关于加强山区农村改厕工作的意见", "云办函〔2015〕86号")
    unsigned = (
        "云岭县人民政府办公室印发云岭县营养计划(2024—2030年)的通知\n各乡镇人民政府:\n现将《云岭县营养计划》印发给你们,请认真贯彻落实。\n"
        "二0二四年三月二日\n云岭县营养计划(20242030年)\n(一)主要目标。到2027年,工作体系逐步完善。主要指标实现以下目标:\n"
        "降低贫血率。儿童贫血率控制在11%以下;孕妇贫血率下降至13%以下。\n"
    )
    plan = _read(tmp_path, unsigned)
    head = plan.plan
    assert (head.issuer, head.published, head.period_start, head.period_end) == (
        "云岭县人民政府办公室", "2024-03-02", 2024, 2030,
    )  # fmt: skip
    assert [(t.value, t.deadline) for t in plan.targets] == [(11, "2027"), (13, "2027")]


def test_what_stands_done_in_an_untitled_note_is_a_result(tmp_path: Path) -> None:
    plan = _read(
        tmp_path, "据介绍,从2016年开始,当地把改厕融入整治。2016年改厕2700座,普及率达到95.2%。2017年普及率达96%。\n"
    )
    assert not plan.targets
    assert {r.value for r in plan.results} >= {95.2, 96}
    told = _read(
        tmp_path, "本报讯(记者李明)2004年以来,省级累计投入8.7亿元。李红强调,确保2026年普及率达到85%的规划目标。\n"
    )
    assert [(t.value, t.deadline) for t in told.targets] == [(85, "2026")]


@pytest.mark.parametrize("length", [180, 260, 340])
def test_the_copy_of_an_opening_is_not_taken_for_shuffled_pages(tmp_path: Path, length: int) -> None:
    text = (
        "云岭市云阳区人民政府\n关于推进健康云阳行动的实施意见\n图解 | 云阳区推进健康云阳行动的实施意见\n"
        "各乡镇人民政府,各街道办事处:\n"
        "为深入实施健康战略,根据《云岭省人民政府关于推进健康云岭行动的实施意见》(云政发〔2020〕7号)等文件精神,现提出如下实施意见。\n"
        "一、总体目标\n以保障群众健康为中心,逐步形成有利于健康的生活方式。\n到2025年,政策体系初步建立,居民主要健康指标优于全市平均水平。\n"
        "到2030年,全民健康素养水平全面提升,人均预期寿命达到79.5岁,婴儿死亡率、孕产妇死亡率分别下降到3.0‰、9/10万。\n"
        "二、主要任务\n(一)提升全民健"
    )
    plan = _read(tmp_path, text[:length])
    assert not plan.page_order
    assert plan.plan.title == "关于推进健康云阳行动的实施意见"


def test_shares_of_places_and_old_ways_of_writing() -> None:
    from luoshi.plans.targets import find_targets

    text = (
        "到2007年,甲、乙、丙区80%以上的镇,丁、戊市50%以上的镇实现初保目标;传染病发病率控制在十万分之一百五十以内;"
        "当年管理率达到70%;5部委印发了规划。"
    )
    found = find_targets(text, offset_of=lambda i: i, year=2001, plan_years=(2001, 2010))
    assert [(t.op, t.value, t.unit, t.deadline) for t in found] == [
        (">=", 80, "%", "2007"), (">=", 50, "%", "2007"), ("<=", 150, "/10万", "2007"), ("=", 70, "%", "2007"),
    ]  # fmt: skip


def test_years_of_the_last_century_are_a_period(tmp_path: Path) -> None:
    plan = _read(
        tmp_path, "云岭省人民政府关于印发云岭省儿童事业发展规划(1996-2000年)的通知\n2、出生缺陷发生率控制在10‰以下。\n"
    )
    assert (plan.plan.period_start, plan.plan.period_end) == (1996, 2000)
    assert [(t.value, t.deadline) for t in plan.targets] == [(10, "2000")]


def test_earlier_five_years_are_a_period(tmp_path: Path) -> None:
    head = _read(tmp_path, "云岭省遏制艾滋病“十二五”行动计划\n一、目标\n检测率达到90%以上。\n").plan
    assert (head.period_start, head.period_end) == (2011, 2015)


def test_people_newly_trained_are_promised_and_people_newly_ill_are_not() -> None:
    from luoshi.plans.targets import find_targets

    text = "面向社会招录住院医师300人,助理全科医生新增培养50人。全市每年新增高血压患者1200人。"
    found = find_targets(text, offset_of=lambda i: i, year=2025)
    assert [target.value for target in found] == [300, 50]
