"""The document as the page shows it: paragraphs of runs, each run knowing which targets it belongs to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from luoshi.services.plan_desk.models import Plan, Status, Target


@dataclass(frozen=True)
class Run:
    """A stretch of text under the same targets. `first` are those whose sentence begins here: their anchors."""

    start: int
    text: str
    targets: tuple[int, ...] = ()
    first: tuple[int, ...] = ()
    open: bool = False


@dataclass(frozen=True)
class Paragraph:
    """A block of the document as runs."""

    kind: str
    level: int
    runs: tuple[Run, ...]


def paragraphs(plan: Plan, targets: Iterable[Target]) -> list[Paragraph]:
    """The whole text, block by block, cut where a target begins or ends. Rejected targets are not marked.

    Text between blocks is kept, so that every offset can be reached by selecting.
    """
    marked = sorted((t for t in targets if t.status != Status.REJECTED and t.end > t.start), key=lambda t: t.start)
    result = []
    for start, end, kind, level in _blocks(plan):
        inside = [t for t in marked if t.start < end and t.end > start]
        cuts = sorted({start, end, *(max(start, t.start) for t in inside), *(min(end, t.end) for t in inside)})
        runs = []
        for low, high in pairwise(cuts):
            over = [t for t in inside if t.start <= low and t.end >= high]
            runs.append(
                Run(
                    low,
                    plan.text[low:high],
                    tuple(t.pk for t in over),
                    tuple(t.pk for t in over if max(t.start, start) == low and t.start >= start),
                    any(t.status == Status.PROPOSED for t in over),
                )
            )
        result.append(Paragraph(kind, level, tuple(runs)))
    return result


def _blocks(plan: Plan) -> list[tuple[int, int, str, int]]:
    """Blocks in order without overlap, and what lies between them as paragraphs of its own."""
    result: list[tuple[int, int, str, int]] = []
    at = 0
    for start, end, kind, level, _page in sorted(plan.blocks, key=lambda block: block[0]):
        start, end = max(start, at), min(end, len(plan.text))
        if end <= start:
            continue
        result += _between(plan.text, at, start)
        result.append((start, end, kind, level))
        at = end
    return result + _between(plan.text, at, len(plan.text))


def _between(text: str, start: int, end: int) -> list[tuple[int, int, str, int]]:
    result = []
    at = start
    for line in text[start:end].splitlines(keepends=True):
        if line.strip():
            result.append((at, at + len(line.rstrip("\r\n")), "paragraph", 0))
        at += len(line)
    return result
