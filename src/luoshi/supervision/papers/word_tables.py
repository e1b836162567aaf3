"""Tables of a paper in Word: written as XML at once, because cell by cell costs seconds for a few hundred rows."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from luoshi.supervision.papers import layout
from luoshi.supervision.papers.model import Cell, Table
from luoshi.web.lights import light

_DRAWN = {"green": "●", "yellow": "▲", "red": "■", "grey": "○"}
_SIDES = {"left": "left", "center": "center", "right": "right"}


def points(table: Table) -> float:
    """The size of a table's letters: the more columns, the smaller."""
    if len(table.columns) >= layout.CROWDED_COLUMNS:
        return layout.CROWDED_PT
    return layout.DENSE_PT if len(table.columns) >= layout.DENSE_COLUMNS else layout.TABLE_PT


def element(table: Table, *, width_mm: float, pt: float, bookmarks: str = "") -> object:
    """The table as an element of the body: `width_mm` wide, its heading repeated, its rows whole. With `bookmarks` the
    first cell of row n carries the bookmark of that name and number."""
    total = sum(column.width for column in table.columns)
    wide = [round(column.width / total * width_mm / 25.4 * 1440) for column in table.columns]
    inside = 40 if len(table.columns) >= layout.CROWDED_COLUMNS else 80
    out = [
        f'<w:tbl {nsdecls("w")}><w:tblPr><w:tblW w:w="{sum(wide)}" w:type="dxa"/><w:jc w:val="center"/>'
        '<w:tblBorders>',
        *(f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="000000"/>'
          for side in ("top", "left", "bottom", "right", "insideH", "insideV")),
        '</w:tblBorders><w:tblLayout w:type="fixed"/><w:tblCellMar>'
        f'<w:top w:w="40" w:type="dxa"/><w:left w:w="{inside}" w:type="dxa"/><w:bottom w:w="40" w:type="dxa"/>'
        f'<w:right w:w="{inside}" w:type="dxa"/></w:tblCellMar></w:tblPr><w:tblGrid>',
        *(f'<w:gridCol w:w="{w}"/>' for w in wide),
        "</w:tblGrid>",
    ]  # fmt: skip
    heads = [Cell(text=column.title) for column in table.columns]
    out.append(_row(heads, wide, ["center"] * len(wide), pt, style="TableHead", head=True))
    sides = [_SIDES[column.align] for column in table.columns]
    closing = len(table.rows) - table.closing
    for n, row in enumerate(table.rows):
        style = "TableHead" if n >= closing else "TableText"
        out.append(_row(row, wide, sides, pt, style=style, bookmark=f"{bookmarks}{n + 1}" if bookmarks else "", n=n))
    out.append("</w:tbl>")
    return parse_xml("".join(out))


def _row(
    cells: Sequence[Cell], wide: Sequence[int], sides: Sequence[str], pt: float, *, style: str, head: bool = False,
    bookmark: str = "", n: int = 0,
) -> str:  # fmt: skip
    out = ["<w:tr><w:trPr><w:cantSplit/>", "<w:tblHeader/>" if head else "", "</w:trPr>"]
    for at, (cell, width, side) in enumerate(zip(cells, wide, sides, strict=True)):
        start = end = ""
        if bookmark and at == 0:
            start = f'<w:bookmarkStart w:id="{n + 1}" w:name="{bookmark}"/>'
            end = f'<w:bookmarkEnd w:id="{n + 1}"/>'
        out.append(
            f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/><w:vAlign w:val="center"/></w:tcPr>'
            f'<w:p><w:pPr><w:pStyle w:val="{style}"/><w:jc w:val="{side}"/></w:pPr>'
            f"{start}{_shown(cell, pt)}{end}</w:p></w:tc>"
        )
    out.append("</w:tr>")
    return "".join(out)


def _shown(cell: Cell, pt: float) -> str:
    size = f'<w:sz w:val="{round(pt * 2)}"/><w:szCs w:val="{round(pt * 2)}"/>'
    out = ""
    if cell.light:
        colour = light(cell.light).colour.lstrip("#")
        out += run(_DRAWN[cell.light], f'<w:color w:val="{colour}"/>{size}')
    out += run(layout.with_breaks(cell.text), size)
    return out + "".join(reference(mark, pt) for mark in cell.marks)


def run(text: str, properties: str = "") -> str:
    """A run of text with its properties."""
    kept = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    return f'<w:r>{kept}<w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def reference(mark: int, pt: float) -> str:
    """The mark behind a figure, leading to its line in the index."""
    small = round(pt * 2 * 0.8)
    properties = f'<w:sz w:val="{small}"/><w:szCs w:val="{small}"/><w:vertAlign w:val="superscript"/>'
    return f'<w:hyperlink w:anchor="entry{mark}" w:history="1">{run(f"[{mark}]", properties)}</w:hyperlink>'
