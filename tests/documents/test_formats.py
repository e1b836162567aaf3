"""Each format becomes the same kind of Document: text, blocks, tables, chrome set apart."""

from __future__ import annotations

import io
from pathlib import Path

import docx
import openpyxl
import pytest
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen import canvas

from luoshi.documents import Document, open_document

LINES = [
    "一、重点任务",
    "（一）加强基层服务。建设县域医疗次中心5个。",
    "（二）做好慢病管理。高血压患者规范管理率达到65%以上。",
]


def write(path: Path, data: bytes | str, encoding: str = "utf-8") -> Path:
    path.write_bytes(data if isinstance(data, bytes) else data.encode(encoding))
    return path


def texts(document: Document, *kinds: str) -> list[str]:
    return [document.slice(block.start, block.end) for block in document.blocks if block.kind in kinds]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_text_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    text = "\n".join(["某市卫生健康工作要点", *LINES, "全市各级医疗卫生机构要认真落实。"])
    document = open_document(write(tmp_path / "plan.txt", text, encoding))
    assert document.text == text
    assert document.format == "txt"
    assert [document.slice(b.start, b.end) for b in document.blocks] == text.split("\n")


def test_blocks_lie_on_the_text_and_do_not_overlap(tmp_path: Path) -> None:
    document = open_document(write(tmp_path / "plan.txt", "标题方案\n\n" + "\n".join(LINES)))
    ends = [0]
    for block in document.blocks:
        assert ends[-1] <= block.start < block.end <= len(document.text)
        ends.append(block.end)


def test_wrapped_text_with_page_marks_is_joined(tmp_path: Path) -> None:
    from luoshi.plans.running_text import running_text

    sentence = (
        "推进全民健康生活方式行动，强化家庭和高危个体健康生活方式指导及干预，开展健康体重、健康口腔、健康骨骼等专项行动，"
        "到2030年基本实现以县为单位全覆盖。"
    )
    width, lines = 28, ["第一节 提高全民健康素养"]
    paragraphs = [sentence * 2, sentence * 3, sentence]
    page = 1
    for paragraph in paragraphs:
        indented = "\u3000\u3000" + paragraph
        for at in range(0, len(indented), width):
            lines.append(indented[at : at + width])
            if len(lines) % 9 == 0:
                lines += ["", "某市文件汇编", f"- {page} -", ""]
                page += 1
    document = open_document(write(tmp_path / "wrapped.txt", "\n".join(lines)))
    reading = running_text(document)
    assert [reading.text[p.start : p.end] for p in reading.paras][1:] == paragraphs
    assert "某市文件汇编" in texts(document, "chrome")


def test_html_without_its_site(tmp_path: Path) -> None:
    menu = "".join(f"<li><a href=/{n}>栏目{n}</a></li>" for n in range(8))
    body = "".join(f"<p>{line}</p>" for line in LINES)
    page = (
        f"<html><head><title>工作方案-某市政府</title><script>var x=1</script></head><body><div class='nav'><ul>{menu}</ul></div>"
        f"<div id=content><h1>工作方案</h1>{body}<table><tr><th>任务</th><th>责任单位</th></tr>"
        f"<tr><td rowspan=2>筛查</td><td>市卫生健康委</td></tr><tr><td>市医保局</td></tr></table></div>"
        f"<div class='footer'>版权所有 某市政府 京ICP备00000000号</div></body></html>"
    )
    document = open_document(write(tmp_path / "page.html", page))
    assert document.format == "html"
    assert document.title == "工作方案-某市政府"
    assert texts(document, "heading", "paragraph") == ["工作方案", *LINES]
    assert all("栏目" not in text for text in texts(document, "heading", "paragraph", "cell"))
    cells = [[document.slice(*span) for span in row] for row in document.tables[0].rows]
    assert cells == [["任务", "责任单位"], ["筛查", "市卫生健康委"], ["筛查", "市医保局"]]


def test_html_table_that_holds_the_whole_text(tmp_path: Path) -> None:
    long = "".join(f"<p>{n}.加强第{n}项工作。" + "提升服务能力，完善工作机制。" * 8 + "</p>" for n in range(1, 20))
    page = f"<table><tr><td>发布单位：</td><td>区卫生健康局</td></tr><tr><td colspan=2>{long}</td></tr></table>"
    document = open_document(write(tmp_path / "page.htm", page, "gb18030"))
    assert not document.tables
    assert any(text.startswith("19.加强") for text in texts(document, "paragraph"))


def test_docx_numbers_tables_footnotes_and_headings(tmp_path: Path) -> None:
    paper = docx.Document()
    paper.add_heading("实施方案", level=1)
    for line in ("加强组织", "做好宣传"):
        paper.add_paragraph(line, style="List Number")
    table = paper.add_table(rows=2, cols=2)
    for cell, text in zip(
        [c for row in table.rows for c in row.cells], ["工作任务", "责任单位", "癌症筛查", "市妇联"], strict=True
    ):
        cell.text = text
    paper.sections[0].header.paragraphs[0].text = "内部资料"
    path = tmp_path / "plan.docx"
    paper.save(str(path))
    document = open_document(path)
    assert texts(document, "heading") == ["实施方案"]
    assert texts(document, "paragraph") == ["1.加强组织", "2.做好宣传"]
    assert texts(document, "chrome") == ["内部资料"]
    assert [[document.slice(*span) for span in row] for row in document.tables[0].rows][1] == ["癌症筛查", "市妇联"]


def test_xlsx_ledger_with_merged_cells(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["2025年重点任务台账"])
    sheet.append(["序号", "工作任务", "牵头单位"])
    sheet.append([1, "建设县域医疗次中心5个", "市卫生健康委"])
    sheet.append([2, "开展筛查", None])
    sheet.merge_cells("A1:C1")
    sheet.merge_cells("C3:C4")
    path = tmp_path / "ledger.xlsx"
    book.save(path)
    document = open_document(path)
    assert texts(document, "heading") == ["2025年重点任务台账"]
    rows = [[document.slice(*span) for span in row] for row in document.tables[0].rows]
    assert rows[-1] == ["2", "开展筛查", "市卫生健康委"]


def pdf_of(pages: list[list[tuple[float, float, str]]], *, table: bool = False) -> bytes:
    """A PDF with the given texts at (x from the left, y from the top)."""
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    buffer = io.BytesIO()
    sheet = canvas.Canvas(buffer, pagesize=A4)
    for page in pages:
        sheet.setFont("STSong-Light", 12)
        for x, y, text in page:
            sheet.drawString(x, A4[1] - y, text)
        if table:
            for y in (90, 115, 140, 165):
                sheet.line(60, A4[1] - y, 500, A4[1] - y)
            for x in (60, 250, 500):
                sheet.line(x, A4[1] - 90, x, A4[1] - 165)
        sheet.showPage()
    sheet.save()
    return buffer.getvalue()


def wrapped_page(text: str, number: int, head: str) -> list[tuple[float, float, str]]:
    lines = [text[at : at + 34] for at in range(0, len(text), 34)]
    body = [(72.0, 90 + 22.0 * index, line) for index, line in enumerate(lines)]
    return [(72.0, 50.0, head), *body, (280.0, 800.0, f"- {number} -")]


def test_pdf_headers_page_numbers_and_wraps(tmp_path: Path) -> None:
    from luoshi.plans.running_text import running_text

    text = "推进基层医疗卫生服务体系建设，完善绩效评价机制，提升家庭医生签约服务质量，" * 20
    pages = [
        wrapped_page(text[at : at + 34 * 8], 1 + at // (34 * 8), "某市卫生健康委员会文件")
        for at in range(0, 34 * 32, 34 * 8)
    ]
    document = open_document(write(tmp_path / "plan.pdf", pdf_of(pages)))
    assert document.pages == 4
    reading = running_text(document)
    assert len(reading.paras) == 1
    assert reading.text.strip() == text[: 34 * 32]
    assert "- 2 -" in texts(document, "chrome")


def test_pdf_ruled_table(tmp_path: Path) -> None:
    page = [(72.0, 107.0, "工作任务"), (260.0, 107.0, "责任单位"), (72.0, 132.0, "两癌筛查"), (260.0, 132.0, "市妇联"),
            (72.0, 157.0, "控烟"), (260.0, 157.0, "市爱卫办")]  # fmt: skip
    document = open_document(write(tmp_path / "table.pdf", pdf_of([page], table=True)))
    rows = [[document.slice(*span) for span in row] for row in document.tables[0].rows]
    assert rows == [["工作任务", "责任单位"], ["两癌筛查", "市妇联"], ["控烟", "市爱卫办"]]


def test_the_content_decides_not_the_extension(tmp_path: Path) -> None:
    assert open_document(write(tmp_path / "plan.txt", pdf_of([[(72.0, 90.0, "实施方案")]]))).format == "pdf"
    assert open_document(write(tmp_path / "plan.docx", "<html><body><p>实施方案</p></body></html>")).format == "html"
