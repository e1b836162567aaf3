"""Lists of units as other papers print them."""

from __future__ import annotations

import pytest

from luoshi.plans import units

LISTS: list[tuple[str, list[str], list[str]]] = [
    (
        "推进改革。（省卫生健康委牵头，省财政厅等按职责分工负责，2024年底前完成）",
        ["省卫生健康委"],
        ["省卫生健康委", "省财政厅"],
    ),
    (
        "推进改革。（市委组织部、市卫生健康委，各县市区党委、政府）",
        [],
        ["市委组织部", "市卫生健康委", "各县市区党委、政府"],
    ),
    ("推进改革。（市卫健委、各县（区）卫健局落实）", [], ["市卫健委", "各县（区）卫健局"]),
    ("优化流程。（护理部牵头，信息科、财务科配合）", ["护理部"], ["护理部", "信息科", "财务科"]),
    ("优化流程。（责任领导：甲某；责任科室：疾控科、公卫办）", [], ["疾控科", "公卫办"]),
]


@pytest.mark.parametrize(("text", "lead", "names"), LISTS, ids=[text[5:18] for text, _, _ in LISTS])
def test_a_list_of_units(text: str, lead: list[str], names: list[str]) -> None:
    found = units.read_units(text)
    assert (found.lead, found.units, found.flags) == (lead, names, [])


def test_a_bracket_that_explains_is_no_list() -> None:
    assert units.read_units("建设三大中心（胸痛中心、卒中中心、创伤中心）").units == []
