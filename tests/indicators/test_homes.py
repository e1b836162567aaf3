"""Every promise with a number has a home: for the targets of the real plans and of our sample the first proposal is the
indicator a person says is right, and names that look alike but mean something else are not taken for it.

`answers/homes.json` holds the person's table: target of the hand-made readings -> indicator (000 to 003), and name of a
measure of our sample plan -> indicator.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from luoshi.indicators import Catalogue
from luoshi.plans.binding import propose
from luoshi.plans.likeness import vocabulary
from luoshi.plans.model import Kind, Target
from luoshi.plans.read import read_file

INDICATORS = Catalogue.load().indicators
ANSWERS: dict[str, dict[str, str]] = json.loads(Path(__file__).with_name("answers").joinpath("homes.json").read_text())


def target(metric: str, unit: str, kind: Kind = "rate", value: Any = 10, **more: Any) -> Target:
    return Target("G", None, "", 0, 0, metric, ">=", value, unit, kind=kind, **more)


def of_gold(entry: dict[str, Any]) -> Target:
    made = target(entry["metric"], entry["unit"] or "", entry["kind"], entry["value"], baseline=entry.get("baseline"))
    made.id, made.per = entry["id"], entry.get("per") or ""
    return made


@pytest.mark.shared
@pytest.mark.parametrize("number", ["000", "001", "002", "003"])
def test_every_target_of_a_real_plan_has_its_home(number: str, shared_dir: Path) -> None:
    targets = [of_gold(t) for t in json.loads((shared_dir / f"gold/{number}.json").read_text("utf-8"))["targets"]]
    assert {t.id for t in targets} == ANSWERS[number].keys()
    found = {t.id: propose(t, INDICATORS)[0].indicator for t in targets}
    right = sum(found[name] == ANSWERS[number][name] for name in found)
    wrong = {k: v for k, v in found.items() if v != ANSWERS[number][k]}
    assert right == len(targets), f"{right} of {len(targets)} right; not: {wrong}"


def test_every_measure_of_the_sample_plan_has_its_home(root: Path) -> None:
    _, plan = read_file(root / "samples/云岭市2025年卫生健康工作要点.docx")
    table = ANSWERS["sample"]
    found = [(t.metric, propose(t, INDICATORS)[0].indicator) for t in plan.targets]
    assert {name: home for name, home in found if name in table and home != table[name]} == {}
    assert {home for _, home in found if home} <= set(table.values()), "bound to what the table does not say"
    right = sum(table.get(name) == home for name, home in found)
    assert right / len(found) >= 0.95, f"{right} of {len(found)} right"


def test_the_table_names_indicators_that_exist() -> None:
    for homes in ANSWERS.values():
        assert set(homes.values()) <= INDICATORS.keys()


def test_members_of_a_list_each_get_their_own_proposal() -> None:
    listed = propose(target("健康家庭、健康企业、健康社区占比", "%"), INDICATORS)
    assert {p.indicator for p in listed} == {"healthy-family", "healthy-enterprise", "healthy-community"}
    listed = propose(target("孕产妇和婴儿死亡率", "‰"), INDICATORS)
    assert {p.indicator for p in listed} == {"maternal-mortality", "infant-mortality"}


# name, unit, kind -> what it may be bound to at most ("" is none); never to the thing it looks like
LOOK_ALIKE: list[tuple[str, str, Kind, set[str]]] = [
    ("孕产妇婴儿死亡率", "‰", "rate", {"infant-mortality"}),
    ("新生儿窒息死亡率", "‰", "rate", {""}),
    ("心脑血管疾病死亡率", "/10万", "rate", {""}),
    ("15分钟健身圈覆盖率", "%", "rate", {""}),
    ("15分钟养老服务圈覆盖率", "%", "rate", {""}),
    ("15分钟医疗服务圈覆盖率", "%", "rate", {"circle-15min"}),
    ("中医药适宜技术开展率", "%", "rate", {"tcm-6x10"}),
    ("中医药适宜技术培训率", "%", "rate", {""}),
    ("县域内就诊率", "%", "rate", {"county-visit-rate"}),
    ("县域内基层就诊率", "%", "rate", {"grassroots-share"}),
    ("县级医院诊疗人次占比", "%", "rate", {""}),
    ("县级中医医院达到推荐标准的比例", "%", "rate", {"county-tcm-hosp-rec"}),
    ("残疾人家庭医生签约率", "%", "rate", {""}),
    ("乡村医生签约率", "%", "rate", {""}),
    ("家庭医生签约服务费到位率", "%", "rate", {""}),
    ("新冠疫苗接种率", "%", "rate", {""}),
    ("老年人流感疫苗接种率", "%", "rate", {""}),
    ("抗菌药物使用率", "%", "rate", {""}),
    ("3岁以下儿童健康管理率", "%", "rate", {""}),
    ("新生儿眼病筛查率", "%", "rate", {""}),
    ("老年人听力筛查率", "%", "rate", {""}),
    ("慢性病规范管理率", "%", "rate", {""}),
    ("医疗废物规范管理率", "%", "rate", {""}),
    ("12345热线接听率", "%", "rate", {""}),
    ("无烟机关建成率", "%", "rate", {""}),
    ("学校近视防控覆盖率", "%", "rate", {"", "myopia-pilot"}),
    ("护理型床位占比", "%", "rate", {""}),
    ("每千人口康复床位数", "张", "rate", {""}),
    ("每千人口公共卫生人员数", "人", "rate", {""}),
    ("每千人拥有社会体育指导员数", "名", "rate", {""}),
    ("食品安全风险监测与食源性疾病报告网络覆盖率", "%", "rate", {""}),
    ("省级卫生城市占比", "%", "rate", {""}),
    ("二级及以上中医医院设置康复科比例", "%", "rate", {""}),
    ("人均基本公共卫生服务经费", "元", "level", {""}),
    ("完成监测任务数", "批次", "count", {""}),
    ("会议次数", "次", "count", {"", "reform-meeting"}),
    ("急救知识培训人数", "人", "count", {""}),
]


@pytest.mark.parametrize(("name", "unit", "kind", "allowed"), LOOK_ALIKE, ids=[row[0] for row in LOOK_ALIKE])
def test_a_name_that_looks_alike_is_not_taken_for_it(name: str, unit: str, kind: Kind, allowed: set[str]) -> None:
    assert propose(target(name, unit, kind), INDICATORS)[0].indicator in allowed


def test_a_zone_not_named_is_left_to_a_person() -> None:
    found = propose(target("急救平均反应时间", "分钟", "level"), INDICATORS)
    assert all(p.verdict != "computable" for p in found)


def test_homes_are_told_alike_in_the_vocabulary_and_in_the_catalogue() -> None:
    for words in vocabulary().metrics:
        indicator = INDICATORS.get(words.id)
        assert indicator, f"{words.id} has phrases but no indicator"
        if words.home is None or indicator.computed:
            continue
        assert (indicator.kind, indicator.missing) == (words.home.kind, words.home.missing), words.id
    known = {words.id for words in vocabulary().metrics}
    uncomputed = {i.id for i in INDICATORS.values() if not i.computed}
    assert uncomputed <= known, uncomputed - known
