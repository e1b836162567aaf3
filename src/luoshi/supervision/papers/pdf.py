"""A paper as pdf: real text, the typefaces embedded as far as used, the same bytes for the same paper and typefaces.

Typst lays it out; the template beside this module is all the code it runs, and the paper comes to it as JSON.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import typst

from luoshi.kernel.errors import UnreadableFile
from luoshi.supervision.papers import fonts, layout
from luoshi.supervision.papers.evidence import index_table
from luoshi.supervision.papers.model import Annex, Block, Figure, Paper, Table
from luoshi.web import charts

TEMPLATE = Path(__file__).with_name("paper.typ")
_LINKS = re.compile(r"<a [^>]*>|</a>")


def pdf(paper: Paper) -> bytes:
    """The paper as pdf. Raises `UnreadableFile` where no Chinese typeface is installed."""
    try:
        made = _compiler().compile(
            input=_template(), sys_inputs={"paper": orjson.dumps(_given(paper)).decode()}, format="pdf", timestamp=0
        )
    except typst.TypstError as error:
        raise UnreadableFile("the pdf could not be laid out.", where=paper.title, todo=str(error)[:200]) from error
    assert isinstance(made, bytes)
    return made


@cache
def _compiler() -> typst.Compiler:
    return typst.Compiler(font_paths=fonts.installed(), ignore_system_fonts=True)


@cache
def _template() -> bytes:
    return TEMPLATE.read_bytes()


def _given(paper: Paper) -> dict[str, Any]:
    """What the template reads."""
    text, annexes = parts_of(paper)
    titles = paper.annexes()
    day = layout.chinese_day(paper.signature.day) if paper.signature else ""
    head = paper.head.body + paper.head.suffix
    return {
        "paper": paper.model_dump(mode="json", exclude={"blocks"}),
        "text": [_block(block) for block in text],
        "annex-blocks": [{"title": a.title, "blocks": [_block(b) for b in blocks]} for a, blocks in annexes],
        "annex-heads": ["附件" if len(titles) == 1 else f"附件{n + 1}" for n in range(len(titles))],
        "annexes": layout.annex_line(titles) if titles else [],
        "title-lines": [layout.with_breaks(line) for line in title_lines(paper.title)],
        "index-table": _block(index_table(paper)),
        "signature": {"indents": layout.signature_indents(paper.signature.body, day), "day": day}
        if paper.signature
        else None,
        "imprint-day": layout.chinese_day(paper.imprint.day) if paper.imprint else "",
        "author": head or (paper.signature.body if paper.signature else ""),
        "head-pt": layout.head_pt(head),
        "fonts": {name: {"family": face.family, "bold": face.bold} for name, face in fonts.chosen().items()},
        "layout": {
            "body": layout.BODY_PT, "title": layout.TITLE_PT, "small": layout.SMALL_PT, "line": layout.LINE_PT,
            "lines": layout.LINES, "characters": layout.CHARACTERS, "top": layout.TOP, "left": layout.LEFT,
            "right": layout.RIGHT, "width": layout.AREA_WIDTH, "head-down": layout.HEAD_DOWN,
            "rule-below": layout.RULE_BELOW_NUMBER, "page-number": layout.PAGE_NUMBER_BELOW, "thick": layout.THICK,
            "thin": layout.THIN, "red": layout.RED, "table": layout.TABLE_PT, "dense": layout.DENSE_PT,
            "index": layout.INDEX_PT, "dense-columns": layout.DENSE_COLUMNS,
            "crowded": layout.CROWDED_PT, "crowded-columns": layout.CROWDED_COLUMNS,
        },
    }  # fmt: skip


def parts_of(paper: Paper) -> tuple[list[Block], list[tuple[Annex, list[Block]]]]:
    """The blocks of the text, then each annex with its own."""
    text: list[Block] = []
    annexes: list[tuple[Annex, list[Block]]] = []
    for block in paper.blocks:
        if isinstance(block, Annex):
            annexes.append((block, []))
        elif annexes:
            annexes[-1][1].append(block)
        else:
            text.append(block)
    return text, annexes


# Words titles are made of, not to be broken in two.
_WORDS = (
    "卫生", "健康", "重点", "目标", "完成", "情况", "通报", "工作", "总结", "月报", "季报", "委员会", "规划", "任务", "台账",
    "落实", "考核", "得分", "整改", "通知", "督办", "年度", "关于", "一览", "对照", "各地", "数据",
)  # fmt: skip


def title_lines(title: str, most: int = 19) -> list[str]:
    """A title on as few lines as it needs, of about the same length, broken where its words end: before a bracket or
    after 的 rather than elsewhere, never inside a word of titles or a number."""
    count = -(-int(layout.ems(title) * 2) // (most * 2)) or 1
    lines, rest = [], title
    for left in range(count, 1, -1):
        at = min(range(1, len(rest)), key=lambda at, rest=rest, left=left: _cost(rest, at, left))  # type: ignore[misc]
        lines.append(rest[:at])
        rest = rest[at:]
    return [*lines, rest]


def _cost(title: str, at: int, left: int) -> float:
    """How bad it is to break a title before the character `at`, with `left` lines to come: the smaller, the better."""
    before, after = title[at - 1], title[at]
    cost = abs(layout.ems(title[:at]) - layout.ems(title) / left)
    inside = any(title.find(w, max(0, at - len(w) + 1), at + len(w) - 1) in range(at - len(w) + 1, at) for w in _WORDS)
    if inside or (before.isascii() and after.isascii()) or after in "）》”、，。的号年月日" or before in "（《“第":
        cost += 20
    if before.isdigit() != after.isdigit() and "年月日期".find(after) >= 0:
        cost += 20
    return cost - 4 * (after == "（") - 2 * (before in "的年月、")


def _block(block: Block) -> dict[str, Any]:
    given = block.model_dump(mode="json")
    if isinstance(block, Figure):
        # Links of a chart lead into the site; on paper they lead nowhere.
        given["svg"] = _LINKS.sub("", str(charts.svg(block.spec)))
        del given["spec"]
    elif isinstance(block, Table):
        for row in given["rows"]:
            for cell in row:
                cell["text"] = layout.with_breaks(cell["text"])
    return given
