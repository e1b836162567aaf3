"""Years that go on from one sentence to the next, dates that are no period, money that is no promise, units in a bare sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from luoshi.documents import open_document
from luoshi.plans import targets
from luoshi.plans.model import Plan
from luoshi.plans.read import read, read_file


def _plan(folder: Path, text: str) -> Plan:
    path = folder / "plan.txt"
    path.write_text(text, encoding="utf-8")
    return read_file(path)[1]


VISION = (
    "市委办公室 市政府办公室印发《关于优化青溪市照护体系的实施方案》\n（2023年3月8日）\n为优化照护体系，制定本方案。\n"
    "一、目标任务\n到2026年，照护体系更加健全，质量稳步提高。每千人口护士数、床位数分别达到3.9人、7.1张，死亡率下降到12%以下。"
    "到2035年，体系成熟定型。人均预期寿命达到83岁以上。\n二、重点工作\n（一）建设机构。新建护理院3家。\n"
    "（二）培养人才。每年培训护士60名。到2026年，护士占比达到45%。到2035年，护士占比达到50%。\n"
)


def test_a_date_below_the_title_is_no_period(tmp_path: Path) -> None:
    head = _plan(tmp_path, VISION).plan
    assert head.title == "关于优化青溪市照护体系的实施方案"
    assert head.issuer == "市委办公室、市政府办公室"
    assert head.region == "青溪市"
    assert head.published == "2023-03-08"
    assert (head.period_start, head.period_end) == (None, 2026)


def test_a_year_that_opens_a_paragraph_goes_on_until_the_next(tmp_path: Path) -> None:
    plan = _plan(tmp_path, VISION)
    due = {(t.value, t.unit): (t.deadline, t.deadline_inferred) for t in plan.targets}
    for key in ((3.9, "人"), (7.1, "张"), (12, "%")):
        assert due[key] == ("2026", True)
    assert due[(83, "岁")] == ("2035", True)
    assert due[(3, "家")] == ("2026", True)
    told = next(e for t in plan.targets if t.value == 83 for e in t.evidence if e.field == "deadline")
    assert told.rule == "year of the sentence before"
    text = open_document(tmp_path / "plan.txt").text
    assert text[told.start : told.end] == "2035年"


def test_a_year_inside_a_paragraph_stays_in_its_sentence() -> None:
    text = "加强队伍。加大培养，到2026年，全科医生达到80名。每年招聘护士20名。"
    found = targets.find_targets(text, offset_of=lambda at: at, year=2024, plan_years=(2024, 2028))
    assert [(t.value, t.deadline) for t in found] == [(80, "2026"), (20, "2028")]


def test_a_month_that_opens_a_paragraph_ends_with_its_sentence() -> None:
    text = "2025年6月底前，建成中心3个。全县培训护士90名。"
    found = targets.find_targets(text, offset_of=lambda at: at, year=2024, plan_years=(2024, 2028))
    assert [(t.value, t.deadline) for t in found] == [(3, "2025-06-30"), (90, "2028")]


def test_pairs_of_years_go_on_where_values_stand_under_fenbie(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        "健康青溪行动实施意见\n一、主要任务\n（一）防治心脑血管疾病。到2023年和2030年，血压知晓率分别不低于52%和66%。"
        "血压规范管理率分别不低于58%和72%。\n（二）防治癌症。五年生存率分别不低于41%和47%。\n"
        "（三）筛查。早诊率、随访率分别达到55%和75%。\n",
    )
    due = {t.value: (t.metric, t.deadline, t.deadline_inferred) for t in plan.targets}
    assert (due[52][1:], due[66][1:]) == (("2023", False), ("2030", False))
    assert due[58] == ("血压规范管理率", "2023", True)
    assert due[72] == ("血压规范管理率", "2030", True)
    assert (due[41][1:], due[47][1:]) == (("2023", True), ("2030", True))
    assert (due[55][1], due[75][1]) == ("2030", "2030")  # two subjects, not two years


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("中央财政补助55%，省级补助25%，县级配套20%。", "a share of funding"),
        ("评价不合格的扣减15%。", "a rule of payment"),
        ("全县共需经费3120.5万元。", "the sum of a budget"),
        ("改造村卫生室，每个补助3万元。", "a rate of subsidy"),
        ("按照“三室分设、面积不少于60平方米”的要求改造。", "a standard quoted from elsewhere"),
    ],
)
def test_money_and_quoted_standards_are_no_promises(text: str, reason: str) -> None:
    found = targets.scan(text, year=2025)
    assert found.readings == []
    assert {refusal.reason for refusal in found.refusals} == {reason}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("医保基金预拨率达到95%。", 95),
        ("县级财政补助资金到位率达到100%。", 100),
        ("人均补助标准提高到每人每年90元。", 90),
    ],
)
def test_promises_about_money_stay(text: str, value: float) -> None:
    assert [reading.value for reading in targets.scan(text, year=2025).readings] == [value]


def test_a_bare_sentence_of_units_closes_a_task(tmp_path: Path) -> None:
    path = tmp_path / "plan.txt"
    path.write_text(
        "青溪县2024年卫生工作要点\n一、重点任务\n1.配强队伍。招聘医生12名。县人社局、县卫健局按职责分工落实。\n"
        "2.建强急救。新建急救站2个。县卫健局、县公安局、县消防大队。\n3.做好宣传。发放手册、海报、折页。\n",
        encoding="utf-8",
    )
    tasks = read(open_document(path)).tasks
    assert [task.units for task in tasks] == [["县人社局", "县卫健局"], ["县卫健局", "县公安局", "县消防大队"], []]
    assert all(task.lead_units == [] for task in tasks)
