"""Scoring of read targets against hand-made answers of the shape of the shared gold files.

A read target matches an answer when their spans overlap in the document (blanks ignored) and the values agree. Doubtful
answers are neither rewarded nor punished. `op_alt` and `unit_alt` of an answer are accepted, and for a bare 达 X, which
prints no comparator word, `=` and `>=` (`<=` after a falling verb) both are, as the notes of the gold files say.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from luoshi.plans.model import Target

_COMPARING = re.compile(r"以上|以下|以内|不低于|不少于|不高于|不超过|至少|超过|低于|高于|少于|≥|≤|＞|＜|>|<|余|内")


@dataclass
class Score:
    """Counts of one document. `right` needs value, comparator and unit; `dated` also counts the deadlines."""

    name: str
    answers: int = 0
    read: int = 0
    matched: int = 0
    right: int = 0
    dated: int = 0
    missed: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    misdated: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        return self.right / self.read if self.read else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.answers if self.answers else 1.0

    @property
    def f1(self) -> float:
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0

    @property
    def deadlines(self) -> float:
        return self.dated / self.matched if self.matched else 1.0


def compact(text: str) -> tuple[str, list[int]]:
    """The text without blanks, half-width where marks differ in width, and where each character stood."""
    fold = str.maketrans("，；：（）！？％．／∶－—–", ",;:()!?%./:---")
    chars, places = [], []
    for i, char in enumerate(text):
        if not char.isspace():
            chars.append(char.translate(fold))
            places.append(i)
    return "".join(chars), places


def _spans(needle: str, body: str, places: list[int]) -> list[tuple[int, int]]:
    out, at = [], body.find(needle)
    while at >= 0 and needle:
        out.append((places[at], places[at + len(needle) - 1] + 1))
        at = body.find(needle, at + 1)
    return out


def _values(answer: dict[str, Any]) -> list[Any]:
    values = [answer["value"]]
    if answer.get("value_intended") is not None:
        values.append(answer["value_intended"])
    return values


def _same(read: float | list[float], wanted: Any) -> bool:
    if isinstance(read, list) or isinstance(wanted, list):
        return (
            isinstance(read, list)
            and isinstance(wanted, list)
            and [float(x) for x in read] == [float(x) for x in wanted]
        )
    return wanted is not None and abs(float(read) - float(wanted)) < 1e-9


_UNITS = {"万": "万人", "个百分点": "百分点", "周岁": "岁", "/10万人": "/10万", "位": "名", "人": "名", "万名": "万人"}


def _unit(unit: str | None) -> str:
    unit = (unit or "").replace("个百分点", "百分点")
    return _UNITS.get(unit, unit)


def op_right(target: Target, answer: dict[str, Any]) -> bool:
    accepted = {answer.get("op"), *answer.get("op_alt", [])}
    if answer.get("op_intended"):
        accepted.add(answer["op_intended"])
    if not _COMPARING.search(answer["span"]):
        if answer.get("op") in ("=", ">="):
            accepted |= {"=", ">="}
        elif answer.get("op") == "<=":
            accepted |= {"="}
    return target.op in accepted


def unit_right(target: Target, answer: dict[str, Any]) -> bool:
    wanted = {answer.get("unit"), answer.get("unit_as_printed"), *answer.get("unit_alt", [])}
    return _unit(target.unit) in {_unit(u) for u in wanted}


def deadline_right(target: Target, answer: dict[str, Any]) -> bool:
    accepted = {answer.get("deadline"), *answer.get("deadline_alt", [])}
    got = target.deadline
    short = {a[:4] if a and a.endswith("-12-31") else a for a in accepted}
    return got in accepted or (got[:4] if got and got.endswith("-12-31") else got) in short


def score(name: str, text: str, targets: list[Target], answers: dict[str, Any]) -> Score:
    """Compare the targets read from `text` with the answers."""
    body, places = compact(text)
    result = Score(name)
    wanted: list[tuple[dict[str, Any], list[tuple[int, int]], bool]] = []
    for answer in answers["targets"]:
        wanted.append((answer, _spans(compact(answer["span"])[0], body, places), bool(answer.get("doubtful"))))
    for answer in (*answers.get("doubtful_targets", []), *answers.get("qualitative_targets", [])):
        wanted.append((answer, _spans(compact(answer["span"])[0], body, places), True))
    result.answers = sum(1 for _, _, doubtful in wanted if not doubtful)
    used: set[int] = set()
    for target in sorted(targets, key=lambda t: (t.start, t.end)):
        best, rank = None, -1
        for i, (answer, spans, doubtful) in enumerate(wanted):
            if i in used and not doubtful:
                continue
            if not any(s < target.end and target.start < e for s, e in spans):
                continue
            same = any(_same(target.value, v) for v in _values(answer))
            if not same and not (doubtful and answer.get("value") is None):
                continue
            points = (
                4 * (not doubtful)
                + 2 * unit_right(target, answer)
                + op_right(target, answer)
                + _likeness(target.metric, answer.get("metric", ""))
            )
            if points > rank:
                best, rank = i, points
        if best is None:
            if any(
                not d and a.get("covers") and any(s < target.end and target.start < e for s, e in spans)
                for a, spans, d in wanted
            ):
                continue  # one printed number may be read once per subject it covers
            result.read += 1
            result.false.append(f"{target.rule}: {target.quote} → {target.op} {target.value}{target.unit}")
            continue
        answer, _, doubtful = wanted[best]
        used.add(best)
        if doubtful:
            continue
        result.read += 1
        result.matched += 1
        if op_right(target, answer) and unit_right(target, answer):
            result.right += 1
        else:
            result.wrong.append(
                f"{answer['id']} {answer['span']}: read {target.op} {target.value}{target.unit}, "
                f"wanted {answer['op']} {answer['value']}{answer['unit']}"
            )
        if deadline_right(target, answer):
            result.dated += 1
        else:
            result.misdated.append(
                f"{answer['id']} {answer['span']}: read {target.deadline}, wanted {answer['deadline']}"
            )
    for i, (answer, _, doubtful) in enumerate(wanted):
        if not doubtful and i not in used:
            if answer.get("implicit") and not any(ch.isdigit() for ch in answer["span"]):
                result.missed.append(f"(implicit) {answer['id']} {answer['span']}")
            else:
                result.missed.append(
                    f"{answer['id']} {answer['span']} ({answer['op']} {answer['value']}{answer['unit']})"
                )
    return result


def _likeness(a: str, b: str) -> float:
    pairs = {a[i : i + 2] for i in range(len(a) - 1)}, {b[i : i + 2] for i in range(len(b) - 1)}
    union = len(pairs[0] | pairs[1])
    return len(pairs[0] & pairs[1]) / union if union else 0.0


def load(path: Path) -> dict[str, Any]:
    """One file of answers."""
    answers: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return answers
