"""Make the sample plans' Word files from their text: `python samples/make_docx.py`.

The text is the source: the first lines up to the document number are the heading of the issue, `一、` starts a section,
`1.` a task, anything else is a paragraph. Styles follow the usual look of official documents (GB/T 9704): 方正小标宋 and
仿宋 by name, so that Word falls back where they are not installed.
"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

FOLDER = Path(__file__).resolve().parent
SECTION, TASK, NUMBER = re.compile(r"[一二三四五六七八九十]+、"), re.compile(r"\d+\."), re.compile(r".*〔\d{4}〕\d+号$")


def make(source: Path) -> Path:
    """Write the `.docx` beside `source` and answer its path; the same text gives the same paragraphs."""
    lines = [line.strip() for line in source.read_text("utf-8").splitlines()]
    document = Document()
    page = document.sections[0]
    page.page_width, page.page_height = Cm(21), Cm(29.7)
    page.left_margin, page.right_margin, page.top_margin = Cm(2.8), Cm(2.6), Cm(3.7)
    document.core_properties.title = source.stem
    document.core_properties.author = "云岭市卫生健康委员会(虚构)"
    document.core_properties.created = document.core_properties.modified = datetime(2025, 1, 20)  # noqa: DTZ001
    for line in filter(None, lines):
        if line == source.stem or line.startswith("关于印发"):
            _add(document, line, "方正小标宋简体", 22, centre=True, style="Title" if line == source.stem else None)
        elif SECTION.match(line):
            _add(document, line, "黑体", 16, style="Heading 1")
        elif NUMBER.match(line):
            _add(document, line, "仿宋", 16, centre=True)
        elif TASK.match(line):
            head, _, rest = line.partition("。")
            _add(document, f"{head}。", "楷体", 16, indent=True, then=rest)
        else:
            short = len(line) < 24 and not line.endswith(("：", "。"))
            _add(document, line, "仿宋", 16, centre=short, indent=not short and not line.endswith("："))
    target = source.with_suffix(".docx")
    document.save(str(target))
    return target


def _add(document, text, font, size, *, centre=False, indent=False, style=None, then=""):  # type: ignore[no-untyped-def]
    paragraph = document.add_paragraph(style=style)
    if centre:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    if indent:
        paragraph.paragraph_format.first_line_indent = Pt(size * 2)
    for part, face in ((text, font), (then, "仿宋")):
        if part:
            run = paragraph.add_run(part)
            run.font.size, run.font.name = Pt(size), face
            run._element.rPr.rFonts.set(qn("w:eastAsia"), face)


if __name__ == "__main__":
    for text in sorted(FOLDER.rglob("*.txt")):
        print(make(text).relative_to(FOLDER))
