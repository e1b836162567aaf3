"""How firmly a promise is made: 力争 and 原则上, and how far along a sentence each of them reaches.

原则上 and 争创 govern their own clause. 力争 governs the clauses beside its own that are built as its own is: what is done
(力争培育学科8个，新立项学科25个) or what is reached (力争就诊率达到90%，占比达到65%); after a date (力争到2025年，…) all of
them. It stops where another word takes over (确保, 同时), and where it stands behind a subject of its own it governs that
alone (支出率力争提高2个百分点，…).
"""

from __future__ import annotations

import re

from luoshi.plans import metrics
from luoshi.plans.clauses import sentence_start
from luoshi.plans.model import Force
from luoshi.plans.reading import Reading
from luoshi.plans.words import patterns

_OWN_CLAUSE = frozenset(("争创", "争", "争取"))  # 争创专科3个，建成中心2个
_TAKES_OVER = re.compile(
    r"(?:^|[，；：])(?:确保|必须|务必|不得|严格|切实|同时|此外|另外|全面|要|并确保|均须|须)|确保|务必|不得"
)
_OPENING = re.compile(
    r"(?:(?:[到至]|在)?(?:(?:19|20)\d{2}年)?(?:\d{1,2}月)?(?:底|末)?(?:之?前)?|年底前?|年内|今年|全年|各地|各县区|"
    r"(?:全|我|本)[国省市县区州旗]|并|积极|努力|进一步|逐步|同时|其中|以及|一是|二是|三是|四是)*"
)
_CLAUSES = re.compile(r"[，；：]")


def force(text: str, reading: Reading) -> Force:
    """The force of a promise by the words of its sentence, from the last semicolon on."""
    start = max(
        sentence_start(text, reading.number_at),
        text.rfind("；", max(0, reading.number_at - 300), reading.number_at) + 1,
    )
    head = text[start : reading.number_at]
    words = patterns()
    own = _CLAUSES.split(head)[-1]
    if words.in_principle.search(own):
        return "in-principle"
    if words.strive.search(own) or any(_reaches(head, match, reading) for match in words.strive.finditer(head)):
        return "strive"
    if re.search(r"约束性", text[start : reading.end + 12]):
        return "binding"
    return "expected"


def _reaches(head: str, match: re.Match[str], reading: Reading) -> bool:
    """Whether 力争 of an earlier clause governs the promise at the end of `head` as well."""
    if match[0] in _OWN_CLAUSE or _TAKES_OVER.search(head[match.end() :]):
        return False
    before = _CLAUSES.split(head[: match.start()])[-1]
    if not _OPENING.fullmatch(before):
        return False  # 支出率力争提高2个百分点: the subject stands before it
    rest = head[match.end() :]
    if re.match(r"(?:[到至]|在)?(?:19|20)\d{2}年|[，：]", rest):
        return True
    verb = metrics.governing_verb(_CLAUSES.split(rest)[0])
    does = verb is not None and verb[1] <= 2
    return does == (reading.kind == "count")
