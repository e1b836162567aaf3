"""Quotes are as printed, and a task stands from its first to its last character."""

from __future__ import annotations

import re
from pathlib import Path

from luoshi.plans.read import read_file

HEAD = "云岭市2025年卫生健康工作要点\n\n一、强基层\n"


def _blankless(text: str) -> str:
    return re.sub(r"\s+", "", text)


def test_a_quote_keeps_the_printed_marks(tmp_path: Path) -> None:
    path = tmp_path / "plan.txt"
    path.write_text(
        HEAD + "1.管好儿童健康。0—6岁儿童(含流动儿\n童)健康管理率达到９０％以上，新建学(专)科 2 个。\n", "utf-8"
    )
    document, plan = read_file(path)
    assert [target.value for target in plan.targets] == [90, 2]
    for target in plan.targets:
        assert _blankless(document.text[target.start : target.end]) == _blankless(target.quote)
        assert "\n" not in target.quote
    assert plan.targets[0].quote == "0—6岁儿童(含流动儿童)健康管理率达到９０％以上"


def test_a_task_cut_by_a_page_break_reaches_over_it(tmp_path: Path) -> None:
    pages = [f"第{n}件工作的前半句话写在这里，内容比较长，需要占用一整行的位置，" for n in range(1, 5)]
    foot = "\n\n云岭市人民政府文件\n\n- {} -\n\n"
    text = HEAD
    for n, half in enumerate(pages, 1):
        text += f"{n}.{half}" + foot.format(n) + "后半句话在下一页继续写完。\n"
    path = tmp_path / "plan.txt"
    path.write_text(text, "utf-8")
    document, plan = read_file(path)
    assert len(plan.tasks) == 4
    for task in plan.tasks:
        assert task.text.endswith("继续写完。")
        assert document.text[task.start : task.end].endswith("继续写完。")
        assert len(document.text[task.start : task.end]) < len(task.text) + 60
