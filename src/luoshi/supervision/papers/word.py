"""A paper as docx in the layout of GB/T 9704-2012, to be opened, corrected and printed in Word or WPS.

Styles carry the names of the standard's typefaces; the font table names what may stand for each, so that a machine
without 仿宋_GB2312 shows its own 仿宋. The same paper gives the same bytes.
"""

from __future__ import annotations

import io
from typing import Any

import docx
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt, RGBColor

from luoshi.supervision.papers import layout, word_tables
from luoshi.supervision.papers.evidence import index_table
from luoshi.supervision.papers.model import Block, Figure, Imprint, Mark, Paper, Paragraph, Part, Table
from luoshi.supervision.papers.packing import MADE, packed
from luoshi.supervision.papers.pdf import parts_of, title_lines
from luoshi.web import charts

_LEVELS = {0: "Normal", 1: "Heading 1", 2: "Heading 2", 3: "Heading 3", 4: "Heading 4"}
_RED = RGBColor.from_string(layout.RED.lstrip("#"))


def word(paper: Paper) -> bytes:
    """The paper as docx."""
    return _Writer(paper).written()


class _Writer:
    """Writes one paper from top to bottom."""

    def __init__(self, paper: Paper) -> None:
        self.paper = paper
        self.document = docx.Document()
        self.lying = False
        _styles(self.document)
        _fonts(self.document)
        _portrait(self.document.sections[0])
        self.document.settings.odd_and_even_pages_header_footer = True
        _page_numbers(self.document.sections[0], draft=paper.draft)

    def written(self) -> bytes:
        """The bytes of the file."""
        paper, (text, annexes) = self.paper, parts_of(self.paper)
        self._head()
        self._flow(text)
        self._foot()
        titles = paper.annexes()
        for n, (annex, blocks) in enumerate(annexes):
            self._turn(across=any(isinstance(b, Table) and b.across for b in blocks), page=True)
            self._line("附件" if len(titles) == 1 else f"附件{n + 1}", "Heading 1", indent=False)
            self._title(annex.title, "Annex Title")
            self._flow(blocks, inside_annex=True)
        if paper.index:
            self._turn(across=False, page=True)
            self._title("数据依据索引", "Annex Title")
            self._table(index_table(paper), pt=layout.INDEX_PT, bookmarks="entry", caption=False)
        if paper.imprint:
            self._turn(across=False, page=False)
            _imprint(self.document, paper.imprint)
        properties = self.document.core_properties
        properties.title, properties.subject = paper.title, paper.subject
        properties.author = properties.last_modified_by = paper.signature.body if paper.signature else ""
        properties.created = properties.modified = properties.last_printed = MADE
        properties.revision, properties.comments, properties.keywords = 1, "", ""
        out = io.BytesIO()
        self.document.save(out)
        return packed(out.getvalue())

    def _line(self, text: str, style: str = "Normal", *, indent: bool = True, align: Any = None) -> Any:
        paragraph = self.document.add_paragraph(text, style=style)
        if not indent:
            _indent(paragraph, first=0)
        if align is not None:
            paragraph.alignment = align
        return paragraph

    def _title(self, title: str, style: str) -> None:
        paragraph = self.document.add_paragraph(style=style)
        for n, line in enumerate(title_lines(title)):
            if n:
                paragraph.add_run().add_break()
            paragraph.add_run(line)

    def _head(self) -> None:
        head = self.paper.head
        centre = WD_ALIGN_PARAGRAPH.CENTER
        if head.body:
            for words in (head.secrecy, head.urgency):
                if words:
                    self._line(words, "Heading 1", indent=False)
            down = max(0.0, layout.HEAD_DOWN / layout.PT - layout.LINE_PT * bool(head.secrecy or head.urgency))
            body = self._line(head.body + head.suffix, "Red Head", indent=False, align=centre)
            body.paragraph_format.space_before = Pt(down)
            body.runs[0].font.size = Pt(layout.head_pt(head.body + head.suffix))
            self._line("", indent=False)
            if head.signer:
                number = self._line(f"　{head.number}", indent=False)
                stop = round(layout.AREA_WIDTH / 25.4 * 1440 - layout.BODY_PT * 20)
                tabs = parse_xml(f'<w:tabs {nsdecls("w")}><w:tab w:val="right" w:pos="{stop}"/></w:tabs>')
                number._p.get_or_add_pPr().insert_element_before(tabs, "w:spacing", "w:ind", "w:jc", "w:rPr")
                number.add_run(f"\t签发人：{head.signer}")
            else:
                number = self._line(head.number, indent=False, align=centre)
            _bottom_rule(number)
            self._line("", indent=False)
        elif head.number:
            self._line(head.number, indent=False, align=centre)
        self._line("", indent=False)
        self._title(self.paper.title, "Title")
        if self.paper.subtitle:
            self._line(self.paper.subtitle, "Heading 2", indent=False, align=centre)
        self._line("", indent=False)
        if self.paper.addressee:
            self._line(f"{self.paper.addressee}：", indent=False)

    def _flow(self, blocks: list[Block], *, inside_annex: bool = False) -> None:
        for block in blocks:
            if isinstance(block, Paragraph):
                self._paragraph(block)
            elif isinstance(block, Table):
                if not inside_annex:
                    self._turn(across=block.across, page=False)
                self._table(block, pt=word_tables.points(block))
            elif isinstance(block, Figure):
                self._figure(block)
        if not inside_annex:
            self._turn(across=False, page=False)

    def _paragraph(self, block: Paragraph) -> None:
        paragraph = self.document.add_paragraph(style=_LEVELS[block.level])
        if block.centred:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        if block.centred or not block.indent:
            _indent(paragraph, first=0)
        self._parts(paragraph, block.parts)

    def _parts(self, paragraph: Any, parts: tuple[Part, ...]) -> None:
        for part in parts:
            if isinstance(part, Mark):
                reference = word_tables.reference(part.mark, layout.BODY_PT)
                paragraph._p.append(parse_xml(reference.replace("<w:hyperlink ", f"<w:hyperlink {nsdecls('w')} ", 1)))
            else:
                paragraph.add_run(part)

    def _table(self, table: Table, *, pt: float, bookmarks: str = "", caption: bool = True) -> None:
        if caption and table.caption:
            self._line(table.caption, "Table Caption")
        if table.rows:
            section = self.document.sections[-1]
            width = (section.page_width - section.left_margin - section.right_margin) / 36000
            made = word_tables.element(table, width_mm=width, pt=pt, bookmarks=bookmarks)
            self.document.element.body.insert_element_before(made, "w:sectPr")
        else:
            self._line(table.empty, "Table Note").alignment = WD_ALIGN_PARAGRAPH.CENTER
        for note in table.notes:
            self._line(note, "Table Note")
        if table.rows and not table.notes:
            self._line("", "Table Note")

    def _figure(self, figure: Figure) -> None:
        paragraph = self.document.add_paragraph(style="Figure")
        picture = io.BytesIO(charts.png(figure.spec))
        shape = paragraph.add_run().add_picture(picture, width=Mm(layout.AREA_WIDTH * figure.wide))
        shape._inline.docPr.set("descr", figure.caption)
        self._line(figure.caption, "Table Caption").paragraph_format.keep_with_next = False

    def _foot(self) -> None:
        paper = self.paper
        titles = paper.annexes()
        if titles:
            self._line("", indent=False)
            for words, title in layout.annex_line(titles):
                paragraph = self._line(f"{words}{title}", indent=False)
                _indent(paragraph, first=-3, left=5)
                paragraph.paragraph_format.keep_with_next = paper.signature is not None
        if paper.signature:
            day = layout.chinese_day(paper.signature.day)
            over, under = layout.signature_indents(paper.signature.body, day)
            self._line("", indent=False).paragraph_format.keep_with_next = True
            self._line("", indent=False).paragraph_format.keep_with_next = True
            for words, right in ((paper.signature.body, over), (day, under)):
                paragraph = self._line(words, indent=False, align=WD_ALIGN_PARAGRAPH.RIGHT)
                paragraph.paragraph_format.right_indent = Pt(right * layout.BODY_PT)
                paragraph.paragraph_format.keep_with_next = words != day
        if paper.remark:
            self._line(f"（{paper.remark}）")

    def _turn(self, *, across: bool, page: bool) -> None:
        """Go on on pages lying across or upright; with `page` on a new one in any case."""
        if across == self.lying:
            if page:
                self.document.add_page_break()
                # The paragraph that holds the break must not push the next line down.
                self.document.paragraphs[-1].style = "Break"
            return
        section = self.document.add_section(WD_SECTION.NEW_PAGE)
        if across:
            section.orientation = WD_ORIENT.LANDSCAPE
            section.page_width, section.page_height = Mm(layout.PAGE_HEIGHT), Mm(layout.PAGE_WIDTH)
            section.top_margin, section.bottom_margin = Mm(layout.LEFT), Mm(layout.RIGHT)
            section.left_margin = section.right_margin = Mm(35)
            section.footer_distance = Mm(15)
        else:
            _portrait(section)
        self.lying = across


def _styles(document: Any) -> None:
    styles = document.styles
    normal = styles["Normal"]
    _face(normal, "body", layout.BODY_PT)
    form = normal.paragraph_format
    form.space_before = form.space_after = Pt(0)
    form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(layout.LINE_PT)
    form.alignment = WD_ALIGN_PARAGRAPH.JUSTIFY
    form.widow_control = False
    _indent(normal, first=2)
    # 28 characters fill a line: each a little closer than its size. Done by the letters' spacing, because readers differ
    # in what they make of Word's grid of characters.
    space = round((layout.AREA_WIDTH / layout.PT / layout.CHARACTERS - layout.BODY_PT) * 20)
    _closer(normal, space)
    # Digits and letters stand as close to Chinese as the grid has them.
    properties = normal.element.get_or_add_pPr()
    for name in ("autoSpaceDE", "autoSpaceDN"):
        element = properties.makeelement(qn(f"w:{name}"), {qn("w:val"): "0"})
        properties.insert_element_before(element, "w:spacing", "w:ind", "w:jc")
    made = {name: styles[name] for name in ("Title", "Heading 1", "Heading 2", "Heading 3", "Heading 4")}
    for name in ("Red Head", "Annex Title", "Table Caption", "Table Note", "TableHead", "TableText", "Figure", "Imprint",
                 "Break"):  # fmt: skip
        made[name] = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        made[name].base_style = normal
    wanted = {
        "Title": ("title", layout.TITLE_PT, "center", 0, 36.0), "Annex Title": ("title", layout.TITLE_PT, "center", 0, 36.0),
        "Red Head": ("title", 36.0, "center", 0, None), "Heading 1": ("first", 16.0, "both", 2, 28.0),
        "Heading 2": ("second", 16.0, "both", 2, 28.0), "Heading 3": ("body", 16.0, "both", 2, 28.0),
        "Heading 4": ("body", 16.0, "both", 2, 28.0), "Table Caption": ("first", 14.0, "center", 0, 28.0),
        "Table Note": ("body", 10.5, "left", 0, 16.0), "TableHead": ("first", 12.0, "center", 0, None),
        "TableText": ("body", 12.0, "left", 0, None), "Figure": ("body", 12.0, "center", 0, None),
        "Imprint": ("body", layout.SMALL_PT, "left", 0, 22.0), "Break": ("body", 1.0, "left", 0, 1.0),
    }  # fmt: skip
    sides = {"center": WD_ALIGN_PARAGRAPH.CENTER, "both": WD_ALIGN_PARAGRAPH.JUSTIFY, "left": WD_ALIGN_PARAGRAPH.LEFT}
    for name, (face, size, side, first, pitch) in wanted.items():
        style = made[name]
        _face(style, face, size, bold=None)
        form = style.paragraph_format
        form.alignment, form.space_before, form.space_after = sides[side], Pt(0), Pt(0)
        form.keep_with_next = name in ("Heading 1", "Heading 2", "Table Caption", "Annex Title", "Title", "Figure")
        if pitch is None:
            form.line_spacing_rule = WD_LINE_SPACING.SINGLE
        else:
            form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(pitch)
        _indent(style, first=first)
        for border in style.element.get_or_add_pPr().findall(qn("w:pBdr")):
            style.element.pPr.remove(border)
        if size != layout.BODY_PT:
            _closer(style, 0)
    made["Red Head"].font.color.rgb = _RED
    made["Annex Title"].paragraph_format.space_after = Pt(8)


def _face(style: Any, face: str, size: float, bold: bool | None = False) -> None:
    """The typeface and size of a style, in black, upright, the same for letters and digits."""
    name = layout.FACES[face].names[0]
    font = style.font
    font.size, font.bold, font.italic, font.color.rgb = Pt(size), bool(bold), False, RGBColor(0, 0, 0)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for key in list(fonts.attrib):
        del fonts.attrib[key]
    for key in ("ascii", "hAnsi", "eastAsia", "cs"):
        fonts.set(qn(f"w:{key}"), name)
    for element in style.element.rPr.findall(qn("w:spacing")) + style.element.rPr.findall(qn("w:kern")):
        style.element.rPr.remove(element)


def _closer(style: Any, twentieths: int) -> None:
    """Set the letters of a style closer (negative) or wider, in twentieths of a point."""
    properties = style.element.get_or_add_rPr()
    made = parse_xml(f'<w:spacing {nsdecls("w")} w:val="{twentieths}"/>')
    properties.insert_element_before(made, "w:w", "w:kern", "w:position", "w:sz", "w:szCs", "w:highlight", "w:lang")


def _indent(thing: Any, *, first: float, left: float = 0) -> None:
    """Indents in characters, which follow the size of the letters, with points for readers that know only these."""
    element = thing._p if hasattr(thing, "_p") else thing.element
    properties = element.get_or_add_pPr()
    for old in properties.findall(qn("w:ind")):
        properties.remove(old)
    ind = properties._add_ind() if hasattr(properties, "_add_ind") else properties.get_or_add_ind()
    points = layout.BODY_PT
    ind.set(qn("w:left"), str(round(left * points * 20)))
    ind.set(qn("w:leftChars"), str(round(left * 100)))
    key = "firstLine" if first >= 0 else "hanging"
    ind.set(qn(f"w:{key}"), str(round(abs(first) * points * 20)))
    ind.set(qn(f"w:{key}Chars"), str(round(abs(first) * 100)))


def _fonts(document: Any) -> None:
    """Say in the font table what may stand for each typeface of the standard."""
    table = next(part for part in document.part.package.iter_parts() if str(part.partname).endswith("fontTable.xml"))
    fonts = []
    for face in layout.FACES.values():
        first, others = face.names[0], (*face.names[1:], *face.stand_in)
        fonts.append(
            f'<w:font w:name="{first}"><w:altName w:val="{",".join(others)[:120]}"/><w:charset w:val="86"/>'
            '<w:family w:val="auto"/><w:pitch w:val="default"/></w:font>'
        )
    # Two faces of the standard may share one name; each stands once.
    body = "".join(dict.fromkeys(fonts))
    table._blob = (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:fonts {nsdecls("w")}>{body}</w:fonts>'.encode()
    )


def _portrait(section: Any) -> None:
    section.orientation = WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = Mm(layout.PAGE_WIDTH), Mm(layout.PAGE_HEIGHT)
    section.top_margin, section.bottom_margin = Mm(layout.TOP), Mm(layout.BOTTOM)
    section.left_margin, section.right_margin = Mm(layout.LEFT), Mm(layout.RIGHT)
    section.header_distance = Mm(15)
    # Upper edge of the number 7 mm below the area; a number of 14 points is 5 mm high.
    section.footer_distance = Mm(layout.BOTTOM - layout.PAGE_NUMBER_BELOW - 5)


def _page_numbers(section: Any, *, draft: str) -> None:
    """— 1 — in 4号 宋体: on odd pages right, on even pages left, one character from the edge."""
    for footer, header, right in (
        (section.footer, section.header, True),
        (section.even_page_footer, section.even_page_header, False),
    ):
        footer.is_linked_to_previous = False
        paragraph = footer.paragraphs[0]
        _indent(paragraph, first=0)
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT if right else WD_ALIGN_PARAGRAPH.LEFT
        form = paragraph.paragraph_format
        form.left_indent = form.right_indent = Pt(layout.SMALL_PT)
        name = layout.FACES["song"].names[0]
        look = (
            f'<w:rPr><w:rFonts w:ascii="{name}" w:hAnsi="{name}" w:eastAsia="{name}"/>'
            f'<w:sz w:val="{round(layout.SMALL_PT * 2)}"/></w:rPr>'
        )
        for inner in (
            '<w:t xml:space="preserve">— </w:t>', '<w:fldChar w:fldCharType="begin"/>',
            '<w:instrText xml:space="preserve"> PAGE </w:instrText>', '<w:fldChar w:fldCharType="separate"/>',
            "<w:t>1</w:t>", '<w:fldChar w:fldCharType="end"/>', '<w:t xml:space="preserve"> —</w:t>',
        ):  # fmt: skip
            paragraph._p.append(parse_xml(f"<w:r {nsdecls('w')}>{look}{inner}</w:r>"))
        if draft:
            header.is_linked_to_previous = False
            line = header.paragraphs[0]
            _indent(line, first=0)
            line.alignment = WD_ALIGN_PARAGRAPH.RIGHT
            run = line.add_run(draft)
            run.font.color.rgb, run.font.size = _RED, Pt(12)


def _bottom_rule(paragraph: Any) -> None:
    """The red rule of the head, as wide as the type area, 4 mm below the number."""
    space = round(layout.RULE_BELOW_NUMBER / layout.PT)
    properties = paragraph._p.get_or_add_pPr()
    border = parse_xml(
        f'<w:pBdr {nsdecls("w")}><w:bottom w:val="single" w:sz="12" w:space="{space}" w:color="{layout.RED.lstrip("#")}"/>'
        "</w:pBdr>"
    )
    properties.insert_element_before(
        border, "w:shd", "w:tabs", "w:suppressAutoHyphens", "w:spacing", "w:ind", "w:jc", "w:rPr"
    )


def _imprint(document: Any, imprint: Imprint) -> None:
    """版记 at the foot of the last page: paragraphs in a frame that stands on the lower edge of the type area."""
    width, letter = round(layout.AREA_WIDTH / 25.4 * 1440), round(layout.SMALL_PT * 20)
    thick, thin = round(layout.THICK / layout.PT * 8), round(layout.THIN / layout.PT * 8)
    frame = (
        f'<w:framePr w:w="{width}" w:hSpace="0" w:wrap="around" w:vAnchor="margin" w:hAnchor="margin" w:xAlign="left" '
        'w:yAlign="bottom"/>'
    )
    rows = [(imprint.office, f"{layout.chinese_day(imprint.day)}印发")]
    if imprint.copies:
        rows.insert(0, (f"抄送：{imprint.copies}。", ""))
    for n, (left, right) in enumerate(rows):
        rules = f'<w:top w:val="single" w:sz="{thin if n else thick}" w:space="3" w:color="000000"/>'
        if n == len(rows) - 1:
            rules += f'<w:bottom w:val="single" w:sz="{thick}" w:space="3" w:color="000000"/>'
        stop = f'<w:tabs><w:tab w:val="right" w:pos="{width - letter}"/></w:tabs>' if right else ""
        indent = f'w:left="{letter}" w:firstLine="0"' if right else f'w:left="{4 * letter}" w:hanging="{3 * letter}"'
        date = "<w:r><w:tab/></w:r>" + word_tables.run(right) if right else ""
        made = parse_xml(
            f'<w:p {nsdecls("w")}><w:pPr><w:pStyle w:val="Imprint"/>{frame}<w:pBdr>{rules}</w:pBdr>{stop}'
            f'<w:ind {indent} w:right="{letter}"/></w:pPr>{word_tables.run(left)}{date}</w:p>'
        )
        document.element.body.insert_element_before(made, "w:sectPr")
    document.add_paragraph(style="Break")
