"""The outline of a plan: markers become nodes, nodes nest by the rank of their numbering, each with title and own text."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import islice

from luoshi.plans import boxes, sections
from luoshi.plans.numbering import AUDIENCE, LABEL, RANKS, Marker, find_markers
from luoshi.plans.running_text import Para, RunningText

ROOT_RANK = -1
_SENTENCE_END = re.compile(r"[。；;！!？?]|(?<=[\u4e00-\u9fff”）)])\.(?=[\u4e00-\u9fff“（(]|$)")
_MAX_TITLE = 64


@dataclass
class Node:
    """A numbered part: `start` to `end` with all below it; its own text runs from `body` to `own_end`.

    `heading_only` is true when the title stands alone (on its line, or before its first child).
    """

    kind: str
    rank: int
    ordinal: int | None
    printed: str | None
    start: int
    title: str
    title_start: int
    body: int
    own_end: int
    end: int
    heading_only: bool
    children: list[Node] = field(default_factory=list)
    parent: Node | None = None

    def walk(self) -> list[Node]:
        """This node and all below it, in order."""
        result, stack = [], [self]
        while stack:
            node = stack.pop()
            result.append(node)
            stack.extend(reversed(node.children))
        return result


def is_one_line(reading: RunningText) -> bool:
    """Whether nearly the whole text is one paragraph, so that blanks stand for line ends."""
    longest = max((para.end - para.start for para in reading.paras), default=0)
    return longest > 1500 and longest > 0.6 * len(reading.text)


def build(reading: RunningText, markers: list[Marker] | None = None, span: tuple[int, int] | None = None) -> Node:
    """The outline of a RunningText, or of the paper that lies in `span` of it; the root holds what stands before and
    outside all numbers."""
    start, end = span or (0, len(reading.text))
    found = _without_contents(reading, find_markers(reading) if markers is None else markers)
    found = boxes.without_boxed(reading, found)
    found = [marker for marker in found if start <= marker.start < end]
    first = found[0].start if found else end
    root = Node("root", ROOT_RANK, None, None, start, "", start, start, first, end, heading_only=False)
    stack = [root]
    one_line = is_one_line(reading)
    for index, marker in enumerate(found):
        own_end = found[index + 1].start if index + 1 < len(found) else end
        node = _node(reading, marker, own_end, one_line)
        while stack[-1].rank >= node.rank:
            stack.pop().end = node.start
        node.parent = stack[-1]
        stack[-1].children.append(node)
        stack.append(node)
    for node in stack:
        node.end = end
    return root


def _without_contents(reading: RunningText, markers: list[Marker]) -> list[Marker]:
    """The markers without those of a table of contents: headings without text that all come again further down."""
    entries: list[tuple[str, int | None, str]] = []
    for index, marker in enumerate(markers):
        end = markers[index + 1].start if index + 1 < len(markers) else len(reading.text)
        own = reading.text[marker.end : end].strip()
        title = re.sub(r"[\s.．…·]*\d*$", "", own.split("\n")[0])
        entries.append((marker.kind, marker.ordinal, re.sub(r"\W", "", title)))
    last = {entry: index for index, entry in enumerate(entries)}
    listed: list[int] = []
    for index, entry in enumerate(entries):
        end = markers[index + 1].start if index + 1 < len(markers) else len(reading.text)
        own = reading.text[markers[index].end : end].strip()
        if entry[2] and last[entry] > index and len(own) <= len(entry[2]) + 40 and not _SENTENCE_END.search(own):
            listed.append(index)
        elif listed and index - listed[-1] > 2:
            break
    if len(listed) < 3:
        return markers
    following = listed[-1] + 1
    if following < len(entries) and last[entries[following]] > following:
        listed.append(following)  # the last entry, with the foreword behind it
    return markers[: listed[0]] + [
        marker
        for index, marker in enumerate(markers)
        if index > listed[0] and index not in listed and index > listed[-1]
    ]


def _node(reading: RunningText, marker: Marker, own_end: int, one_line: bool) -> Node:
    text = reading.text
    start = marker.end
    if marker.kind in {"audience", "label"}:
        label = (AUDIENCE if marker.kind == "audience" else LABEL).match(text, start)
        start = label.end() if label else start
        alone = text[start:own_end].startswith("\n") or text[start - 1 : start] == "\n"
        title = marker.printed or (label["what"] if label else "")
        return Node(
            marker.kind, marker.rank, None, marker.printed, marker.start, title, start, start, own_end, own_end,
            alone,
        )  # fmt: skip
    line_end = text.find("\n", start, own_end)
    line_end = own_end if line_end < 0 else line_end
    line = text[start:line_end].rstrip()
    stop = _SENTENCE_END.search(line)
    heading_only = False
    says = re.match(r"[^：:，,]{4,30}(?=[：:][^：:]*\d)", line)
    if says and (stop is None or stop.end() == len(line)) and marker.rank >= RANKS["arabic"]:
        title, body = says[0], start  # 孕产妇管理：早孕建册率≥90%
    elif stop is None and len(line) <= _MAX_TITLE:
        title, body, heading_only = line.rstrip(" ：:、,，"), line_end, True
    elif stop is not None and stop.end() == len(line) and len(line) <= 32 and line_end < own_end:
        title, body, heading_only = line[: stop.start()], line_end, True
    else:
        standing = sections.known_title(line)
        spaced = one_line and RANKS[marker.kind] < RANKS["arabic"]
        blank = standing or (line.find(" ") if spaced else -1)
        if 2 <= blank <= _MAX_TITLE and not re.search(r"[。；;，：:]", line[:blank]):
            title, body, heading_only = line[:blank], start + blank, True
        else:
            cut = re.search(r"[。；;：:！!？?]", line)
            colon = cut is not None and cut.group(0) in "：:" and cut.start() < 4
            at = cut.start() if cut and not colon else min(len(line), _MAX_TITLE)
            if at > _MAX_TITLE:
                comma = re.search(r"[，,]", line)
                at = comma.start() if comma and comma.start() <= _MAX_TITLE else _MAX_TITLE
            title, body = line[:at], start
    return Node(
        marker.kind,
        marker.rank,
        marker.ordinal,
        marker.printed,
        marker.start,
        title.strip(),
        start,
        body,
        own_end,
        own_end,
        heading_only,
    )


def paras_between(reading: RunningText, start: int, end: int) -> list[Para]:
    """The paragraphs, or parts of paragraphs, that lie between two positions."""
    result = []
    first = bisect_right(reading.paras, start, key=lambda para: para.end)
    for para in islice(reading.paras, first, None):
        if para.start >= end:
            break
        left, right = max(para.start, start), min(para.end, end)
        if left < right and reading.text[left:right].strip():
            result.append(Para(left, right, para.kind, para.level, para.page))
    return result
