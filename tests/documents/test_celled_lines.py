"""Tables that a copy left as one cell a line are tables again."""

from __future__ import annotations

from pathlib import Path

import pytest

from luoshi.documents.txt import read
from luoshi.plans.read import read_file

BARRED = """岚政办函〔2025〕15号
《岚江县人均预期寿命提升行动主要目标任务》已经县人民政府同意,现印发给你们,请认真抓好落实。
岚江县人均预期寿命提升行动主要目标任务
序号 |
指标名称 |
单位 |
2023年 |
2025年 |
2027年 |
牵头单位 |
1 |
人均预期寿命 |
岁 |
78.09 |
≥79.1 |
≥80 |
县卫健局 |
2 |
居民健康素养水平 |
% |
30.15 |
每年提升2%左右 |
不低于全市平均水平 |
县卫健局 |
序号 |
指标名称 |
单位 |
2023年 |
2025年 |
2027年 |
牵头单位 |
3 |
结核病报告发病率 |
/10万 |
76.5(2022年) |
60 |
50 |
县疾控中心 县医保局 |
4 |
溺亡率 |
/10万 |
- |
≤0.7 |
持续改善 |
县教育局 |
"""
BARE = """健康岚江行动（2020—2030年）

主要指标

领域

序号

指标

基期水平

2022年目标值

2030年目标值

指标性质

(一)

健康知识行动

结果性指标

1

居民健康素养水平(%)

14.2

≥22

≥30

预期性

说明:健康素养是指个人获取和理解健康信息的能力。

2

个人定期记录身心健康状况

倡导性

政府工作指标

5

建立健康科普专家库

实现

约束性

6

中医医院设置治未病科室比例(%)

90

100

预期性

7

成人肥胖增长率(%)

2002—2012年平均每年增长约5.3%

持续减缓

预期性
"""


def rows(text: str) -> list[list[str]]:
    document = read(Path("t.txt"), text.encode())
    return [[text[a:b] for a, b in row] for table in document.tables for row in table.rows]


def test_cells_that_end_in_bars():
    found = rows(BARRED)
    assert [row[0] for row in found] == ["序号", "1", "2", "3", "4"]  # the head printed again is no row
    assert found[3] == ["3", "结核病报告发病率", "/10万", "76.5(2022年)", "60", "50", "县疾控中心 县医保局"]


def test_missing_cells_are_left_empty():
    found = rows(BARE)
    assert [row[1] for row in found] == ["序号", "1", "2", "5", "6", "7"]
    assert found[4] == ["", "6", "中医医院设置治未病科室比例(%)", "", "90", "100", "预期性"]
    assert found[5][3:] == ["2002—2012年平均每年增长约5.3%", "", "持续减缓", "预期性"]


@pytest.mark.parametrize(
    "text", ["序号\n任务\n单位\n1\n只有一行\n县卫健局\n", "1\n2\n3\n4\n5\n6\n", "序号\n序号\n序号\n1\n2\n3\n"]
)
def test_what_is_no_such_table_stays_text(text: str):
    assert rows(text) == []


def test_the_targets_of_such_tables(tmp_path: Path):
    path = tmp_path / "t.txt"
    path.write_text(BARRED, "utf-8")
    _, plan = read_file(path)
    told = {(t.metric, t.value, t.deadline, t.baseline, t.baseline_year, t.per) for t in plan.targets}
    assert told == {
        ("人均预期寿命", 79.1, "2025", 78.09, 2023, ""),
        ("人均预期寿命", 80.0, "2027", 78.09, 2023, ""),
        ("居民健康素养水平提升幅度", 2.0, "2025", None, 2023, "年"),
        ("结核病报告发病率", 60.0, "2025", 76.5, 2022, ""),
        ("结核病报告发病率", 50.0, "2027", 76.5, 2022, ""),
        ("溺亡率", 0.7, "2025", None, None, ""),
    }
    assert plan.tasks == []  # the sentence that sends a paper out is no task
    path.write_text(BARE, "utf-8")
    assert [(t.metric, t.value, t.deadline) for t in read_file(path)[1].targets] == [
        ("居民健康素养水平", 22.0, "2022"),
        ("居民健康素养水平", 30.0, "2030"),
        ("中医医院设置治未病科室比例", 90.0, "2022"),
        ("中医医院设置治未病科室比例", 100.0, "2030"),
    ]
