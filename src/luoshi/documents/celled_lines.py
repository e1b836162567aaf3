"""Tables that a copy has flattened to one cell a line: the words of a head, then for every row its number and its cells.

```
序号 |          序号
指标名称 |      指标名称
2025年 |        2025年
1 |             1
人均预期寿命 |  人均预期寿命
≥79.2 |         ≥79.2
```
The head tells how many cells a row has; the numbers 1, 2, 3 … tell where rows begin. A row with fewer cells than the head
keeps its name on the left and its values on the right. What stands between rows (the name of a group, a note) is no cell.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

Span = tuple[int, int]
NOTE = "note"  # a line inside such a table that is no cell

_NUMBER_HEAD = re.compile(r"^(?:序\s*号|编\s*号)$")
_HEAD_WORD = re.compile(
    r"序号|编号|领域|类别|分类|指标|名称|单位|部门|科室|目标|任务|内容|措施|举措|事项|要求|属性|性质|类型|时限|时间|期限|进度|备注"
    r"|基期|基准|现状|完成|责任|牵头|配合|协办|主办|地区|县区|行动|项目|进展|情况|数量|成果|成效|标准|^(?:19|20)\d{2}\s*年?\S{0,6}$"
)
_VALUE_HEAD = re.compile(r"(?:19|20)\d{2}|目标|基期|基准|现状|完成")
_KIND_HEAD = re.compile(r"属性|性质|类型")
_KIND = re.compile(r"^(?:约束性|预期性|倡导性|导向性|约束|预期)$")
_COUNTER = re.compile(r"^(\d{1,3})[.、．]?$")
_FIGURE = re.compile(r"^[\d≥≤＞＜><]")
_GROUP = re.compile(r"^[（(][一二三四五六七八九十]{1,3}[）)]|^[一二三四五六七八九十]{1,3}、")
_REMARK = re.compile(r"^(?:说明|注|备注|计算方法|计算公式|数据来源|资料来源)\s*[:：]")
_PAST = re.compile(r"(?:19|20)\d{2}\s*[-—–~～至年]|[（(](?:19|20)\d{2}\s*年?[）)]")
_LEAST, _MOST = 3, 12
_LONGEST = 400  # characters of a cell


@dataclass(frozen=True)
class _Line:
    """A line with something on it: its place among all lines, the span of its words, the words."""

    index: int
    span: Span
    text: str


def celled(lines: list[tuple[int, int, str]]) -> dict[int, tuple[Span, ...] | str]:
    """For every line of such a table: on the first line of a row the cells of the row, `NOTE` on lines that are none, an
    empty tuple on lines whose cell belongs to the row above."""
    filled = [_line(index, *line) for index, line in enumerate(lines) if line[2].strip(" \t\u3000|")]
    found: dict[int, tuple[Span, ...] | str] = {}
    at = 0
    while at < len(filled):
        head = _head(filled, at)
        rows, end = _rows(filled, at + len(head), head) if head else ({}, at)
        if len(rows) < 2:
            at += 1
            continue
        found |= {line.index: () for line in head}
        found[head[0].index] = tuple(line.span for line in head)
        for line in filled[at + len(head) : end]:
            found[line.index] = NOTE
        for cells, used in rows.values():
            found |= {line.index: () for line in used}
            found[used[0].index] = cells
        at = end
    return found


def _line(index: int, start: int, end: int, line: str) -> _Line:
    text = line.strip(" \t\u3000|")
    first = start + line.index(text)
    return _Line(index, (first, first + len(text)), text)


def _head(filled: list[_Line], at: int) -> list[_Line]:
    """The lines of a head that begins at `at`: short words of tables up to the number 1; empty where there is none."""
    run: list[_Line] = []
    for line in filled[at : at + _MOST + 1]:
        if line.text in {"1", "01"} or _GROUP.match(line.text):
            break
        if len(line.text) > 16 or "|" in line.text or not _HEAD_WORD.search(line.text):
            return []
        run.append(line)
    else:
        return []
    numbered = any(_NUMBER_HEAD.match(line.text) for line in run[:2])
    return run if numbered and _LEAST <= len(run) <= _MOST else []


_Rows = dict[int, tuple[tuple[Span, ...], list[_Line]]]


def _rows(filled: list[_Line], at: int, head: list[_Line]) -> tuple[_Rows, int]:
    """Rows by number as (cells, their lines), and where the table ends."""
    names = [line.text for line in head]
    before = next(i for i, name in enumerate(names) if _NUMBER_HEAD.match(name))  # columns left of the number
    width = len(names) - before
    rows: _Rows = {}
    due, end, skipped = 1, at, 0
    while at < len(filled):
        line = filled[at]
        counter = _COUNTER.match(line.text)
        following = filled[at + 1].text if at + 1 < len(filled) else ""
        later = rows and skipped <= 3 and not _FIGURE.match(following)  # a number left out of the copy
        if counter and (int(counter[1]) == due or (later and due < int(counter[1]) <= due + 12)):
            due = int(counter[1])
            used = _take(filled, at, width, names, due)
            if len(used) < 2:
                break
            cells = _cells(used, names[before:])
            rows[due] = (((used[0].span[0], used[0].span[0]),) * before + cells, used)
            at += len(used)
            due, end, skipped = due + 1, at, 0
            continue
        skipped += 1
        if skipped > width + 6 or (len(line.text) > _LONGEST and not _REMARK.match(line.text)):
            break
        at += 1
    return rows, end


def _take(filled: list[_Line], at: int, width: int, names: list[str], due: int) -> list[_Line]:
    """The lines of the row that begins at `at`: as many as the head has, fewer where the next number, a note, the name of a
    group or the kind of the indicator comes first."""
    used = [filled[at]]
    whole = at + width >= len(filled) or filled[at + width].text.strip(".、．") == str(due + 1)
    ends_in_kind = bool(_KIND_HEAD.search(names[-1]))
    for place in range(at + 1, min(at + width, len(filled))):
        line = filled[place]
        following = filled[place + 1].text if place + 1 < len(filled) else ""
        if not whole and len(used) >= 2 and line.text == str(due + 1) and not _FIGURE.match(following):
            break
        if _REMARK.match(line.text) or _GROUP.match(line.text) or line.text in names or len(line.text) > _LONGEST:
            break
        used.append(line)
        if ends_in_kind and _KIND.match(line.text):
            break
    return used


def _cells(used: list[_Line], names: list[str]) -> tuple[Span, ...]:
    """The cells of a row under the columns `names` (the first holds the number). Missing cells are left empty: a value in
    the past stands under the first column of values, the others under the last ones."""
    spans = [line.span for line in used]
    missing = len(names) - len(spans)
    if not missing:
        return tuple(spans)
    kind = bool(_KIND_HEAD.search(names[-1]) and _KIND.match(used[-1].text))
    values = [i for i, name in enumerate(names) if _VALUE_HEAD.search(name)]
    place = len(spans) - kind
    if values:
        place = min(values[0], place)
        if len(used) > place and _PAST.search(used[place].text):
            place += 1
    edge = spans[place - 1][1]
    return (*spans[:place], *([(edge, edge)] * missing), *spans[place:])
