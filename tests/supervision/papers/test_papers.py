"""The three writers: the measures of GB/T 9704, headings that come again, rows that stay whole, the same bytes twice."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date

import openpyxl
import pypdfium2
import pytest
from docx import Document
from docx.oxml.ns import qn
from hypothesis import given
from hypothesis import strategies as st

from luoshi.supervision.papers import layout, template
from luoshi.supervision.papers.contents import Content, Numbering, Shown
from luoshi.supervision.papers.model import (
    Annex,
    Cell,
    Column,
    Entry,
    Figure,
    Head,
    Imprint,
    Mark,
    Paper,
    Paragraph,
    Signature,
    Table,
)
from luoshi.supervision.papers.pdf import pdf, title_lines
from luoshi.supervision.papers.sheet import sheet
from luoshi.supervision.papers.template import Names
from luoshi.supervision.papers.word import word
from luoshi.web import charts

LONG = "云岭高新技术产业开发区（国家级，含三个托管镇和一个少数民族乡）卫生健康事业发展服务中心"


def paper(rows: int = 60) -> Paper:
    """A paper with everything in it; its table is longer than a page."""
    columns = (
        Column(title="序号", width=1, align="center"),
        Column(title="单位", width=3),
        Column(title="完成", align="right"),
    )
    table = Table(
        caption="完成情况",
        columns=columns,
        rows=tuple(
            (
                Cell(text=str(n), value=float(n)),
                Cell(text=f"{LONG}{n}"),
                Cell(text=f"{n}.5%", value=n + 0.5, light="red", marks=(1,)),
            )
            for n in range(1, rows + 1)
        ),
    )  # fmt: skip
    wide = table.model_copy(update={"across": True, "rows": table.rows[:3], "caption": ""})
    spec = charts.bars([charts.Bar("按期", 3.0, "3 项")], unit="项", target=None, target_text="", width=300)
    return Paper(
        title="关于2025年10月全市卫生健康重点目标完成情况的通报",
        head=Head(body="云岭市卫生健康委员会", suffix="文件", number="云卫发〔2025〕7号"),
        addressee="各县（市、区）卫生健康局",
        blocks=(
            Paragraph(parts=("一、总体情况",), level=1),
            Paragraph(parts=("高血压患者基层规范管理服务率为61.54%", Mark(mark=1), "（16/26）。")),
            Figure(caption="图", spec=spec, wide=0.6),
            table,
            Annex(title="对照表"),
            wide,
        ),
        signature=Signature(body="云岭市卫生健康委员会", day=date(2025, 11, 3)),
        imprint=Imprint(copies="省卫生健康委员会", office="云岭市卫生健康委员会办公室", day=date(2025, 11, 3)),
        index=(
            Entry(what="规范管理服务率", text="61.54%", value=61.54, numerator=16, denominator=26, link="/targets/1/"),
        ),
    )


@pytest.fixture(scope="module")
def files(django_db_setup: None) -> dict[str, bytes]:
    """The paper in all three formats."""
    made = paper()
    return {"docx": word(made), "xlsx": sheet(made), "pdf": pdf(made)}


@pytest.mark.parametrize("write", [word, sheet, pdf])
def test_same_paper_same_bytes(write, monkeypatch) -> None:
    first = write(paper(3))
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    assert write(paper(3)) == first
    assert write(paper(4)) != first


def test_archives_carry_no_time(files) -> None:
    for form in ("docx", "xlsx"):
        with zipfile.ZipFile(io.BytesIO(files[form])) as archive:
            assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_word_has_the_measures_of_the_standard(files) -> None:
    document = Document(io.BytesIO(files["docx"]))
    first = document.sections[0]
    mm = lambda length: round(length / 36000, 1)  # noqa: E731
    assert (mm(first.page_width), mm(first.page_height)) == (210, 297)
    assert (mm(first.top_margin), mm(first.left_margin)) == (37, 28)
    assert mm(first.page_width - first.left_margin - first.right_margin) == 156
    assert mm(first.page_height - first.top_margin - first.bottom_margin) == 225
    normal = document.styles["Normal"]
    assert normal.font.size.pt == 16
    assert normal.paragraph_format.line_spacing.pt == 28
    assert normal.element.rPr.rFonts.get(qn("w:eastAsia")) == "仿宋_GB2312"
    assert document.styles["Title"].font.size.pt == 22
    assert document.styles["Title"].element.rPr.rFonts.get(qn("w:eastAsia")) == "方正小标宋简体"
    assert document.styles["Heading 1"].element.rPr.rFonts.get(qn("w:eastAsia")) == "黑体"
    assert document.styles["Heading 2"].element.rPr.rFonts.get(qn("w:eastAsia")) == "楷体_GB2312"
    # 22 lines fit, a 23rd does not; 28 characters fill the line.
    assert 22 * 28 * layout.PT <= 225 < 23 * 28 * layout.PT
    spacing = int(normal.element.rPr.find(qn("w:spacing")).get(qn("w:val"))) / 20
    assert abs(28 * (16 + spacing) * layout.PT - 156) < 0.5
    assert document.settings.odd_and_even_pages_header_footer
    assert first.footer.paragraphs[0].alignment == 2
    assert first.even_page_footer.paragraphs[0].alignment == 0
    assert any(section.page_width > section.page_height for section in document.sections)


def test_word_tables_repeat_their_heading_and_keep_rows_whole(files) -> None:
    document = Document(io.BytesIO(files["docx"]))
    for table in document.tables:
        rows = table._tbl.tr_lst
        assert rows[0].trPr.find(qn("w:tblHeader")) is not None
        assert all(row.trPr.find(qn("w:cantSplit")) is not None for row in rows)
    with zipfile.ZipFile(io.BytesIO(files["docx"])) as archive:
        fonts = archive.read("word/fontTable.xml").decode()
        body = archive.read("word/document.xml").decode()
    assert "FangSong" in fonts
    assert 'w:anchor="entry1"' in body
    assert 'w:name="entry1"' in body


def test_pdf_text_is_real_and_its_typefaces_are_within(files) -> None:
    document = pypdfium2.PdfDocument(files["pdf"])
    pages = [document[n].get_textpage().get_text_bounded() for n in range(len(document))]
    assert "云岭市卫生健康委员会文件" in pages[0]
    assert "云卫发〔2025〕7号" in pages[0]
    assert "高血压患者基层规范管理服务率为61.54%" in pages[0].replace("\r\n", "")
    assert re.search(rb"/FontFile[23]", files["pdf"])
    # The heading of the long table stands on every page that has rows of it.
    rowed = [text for text in pages if re.search(r"\b\d+\.5%", text)]
    assert len(rowed) >= 4
    assert all("单位" in text and "完成" in text for text in rowed)
    # A long name is there in full, broken over lines.
    assert LONG in "".join(pages).replace("\r\n", "")
    assert "印发" in pages[-1]
    assert pages[0].rstrip().endswith("— 1 —")


def test_pdf_rows_are_not_cut_by_pages(files) -> None:
    """Every row of the long table has its number and its value on the same page."""
    document = pypdfium2.PdfDocument(files["pdf"])
    pages = [document[n].get_textpage().get_text_bounded() for n in range(len(document))]
    for n in range(1, 61):
        assert any(f"{n}.5%" in text and f"中心{n}" in text.replace("\r\n", "") for text in pages), n


def test_workbook_reckons_and_prints(files) -> None:
    book = openpyxl.load_workbook(io.BytesIO(files["xlsx"]))
    page = book["完成情况"]
    assert page.freeze_panes == "A4"
    assert page.print_title_rows == "$3:$3"
    assert page["A4"].value == 1
    assert page["C4"].value == 1.5
    assert page["B4"].alignment.wrap_text
    assert book.sheetnames[-1] == "数据依据索引"


def test_a_cell_never_becomes_a_formula() -> None:
    made = paper(1)
    table = made.blocks[3].model_copy(update={"rows": ((Cell(text="=1+1"), Cell(text="a"), Cell(text="b")),)})
    book = openpyxl.load_workbook(io.BytesIO(sheet(made.model_copy(update={"blocks": (table,)}))))
    assert book["完成情况"]["A4"].data_type == "s"


def test_a_kept_paper_comes_back_the_same() -> None:
    made = paper(2)
    assert Paper.model_validate(made.model_dump(mode="json")) == made


NAMES = Names({"目标数", "滞后数"}, {"滞后目标"}, {"区划排名"}, {"总体"})
CONTENT = Content(
    fields={"目标数": Shown("99", Entry(what="目标", text="99")), "滞后数": "0"},
    paragraphs={"滞后目标": ("一", "二")},
    tables={"区划排名": Table(columns=(Column(title="a"),), rows=((Cell(text="1"),),))},
)


def test_template_names_line_and_nearest() -> None:
    text = "# 一、情况\n共{目标书}项\n{表：区划排行}\n{若：滞后数}\n}\n{完}\n{完}\n{若：总体}"
    found = template.problems(text, NAMES)
    assert [(p.line, p.code, p.near) for p in found] == [
        (2, "unknown-field", "目标数"), (3, "unknown-table", "区划排名"), (5, "brace", ""), (7, "unopened", ""),
        (8, "unclosed", ""),
    ]  # fmt: skip


def test_template_fills_marks_and_conditions() -> None:
    numbering = Numbering()
    lines = [
        "# 一、情况",
        "共{目标数}项，{{原样}}",
        "{若：滞后数}",
        "有滞后",
        "{否则}",
        "没有滞后",
        "{完}",
        "{段：滞后目标}",
    ]
    text = "\n".join([*lines, "{表：区划排名}", "{附件：各地}"])
    made = template.blocks(text, CONTENT, numbering)
    assert [b.kind for b in made] == ["paragraph"] * 5 + ["table", "annex"]
    assert made[0].level == 1
    assert made[1].parts == ("共99", Mark(mark=1), "项，{原样}")
    assert made[2].plain == "没有滞后"
    assert numbering.index == (Entry(what="目标", text="99"),)


def test_headings_with_nothing_under_them_vanish_and_the_others_are_numbered_without_a_gap() -> None:
    empty = ["{若：滞后数}", "滞后。", "{完}"]
    lines = [
        "# 一、情况",
        "有。",
        "# 二、差距",
        "## （一）甲",
        *empty,
        "# 三、地方",
        "## （一）乙",
        *empty,
        "## （二）丙",
        "有。",
    ]
    lines += ["# 四、下一步", *empty, "{附件：各地}", "# 二、附", "有。"]
    made = template.blocks("\n".join(lines), CONTENT, Numbering())
    said = [b.plain for b in made if isinstance(b, Paragraph)]
    assert said == ["一、情况", "有。", "二、地方", "（一）丙", "有。", "一、附", "有。"]


def test_a_heading_without_a_number_gets_none() -> None:
    made = template.blocks("# 情况\n有。\n# 一、差距\n有。", CONTENT, Numbering())
    assert [b.plain for b in made if isinstance(b, Paragraph)][::2] == ["情况", "一、差距"]


@given(st.text(alphabet="{}#若：表完否则段 目标数滞后\n()__class__.%s", max_size=80))
def test_no_template_runs_or_breaks(text: str) -> None:
    """Whatever is written, it is either named as a mistake or filled; nothing is called."""
    if not template.problems(text, NAMES):
        assert all(block.kind for block in template.blocks(text, CONTENT, Numbering()))


@given(st.text(alphabet="关于年度全市卫生健康重点目标完成情况的通报2025（）", min_size=1, max_size=70))
def test_title_lines_lose_nothing(title: str) -> None:
    lines = title_lines(title)
    assert "".join(lines) == title
    assert all(lines)


def test_signature_stands_where_the_standard_says() -> None:
    assert layout.signature_indents("局", "2025年11月3日")[1] == 4
    over, under = layout.signature_indents("云岭市卫生健康委员会", "2025年11月3日")
    assert over == 2.25
    assert under == 4
    assert layout.signature_indents(LONG, "2025年11月3日")[0] == 2
