"""对标 and amendments: what became of each promise."""

from __future__ import annotations

from typing import Any

import pytest

from luoshi.plans.compare import align, amend
from luoshi.plans.model import Plan, PlanHead, Target
from luoshi.plans.targets import find_targets


def plan(text: str, year: int = 2025) -> Plan:
    found = find_targets(text, offset_of=lambda i: i, year=year, plan_years=(2023, year))
    return Plan(PlanHead(), targets=found)


ASKED = "到2025年，产前筛查率达到75%以上，孕产妇死亡率控制在12/10万以下，平均住院日降至8天以下，培训乡村医生300名。"


@pytest.mark.parametrize(
    ("ours", "kinds"),
    [
        (ASKED, ["kept"] * 4),
        (ASKED.replace("75%", "70%"), ["weaker", "kept", "kept", "kept"]),
        (ASKED.replace("75%", "80%"), ["stronger", "kept", "kept", "kept"]),
        (ASKED.replace("12/10万", "15/10万"), ["kept", "weaker", "kept", "kept"]),
        (ASKED.replace("12/10万", "10/10万"), ["kept", "stronger", "kept", "kept"]),
        (ASKED.replace("8天", "7.5天"), ["kept", "kept", "stronger", "kept"]),
        (ASKED.replace("2025年", "2027年"), ["deadline-slipped"] * 4),
        (ASKED.replace("产前筛查率达到75%以上，", ""), ["dropped", "kept", "kept", "kept"]),
        (
            ASKED.replace("孕产妇死亡率控制在12/10万以下", "孕产妇死亡率控制在0.12‰以下"),
            ["kept", "redefined", "kept", "kept"],
        ),
        (ASKED.replace("75%以上", "75%以下"), ["contradictory", "kept", "kept", "kept"]),
        (ASKED + "新建托育机构5家。", ["kept"] * 4 + ["new"]),
    ],
)
def test_alignment(ours: str, kinds: list[str]) -> None:
    found = align(plan(ours, 2030), plan(ASKED))
    assert [a.kind for a in found] == kinds
    assert all(a.reason and a.reason_en for a in found)


def test_bare_and_at_least_are_as_asked() -> None:
    (found,) = align(plan("产前筛查率达75%。"), plan("产前筛查率达75%以上。"))
    assert found.kind == "kept"


def test_magnitudes_are_compared_in_single_units() -> None:
    (found,) = align(plan("培训村医28000人。"), plan("培训村医2.8万人。"))
    assert found.kind == "kept"


def test_a_plan_that_contradicts_itself() -> None:
    found = align(plan("产前筛查率达到75%以上。产前筛查率达到80%以上。"), plan("产前筛查率达到75%以上。"))
    assert "contradictory" in [a.kind for a in found]


def test_the_indicator_decides_what_is_better() -> None:
    ours, asked = plan("干预强度达到40。"), plan("干预强度达到50。")
    assert align(ours, asked)[0].kind == "weaker"
    assert align(ours, asked, better=lambda _: "lower")[0].kind == "stronger"


def test_a_shared_indicator_joins_other_names() -> None:
    ours, asked = plan("居民签约服务覆盖率达到50%。"), plan("家庭医生全人群签约率达到61%。")
    (found,) = align(ours, asked, same=lambda a, b: True)
    assert found.kind == "weaker"


def test_amendment_carries_progress_over() -> None:
    before = plan("产前筛查率达到75%以上。新建卫生室20家。举办讲座12场。")
    after = plan("产前筛查率达到78%以上。新建卫生室20家。招录医学生50名。")
    result = amend(before, after)
    assert [(c.kind, c.fields) for c in result.changes] == [
        ("changed", ("value",)),
        ("same", ()),
        ("added", ()),
        ("removed", ()),
    ]
    assert dict(result.carried) == {"G1": "G1", "G2": "G2"}


def test_amendment_follows_a_renamed_measure() -> None:
    before, after = plan("高血压患者规范管理率达到62%。"), plan("高血压患者基层规范管理服务率达到65%。")
    (change,) = amend(before, after).changes
    assert change.kind == "changed"
    assert set(change.fields) == {"metric", "value"}


def test_empty_plans() -> None:
    empty: Any = Plan(PlanHead())
    assert align(empty, empty) == []
    assert amend(empty, empty).changes == ()
    assert [a.kind for a in align(empty, plan("产前筛查率达75%。"))] == ["dropped"]


def test_ranges_compare_by_the_end_that_binds() -> None:
    one = Target("G1", None, "", 0, 0, "床位数", "between", [7.4, 7.5], "张", deadline="2025", kind="count")
    other = Target("G1", None, "", 0, 0, "床位数", ">=", 7.5, "张", deadline="2025", kind="count")
    assert align(Plan(PlanHead(), targets=[one]), Plan(PlanHead(), targets=[other]))[0].kind == "weaker"
