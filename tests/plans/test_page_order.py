"""Pages of a PDF that were bound in the wrong order: known page ends make the repair exact."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen import canvas

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
