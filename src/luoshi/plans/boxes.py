"""Boxes of a plan (专栏1 基层人才项目): what is numbered inside lists projects and is no numbering of the plan itself."""

from __future__ import annotations

import re
from collections.abc import Sequence

from luoshi.plans.numbering import RANKS, Marker
from luoshi.plans.running_text import RunningText

_BOX = re.compile(
    r"\s*[【（(]?专\s?栏\s?(?:\d{1,2}|[一二三四五六七八九十]{1,3})?(?:[】）)：:\s]|[\u4e00-\u9fff])[^。；]{0,40}$"
)


def without_boxed(reading: RunningText, markers: Sequence[Marker]) -> list[Marker]:
    """The markers without those inside boxes: a run 1, 2, 3 … straight behind the line of the box, as long as it counts on
    and no heading comes. Where tasks above the box are numbered alike, the number that carries on theirs ends the box."""
    boxes = [para.end for para in reading.paras if _BOX.match(reading.text[para.start : para.end])]
    if not boxes:
        return list(markers)
    boxed: set[int] = set()
    for start in boxes:
        outer = None
        for marker in markers:
            if marker.start >= start:
                break
            if id(marker) not in boxed:
                outer = None if marker.rank < RANKS["arabic"] else marker.ordinal if marker.kind == "arabic" else outer
        expected = 1
        for marker in (marker for marker in markers if marker.start >= start):
            if marker.rank < RANKS["arabic"] or (marker.kind == "arabic" and marker.ordinal != expected):
                break
            if marker.kind == "arabic":
                if outer is not None and expected == outer + 1:
                    break
                expected += 1
            boxed.add(id(marker))
    return [marker for marker in markers if id(marker) not in boxed]
