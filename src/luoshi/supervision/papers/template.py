"""The language offices write templates in: lines of text with names between braces. Nothing in it can run.

    # 一、总体情况                     a heading; ## ### #### the levels below
    本市确定目标{目标数}项。            a name in a line stands for words or a figure, a figure brings its mark
    {段：滞后目标}                     on a line of its own: paragraphs, {表：…} a table, {图：…} a chart
    {若：滞后目标} … {否则} … {完}     lines that stand only where there is something of that name
    {附件：各县完成情况}               an annex begins
    {{ }}                             braces as such

Reading gives every problem with its line; a name nobody knows comes with the nearest that somebody does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from luoshi.kernel.numerals import chinese_number
from luoshi.supervision.papers.contents import Content, Field, Numbering, Shown, paragraph
from luoshi.supervision.papers.model import Annex, Block, Paragraph, Part

MOST_LETTERS, MOST_LINES = 60_000, 2_000
_NAMED = re.compile(r"\{\{|\}\}|\{([^{}\n]{1,60})\}|[{}]")
_ALONE = re.compile(r"^\{(表|图|段|若|附件)[：:]\s*([^{}\n]+?)\s*\}$")
_WORDS = {"表": "table", "图": "figure", "段": "paragraphs", "若": "if", "附件": "annex"}
_NUMBERED: tuple[tuple[re.Pattern[str], Callable[[int], str]], ...] = (
    (re.compile(r"[一二三四五六七八九十]+、"), lambda n: f"{chinese_number(n)}、"),
    (re.compile(r"（[一二三四五六七八九十]+）"), lambda n: f"（{chinese_number(n)}）"),
    (re.compile(r"\d+[.．]\s*"), lambda n: f"{n}. "),
    (re.compile(r"（\d+）"), lambda n: f"（{n}）"),
)  # by level of heading
Kind = Literal["table", "figure", "paragraphs", "if", "else", "end", "annex", "text"]


@dataclass(frozen=True)
class Problem:
    """What is wrong in a line (counted from 1): `code` is `unknown-field`, `unknown-table`, `unknown-figure`,
    `unknown-paragraphs`, `unknown-condition`, `brace`, `unopened`, `unclosed` or `too-long`; `name` is what stands there,
    `near` the nearest name that is known (empty for none)."""

    line: int
    code: str
    name: str = ""
    near: str = ""


@dataclass(frozen=True)
class Line:
    """One line as read: its kind, level of heading, and its name or text."""

    number: int
    kind: Kind
    text: str
    level: int = 0


@dataclass(frozen=True)
class Names:
    """Every name a template of one kind may use."""

    fields: Collection[str]
    paragraphs: Collection[str]
    tables: Collection[str]
    figures: Collection[str]


def lines_of(text: str) -> Iterator[Line]:
    """The lines of a template that say something."""
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line:
            continue
        alone = _ALONE.match(line)
        if alone:
            yield Line(number, _WORDS[alone[1]], alone[2])  # type: ignore[arg-type]
        elif line in ("{否则}", "{完}"):
            yield Line(number, "else" if line == "{否则}" else "end", "")
        else:
            level = min(4, len(line) - len(line.lstrip("#")))
            yield Line(number, "text", line[level:].strip(), level)


def problems(text: str, names: Names) -> list[Problem]:
    """Everything that is wrong with a template, by line."""
    found = []
    if len(text) > MOST_LETTERS or text.count("\n") > MOST_LINES:
        return [Problem(1, "too-long")]
    known = {"table": names.tables, "figure": names.figures, "paragraphs": names.paragraphs}
    conditions = [*names.fields, *names.paragraphs, *names.tables, *names.figures]
    open_at: list[int] = []
    for line in lines_of(text):
        if line.kind in known and line.text not in known[line.kind]:
            found.append(_unknown(line.number, line.kind, line.text, known[line.kind]))
        elif line.kind == "if":
            open_at.append(line.number)
            if line.text not in conditions:
                found.append(_unknown(line.number, "condition", line.text, conditions))
        elif line.kind in ("else", "end") and not open_at:
            found.append(Problem(line.number, "unopened", "{否则}" if line.kind == "else" else "{完}"))
        elif line.kind == "end":
            open_at.pop()
        elif line.kind == "text":
            found += line_problems(line.text, names.fields, number=line.number)
    return [*found, *(Problem(number, "unclosed", "{若：…}") for number in open_at)]


def line_problems(text: str, fields: Collection[str], *, number: int = 1) -> list[Problem]:
    """What is wrong with one line of text, as a title is."""
    found = []
    for match in _NAMED.finditer(text):
        name = match[1]
        if name is None and match[0] in "{}":
            found.append(Problem(number, "brace", match[0]))
        elif name is not None and name.strip() not in fields:
            found.append(_unknown(number, "field", name.strip(), fields))
    return found


def _unknown(line: int, what: str, name: str, known: Collection[str]) -> Problem:
    near = get_close_matches(name, list(known), n=1, cutoff=0.3)
    return Problem(line, f"unknown-{what}", name, near[0] if near else "")


def filled(text: str, fields: Mapping[str, Field], numbering: Numbering) -> tuple[Part, ...]:
    """One line with its names replaced; a name that is not given stays as it is written."""
    parts: list[Part] = []
    at = 0
    for match in _NAMED.finditer(text):
        parts.append(text[at : match.start()])
        at = match.end()
        if match[0] in ("{{", "}}"):
            parts.append(match[0][0])
        elif match[1] is not None and match[1].strip() in fields:
            parts += numbering.parts(fields[match[1].strip()])
        else:
            parts.append(match[0])
    return (*parts, text[at:])


def words(text: str, fields: Mapping[str, Field]) -> str:
    """One line as words alone, for titles and numbers of papers."""
    return "".join(part for part in filled(text, fields, Numbering()) if isinstance(part, str))


def blocks(text: str, content: Content, numbering: Numbering) -> tuple[Block, ...]:
    """The template filled with a content. Names that are not given vanish with their line, headings with nothing under
    them as well; the numbers of the headings that stay run on without a gap."""
    made: list[Block] = []
    shown: list[bool] = []
    for line in lines_of(text):
        if line.kind == "if":
            shown.append(given(content, line.text))
        elif line.kind == "else":
            shown[-1] = not shown[-1]
        elif line.kind == "end":
            shown.pop()
        elif all(shown):
            made += _block(line, content, numbering)
    return tuple(_renumbered(_without_empty(made)))


def _without_empty(blocks: list[Block]) -> list[Block]:
    """The blocks without headings that nothing follows before the next of their level, or above."""
    kept: list[Block] = []
    under = 0  # the level of heading that may stand next to what was kept last; 0: any
    for block in reversed(blocks):
        level = block.level if isinstance(block, Paragraph) else 0
        if level and (not kept or (under and level >= under) or isinstance(kept[-1], Annex)):
            continue
        kept.append(block)
        under = level
    return kept[::-1]


def _renumbered(blocks: list[Block]) -> Iterator[Block]:
    """The headings numbered in order, each level within the one above; a heading written without a number gets none."""
    counts = [0] * len(_NUMBERED)
    for block in blocks:
        if isinstance(block, Annex):
            counts = [0] * len(_NUMBERED)
        elif isinstance(block, Paragraph) and 0 < block.level <= len(_NUMBERED):
            form, written = _NUMBERED[block.level - 1]
            match = form.match(block.parts[0]) if isinstance(block.parts[0], str) else None
            if match:
                counts[block.level - 1 :] = [counts[block.level - 1] + 1] + [0] * (len(_NUMBERED) - block.level)
                rest = str(block.parts[0])[match.end() :]
                block = paragraph((written(counts[block.level - 1]) + rest, *block.parts[1:]), block.level)
        yield block


def _block(line: Line, content: Content, numbering: Numbering) -> list[Block]:
    if line.kind == "annex":
        return [Annex(title=words(line.text, content.fields))]
    if line.kind == "table":
        return [numbering.table(content.tables[line.text], content.entries)] if line.text in content.tables else []
    if line.kind == "figure":
        return [content.figures[line.text]] if line.text in content.figures else []
    if line.kind == "paragraphs":
        several = content.paragraphs.get(line.text, ())
        return [paragraph(numbering.parts(one)) for one in several]
    found: Paragraph = paragraph(filled(line.text, content.fields, numbering), line.level)
    return [found] if found.parts else []


def given(content: Content, name: str) -> bool:
    """Whether there is something of that name: a table with rows, paragraphs, a chart, words other than none or 0."""
    if name in content.tables:
        return bool(content.tables[name].rows)
    if name in content.figures:
        return True
    if name in content.paragraphs:
        return bool(content.paragraphs[name])
    field = content.fields.get(name, "")
    text = "".join(p.text if isinstance(p, Shown) else p for p in (field if isinstance(field, tuple) else (field,)))
    return text.strip() not in ("", "0", "—", "无")
