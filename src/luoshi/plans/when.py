"""The date a promise stands under: in its sentence, over its list of goals, or opening its paragraph; else the plan's end."""

from __future__ import annotations

import re
from bisect import bisect_left

from luoshi.plans.clauses import sentence_start
from luoshi.plans.dates import Mention
from luoshi.plans.reading import Reading
from luoshi.plans.years import CARRIED

_OPENS = re.compile(r"(?:力争|确保|争取|计划|预计)?[到至在]?$")
# A short title, or the heading of the goals joined to its text, may stand before the year that opens a paragraph.
_HEADED = re.compile(
    r"(?:[^。，；]{0,24}[。：:]|[^，。；]{0,16}(?:目标|任务|指标|要求))?(?:力争|确保|争取|计划|预计)?[到至在]?$"
)


def governing(text: str, mentions: list[Mention], reading: Reading) -> Mention | None:
    """The date a promise stands under: the nearest one before it in its sentence, or inside its span after it."""
    start = sentence_start(text, reading.number_at)
    place = bisect_left(mentions, reading.number_at, key=_starts)
    for mention in reversed(mentions[max(0, place - 40) : place]):
        if mention.start < start:
            break
        if mention.role in ("deadline", "span"):
            return mention
    for mention in mentions[place : place + 10]:
        if mention.role == "deadline" and reading.number_at < mention.start < reading.end and mention.explicit:
            return mention
    return None


def deadline(
    text: str, mentions: list[Mention], reading: Reading, year: int | None, plan_years: tuple[int | None, int | None]
) -> tuple[str | None, bool, Mention | None]:
    """The deadline, whether it is printed for the promise, and the date it was taken from."""
    if reading.deadline is not None:
        return reading.deadline, CARRIED not in reading.flags, None
    mention = governing(text, mentions, reading)
    if mention is not None:
        return mention.value, mention.explicit or "-" in mention.value, mention
    carried = _over_goals(text, mentions, reading)
    if carried is not None:
        return carried.value, True, carried
    carried = _of_paragraph(text, mentions, reading)
    if carried is not None:
        return carried.value, False, carried
    end = plan_years[1] or year
    return (str(end) if end else None), False, None


def _starts(mention: Mention) -> int:
    return mention.start


def _over_goals(text: str, mentions: list[Mention], reading: Reading) -> Mention | None:
    """A date of an earlier sentence that opens a list of goals: 到2030年具体实现以下目标：…"""
    place = bisect_left(mentions, reading.start, key=_starts)
    for mention in reversed(mentions[max(0, place - 200) : place]):
        if mention.role == "deadline" and mention.explicit:
            head = re.split(r"[。\n]", text[mention.end : mention.end + 200], maxsplit=1)[0]
            goals = re.search(r"(?:以下|下列|如下|主要|具体|总体|工作)(?:目标|指标)(?:是|为|如下)?[：:]", head)
            paragraph = text[mention.end :].split("\n", 1)[0]
            announced = (
                re.search(r"(?:目标|指标|任务|如下)[：:]$", paragraph.rstrip())
                and "\n" in text[mention.end : reading.start]
            )
            if goals or head.endswith("：") or announced:
                return mention
            return None
    return None


def _of_paragraph(text: str, mentions: list[Mention], reading: Reading) -> Mention | None:
    """The year that opens the paragraph (到2025年，…。每千人口…达到7.6张), until another date comes; a later year that opens
    a sentence takes over. A month or a day ends with its sentence."""
    paragraph = text.rfind("\n", 0, reading.start) + 1
    place = bisect_left(mentions, reading.start, key=_starts)
    first = bisect_left(mentions, paragraph, key=_starts)
    dated = [m for m in mentions[max(first, place - 40) : place] if m.role in ("deadline", "span")]
    if not dated or not all(m.explicit and m.role == "deadline" for m in (dated[0], dated[-1])):
        return None
    if not _HEADED.fullmatch(text[paragraph : dated[0].start]):
        return None
    last = dated[-1]
    if len(last.value) > 4:
        return None
    opens = last is dated[0] or _OPENS.fullmatch(text[sentence_start(text, last.start) : last.start])
    return last if opens else None
