"""A paper as workbook: the text on the first sheet, each table on one of its own, the index of evidence on the last.

Headings are frozen, filtered and printed on every page; figures are numbers, so that they can be summed; long names wrap.
Text is written as text: what begins with `=` never becomes a formula. The same paper gives the same bytes.
"""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import xlsxwriter

from luoshi.supervision.papers import layout
from luoshi.supervision.papers.evidence import COLUMNS, index_table
from luoshi.supervision.papers.model import Annex, Cell, Paper, Paragraph, Table
from luoshi.supervision.papers.packing import MADE, packed
from luoshi.web.downloads import sheet_name
from luoshi.web.lights import light

_WIDTH = {False: 88.0, True: 132.0}  # characters across an A4 page, upright and lying


def sheet(paper: Paper) -> bytes:
    """The paper as xlsx."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    author = paper.signature.body if paper.signature else ""
    book.set_properties({"title": paper.title, "author": author, "created": MADE})
    looks = _looks(book)
    names: set[str] = set()
    _text(book, looks, paper, names)
    annex = ""
    for block in paper.blocks:
        if isinstance(block, Annex):
            annex = block.title
        elif isinstance(block, Table):
            _table(book, looks, block, title=block.caption or annex or paper.title, over=paper.title, names=names)
    if paper.index:
        _table(book, looks, index_table(paper), title="数据依据索引", over=paper.title, names=names)
    book.close()
    return packed(out.getvalue())


def _looks(book: Any) -> dict[str, Any]:
    body, first = layout.FACES["song"].names[0], layout.FACES["first"].names[0]
    text = {"font_name": body, "font_size": 11, "valign": "vcenter", "text_wrap": True}
    box = {**text, "border": 1}
    found = {
        "title": book.add_format({"font_name": first, "font_size": 16, "align": "center", "valign": "vcenter"}),
        "heading": book.add_format({**text, "font_name": first}),
        "text": book.add_format({**text, "valign": "top"}),
        "note": book.add_format({"font_name": body, "font_size": 10, "font_color": "#51606f"}),
        "head": book.add_format({**box, "font_name": first, "align": "center", "bg_color": "#e8eff6"}),
    }
    for side in ("left", "center", "right"):
        found[side] = book.add_format({**box, "align": side})
        found[f"sum-{side}"] = book.add_format({**box, "align": side, "font_name": first, "bg_color": "#f4f6f8"})
    return found


def _text(book: Any, looks: dict[str, Any], paper: Paper, names: set[str]) -> None:
    page = _page(book, sheet_name("正文", names, "表"), across=False)
    page.set_column(0, 0, _WIDTH[False])
    row = 0
    for words in filter(None, (paper.head.body + paper.head.suffix, paper.head.number, paper.draft)):
        page.write_string(row, 0, words, looks["note"])
        row += 1
    page.write_string(row, 0, paper.title, looks["title"])
    page.set_row(row, 30)
    row += 1
    lines = [(f"{paper.addressee}：", "text")] if paper.addressee else []
    for block in paper.blocks:
        if isinstance(block, Annex):
            break
        if isinstance(block, Paragraph):
            shown = "".join(p if isinstance(p, str) else f"[{p.mark}]" for p in block.parts)
            lines.append((shown if block.level else f"　　{shown}", "heading" if block.level in (1, 2) else "text"))
    if paper.signature:
        lines += [(paper.signature.body, "text"), (layout.chinese_day(paper.signature.day), "text")]
    for words, look in lines:
        page.write_string(row, 0, words, looks[look])
        page.set_row(row, 16.0 * max(1, -(-int(layout.ems(words) * 2) // int(_WIDTH[False] - 2))))
        row += 1


def _table(book: Any, looks: dict[str, Any], table: Table, *, title: str, over: str, names: set[str]) -> None:
    across = table.across or len(table.columns) >= layout.DENSE_COLUMNS
    page = _page(book, sheet_name(title, names, "表"), across=across)
    last = len(table.columns) - 1
    total = sum(column.width for column in table.columns)
    wide = [max(6.0, min(60.0, column.width / total * _WIDTH[across])) for column in table.columns]
    page.write_string(0, 0, title, looks["title"]) if last == 0 else page.merge_range(
        0, 0, 0, last, title, looks["title"]
    )
    page.set_row(0, 28)
    page.write_string(1, 0, over if over != title else "", looks["note"])
    for at, column in enumerate(table.columns):
        page.set_column(at, at, wide[at])
        page.write_string(2, at, column.title, looks["head"])
    page.set_row(2, _height([column.title for column in table.columns], wide))
    page.freeze_panes(3, 1 if last > 3 else 0)
    page.repeat_rows(2)
    if table.rows:
        page.autofilter(2, 0, 2 + len(table.rows), last)
    formats: dict[tuple[str, str, str], Any] = {}
    row = 2
    for n, cells in enumerate(table.rows):
        row += 1
        summed = "sum-" if n >= len(table.rows) - table.closing else ""
        page.set_row(row, _height([cell.text for cell in cells], wide))
        for at, cell in enumerate(cells):
            side = table.columns[at].align
            look = looks[f"{summed}{side}"]
            if cell.format or cell.light or isinstance(cell.value, date):
                key = (f"{summed}{side}", cell.format, cell.light)
                if key not in formats:
                    formats[key] = _special(book, summed, side, cell)
                look = formats[key]
            _write(page, row, at, cell, look)
    for note in table.notes or ((table.empty,) if not table.rows else ()):
        row += 1
        page.write_string(row, 0, note, looks["note"])


def _special(book: Any, summed: str, side: str, cell: Cell) -> Any:
    face = layout.FACES["first" if summed else "song"].names[0]
    form = cell.format or ("yyyy-mm-dd" if isinstance(cell.value, date) else "General")
    look = {"font_name": face, "font_size": 11, "valign": "vcenter", "text_wrap": True, "border": 1, "align": side}
    colour = {"font_color": light(cell.light).colour} if cell.light in ("red", "grey", "green", "yellow") else {}
    return book.add_format({**look, "num_format": form, **colour})


def _write(page: Any, row: int, at: int, cell: Cell, look: Any) -> None:
    if isinstance(cell.value, date):
        page.write_datetime(row, at, cell.value, look)
    elif cell.value is not None:
        page.write_number(row, at, cell.value, look)
    else:
        page.write_string(row, at, cell.text, look)


def _page(book: Any, name: str, *, across: bool) -> Any:
    page = book.add_worksheet(name)
    page.set_paper(9)
    if across:
        page.set_landscape()
    page.fit_to_pages(1, 0)
    page.set_margins(left=0.6, right=0.6, top=0.8, bottom=0.8)
    page.set_footer("&C&P / &N")
    return page


def _height(texts: list[str], wide: list[float]) -> float:
    """The height of a row in points, so that every wrapped cell can be read in full."""
    lines = max(
        (-(-int(layout.ems(t) * 2 + 1) // max(1, int(w - 1))) for t, w in zip(texts, wide, strict=True)), default=1
    )
    return min(400.0, 15.0 * max(1, lines) + 4)


__all__ = ["COLUMNS", "sheet"]
