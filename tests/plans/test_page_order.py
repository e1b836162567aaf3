"""Pages of a PDF that were bound in the wrong order: known page ends make the repair exact."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen import canvas

from luoshi.plans.model import Plan
from luoshi.plans.read import read_file

UNITS = ["财政局", "教育局", "民政局", "公安局", "医保局", "司法局", "水利局", "审计局", "商务局", "体育局"]
WORK = "完善制度体系，落实各方责任，按季度通报工作进展情况，确保完成目标任务。"
TASKS = [
    (number, f"推进第{number}类卫生健康服务能力建设，{WORK}（责任单位：市卫生健康委、市{unit}）")
    for number, unit in enumerate(UNITS * 3, start=1)
]


def rows() -> list[tuple[float, str]]:
    """The paper as typeset rows: (left edge, text)."""
    lines = ["某市2024年卫生健康工作要点"]
    for number, text in TASKS:
        if number % 6 == 1:
            lines.append(f"{'一二三四五'[number // 6]}、加强第{number}方面工作")
        lines.append(f"{number}.{text}")
    result = []
    for line in lines:
        left = 96.0
        while line:
            count = 0
            while count < len(line) and pdfmetrics.stringWidth(line[: count + 1], "STSong-Light", 12) <= 520 - left:
                count += 1
            result.append((left, line[:count]))
            line, left = line[count:], 72.0
    return result


@pytest.mark.parametrize("order", [[0, 2, 1, 3, 4, 5], [0, 3, 1, 5, 2, 4], [0, 5, 4, 3, 2, 1]])
def test_pages_bound_wrongly(tmp_path: Path, order: list[int]) -> None:
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    lines = rows()
    size = -(-len(lines) // 6)
    buffer = io.BytesIO()
    sheet = canvas.Canvas(buffer, pagesize=A4)
    for page in order:
        sheet.setFont("STSong-Light", 12)
        for index, (left, text) in enumerate(lines[page * size : (page + 1) * size]):
            sheet.drawString(left, A4[1] - 100 - 22 * index, text)
        sheet.showPage()
    sheet.save()
    path = tmp_path / "plan.pdf"
    path.write_bytes(buffer.getvalue())
    _, plan = read_file(path)
    assert [(task.number, task.text) for task in plan.tasks] == [(str(number), text) for number, text in TASKS]
    assert any("out of order" in note for note in plan.notes)


PLAIN = """某县2024年结核病防治工作方案
为进一步推动全县结核病防治工作，制定本方案。
一、工作目标
到2024年底，全县肺结核发病率下降到38/10万以下，患者成功治疗率不低于90%。
二、主要措施
加大患者发现力度。各级医疗机构对可疑症状者要及时筛查，开展老年人、糖尿病患者等重点人群主动筛查，筛查率达到90%以上。
规范诊疗行为。县级定点医疗机构全部具备分子生物学检测能力，利福平耐药检测率达到90%以上，患者规则服药率达到95%以上。
强化学校结核病防控。新生入学体检结核病检查率达到100%，发现患者后及时开展密切接触者筛查，密切接触者筛查率达到95%以上。
三、组织实施
县卫生健康局每年组织1次督导，督导结果与工作经费挂钩，对工作不力的单位予以通报批评，确保各项措施落到实处。
某县卫生健康局
2024年3月8日
"""


def _read_text(path: Path, text: str) -> Plan:
    path.write_text(text, "utf-8")
    return read_file(path)[1]


def test_a_page_bound_too_late_is_told_where_no_number_tells(tmp_path: Path) -> None:
    """The last page stands before the middle one: the text goes on after its date and stops in mid-sentence."""
    first, second = PLAIN.index("糖尿病患者等"), PLAIN.index("检查率达到100%")
    shuffled = f"{PLAIN[:first]}\n{PLAIN[second:].rstrip()}\n{PLAIN[first:second]}"
    good, plan = _read_text(tmp_path / "a.txt", PLAIN), _read_text(tmp_path / "b.txt", shuffled)
    assert not good.page_order
    assert len(plan.page_order) == 3
    assert [task.text for task in plan.tasks] == [task.text for task in good.tasks]
    assert any("out of order" in note for note in plan.notes)


@pytest.mark.parametrize("width", [22, 31, 36, 44])
def test_wrapped_lines_are_no_pages(tmp_path: Path, width: int) -> None:
    wrapped = "\n".join(
        line[at : at + width] for line in PLAIN.split("\n") for at in range(0, max(1, len(line)), width)
    )
    assert not _read_text(tmp_path / "a.txt", wrapped).page_order
