"""Promises that print no number but mean all: 全覆盖, 全部达到, 所有县建立…

They are read as 100 % and flagged so; the officer decides whether to keep them.
"""

from __future__ import annotations

import re

from luoshi.plans import metrics
from luoshi.plans.clauses import Sentence
from luoshi.plans.reading import Reading
from luoshi.plans.words import patterns

_FULL = re.compile(
    r"(?P<soft>基本)?(?:实现|达到|做到|推动|推进|形成)?(?P<soft2>基本)?(?<![健齐安保])全(?:面|域|员)?覆盖(?!率)"
)
_ALL = re.compile(
    r"(?P<who>[\u4e00-\u9fff、（）“”《》及和\d-]{2,30}?)(?P<soft>基本)?全部(?P<what>(?:达到|达标|对标|设立|设置|建成|建立|配备|开展|完成|纳入|实现|向|接入|通过|成为|具备|提供|实行|推行|使用|落实|上线|取消)[^，。；]{0,30})"
)
_EVERY = re.compile(
    r"(?:^|(?<=[，；：]))(?:确保|实现|推动|力争|全国|全省|全市|全县|全区|辖区内?)*所有(?P<who>[^，。；]{2,24}?)(?P<what>(?:都能够?|均|都|全部|达到|实现|完成|建成|建立|设立|设置|配备|开展|提供|纳入|作为|具备|具有|能够)[^，。；]{2,40})"
)
_SPREAD = re.compile(
    r"覆盖(?P<who>(?:全省|全市|全县)?所有[^，。；的]{1,20}|(?:全省|全市|全县)(?:各|所有)[^，。；的]{1,16})的(?P<what>[^，。；]{2,20})"
)
_ZERO = re.compile(
    r"(?P<who>[^，。；：]{2,24}?)(?:实现|保持|确保|力争|达到)?(?:为)?零(?P<what>发生|死亡|感染|报告|事故|漏报|输入|容忍)(?=[，。；、]|$)"
)
_NAME = re.compile(r"(?:[一二三四五六七八九十两]个|“[^”]*)$")

# 鼓励以省为单位提前完成全覆盖, 将从四个方面全面覆盖: what is welcome, and a way of working.
_NO_PROMISE = re.compile(r"(?:积极|大力|支持和?)?(?:鼓励|倡导|引导)(?!机制|政策)|(?:将|要)?从[^，。；]{2,40}个方面$")


def find(text: str, sentence: Sentence) -> list[Reading]:
    """The promises of completeness in one sentence of the plain text."""
    body = text[sentence.start : sentence.end]
    out: list[Reading] = []
    for match in _FULL.finditer(body):
        reading = _full(text, sentence, match)
        if reading is not None:
            out.append(reading)
    for pattern, rule in ((_ALL, "implied-all"), (_EVERY, "implied-every"), (_SPREAD, "implied-spread")):
        for match in pattern.finditer(body):
            if any(r.start < sentence.start + match.end() and sentence.start + match.start() < r.end for r in out):
                continue
            who = metrics.bare(match["who"].removeprefix("所有"))
            if len(who) < 2 or _past(body[: match.start()]):
                continue
            start = sentence.start + match.start()
            if rule == "implied-all":
                start = sentence.start + match.start("who")
            metric = f"{match['what']}{who}覆盖率" if rule == "implied-spread" else metrics.share_of(who, match["what"])
            out.append(_reading(start, sentence.start + match.end(), metric, rule))
    for match in _ZERO.finditer(body):
        who = metrics.bare(match["who"])
        if match["what"] == "容忍" or len(who) < 2 or _past(body[: match.start()]):
            continue
        what = "" if match["what"] == "发生" or who.endswith(match["what"]) else match["what"]
        reading = _reading(
            sentence.start + match.start(), sentence.start + match.end(), f"{who}{what}数", "implied-zero"
        )
        reading.value, reading.unit, reading.kind = 0, "例", "count"
        reading.flags = [f"零{match['what']}: read as 0"]
        out.append(reading)
    return out


def _full(text: str, sentence: Sentence, match: re.Match[str]) -> Reading | None:
    body = text[sentence.start : sentence.end]
    before, after = body[: match.start()], body[match.end() :]
    quoted = _NAME.search(before) and before.count("“") > before.count("”")
    if quoted or re.search(r"[一二三四五六七八九十两]个$", before):
        return None
    if after.startswith(("的", "式", "体系", "、全", "”")) or _past(before):
        return None
    if re.search(r"\d(?:\.\d+)?[%‰][^，。；]{0,12}$", before):
        return None
    parts = re.split(r"[，；：]|(?<=全覆盖)、", before)
    clause = parts[-1]
    start = sentence.start + len(before) - len(clause)
    if _NO_PROMISE.match(re.sub(r"^\W+", "", clause)):
        return None
    subject = metrics.bare(clause)
    if len(subject) < 3 and len(parts) > 1:
        clause = parts[-2]
        start = sentence.start + len(before) - len(parts[-1]) - 1 - len(clause)
        subject = metrics.bare(clause)
    if len(subject) < 2:
        return None
    subject = re.sub(r"(?:在|以)?(?P<who>.{2,12})为单位$", r"以\g<who>为单位", subject)
    reading = _reading(start, sentence.start + match.end(), f"{subject}覆盖率", "implied-coverage")
    while reading.start < reading.end and text[reading.start] in "，、；： ":
        reading.start += 1
    if match["soft"] or match["soft2"]:
        reading.flags.append("基本: nearly all")
        reading.approximate = True
    return reading


def _past(before: str) -> bool:
    markers = list(patterns().past.finditer(before))
    return bool(markers) and not re.search(r"(?:到|力争|确保|20\d{2}年)", before[markers[-1].end() :])


def _reading(start: int, end: int, metric: str, rule: str) -> Reading:
    return Reading(
        start=start, end=end, number_at=end - 1, metric=metric, op="=", value=100, unit="%", kind="rate", rule=rule,
        confidence=0.7, flags=["no figure printed: read as 100%"],
    )  # fmt: skip
