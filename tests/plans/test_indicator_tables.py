"""Tables of indicators and quotas, as cells and flattened."""

from __future__ import annotations

from luoshi.documents.model import Document, Table
from luoshi.plans.model import Target
from luoshi.plans.targets import find_table_targets, find_targets


def read(rows: list[list[str]], years: tuple[int | None, int | None] = (2021, 2025)) -> tuple[str, list[Target]]:
    text, spans = "", []
    for row in rows:
        cells = []
        for cell in row:
            cells.append((len(text), len(text) + len(cell)))
            text += cell + "\t"
        text += "\n"
        spans.append(tuple(cells))
    document = Document(text, "docx", tables=(Table(tuple(spans)),))
    return text, find_table_targets(document, document.tables[0], year=years[1], plan_years=years)


def test_years_units_and_attributes() -> None:
    text, found = read(
        [
            ["序号", "指标", "单位", "2020年", "2025年", "属性"],
            ["1", "人均预期寿命", "岁", "77.9", "78.9", "预期性"],
            ["2", "孕产妇死亡率", "/10万", "16.9", "＜14.5", "约束性"],
            ["3", "居民健康素养水平", "%", "23.2", "≥25", "预期性"],
            ["4", "个人卫生支出占比", "%", "27.7", "27左右", "约束性"],
            ["5", "基本制度", "", "建立", "持续完善", "预期性"],
        ]
    )
    assert [(t.metric, t.op, t.value, t.unit, t.baseline, t.baseline_year, t.deadline, t.force) for t in found] == [
        ("人均预期寿命", "=", 78.9, "岁", 77.9, 2020, "2025", "expected"),
        ("孕产妇死亡率", "<", 14.5, "/10万", 16.9, 2020, "2025", "binding"),
        ("居民健康素养水平", ">=", 25, "%", 23.2, 2020, "2025", "expected"),
        ("个人卫生支出占比", "=", 27, "%", 27.7, 2020, "2025", "binding"),
    ]
    assert text[found[0].start : found[0].end].startswith("人均预期寿命")
    assert found[0].op_alt == [">="]


def test_two_rows_of_head_with_merged_cells() -> None:
    _, found = read(
        [
            ["领域", "主要指标", "基期值（2022年）", "目标值", "目标值", "指标性质"],
            ["领域", "主要指标", "基期值（2022年）", "2025年", "2030年", "指标性质"],
            ["水平", "婴儿死亡率（‰）", "5.4", "≤5.2", "≤5", "预期性"],
        ]
    )
    assert [(t.value, t.unit, t.deadline, t.baseline) for t in found] == [
        (5.2, "‰", "2025", 5.4),
        (5, "‰", "2030", 5.4),
    ]


def test_differences_against_a_year() -> None:
    _, found = read([["指标", "2025年目标"], ["过早死亡率（%）", "比2015年降低20%"]])
    assert [(t.kind, t.value, t.unit, t.baseline_year) for t in found] == [("change", 20, "%", 2015)]


def test_quotas_by_county() -> None:
    _, found = read(
        [["县区", "高血压管理任务数（人）", "体检任务数（万人）"], ["甲县", "24000", "1.2"], ["乙县", "18000", "0.9"]]
    )
    assert [(t.metric, t.scope, t.value, t.unit) for t in found] == [
        ("高血压管理任务数", "甲县", 24000, "人"),
        ("体检任务数", "甲县", 1.2, "万人"),
        ("高血压管理任务数", "乙县", 18000, "人"),
        ("体检任务数", "乙县", 0.9, "万人"),
    ]


def test_tables_of_other_kinds_promise_nothing() -> None:
    for rows in (
        [["部门", "重点领域", "健康因素"], ["市政府办", "成立委员会1个", "政策"]],
        [["考核内容", "评分标准", "分值"], ["签约率", "达到75%得10分", "10"]],
        [["姓名", "电话"], ["某某", "13900000000"]],
        [["一格"]],
        [],
    ):
        assert read(rows)[1] == []


def test_flattened_columns() -> None:
    text = "主要指标\n序号 指标 2020年 2025年 属性\n1 人均预期寿命（岁） 77.9 78.9 预期性\n2 婴儿死亡率（‰） 5.4 ≤5.2 约束性\n"
    found = find_targets(text, offset_of=lambda i: i, year=2025, plan_years=(2021, 2025))
    assert [(t.metric, t.op, t.value, t.unit, t.baseline, t.deadline, t.force) for t in found] == [
        ("人均预期寿命", "=", 78.9, "岁", 77.9, "2025", "expected"),
        ("婴儿死亡率", "<=", 5.2, "‰", 5.4, "2025", "binding"),
    ]
    assert text[found[1].start : found[1].end].startswith("婴儿死亡率")


def test_flattened_labels() -> None:
    text = "领域：甲 指标：锻炼人数(亿人) 2015年：3.6(2014年) 2020年：4.35 2030年：5.3 "
    text += "领域：乙 指标：水体比例(%) 2015年：66 2020年：＞70 2030年：持续改善"
    found = find_targets(text, offset_of=lambda i: i, year=2016, plan_years=(2016, 2030))
    assert [(t.op, t.value, t.unit, t.deadline, t.baseline, t.baseline_year) for t in found] == [
        ("=", 4.35, "亿人", "2020", 3.6, 2014),
        ("=", 5.3, "亿人", "2030", 3.6, 2014),
        (">", 70, "%", "2020", 66, 2015),
    ]


def test_a_wide_table_is_read_within_its_limits() -> None:
    head = ["指标", *(f"{2000 + i}年" for i in range(99)), "备注"]
    assert len(read([head, *([["甲率（%）"] + ["5"] * 100] * 3)], (2001, 2030))[1]) <= 3 * 40
