"""Web pages: the article without its site, tables as tables, tables that only hold the text as text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser, LexborNode

from luoshi.documents.assembly import Assembly
from luoshi.documents.chrome import mark_chrome
from luoshi.documents.limits import MAX_DEPTH, MAX_TABLE_ROWS, check_tables
from luoshi.documents.model import Block, Document
from luoshi.documents.txt import decode
from luoshi.kernel.errors import UnreadableFile

_SKIP = {"script", "style", "noscript", "template", "head", "svg", "iframe", "object", "select", "button", "textarea"}
_SITE = {"nav", "header", "footer", "aside", "form"}
_BREAKS = {
    "p", "div", "section", "article", "main", "li", "ul", "ol", "dl", "dt", "dd", "blockquote", "pre", "center", "hr",
    "h1", "h2", "h3", "h4", "h5", "h6", "figure", "figcaption", "address", "fieldset", "nav", "header", "footer",
    "aside", "form", "table", "tr", "td", "th", "tbody", "thead", "tfoot", "caption", "body", "html",
}  # fmt: skip
_SITE_NAMES = re.compile(
    r"(?:^|[-_ ])(?:nav|menu|footer|foot|header|sidebar|crumb|breadcrumb|share|copyright|toolbar|pager|related|recommend"
    r"|login|search|banner|comment)(?:$|[-_ \d])",
    re.IGNORECASE,
)
_META_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
_ORDERED = "ol"


@dataclass
class _Line:
    """One line of text in the making."""

    parts: list[str] = field(default_factory=list)
    level: int = 0
    site: bool = False

    def text(self) -> str:
        return re.sub(r"[ \t\r\n]+", " ", "".join(self.parts)).strip(" ")


def read(path: Path, data: bytes) -> Document:
    """A web page as a Document. Navigation, headers and footers become `chrome` blocks.

    Raises `UnreadableFile` when it is nested deeper than the limit.
    """
    text, encoding, notes = _decode(path, data)
    check_tables(path, text.count("<table"))
    tree = LexborHTMLParser(text)
    title_node = tree.css_first("title")
    assembly = Assembly(path, "html")
    assembly.notes.extend(notes)
    body = tree.body or tree.root
    if body is not None:
        _walk(assembly, body, path)
    document = assembly.document(title=title_node.text(strip=True) if title_node else "", encoding=encoding)
    return _chrome_lines(document)


def _decode(path: Path, data: bytes) -> tuple[str, str, list[str]]:
    declared = _META_CHARSET.search(data[:4096])
    if declared:
        name = declared.group(1).decode("ascii", "ignore").lower()
        name = "gb18030" if name in {"gb2312", "gbk", "gb18030"} else name
        try:
            return data.decode(name).replace("\ufeff", ""), name, []
        except (UnicodeDecodeError, LookupError):
            text, encoding, notes = decode(path, data)
            return text, encoding, [*notes, f"The page says it is {name} but is not; read as {encoding}."]
    return decode(path, data)


def _steps(root: LexborNode) -> Iterator[tuple[str, LexborNode, int]]:
    """Every node below `root`, once on the way in and, for elements, once on the way out; no recursion."""
    node: LexborNode | None = root
    depth = 0
    while node is not None:
        yield "in", node, depth
        child = node.child
        if child is not None and node.tag not in _SKIP and node.tag != "table":
            node, depth = child, depth + 1
            continue
        yield "out", node, depth
        while node.next is None:
            node, depth = node.parent, depth - 1
            if node is None or depth < 0 or node == root:
                return
            yield "out", node, depth
        node = node.next


def _walk(assembly: Assembly, root: LexborNode, path: Path) -> None:
    line = _Line()
    site_depth: int | None = None
    counters: list[int] = []

    def flush() -> None:
        nonlocal line
        text = line.text()
        if text:
            kind = "chrome" if line.site else "heading" if line.level else "paragraph"
            assembly.add(text, kind, level=line.level)
        line = _Line(site=site_depth is not None)

    for way, node, depth in _steps(root):
        if depth > MAX_DEPTH:
            raise UnreadableFile(
                f"the page is nested deeper than {MAX_DEPTH} levels.",
                where=path.name,
                todo="Copy the text of the plan into a document and give that.",
            )
        tag = node.tag or ""
        if tag in _SKIP or tag == "-comment":
            continue
        if tag == "-text":
            if way == "in":
                line.parts.append(node.text_content or "")
            continue
        if way == "in":
            if tag == "br":
                level = line.level
                flush()
                line.level = level
            elif tag in _BREAKS:
                flush()
            if site_depth is None and _is_site(node):
                site_depth = depth
                line.site = True
            if re.fullmatch(r"h[1-6]", tag):
                line.level = int(tag[1])
            if tag == _ORDERED:
                counters.append(0)
            elif tag == "li" and counters and node.parent is not None and node.parent.tag == _ORDERED:
                counters[-1] += 1
                line.parts.append(f"{counters[-1]}.")
            if tag == "table":
                _table(assembly, node, path, site=site_depth is not None)
        else:
            if tag in _BREAKS:
                flush()
            if tag == _ORDERED and counters:
                counters.pop()
            if site_depth is not None and depth <= site_depth:
                site_depth = None
                line.site = False
    flush()


def _is_site(node: LexborNode) -> bool:
    if node.tag in _SITE:
        return len(node.text(deep=True)) < 3000
    names = f"{node.attributes.get('class') or ''} {node.attributes.get('id') or ''}"
    if names.strip() and _SITE_NAMES.search(names):
        return len(node.text(deep=True)) < 3000
    if node.tag in {"ul", "ol", "div"}:
        links = node.css("a")
        if len(links) >= 4:
            total = len(node.text(deep=True, strip=True)) or 1
            return sum(len(link.text(strip=True)) for link in links) > 0.75 * total
    return False


def _own_rows(table: LexborNode) -> list[LexborNode]:
    rows = []
    for row in table.css("tr"):
        above = row.parent
        while above is not None and above.tag != "table":
            above = above.parent
        if above == table:
            rows.append(row)
    return rows


def _table(assembly: Assembly, table: LexborNode, path: Path, *, site: bool) -> None:
    """A table of data becomes a Table; a table that lays out text (one long cell, nested tables) becomes text."""
    rows = _own_rows(table)
    if len(rows) > MAX_TABLE_ROWS:
        raise UnreadableFile(f"a table has {len(rows):,} rows.", where=path.name, todo="Split the file.")
    grid = [[cell for cell in row.iter() if cell.tag in {"td", "th"}] for row in rows]
    width = max((len(row) for row in grid), default=0)
    cells = [cell for row in grid for cell in row]
    nested = table.css_first("td table") is not None
    longest = max((len(cell.text(deep=True)) for cell in cells), default=0)
    total = sum(len(cell.text(deep=True)) for cell in cells) or 1
    if site:
        for cell in cells:
            assembly.add(re.sub(r"\s+", " ", cell.text(deep=True, separator=" ")), "chrome")
        return
    if width <= 1 or nested or (longest > 1500 and longest > 0.5 * total):
        for row in grid:
            short = all(len(cell.text(deep=True, strip=True)) <= 80 for cell in row)
            if len(row) > 1 and short and not nested:
                assembly.add(" ".join(_cell_text(cell) for cell in row))
                continue
            for cell in row:
                _walk(assembly, cell, path)
        return
    assembly.add_table(_spread(grid))


def _cell_text(cell: LexborNode) -> str:
    parts: list[str] = []
    for way, node, _ in _steps(cell):
        if node.tag == "-text" and way == "in":
            parts.append(re.sub(r"[ \t\r\n]+", " ", node.text_content or ""))
        elif node.tag in _BREAKS | {"br"} and node != cell:
            parts.append("\n")
    return re.sub(r"\s*\n\s*", "\n", "".join(parts)).strip()


def _number(text: str | None) -> int:
    return min(int(text), 500) if text and text.isdigit() else 1


def _spread(grid: list[list[LexborNode]]) -> list[list[str | None]]:
    """Rows of texts, the room of merged cells filled with None."""
    rows: list[list[str | None]] = []
    held: dict[int, int] = {}  # column -> rows it stays covered from above
    for cells in grid:
        row: list[str | None] = []
        queue = list(cells)
        column = 0
        while queue or held.get(column, 0) > 0:
            if held.get(column, 0) > 0:
                held[column] -= 1
                row.append(None)
                column += 1
                continue
            cell = queue.pop(0)
            across = _number(cell.attributes.get("colspan"))
            down = _number(cell.attributes.get("rowspan"))
            for offset in range(across):
                row.append(_cell_text(cell) if offset == 0 else None)
                if down > 1:
                    held[column] = down - 1
                column += 1
        rows.append(row)
    return rows


def _chrome_lines(document: Document) -> Document:
    """The same document with the lines that are site furniture by their words marked as chrome."""
    lines = [document.text[block.start : block.end] for block in document.blocks]
    chrome = mark_chrome(lines)
    blocks = tuple(
        Block(block.start, block.end, "chrome", 0, block.page, block.style)
        if index in chrome and block.kind in {"paragraph", "heading"}
        else block
        for index, block in enumerate(document.blocks)
    )
    return Document(
        document.text,
        document.format,
        blocks,
        document.tables,
        document.pages,
        document.title,
        document.encoding,
        document.notes,
    )
