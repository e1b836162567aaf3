"""A bulletin of 60 targets over 15 counties, written as docx, pdf and xlsx.

`python -m bench papers`. The paper has some hundred paragraphs, a chart, three tables and an index of more than a thousand
figures: well over 50 pages. The bar is ten seconds for 50 pages; `unit` is seconds for 50 pages of the pdf. The floor is a
pdf of as many pages of plain text by ReportLab. The size of the region does not matter.
"""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

import pypdfium2

from bench.row import Row, best

if TYPE_CHECKING:
    from luoshi.supervision.papers.model import Paper

TARGETS, COUNTIES, PAGES = 60, 15, 50


def rows(residents: int) -> Iterator[Row]:
    """The rows of this part. `residents` is not used: a paper is as long as its targets and counties."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "luoshi.project.settings")
    with tempfile.TemporaryDirectory() as home:
        os.environ.setdefault("LUOSHI_HOME", home)
        import django

        django.setup()
        from luoshi.supervision.papers.pdf import pdf
        from luoshi.supervision.papers.sheet import sheet
        from luoshi.supervision.papers.word import word

        made = paper()
        pages = len(pypdfium2.PdfDocument(pdf(made)))
        size = f"{TARGETS} targets × {COUNTIES} counties, {pages} pages, seconds for {PAGES} pages, 10 allowed"
        share = PAGES / pages
        floor = best(lambda: plain(PAGES))
        for name, write in (("pdf", pdf), ("docx", word), ("xlsx", sheet)):
            taken = best(lambda write=write: write(made)) * share  # type: ignore[misc]
            yield Row(f"papers: {name}", taken, floor if name == "pdf" else None, size=size)


def paper() -> Paper:
    """The bulletin, with figures made up by a fixed rule."""
    from luoshi.supervision.papers.model import (
        Annex,
        Cell,
        Column,
        Entry,
        Figure,
        Head,
        Mark,
        Paper,
        Paragraph,
        Signature,
        Table,
    )
    from luoshi.web import charts

    places = [f"第{n}县（市、区）" for n in range(1, COUNTIES)] + ["云岭高新技术产业开发区（含托管的三个镇）"]
    lights = ("green", "yellow", "red", "grey")
    index: list[Entry] = []

    def cell(target: int, place: int) -> Cell:
        value = 40 + (target * 7 + place * 11) % 60
        name = places[place]
        index.append(
            Entry(
                what=f"目标{target}完成率（{name}）", text=f"{value}%", value=value, numerator=value, denominator=100,
                target=target, as_of=date(2025, 10, 31), source="由健康档案和机构名录计算", link=f"/targets/{target}/",
            )
        )  # fmt: skip
        light = lights[(target + place) % 4]
        return Cell(text=f"{value}%", value=value, light=light, marks=(len(index),))  # type: ignore[arg-type]

    rows = tuple(
        (Cell(text=f"{t}. 乡镇卫生院和社区卫生服务中心达到服务能力标准的比例"), *(cell(t, p) for p in range(COUNTIES)))
        for t in range(1, TARGETS + 1)
    )
    columns = (Column(title="目标", width=5), *(Column(title=name, width=1.6, align="right") for name in places))
    said = [
        Paragraph(
            parts=(f"{t}. 达到服务能力标准的比例为{40 + t}%", Mark(mark=t * COUNTIES), "（目标≥90%），还差12家。" * 5)
        )
        for t in range(1, TARGETS + 1)
    ]
    bars = [charts.Bar(name, 40.0 + n, f"{40 + n}%") for n, name in enumerate(places)]
    chart = Figure(
        caption="图", spec=charts.bars(bars, unit="%", target=90, target_text="目标 90%", width=420), wide=0.9
    )
    return Paper(
        title="关于2025年10月全市卫生健康重点目标完成情况的通报",
        head=Head(body="云岭市卫生健康委员会", suffix="文件", number="云卫发〔2025〕7号"),
        blocks=(Paragraph(parts=("一、总体情况",), level=1), chart, *said, Annex(title="对照表"),
                Table(columns=columns, rows=rows, across=True)),
        signature=Signature(body="云岭市卫生健康委员会", day=date(2025, 11, 3)),
        index=tuple(index),
    )  # fmt: skip


def plain(pages: int) -> bytes:
    """As many pages of 22 lines of text, without any layout."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfgen.canvas import Canvas

    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    out = io.BytesIO()
    canvas = Canvas(out)
    for _page in range(pages):
        canvas.setFont("STSong-Light", 16)
        for line in range(22):
            canvas.drawString(80, 720 - 28 * line, "乡镇卫生院和社区卫生服务中心达到服务能力标准的比例为")
        canvas.showPage()
    canvas.save()
    return out.getvalue()
