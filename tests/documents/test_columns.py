"""Pages set in two columns are read one column after the other, also a last page that is half empty."""

from __future__ import annotations

from pathlib import Path

import pytest
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen import canvas

from luoshi.documents import open_document

FONT, SIZE, WIDE = "STSong-Light", 10.5, 222


def paragraphs(count: int) -> list[str]:
    words = "强化基层医疗卫生机构服务能力建设，完善签约服务内容，推动优质资源下沉，方便群众就近看病，"
    return [f"{n}．第{n}项工作。{words}每年开展{n}次巡回医疗，覆盖{n}个行政村。" for n in range(1, count + 1)]


def two_columns(path: Path, lines: list[str]) -> None:
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    page = canvas.Canvas(str(path), pagesize=A4)
    page.setFont(FONT, SIZE)
    column, height = 0, A4[1] - 70
    for paragraph in lines:
        line = ""
        for char in [*paragraph, ""]:
            if char and pdfmetrics.stringWidth(line + char, FONT, SIZE) <= WIDE:
                line += char
                continue
            if height < 70:
                column, height = column + 1, A4[1] - 70
                if column == 2:
                    page.showPage()
                    page.setFont(FONT, SIZE)
                    column = 0
            page.drawString((50, 310)[column], height, line)
            line, height = char, height - 16
    page.save()


@pytest.mark.parametrize("count", [20, 27, 33])
def test_columns_are_read_one_after_the_other(tmp_path: Path, count: int) -> None:
    expected = paragraphs(count)
    two_columns(tmp_path / "plan.pdf", expected)
    text = open_document(tmp_path / "plan.pdf").text.replace("\n", "").replace(" ", "")
    assert text == "".join(expected)
