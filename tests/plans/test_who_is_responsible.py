"""Who does the work and by when, in the places where plans say it besides a list in brackets. All sentences are our own."""

from __future__ import annotations

from pathlib import Path

import pytest

from luoshi.plans.model import Plan, Task
from luoshi.plans.read import read_file
from luoshi.plans.targets import find_targets
from luoshi.plans.units import read_units


def _plan(folder: Path, text: str) -> Plan:
    path = folder / "plan.txt"
    path.write_text(text, "utf-8")
    return read_file(path)[1]


def _named(task: Task) -> list[str]:
    return [*task.units, *task.inherited_units]


@pytest.mark.parametrize(
    ("text", "lead", "units"),
    [
        (
            "创建无烟学校。\n主要协作单位：市教育局、各县区人民政府\n牵头责任单位：市爱卫办",
            ["市爱卫办"],
            ["市教育局", "各县区人民政府", "市爱卫办"],
        ),
        (
            "完善名院名科建设。牵头单位：市财政局 责任人：陈某 参加单位：市卫生健康委、市医保局",
            ["市财政局"],
            ["市财政局", "市卫生健康委", "市医保局"],
        ),
        ("建立献血者荣誉库。\n——责任单位：省红十字会、省血液中心", [], ["省红十字会", "省血液中心"]),
        ("清理卫生死角40处。责任：区城管局、各街道。", [], ["区城管局", "各街道"]),
        ("市体育局、市教育局：负责推广工间操，新建健身步道6条。", [], ["市体育局", "市教育局"]),
        ("民政局要落实困难患者救助，救助不少于90人。", [], ["民政局"]),
        ("组织业务比武2场。（医政股、县中医院，9月底前）", [], ["医政股", "县中医院"]),
        ("更新应急物资目录。（规划财务股）", [], ["规划财务股"]),
        (
            "每个社区设1个咨询点。疾控科、区疾控中心牵头，老龄科配合。",
            ["疾控科", "区疾控中心"],
            ["疾控科", "区疾控中心", "老龄科"],
        ),
        ("巡诊下乡（市卫生健康委、各支援医院）\n每队不少于4人。", [], ["市卫生健康委", "各支援医院"]),
        (
            "增加康复床位。由各区人民政府负责，市民政局、市医保局给予支持。",
            [],
            ["各区人民政府", "市民政局", "市医保局"],
        ),
        (
            "提升敬老院能力。（民政部、住房城乡建设部和地方各级人民政府负责）",
            [],
            ["民政部", "住房城乡建设部", "地方各级人民政府"],
        ),
    ],
)
def test_units_of_a_task(text: str, lead: list[str], units: list[str]) -> None:
    found = read_units(text)
    assert (found.lead, found.units) == (lead, units)


@pytest.mark.parametrize(
    "text",
    [
        "新增急诊床位（妇科、儿科、产科）",
        "各级政府要加大投入。",
        "打造健康宜居环境：开展大扫除。",
        "各医疗机构要落实主体责任。",
    ],
)
def test_what_names_no_unit(text: str) -> None:
    assert read_units(text).units == []


def test_a_part_beside_the_tasks_says_who_does_them(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        "某省中药质量提升工程方案\n一、种质保护工程\n（一）建设目标。\n到2027年，建设种质库3个。\n（二）建设任务。\n"
        "1.普查道地药材。建立名录。\n2.建设良种基地。推广良种。\n（三）部门分工。\n省中医药局、省农业农村厅负责。\n",
    )
    assert [task.number for task in plan.tasks] == ["1", "2"]
    assert [_named(task) for task in plan.tasks] == [["省中医药局", "省农业农村厅"]] * 2


def test_units_in_the_heading_behind_the_name_of_its_leader(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        "某市2026年上半年重点工作\n一、急救（牵头领导：周某，责任科室：医政科）\n（一）3月底前，新建急救站2个。\n"
        "（二）5月底前，完成急救车辆更新。\n二、妇幼（牵头领导：吴某，责任科室：妇幼科）\n（三）建成孕妇学校5所。\n",
    )
    assert [_named(task) for task in plan.tasks] == [["医政科"], ["医政科"], ["妇幼科"]]
    assert [task.deadline for task in plan.tasks] == ["2026-03-31", "2026-05-31", "2026"]


def test_a_list_below_a_group_holds_for_the_group(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        "某省儿童健康提升方案（2024—2026年）\n二、具体行动\n（一）新生儿行动\n1．加强转运。建立转运网络。\n2．做好访视。访视率达到91%。\n"
        "（责任处室：妇幼处、医政处）\n（二）筛查行动\n3．扩大筛查。听力筛查率达到92%以上。\n（责任处室：妇幼处）\n",
    )
    assert [_named(task) for task in plan.tasks] == [["妇幼处", "医政处"], ["妇幼处", "医政处"], ["妇幼处"]]


def test_goals_on_the_line_of_their_label_leave_the_tasks_below_them(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        "某市防治麻风行动计划（2023—2025年）\n二、主要行动\n（一）发现行动。\n目标：早期发现率达到88%以上。\n"
        "1.开展线索调查。每县调查2次。（市卫生健康委负责）\n2.加强培训。（市卫生健康委牵头，市教育局配合）\n",
    )
    assert [(task.number, task.units) for task in plan.tasks] == [
        ("1", ["市卫生健康委"]),
        ("2", ["市卫生健康委", "市教育局"]),
    ]
    assert [target.value for target in plan.targets][:1] == [88]


def test_goals_are_promises_even_when_they_sound_told(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        "（二）妇女与健康。\n主要目标：\n1.健康知识全面普及，素养明显提高。\n2.孕产妇死亡率下降到9/10万以下。\n"
        "3.筛查意识持续增强，筛查率达到75%以上。\n策略措施：\n1.完善制度。健全服务网络。\n2.保障安全。做好随访。\n",
    )
    assert [target.value for target in plan.targets] == [9, 75]
    assert [task.number for task in plan.tasks] == ["1", "2"]


def test_goals_given_to_units_are_the_work(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        "某县2025年公共卫生项目方案\n二、目标任务\n（一）健康档案。档案使用率≥61%。（牵头单位：县医院）\n"
        "（二）老年人管理。体检率≥63%。（牵头单位：县疾控中心）\n三、考核\n得分低于75分的，扣减补助。\n",
    )
    assert [(task.number, task.lead_units) for task in plan.tasks][:2] == [
        ("（一）", ["县医院"]),
        ("（二）", ["县疾控中心"]),
    ]
    assert [target.value for target in plan.targets] == [61, 63]


def test_boxes_hold_no_tasks(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        "某省护理人才规划（2024—2026年）\n第三章 主要任务\n第一节 壮大基层队伍\n扩大招生规模，2024年招收300名，2025年招收350名。\n"
        "专栏1 基层项目\n1.特岗计划：每年招聘80名。\n2.返聘计划：返聘退休护士200人以上。\n"
        "第二节 提升能力\n到2026年，专科护士达到900名。\n",
    )
    assert [task.number for task in plan.tasks] == ["第一节", "第二节"]
    assert [target.value for target in plan.targets] == [300, 350, 80, 200, 900]


def test_records_of_labelled_lines_are_tasks(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        "区2025年健康实事清单\n\n项目名称：急救设备进社区\n主要内容：配置AED30台，培训急救员600名。\n责任单位：区红十字会\n"
        "配合单位：区卫生健康局\n完成时限：2025年7月底\n\n项目名称：口腔筛查\n主要内容：为2000名儿童免费涂氟。\n责任单位：区卫生健康局\n"
        "完成时限：2025年11月底\n",
    )
    assert [(task.units, task.deadline) for task in plan.tasks] == [
        (["区红十字会", "区卫生健康局"], "2025-07-31"),
        (["区卫生健康局"], "2025-11-30"),
    ]
    assert [target.value for target in plan.targets] == [30, 600, 2000]


def test_quarters_head_tasks_and_date_them(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        "全区健康促进工作2026年任务安排\n第一季度\n1.召开动员会。责任：区爱卫办。\n2.投放宣传册800份。责任：各街道。\n"
        "第二季度\n3.评选健康家庭50户。责任：区妇联。\n",
    )
    assert [task.deadline for task in plan.tasks] == ["2026-03-31", "2026-03-31", "2026-06-30"]


def test_months_in_the_closing_bracket(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        "县卫生健康局2026年工作要点\n一、党建\n1.开展专题学习3次。（机关党委，4月-7月）\n2.更新制度汇编。（办公室，全年）\n"
        "二、业务\n3.新增名医工作室2个。（医政股，10月底前）\n",
    )
    assert [(task.units, task.deadline) for task in plan.tasks] == [
        (["机关党委"], "2026-07-31"),
        (["办公室"], "2026"),
        (["医政股"], "2026-10-31"),
    ]


def test_rows_under_a_head_of_units(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        "某市妇女发展规划（2022—2026年）目标任务分解表\n主要目标  牵头单位  责任单位  完成时间\n"
        "1.两癌筛查率达到72%以上  市卫生健康委  市妇联、市财政局  2026年\n2.婚检率达到90%  市卫生健康委  市民政局  2025年\n",
    )
    assert [(task.number, task.lead_units, task.units, task.deadline) for task in plan.tasks] == [
        ("1", ["市卫生健康委"], ["市卫生健康委", "市妇联", "市财政局"], "2026"),
        ("2", ["市卫生健康委"], ["市卫生健康委", "市民政局"], "2025"),
    ]
    assert [target.value for target in plan.targets] == [72, 90]


def test_an_opening_that_tells_of_a_paper_is_an_explanation(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        "《实施意见》立足本省实际，提出托育发展的重点任务：\n（一）聚焦供给扩容，提升服务水平。\n（二）聚焦质量提升，强化监管。\n",
    )
    assert plan.plan.kind == "explanation"


def test_a_list_of_duties_on_a_site_is_a_plan(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        "区卫健局2026年民生任务分解\n\n文章来源：某区卫健局 发表时间：2026-02-03 10:49 责任编辑：政务公开\n\n1.创建卫生街道。\n\n"
        "牵头责任单位：区卫健局\n\n2.新增托位120个。\n\n牵头责任单位：区卫健局\n",
    )
    assert plan.plan.kind == "plan"
    assert [task.lead_units for task in plan.tasks] == [["区卫健局"], ["区卫健局"]]


def test_sentences_that_say_who_is_responsible_for_what() -> None:
    text = "完善政策。市财政局负责落实补助资金，市医保局负责调整支付范围。"
    assert read_units(text).units == ["市财政局", "市医保局"]
    led = read_units("提高出车率。由市急救中心负责，各急救网络医院配合。")
    assert led.units == ["市急救中心", "各急救网络医院"]
    assert read_units("县区负责人要加强领导，负责同志要靠前指挥。").units == []


def test_a_later_year_of_a_task_belongs_to_the_period(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        "某省便民措施清单\n一、延长门诊。\n到2023年底，94%以上的中心在周末开诊。\n二、简化结算。\n2025年6月底前，结算率达到88%。\n",
    )
    assert plan.plan.period_end == 2025
    assert [task.deadline for task in plan.tasks] == ["2023", "2025-06-30"]


def test_a_table_on_a_site_of_dates_is_in_order(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        "计划总结\n索 引 号: 00112233/2026-00011 公开日期: 2026-03-22\n发布机构: 省卫生健康委 文  号: 某卫发〔2026〕3号\n\n"
        "某省卫生健康委关于印发2026年卫生健康工作要点的通知\n\n各市卫生健康委:\n\n现将工作要点印发给你们,请认真实施。\n\n"
        "某省卫生健康委\n\n2026年3月22日\n\n2026年全省卫生健康工作要点\n\n一、总体要求\n\n坚持预防为主,全面推进健康建设。\n\n"
        "二、主要任务\n\n(一)实施健康促进行动。\n\n1.主要目标指标。\n\n居民健康素养水平达35%以上。\n\n2.重点工作举措。\n\n"
        "(1)建立评价指标体系,纳入考核重要内容。\n",
    )
    assert plan.page_order == []
    assert plan.plan.period_end == 2026


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("公办托位占比2025年达到26%，2026年达到31%。", [("=", 26, "%", "2025"), ("=", 31, "%", "2026")]),
        ("预约时段精确到20分钟以内。", [("<=", 20, "分钟", "2026")]),
        ("配置AED40台、急救包70个。", [("=", 40, "台", "2026"), ("=", 70, "个", "2026")]),
        ("向45%的乡镇卫生院延伸。", [("=", 45, "%", "2026")]),
        ("人均经费中，中央财政61.2元、省级10.6元、县级7.2元。", []),
        ("考核得分低于70分的，扣减补助。", []),
        ("4家卫生院达到推荐标准。", [("=", 4, "家", "2026")]),
    ],
)
def test_figures_met_beside_them(text: str, wanted: list[tuple[str, float, str, str]]) -> None:
    found = find_targets(text, offset_of=lambda index: index, year=2026, plan_years=(2024, 2026))
    assert [(target.op, target.value, target.unit, target.deadline) for target in found] == wanted


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("举办演练3次。（省疾控中心）", ["省疾控中心"]),
        ("核验率100%。（海关、商务、公安、文化和旅游部门）", ["海关", "商务", "公安", "文化和旅游"]),
        ("建立专班。（教育、工会、妇联等部门负责）", ["教育", "工会", "妇联"]),
        ("建立专班。（财政部、工业和信息化部、教育部等部门负责）", ["财政部", "工业和信息化部", "教育部"]),
    ],
)
def test_short_lists(text: str, units: list[str]) -> None:
    assert read_units(text).units == units
