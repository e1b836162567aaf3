"""Word files: paragraphs with their automatic numbers written out, tables, footnotes, page headers."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

from lxml import etree

from luoshi.documents.assembly import Assembly
from luoshi.documents.limits import MAX_TABLE_ROWS, check_columns, open_zip
from luoshi.documents.model import Document
from luoshi.kernel.errors import UnreadableFile
from luoshi.kernel.numerals import chinese_number

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"


def read(path: Path, data: bytes) -> Document:
    """A Word file as a Document. Raises `UnreadableFile` when a part is damaged or a limit is passed."""
    with open_zip(path, data) as box:
        names = set(box.namelist())

        def part(name: str) -> Any:
            if name not in names:
                return None
            try:
                return etree.fromstring(box.read(name), _PARSER)
            except (etree.XMLSyntaxError, OSError, ValueError, EOFError) as error:
                if name == "word/document.xml":
                    raise UnreadableFile(
                        "the Word file is damaged or nested too deeply: its text cannot be parsed.",
                        where=path.name,
                        todo="Open it in Word or WPS, save it again, and try that copy.",
                    ) from error
                return None
            except Exception as error:  # zipfile raises many kinds for a broken member
                raise UnreadableFile(
                    f"the Word file is damaged ({type(error).__name__}).",
                    where=path.name,
                    todo="Open it in Word or WPS, save it again, and try that copy.",
                ) from error

        root = part("word/document.xml")
        reader = _Reader(path, _Styles(part("word/styles.xml")), _Numbering(part("word/numbering.xml")))
        for name in sorted(names):
            if re.fullmatch(r"word/header\d*\.xml", name):
                reader.chrome(part(name))
        body = root.find(f"{_W}body")
        if body is not None:
            reader.body(body)
        for name in sorted(names):
            if re.fullmatch(r"word/(?:foot|end)notes\.xml", name):
                reader.notes(part(name))
        for name in sorted(names):
            if re.fullmatch(r"word/footer\d*\.xml", name):
                reader.chrome(part(name))
        core = part("docProps/core.xml")
    title = ""
    if core is not None:
        found = core.find("{http://purl.org/dc/elements/1.1/}title")
        title = (found.text or "") if found is not None else ""
    return reader.assembly.document(title=title)


class _Styles:
    """Paragraph styles: name, outline level and numbering, inherited along `basedOn`."""

    def __init__(self, root: Any) -> None:
        self._by_id: dict[str, Any] = {}
        if root is not None:
            for style in root.iter(f"{_W}style"):
                self._by_id[style.get(f"{_W}styleId", "")] = style

    def chain(self, style_id: str) -> list[Any]:
        result: list[Any] = []
        while style_id in self._by_id and len(result) < 20:
            style = self._by_id[style_id]
            result.append(style)
            based = style.find(f"{_W}basedOn")
            style_id = based.get(f"{_W}val", "") if based is not None else ""
        return result

    def name(self, style_id: str) -> str:
        chain = self.chain(style_id)
        found = chain[0].find(f"{_W}name") if chain else None
        return found.get(f"{_W}val", "") if found is not None else ""

    def level(self, style_id: str) -> int:
        """The heading level, 1 to 9, 0 for body text."""
        for style in self.chain(style_id):
            outline = style.find(f"{_W}pPr/{_W}outlineLvl")
            if outline is not None:
                value = int(outline.get(f"{_W}val", "9"))
                return value + 1 if value < 9 else 0
        match = re.fullmatch(r"(?:heading|标题)\s*(\d)", self.name(style_id), re.IGNORECASE)
        return int(match.group(1)) if match else 0

    def numbering(self, style_id: str) -> tuple[str, int] | None:
        for style in self.chain(style_id):
            found = _num_pr(style.find(f"{_W}pPr"))
            if found:
                return found
        return None


def _num_pr(properties: Any) -> tuple[str, int] | None:
    if properties is None:
        return None
    number = properties.find(f"{_W}numPr/{_W}numId")
    if number is None:
        return None
    level = properties.find(f"{_W}numPr/{_W}ilvl")
    return number.get(f"{_W}val", ""), int(level.get(f"{_W}val", "0")) if level is not None else 0


class _Numbering:
    """Automatic numbers, counted as Word counts them."""

    def __init__(self, root: Any) -> None:
        self._levels: dict[str, dict[int, tuple[str, str, int]]] = {}
        self._abstract: dict[str, str] = {}
        self._starts: dict[tuple[str, int], int] = {}
        self._counts: defaultdict[str, dict[int, int]] = defaultdict(dict)
        if root is None:
            return
        for abstract in root.iter(f"{_W}abstractNum"):
            levels = {}
            for level in abstract.iter(f"{_W}lvl"):
                levels[int(level.get(f"{_W}ilvl", "0"))] = (
                    _val(level, "numFmt", "decimal"),
                    _val(level, "lvlText", ""),
                    int(_val(level, "start", "1") or 1),
                )
            self._levels[abstract.get(f"{_W}abstractNumId", "")] = levels
        for number in root.iter(f"{_W}num"):
            number_id = number.get(f"{_W}numId", "")
            self._abstract[number_id] = _val(number, "abstractNumId", "")
            for override in number.iter(f"{_W}lvlOverride"):
                start = override.find(f"{_W}startOverride")
                if start is not None:
                    self._starts[(number_id, int(override.get(f"{_W}ilvl", "0")))] = int(start.get(f"{_W}val", "1"))

    def next(self, number_id: str, level: int) -> str:
        """The printed number of the next paragraph of that list, empty for bullets and for no list."""
        abstract = self._abstract.get(number_id)
        levels = self._levels.get(abstract or "", {})
        if number_id == "0" or level not in levels:
            return ""
        key = number_id if any(k[0] == number_id for k in self._starts) else f"abstract {abstract}"
        counts = self._counts[key]
        first = self._starts.get((number_id, level), levels[level][2])
        counts[level] = counts[level] + 1 if level in counts else first
        for deeper in [other for other in counts if other > level]:
            del counts[deeper]
        form, text, _ = levels[level]
        if form in {"bullet", "none"}:
            return ""

        def written(match: re.Match[str]) -> str:
            at = int(match.group(1)) - 1
            count = counts.get(at, levels[at][2] if at in levels else 1)
            return _written(count, levels[at][0] if at in levels else "decimal")

        return re.sub(r"%(\d)", written, text)


def _val(node: Any, child: str, default: str) -> str:
    found = node.find(f"{_W}{child}")
    return str(found.get(f"{_W}val", default)) if found is not None else default


def _written(count: int, form: str) -> str:
    if form in {"chineseCounting", "chineseCountingThousand", "chineseLegalSimplified", "ideographTraditional",
                "japaneseCounting", "taiwaneseCounting", "taiwaneseCountingThousand", "ideographDigital"}:  # fmt: skip
        return chinese_number(count)
    if form in {"decimalEnclosedCircle", "decimalEnclosedCircleChinese"} and 1 <= count <= 20:
        return _CIRCLED[count - 1]
    if form == "decimalZero":
        return f"{count:02d}"
    if form in {"lowerLetter", "upperLetter"}:
        letter = chr(ord("a") + (count - 1) % 26)
        return letter.upper() if form == "upperLetter" else letter
    if form == "decimalFullWidth":
        return str(count).translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    return str(count)


class _Reader:
    def __init__(self, path: Path, styles: _Styles, numbering: _Numbering) -> None:
        self.path, self.styles, self.numbering = path, styles, numbering
        self.assembly = Assembly(path, "docx")

    def body(self, body: Any) -> None:
        """Paragraphs and tables in order; content controls and tracked insertions are entered, deletions left out."""
        stack = [iter(body)]
        while stack:
            for node in stack[-1]:
                if node.tag == f"{_W}p":
                    self._paragraph(node)
                elif node.tag == f"{_W}tbl":
                    self._table(node)
                elif node.tag in {f"{_W}sdt", f"{_W}sdtContent", f"{_W}ins", f"{_W}smartTag", f"{_W}customXml"}:
                    stack.append(iter(node))
                    break
            else:
                stack.pop()

    def _paragraph(self, node: Any) -> None:
        properties = node.find(f"{_W}pPr")
        style_id, level = "", 0
        if properties is not None:
            style_id = _val(properties, "pStyle", "")
            outline = properties.find(f"{_W}outlineLvl")
            if outline is not None and int(outline.get(f"{_W}val", "9")) < 9:
                level = int(outline.get(f"{_W}val", "9")) + 1
        level = level or self.styles.level(style_id)
        text = _text(node)
        number = _num_pr(properties) or self.styles.numbering(style_id)
        if number and text.strip():
            text = self.numbering.next(*number) + text
        name = self.styles.name(style_id)
        if re.match(r"toc|目录", name, re.IGNORECASE):
            self.assembly.add(text, "chrome", style=name)
        else:
            self.assembly.add(text, "heading" if level else "paragraph", level=level, style=name)
        for table in node.iter(f"{_W}txbxContent"):
            for inner in table.iter(f"{_W}p"):
                self.assembly.add(_text(inner), style="text box")

    def _table(self, table: Any) -> None:
        rows: list[list[str | None]] = []
        longest = total = 0
        for row in _rows(table):
            cells: list[str | None] = []
            for cell in _cells(row):
                text = "\n".join(self._cell_lines(cell))
                longest, total = max(longest, len(text)), total + len(text)
                properties = cell.find(f"{_W}tcPr")
                merged = properties.find(f"{_W}vMerge") if properties is not None else None
                covered = merged is not None and merged.get(f"{_W}val", "continue") == "continue"
                cells.append(None if covered else text)
                span = int(_val(properties, "gridSpan", "1")) if properties is not None else 1
                check_columns(self.path, span)
                cells.extend([None] * (span - 1))
            check_columns(self.path, len(cells))
            rows.append(cells)
            if len(rows) > MAX_TABLE_ROWS:
                raise UnreadableFile("a table has too many rows.", where=self.path.name, todo="Split the file.")
        width = max((len(row) for row in rows), default=0)
        if width <= 1 or (longest > 1500 and longest > 0.6 * total and len(rows) <= 4):
            for cells in rows:
                for cell_text in cells:
                    for line in (cell_text or "").split("\n"):
                        self.assembly.add(line)
            return
        self.assembly.add_table(rows)

    def _cell_lines(self, cell: Any) -> list[str]:
        lines = []
        for paragraph in cell.iter(f"{_W}p"):
            text = _text(paragraph)
            number = _num_pr(paragraph.find(f"{_W}pPr"))
            if number and text.strip():
                text = self.numbering.next(*number) + text
            if text.strip():
                lines.append(text)
        return lines

    def chrome(self, root: Any) -> None:
        """Page headers and footers."""
        if root is not None:
            for paragraph in root.iter(f"{_W}p"):
                self.assembly.add(_text(paragraph), "chrome")

    def notes(self, root: Any) -> None:
        """Footnotes and endnotes."""
        if root is not None:
            for note in root:
                text = " ".join(filter(None, (_text(p).strip() for p in note.iter(f"{_W}p"))))
                if note.get(f"{_W}type") is None:
                    self.assembly.add(text, "note")


def _text(paragraph: Any) -> str:
    """The text of a paragraph, without what was deleted, hidden field codes and text boxes."""
    parts: list[str] = []
    boxed = {id(node) for box in paragraph.iter(f"{_W}txbxContent") for node in box.iter()}
    removed = {id(node) for gone in paragraph.iter(f"{_W}del", f"{_W}moveFrom") for node in gone.iter()}
    for node in paragraph.iter(f"{_W}t", f"{_W}tab", f"{_W}br", f"{_W}cr", f"{_W}noBreakHyphen"):
        if id(node) in boxed or id(node) in removed:
            continue
        if node.tag == f"{_W}t":
            parts.append(node.text or "")
        elif node.tag == f"{_W}noBreakHyphen":
            parts.append("-")
        elif node.tag == f"{_W}tab":
            if node.getparent().tag == f"{_W}r":
                parts.append(" ")
        elif node.get(f"{_W}type") != "page":
            parts.append("\n")
    return "".join(parts)


def _rows(table: Any) -> Any:
    for node in table:
        if node.tag == f"{_W}tr":
            yield node
        elif node.tag in {f"{_W}sdt", f"{_W}ins"}:
            yield from node.iter(f"{_W}tr")


def _cells(row: Any) -> Any:
    for node in row:
        if node.tag == f"{_W}tc":
            yield node
        elif node.tag == f"{_W}sdt":
            yield from node.iter(f"{_W}tc")
