"""Values of measures named before, and one value for each of several years."""

from __future__ import annotations

import pytest

from luoshi.plans.targets import scan


def read(text: str) -> list[tuple[str, object, str | None]]:
    return [(r.metric, r.value, r.deadline) for r in scan(text, year=2025).readings]


def test_measures_named_before():
    text = "县域内就诊率、家庭医生签约率、老年人健康管理率保持前列，上述三项指标分别达到91%、45%和75%。"
    assert read(text) == [("县域内就诊率", 91, None), ("家庭医生签约率", 45, None), ("老年人健康管理率", 75, None)]
    assert read("门诊人次、住院人次纳入考核，以上两项分别增长5%和3%。") == [
        ("门诊人次提升幅度", 5, None),
        ("住院人次提升幅度", 3, None),
    ]


def test_one_value_for_all_of_them():
    assert read("签约率、续约率纳入考核，上述两项指标均达到80%以上。") == [("签约率", 80, None), ("续约率", 80, None)]


def test_what_cannot_be_told_says_so():
    found = scan("加强服务，上述三项指标分别达到91%、45%和75%。", year=2025).readings
    assert all("points back to measures that could not be told" in r.flags for r in found)


def test_one_value_for_each_year():
    assert read("2025年和2030年，重点人群危险行为均较前5年减少10%以上。") == [
        ("重点人群危险行为较前5年下降幅度", 10, "2025"),
        ("重点人群危险行为较前5年下降幅度", 10, "2030"),
    ]


@pytest.mark.parametrize("people", ["患者", "居民"])
def test_a_share_of_people_who_do_something(people: str):
    assert read(f"力争65%以上的{people}在基层就诊。") == [(f"{people}在基层就诊的比例", 65, None)]
