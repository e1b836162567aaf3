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
    ("其中，患者人数已超过2000万。", []),
    ("旧时孕产妇死亡率高达1400/10万。", []),
    ("近年来，我国已建成监测网络，过早死亡率从2014年的19%下降至2020年的16%。", []),
    ("配备校医的500名学生以上的学校比例达到65%。", [("配备校医的500名学生以上的学校比例", "=", 65, "%")]),
    ("每千人口护士3.1人，药师0.4人。", [("每千人口护士数", "=", 3.1, "人"), ("每千人口药师数", "=", 0.4, "人")]),
    ("每2万~5万居民设置1所卫生服务中心。", [("每2万~5万居民卫生服务中心数", "=", 1, "所")]),
    ("人口超过8万人的街道增设服务站。", []),
    (
        "实现统筹区全覆盖、符合条件的医院全覆盖、病种覆盖率85%。",
        [("统筹区覆盖率", "=", 100, "%"), ("符合条件的医院覆盖率", "=", 100, "%"), ("病种覆盖率", "=", 85, "%")],
    ),
    ("住院报销比例职工78%、居民66%。", [("住院报销比例职工", "=", 78, "%"), ("居民住院报销比例", "=", 66, "%")]),
    ("抽查每县不少于3家，曝光典型案例900例。", [("抽查每县数", ">=", 3, "家"), ("曝光典型案例数", "=", 900, "例")]),
    ("每十万人口3.5名精神科医师。", [("每十万人口精神科医师数", "=", 3.5, "名")]),
    ("孕前健康检查900对，建卡率达到80%以上。", [("孕前健康检查数", "=", 900, "对"), ("建卡率", ">=", 80, "%")]),
    ("互联互通测评达到五级乙等。", [("互联互通测评", "=", 5, "级")]),
    (
        "城乡老年人健康素养水平分别达到20%和16%。",
        [("城市老年人健康素养水平", "=", 20, "%"), ("农村老年人健康素养水平", "=", 16, "%")],
    ),
    (
        "全区健康素养水平提高到25%以上.成人吸烟率降到18%以下.",
        [("健康素养水平", ">=", 25, "%"), ("成人吸烟率", "<=", 18, "%")],
    ),
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
        "青溪省呼吸病防治规划（2024—2030年）\n一、加强防治\n"
        "（一）开展筛查。各县组织筛查，高危人群筛查率达到80%以上。（省卫生健康委、省教育厅按职责分工负责）\n"
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
        "2.推进改革。（市发展改革委、市卫生健康委负责。排在第一位的部门为牵头部门，下同）\n"
        "3.推进协作。（市教育局、市财政局负责）\n",
    )
    assert plan.tasks[0].units == ["妇幼科", "老龄科"]
    assert plan.tasks[1].lead_units == ["市发展改革委"]
    assert plan.tasks[1].flags == []
    assert plan.tasks[2].lead_units == ["市教育局"]


def test_the_head_of_an_information_table(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        "| 索 引 号: | 0031/2025-1 | 发布机构: | 花溪区政府(政府办公室) |\n| 生效日期: | 2025-03-31 | 废止日期: | |\n"
        "关于印发健康花溪行动方案的通知\n各街道办事处:\n现将《健康花溪行动方案》印发给你们。\n花溪区人民政府办公室\n"
        "2025年3月5日\n"
        "健康花溪行动方案\n一、任务\n（一）做好体检。体检率达到全区85%以上的县区建成紧密型县域水平。\n"
        "（二）做好讲座。举办讲座6场。\n",
    )
    assert plan.plan.issuer == "花溪区人民政府办公室"
    assert plan.plan.published == "2025-03-05"


def test_offices_in_a_table_and_behind_a_leader(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        "青溪县2025年任务分解表\n序号\t工作任务\t目标要求\t责任领导\t责任股室\t完成时限\n"
        "1\t老年体检\t体检率70%以上\t李某\t基层股、老龄股\t10月底前\n"
        "2\t托育服务\t新增托位90个\t王某\t妇幼股\t12月底\n",
    )
    assert [task.units for task in plan.tasks] == [["基层股", "老龄股"], ["妇幼股"]]


def test_a_table_with_its_base_in_the_head(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        "健康口腔青溪方案（2020—2026年）\n一、目标\n主要指标 基线（2017年） 2022年 2026年 属性\n"
        "6岁儿童龋患率 40.5% 控制在38%以内 控制在35%以内 预期性\n"
        "55～64岁居民存留牙数 24.5颗 25颗 26颗 倡导性\n二、任务\n（一）做好检查。检查率达到60%。\n"
        "（二）做好讲座。举办讲座6场。\n",
    )
    rows = [(t.metric, t.op, t.value, t.unit, t.baseline, t.baseline_year, t.deadline) for t in plan.targets[:4]]
    assert rows == [
        ("6岁儿童龋患率", "<=", 38, "%", 40.5, 2017, "2022"),
        ("6岁儿童龋患率", "<=", 35, "%", 40.5, 2017, "2026"),
        ("55-64岁居民存留牙数", "=", 25, "颗", 24.5, 2017, "2022"),
        ("55-64岁居民存留牙数", "=", 26, "颗", 24.5, 2017, "2026"),
    ]


def test_a_table_whose_rows_are_numbered_in_brackets(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        "青溪省职业病防治规划（2021-2025年）\n一、职业健康现状和问题\n申报率已达91%。\n二、规划目标\n序号 指标名称 目标值\n"
        "(1) 参保人数 稳步提升\n"
        "(2) 危害项目申报率 ≥88%\n(3) 县区至少确定2家机构承担健康检查工作 92%\n三、任务\n（一）做好检查。检查率达到60%。\n"
        "（二）做好讲座。举办讲座6场。\n",
    )
    found = sorted((t.value, t.op, t.unit) for t in plan.targets)
    assert found == [(6, "=", "场"), (60, "=", "%"), (88, ">=", "%"), (92, "=", "%")]
    assert [task.number for task in plan.tasks] == ["（一）", "（二）"]


def test_the_number_beside_the_title_and_many_signatures(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        "溪府办发〔2025〕8号 溪山区人民政府办公室关于印发健康溪山行动方案的通知\n各街道办事处：\n现将方案印发给你们。\n"
        "省卫生健康委 省委宣传部\n省发展改革委 省教育厅\n省科技厅 省财政厅\n省民政厅 省应急厅\n省国资委 省医保局\n省总工会\n"
        "2025年3月5日\n"
        "健康溪山行动方案\n一、把握重点，做好农村改厕。\n二、坚持防制，做好消杀。\n三、开展卫生单位创建活动。\n",
    )
    assert plan.plan.doc_number == "溪府办发〔2025〕8号"
    assert plan.plan.issuer is not None
    assert plan.plan.issuer.split("、")[0] == "省卫生健康委"
    assert len(plan.plan.issuer.split("、")) == 11
    assert len(plan.tasks) == 3


def test_news_of_a_plan_under_a_headline_with_a_call(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        "守护花朵！健康儿童新目标来了\n来源: 新华社 发布时间:2025-3-5 16:33\n"
        "省卫健委5日发布《健康儿童提升计划（2025—2027年）》，提出：到2027年，婴儿死亡率控制在4‰以下。\n(编辑:李某\n视频 / 更多\n",
    )
    assert plan.plan.kind == "news"
    assert plan.plan.title.startswith("守护花朵")


def test_a_place_is_not_made_of_other_words(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        "2025年全区卫生健康工作要点\n认真落实区委部署，年内80%的县区建成紧密型县域医共体，巩固国家卫生城市成果。\n一、任务\n"
        "1.做好医改。医保资金县域内支出率达到70%。\n2.做好讲座。举办讲座6场。\n",
    )
    assert plan.plan.region is None


def test_a_hospital_that_leads_is_no_lead_and_a_day_beats_the_year(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        "三溪县紧密型县域医共体实施方案\n一、总体目标\n到2025年底，力争85%以上的县基本建成医共体。\n二、主要任务\n"
        "1.建设中心。2024年8月底前，互认率达到100%。全年派驻30人次。\n牵头单位：县卫健局\n配合单位：县财政局、两家医共体牵头医院\n"
        "2.做好宣传。每县制作短片不少于2部，海报5张。责任单位：县卫健局\n",
    )
    first = plan.tasks[0]
    assert first.lead_units == ["县卫健局"]
    assert first.units == ["县卫健局", "县财政局", "两家医共体牵头医院"]
    assert first.deadline == "2024-08-31"
    assert plan.plan.region == "三溪县"
    assert [(t.value, t.unit) for t in plan.targets if t.task == plan.tasks[1].id] == [(2, "部"), (5, "张")]
    assert plan.targets[0].scope == "县"


def test_headings_with_one_paragraph_each_are_the_tasks(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        "城固镇2025年卫生健康工作计划\n为做好工作，制定计划：\n（一）公共卫生\n高血压规范管理1900人，规范率不低于70%。\n"
        "（二）妇幼健康\n产后访视率90%以上。\n工作要求：一要加强领导，二要明确责任，低于80分的不予评优。\n",
    )
    assert [(task.number, task.title) for task in plan.tasks] == [("（一）", "公共卫生"), ("（二）", "妇幼健康")]
    assert [(t.metric, t.value) for t in plan.targets] == [
        ("高血压规范管理数", 1900),
        ("高血压规范率", 70),
        ("产后访视率", 90),
    ]
    assert plan.plan.region == "城固镇"


def test_where_money_goes_is_no_target() -> None:
    assert targets.scan("新增4元经费重点支持老年人服务。", year=2025).readings == []


def test_values_go_to_the_years_of_the_paper_and_its_number_dates_it(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        "西溪省人民政府关于推进健康西溪行动的实施意见\n西政发〔2019〕12号\n一、主要任务\n"
        "1.健康教育。到2022年和2030年，健康素养水平分别不低于20%和28%。\n"
        "2.呼吸病防治。呼吸病死亡率下降到10/10万及以下和8/10万及以下。\n3.控烟。机关2020年建成无烟机关的比例达到95%。\n",
    )
    assert [(t.value, t.deadline) for t in plan.targets] == [
        (20, "2022"), (28, "2030"), (10, "2022"), (8, "2030"), (95, "2020"),
    ]  # fmt: skip


def test_a_paper_from_a_site_of_documents(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        "2026社区卫生工作计划.docxVIP\n\n  • 1\n  • 0\n  • 约3.2千字\n  • 约 6页\n  • 举报\n\n2026社区卫生工作计划\n\n"
        "2026年社区卫生工作以群众健康为目标。\n\n一、提质增效\n\n以需求为导向，优化服务。一是每月抽取150份处方进行分析。二是候诊时间缩短至15分钟以内。\n\n文档评论(0)\n\n相关文档\n",
    )
    assert plan.plan.title == "2026社区卫生工作计划"
    assert plan.plan.period_end == 2026
    assert [task.number for task in plan.tasks] == ["一"]
    assert [(t.value, t.unit) for t in plan.targets] == [(150, "份"), (15, "分钟")]


def test_the_way_through_a_site_is_no_title(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        "新闻中心 > 健康 > 正文\n\n8部门:到2026年早诊率达到50%以上\n\n"
        "2025-09-24  来源:中国新闻网\n\n  日前,国家卫健委等8部门印发《防治实施方案》,"
        "提出到2026年早诊率达到50%以上。(记者 李某)\n\n相关阅读 换一换\n",
    )
    assert plan.plan.title == "8部门:到2026年早诊率达到50%以上"
    assert plan.plan.kind == "news"
