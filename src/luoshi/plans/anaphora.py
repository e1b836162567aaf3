"""上述三项指标分别达到…: values of measures that the print names before and points back to."""

from __future__ import annotations

import re
from dataclasses import replace

from luoshi.plans import metrics
from luoshi.plans.numbers import chinese
from luoshi.plans.reading import Reading

_BACK = re.compile(
    r"(?:上述|以上|前述|上列|这)(?P<count>[两二三四五六七八九十]|\d)(?:项|个|大|类)(?:主要|核心|关键)?(?:指标|率|比例|数据)?"
)
_REACH = 400  # characters before within which the measures must be named
_MEASURES = re.compile(r"^.*(?:率|比例|占比|比重|人次|人数|水平|寿命|次数|床日|费用|指数|得分|数)")
_CHANGE = re.compile(r"(?:提升|下降)幅度$")
TOLD = "measures named before (上述)"


def resolve(text: str, readings: list[Reading]) -> None:
    """Give readings that point back (上述两项) the measures named before, in place: one each where there are as many values
    as measures, each the same where there is one value. What cannot be told keeps its words and a flag says so."""
    groups: dict[tuple[int, int], list[Reading]] = {}
    for reading in readings:
        groups.setdefault((reading.start, reading.end), []).append(reading)
    for group in groups.values():
        first = group[0]
        back = _BACK.search(text, max(0, first.start - 2), first.number_at)
        if back is None:
            continue
        names = _named_before(text, back.start(), int(chinese(back["count"]) or int(back["count"])))
        if names is None or len(group) not in (1, len(names)):
            for reading in group:
                reading.flags.append("points back to measures that could not be told")
            continue
        if len(group) == 1:
            place = readings.index(first) + 1
            group += [replace(first, flags=[*first.flags]) for _ in names[1:]]
            readings[place:place] = group[1:]
        for reading, name in zip(group, names, strict=True):
            change = _CHANGE.search(reading.metric)
            reading.metric = name + (change[0] if change else "")
            reading.flags = [flag for flag in reading.flags if not flag.startswith("several values")] + [TOLD]
            reading.confidence = 0.85


def _named_before(text: str, end: int, count: int) -> list[str] | None:
    """The `count` measures of the nearest clause before `end` that lists as many, None where there is none."""
    begin = max(0, end - _REACH)
    for clause in reversed(re.split(r"[，。；：\n]", text[begin:end])):
        listed = _MEASURES.match(clause)
        names = metrics.distribute(re.sub(r"^(?:将|把|使|对|其中)", "", listed[0]), count) if listed else None
        if names is not None and all(metrics.is_measure(name) for name in names):
            return names
    return None
