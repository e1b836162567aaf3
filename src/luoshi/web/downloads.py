"""A table as an Excel or Word file, with the same words, notes and numbers as the page.

Pages offer them by `?format=xlsx` and `?format=docx`. Text is written as text: what begins with `=` in a record never
becomes a formula.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date
from urllib.parse import quote

import docx
import xlsxwriter
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from docx.enum.section import WD_ORIENT
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from luoshi.kernel.clock import now
from luoshi.web import charts
from luoshi.web.tables import Cell, Column, Table

TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


def wanted(request: HttpRequest) -> str:
    """`xlsx` or `docx` when the address asks for a file, else empty."""
    kind = request.GET.get("format", "")
    return kind if kind in TYPES else ""


def answer(
    kind: str,
    name: str,
    tables: Sequence[Table],
    *,
    title: str,
    lines: Sequence[str] = (),
    specs: Sequence[charts.Spec] = (),
) -> HttpResponse:
    """The file as a download called `name` with the day. `lines` come under the title; `specs` are charts (Word only)."""
    body = (
        xlsx(tables, title=title, lines=lines)
        if kind == "xlsx"
        else word(tables, title=title, lines=lines, specs=specs)
    )
    response = HttpResponse(body, content_type=TYPES[kind])
    file = quote(f"{name}-{now():%Y%m%d}.{kind}")
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{file}"
    response["Cache-Control"] = "private, no-store"
    return response


def _shown(table: Table) -> list[int]:
    return [n for n, column in enumerate(table.columns) if not column.hide]


def _stamp() -> str:
    return _("导出时间：%(time)s") % {"time": f"{now():%Y-%m-%d %H:%M}"}


def xlsx(tables: Sequence[Table], *, title: str, lines: Sequence[str] = ()) -> bytes:
    """One sheet for each table: title, lines, frozen heading row with a filter, rows, notes."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    font = {"font_name": "Noto Sans CJK SC", "font_size": 10, "valign": "top"}
    big = book.add_format({**font, "bold": True, "font_size": 14})
    small = book.add_format({**font, "font_color": "#51606f"})
    head = book.add_format({**font, "bold": True, "bg_color": "#e8eff6", "border": 1, "text_wrap": True})
    text = book.add_format({**font, "border": 1, "text_wrap": True})
    day = book.add_format({**font, "border": 1, "num_format": "yyyy-mm-dd", "align": "left"})
    number = book.add_format({**font, "border": 1, "num_format": "#,##0.##", "align": "right"})
    names: set[str] = set()
    for table in tables:
        sheet = book.add_worksheet(sheet_name(str(table.caption), names))
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        row = 0
        sheet.write_string(row, 0, title, big)
        for line in [*lines, _stamp()]:
            row += 1
            sheet.write_string(row, 0, line, small)
        row += 2
        shown = _shown(table)
        for at, n in enumerate(shown):
            sheet.set_column(at, at, table.columns[n].width)
            sheet.write_string(row, at, str(table.columns[n].title), head)
        sheet.freeze_panes(row + 1, 0)
        sheet.repeat_rows(row)
        if table.rows:
            sheet.autofilter(row, 0, row + len(table.rows), max(0, len(shown) - 1))
        for cells in table.rows:
            row += 1
            for at, n in enumerate(shown):
                value = cells[n].value
                if isinstance(value, date):
                    sheet.write_datetime(row, at, value, day)
                elif isinstance(value, int | float) and not isinstance(value, bool):
                    sheet.write_number(row, at, value, number)
                else:
                    sheet.write_string(row, at, cells[n].plain, text)
        for note in table.notes:
            row += 1
            sheet.write_string(row, 0, str(note), small)
    book.close()
    return out.getvalue()


def sheet_name(caption: str, taken: set[str], unnamed: str = "Sheet") -> str:
    """A name for a sheet: at most 31 characters, none that Excel refuses, not in `taken`, which it joins."""
    base = "".join(c for c in caption if c not in "[]:*?/\\'")[:28] or unnamed
    name, n = base, 1
    while name in taken:
        n += 1
        name = f"{base}{n}"
    taken.add(name)
    return name


def word(tables: Sequence[Table], *, title: str, lines: Sequence[str] = (), specs: Sequence[charts.Spec] = ()) -> bytes:
    """An A4 document: title, lines, charts, then every table with its caption and notes. Wide tables lie across."""
    document = docx.Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    if any(len(_shown(table)) > 6 for table in tables):
        section.orientation = WD_ORIENT.LANDSCAPE
        section.page_width, section.page_height = Mm(297), Mm(210)
    section.left_margin = section.right_margin = Mm(20)
    section.top_margin = section.bottom_margin = Mm(18)
    for style_name in ("Normal", "Title", "Heading 2", "Caption"):
        style = document.styles[style_name]
        style.font.name = "Noto Sans CJK SC"
        style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), "Noto Sans CJK SC")
    document.styles["Normal"].font.size = Pt(10.5)
    document.add_heading(title, level=0)
    for line in [*lines, _stamp()]:
        document.add_paragraph(line)
    for spec in specs:
        document.add_picture(io.BytesIO(charts.png(spec)), width=min(Mm(165), section.page_width - Mm(40)))
    for table in tables:
        _word_table(document, table)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _word_table(document: docx.document.Document, table: Table) -> None:
    document.add_heading(str(table.caption), level=2)
    if not table.rows:
        document.add_paragraph(str(table.empty or _("没有数据")))
        return
    shown = _shown(table)
    grid = document.add_table(rows=1, cols=len(shown), style="Table Grid")
    for at, n in enumerate(shown):
        paragraph = grid.rows[0].cells[at].paragraphs[0]
        paragraph.add_run(str(table.columns[n].title)).bold = True
    # The heading row comes again on every page.
    grid.rows[0]._tr.get_or_add_trPr().append(grid.rows[0]._tr.makeelement(qn("w:tblHeader"), {qn("w:val"): "true"}))
    for cells in table.rows:
        row = grid.add_row().cells
        for at, n in enumerate(shown):
            row[at].text = cells[n].plain
            if table.columns[n].kind == "number":
                row[at].paragraphs[0].alignment = 2
    for note in table.notes:
        document.add_paragraph(str(note))


__all__ = ["Cell", "Column", "Table", "answer", "wanted", "word", "xlsx"]
