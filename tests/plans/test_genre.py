"""Papers of many shapes in the genre, written for the tests: structure, units, deadlines, kinds."""

from __future__ import annotations

from pathlib import Path

import docx
import openpyxl
import pytest

from luoshi.plans.model import Plan
from luoshi.plans.read import read_file


def read(tmp_path: Path, text: str) -> Plan:
    path = tmp_path / "plan.txt"
    path.write_text(text, "utf-8")
    return read_file(path)[1]


def shape(plan: Plan) -> list[tuple[str | None, str | None, str]]:
    """(title of the action, number, first characters) of each task."""
    titles = {action.id: action.title for action in plan.actions}
    return [(titles.get(task.action or ""), task.number, task.text[:6]) for task in plan.tasks]


COVERED = """湖滨市卫生健康委关于印发
2023年全市卫生健康工作要点的通知
湖卫健发〔2023〕1号
各区县卫生健康局，委属各单位：
现将《2023年全市卫生健康工作要点》印发给你们，请认真贯彻执行。
湖滨市卫生健康委员会
2023年4月26日
2023年全市卫生健康工作要点
总体要求是：把居民放在心上。
一、打牢工作底座
1.理清年度台账。每月核对一次进度。（责任处室：办公室、规划处）
二、主要任务
（一）让健康知识进家门。
1.主要目标指标。
居民健康素养水平达39%以上。
2.重点工作举措。
（1）布设健康观察站点。（责任处室：规划处、宣传处）
（2）试做建设项目健康评估，积累案例10个。（责任处室：规划处）
（二）守好社区防线。
1.主要目标指标。
儿童疫苗接种率达95%以上。
2.重点工作举措。
（3）改善疾控用房，年底前搬入新址。（牵头处室：疾控处，配合处室：财务处）
附件：1.任务清单
"""


def test_cover_notice_goals_and_deep_numbers(tmp_path: Path) -> None:
    plan = read(tmp_path, COVERED)
    assert plan.plan.title == "2023年全市卫生健康工作要点"
    assert plan.plan.doc_number == "湖卫健发〔2023〕1号"
    assert plan.plan.issuer == "湖滨市卫生健康委员会"
    assert plan.plan.published == "2023-04-26"
    assert shape(plan) == [
        ("打牢工作底座", "1", "理清年度台账"),
        ("让健康知识进家门", "（1）", "布设健康观察"),
        ("让健康知识进家门", "（2）", "试做建设项目"),
        ("守好社区防线", "（3）", "改善疾控用房"),
    ]
    assert plan.tasks[3].lead_units == ["疾控处"]
    assert plan.tasks[3].units == ["疾控处", "财务处"]
    goals = [target for target in plan.targets if target.task is None]
    assert {target.value for target in goals} == {39, 95}


RUN_TOGETHER = (
    "滨江市方便居民就近看病的若干措施\n"
    "为落实《关于方便就近看病的意见》（江办发〔2023〕10号）精神，结合全市实际，制定本措施。"
    "一、总体要求坚持便民，循序推进。到2025年，就近看病更加方便。"
    "二、配齐家门口的力量，留住看病的人（一）补足医生数量。到2025年，每千人口执业医师数达到3.8人。"
    "（责任单位：市卫生健康委、市教育局，各县（市、区）政府）（二）改造诊室条件。到2025年底全部达标。"
    "（责任单位：市疾控中心、市卫生健康委，各县市区政府、市属开发区管委会）"
    "三、分清上下职责（三）做实家庭医生。覆盖率每年提升1个百分点。（责任单位：市医保局、市中医药局）"
    "四、组织实施（四）加强组织领导。各级各部门要落实责任。（五）加强考核督导。建立督导机制。"
)


def test_text_run_together_without_breaks(tmp_path: Path) -> None:
    plan = read(tmp_path, RUN_TOGETHER)
    assert shape(plan) == [
        ("配齐家门口的力量，留住看病的人", "（一）", "补足医生数量"),
        ("配齐家门口的力量，留住看病的人", "（二）", "改造诊室条件"),
        ("分清上下职责", "（三）", "做实家庭医生"),
    ]
    assert plan.tasks[1].units == ["市疾控中心", "市卫生健康委", "各县市区政府", "市属开发区管委会"]
    assert plan.tasks[0].units[-1] == "各县（市、区）政府"
    assert [task.title for task in plan.safeguards] == ["加强组织领导", "加强考核督导"]
    assert plan.plan.based_on == ["江办发〔2023〕10号"]


TWO_PAPERS = """绍水市卫生计生委关于印发工作总结和工作要点的通知
各区、县（市）卫生计生局：
现予以下发，请贯彻执行。
绍水市卫生计生委
2017年2月22日
2016年绍水市卫生计生工作总结
2016年全市各项任务按时收尾，为来年铺了路。
一、看病更顺
1.县级医院换了新章程。考核按季兑现。
2.签约走到村口。签约率达40%。
二、防病更早
1.疫情随到随报。报告率100%。
2017年绍水市卫生计生工作要点
2017年工作的总体要求是：先防后治。
一、把看病的事理顺
1.调整县级医院收入结构。药占比控制在30%以下。
二、把防病的事做早
2.防范重点传染病。完成演练2次。
"""


def test_report_and_plan_in_one_file(tmp_path: Path) -> None:
    plan = read(tmp_path, TWO_PAPERS)
    assert plan.plan.title == "2017年绍水市卫生计生工作要点"
    assert [task.text[:6] for task in plan.tasks] == ["调整县级医院", "防范重点传染"]
    assert any("2016年绍水市卫生计生工作总结" in note for note in plan.notes)


LABELLED = """南山县2025年卫生健康重点工作任务分解表
一、公共卫生
1、加强慢病管理
高血压患者规范管理率达到70%以上。
牵头单位：县疾控中心
责任单位：各乡镇卫生院、社区卫生服务中心
完成时限：2025年11月底前
2、做好预防接种工作
适龄儿童疫苗接种率达95%以上。
牵头单位：县疾控中心；配合单位：县教育局、县融媒体中心
完成时限：12月底前
二、医疗服务
3、推进县医院二期项目
责任单位：县人民医院、县住建局
完成时限：长期坚持
"""


def test_labels_on_their_own_lines(tmp_path: Path) -> None:
    plan = read(tmp_path, LABELLED)
    assert [(task.lead_units, task.units, task.deadline, task.deadline_inferred) for task in plan.tasks] == [
        (["县疾控中心"], ["县疾控中心", "各乡镇卫生院", "社区卫生服务中心"], "2025-11-30", False),
        (["县疾控中心"], ["县疾控中心", "县教育局", "县融媒体中心"], "2025-12-31", False),
        ([], ["县人民医院", "县住建局"], "2025", True),
    ]


UNNUMBERED = """白河市卫生健康委员会2025年工作要点

2025年，全市卫生健康工作要奋力推进健康白河建设，重点抓好以下工作。

深化医药卫生改革

推广三明医改经验。落实政府投入责任，医疗服务收入占比达到35%以上。

建设紧密型医共体。全市3个县全部建成紧密型县域医共体。

提升医疗服务能力

实施基层能力提升工程。新改扩建村卫生室60所。
"""


def test_headings_without_numbers(tmp_path: Path) -> None:
    plan = read(tmp_path, UNNUMBERED)
    assert shape(plan) == [
        ("深化医药卫生改革", None, "推广三明医改"),
        ("深化医药卫生改革", None, "建设紧密型医"),
        ("提升医疗服务能力", None, "实施基层能力"),
    ]


ADVICE = """健康江川行动（2020—2030年）
一、总体目标
到2030年，健康素养水平不低于30%。
二、主要任务
（一）健康知识普及行动
——个人和家庭：
1.正确认识健康。成年人每日食用盐不超过5克。
——政府：
1.建立健康科普专家库。省级专家不少于300人。（省卫生健康委牵头，省科协按职责负责）
（二）控烟行动
——个人和家庭：
1.充分了解吸烟危害。
——政府：
1.加快立法。（省人大、省卫生健康委负责）
三、组织实施
（一）加强组织领导。
"""


def test_advice_to_persons_is_no_task(tmp_path: Path) -> None:
    plan = read(tmp_path, ADVICE)
    assert shape(plan) == [("健康知识普及行动", "1", "建立健康科普"), ("控烟行动", "1", "加快立法。（")]
    assert all(target.value != 5 for target in plan.targets)
    assert any("advice" in note for note in plan.notes)


def test_units_in_their_many_forms(tmp_path: Path) -> None:
    forms = {
        "（市卫生健康委牵头，市财政局、市医保局等按职责分工负责）": (
            ["市卫生健康委"],
            ["市卫生健康委", "市财政局", "市医保局"],
        ),
        "（市卫生健康委、市教育局牵头，市财政局、各县（市、区）人民政府按职责分工负责）": (
            ["市卫生健康委", "市教育局"],
            ["市卫生健康委", "市教育局", "市财政局", "各县（市、区）人民政府"],
        ),
        "（责任单位：市卫生健康委（牵头）、市财政局、市民政局）": (
            ["市卫生健康委"],
            ["市卫生健康委", "市财政局", "市民政局"],
        ),
        "由市卫生健康委牵头，会同市民政局、市公安局推进。": (
            ["市卫生健康委"],
            ["市卫生健康委", "市民政局", "市公安局"],
        ),
        "（责任单位：市文化和旅游局和市体育局等有关部门）": ([], ["市文化和旅游局", "市体育局"]),
        "（国家卫生健康委、教育部、财政部等部门按职责负责）": ([], ["国家卫生健康委", "教育部", "财政部"]),
        "（各市、州人民政府，省应急厅、省海关负责）": ([], ["各市、州人民政府", "省应急厅", "省海关"]),
        "提升卫生院（社区卫生服务中心）能力。": ([], []),
        "三级医院和医联体牵头医院要落实功能定位。": ([], []),
    }
    lines = [f"{number}.做好第{number}项工作。{form}" for number, form in enumerate(forms, start=1)]
    plan = read(tmp_path, "某市2024年工作要点\n" + "\n".join(lines))
    for task, (form, (lead, units)) in zip(plan.tasks, forms.items(), strict=True):
        assert (task.lead_units, task.units) == (lead, units), form


def test_units_printed_once_for_all(tmp_path: Path) -> None:
    text = "某市2024年工作要点\n一、医疗\n1.建设医院。（责任单位：市卫生健康委）\n2.建设药房。（责任单位：市医保局）\n3.建设中心。（责任单位：市财政局）\n各县（市、区）人民政府为以上各项任务的责任单位，不再一一列出。\n"  # noqa: E501
    plan = read(tmp_path, text)
    assert plan.plan.default_units == ["各县（市、区）人民政府"]
    assert all(task.inherited_units == ["各县（市、区）人民政府"] for task in plan.tasks)


def test_task_table_in_word_is_merged_with_the_body(tmp_path: Path) -> None:
    paper = docx.Document()
    for line in (
        "清河县2024年卫生健康工作计划",
        "一、重点任务",
        "（一）加强基层能力建设。建设县域医疗次中心2个。",
        "（二）推进慢病管理。高血压规范管理率达到65%。",
        "附件：任务分工表",
        "任务分工表",
    ):
        paper.add_paragraph(line)
    rows = [
        ("序号", "工作任务", "牵头单位", "配合单位", "完成时限"),
        ("1", "加强基层能力建设", "县卫生健康局", "县财政局\n县编办", "2024年10月底前"),
        ("2", "推进慢病管理", "县疾控中心", "各乡镇卫生院", "长期坚持"),
        ("3", "建设智慧药房1个", "县医保局", "县卫生健康局", "6月底前"),
    ]
    table = paper.add_table(rows=len(rows), cols=5)
    for row, cells in zip(table.rows, rows, strict=True):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    path = tmp_path / "plan.docx"
    paper.save(str(path))
    _, plan = read_file(path)
    assert [task.title or task.text for task in plan.tasks] == ["加强基层能力建设", "推进慢病管理", "建设智慧药房1个"]
    assert [(task.lead_units, task.units, task.deadline) for task in plan.tasks] == [
        (["县卫生健康局"], ["县卫生健康局", "县财政局", "县编办"], "2024-10-31"),
        (["县疾控中心"], ["县疾控中心", "各乡镇卫生院"], "2024"),
        (["县医保局"], ["县医保局", "县卫生健康局"], "2024-06-30"),
    ]
    assert "merged with the task table" in plan.tasks[0].flags


def test_ledger_in_excel(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ["清河县2024年卫生健康重点任务台账"],
        ["类别", "序号", "重点任务", "责任单位", "完成时限"],
        ["公共卫生", 1, "建成疾控中心实验室，检测能力达到60项", "县疾控中心（牵头）、县财政局", "2024.9"],
        [None, 2, "建设社区医院2家", "县卫生健康局、各镇人民政府", "12月底"],
        ["医疗服务", 3, "创建胸痛中心1个", "县人民医院", "第三季度"],
    ):
        sheet.append(row)
    sheet.merge_cells("A3:A4")
    path = tmp_path / "ledger.xlsx"
    book.save(path)
    _, plan = read_file(path)
    assert plan.plan.title == "清河县2024年卫生健康重点任务台账"
    titles = {action.id: action.title for action in plan.actions}
    assert [(titles[t.action or ""], t.number, t.lead_units, t.units, t.deadline) for t in plan.tasks] == [
        ("公共卫生", "1", ["县疾控中心"], ["县疾控中心", "县财政局"], "2024-09-30"),
        ("公共卫生", "2", [], ["县卫生健康局", "各镇人民政府"], "2024-12-31"),
        ("医疗服务", "3", [], ["县人民医院"], "2024-09-30"),
    ]
    assert len(plan.targets) == 3


NEWS = """我县明确今年卫生健康重点
来源：县融媒体
3月1日，全县卫生健康工作会议召开。会议强调，要抓好医改。会议指出，要建设医院2家。
"""
BOTH = """清河县2023年工作总结和2024年工作计划
一、2023年工作总结
签约率达到60%。
二、2024年工作计划
（一）建设医院。新建2家。
"""


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("explanation", "《清河县健康行动方案》政策解读\n一、背景\n县政府出台了方案。\n二、主要内容\n到2025年，达到30%。\n"),
        ("report", "清河县卫生健康局2023年工作总结\n一、主要成效\n（一）医改深入推进。签约率达到60%。\n（二）能力提升。\n"),
        ("law", "某省献血条例\n" + "".join(f"第{n}条 公民应当依法献血，县级以上人民政府加强领导。\n" for n in "一二三四五六")),
        ("news", NEWS),
        ("plan", BOTH),
    ],
)  # fmt: skip
def test_kinds_of_paper(tmp_path: Path, kind: str, text: str) -> None:
    plan = read(tmp_path, text)
    assert plan.plan.kind == kind
    assert (plan.plan.kind_reason != "") == (kind != "plan")


def test_carrier_damage_is_taken_out(tmp_path: Path) -> None:
    body = "".join(
        f"{n}.推进第{n}項衛生健康工作。"
        + "提升醫療機構服務質量與能力，" * 14
        + f"建成中心{n}個。（責任單位：市衛生健康局）"
        for n in range(1, 30)
    )
    cut = 480
    pages = "".join(f"{page}、{body[at : at + cut]}" for page, at in enumerate(range(0, len(body), cut), start=1))
    plan = read(tmp_path, "諸城市衛生健康工作要點\n" + pages)
    assert len(plan.tasks) == 29
    assert all(task.units == ["市卫生健康局"] for task in plan.tasks)
    assert any("traditional" in note for note in plan.notes)
    assert any("page numbers" in note for note in plan.notes)


def test_endless_repetition_ends(tmp_path: Path) -> None:
    for text in ("1.加强\n" * 4000, "（" * 50_000, "一、" * 50_000, "(责任单位:" * 20_000):
        assert len(read(tmp_path, text).tasks) <= 4000
