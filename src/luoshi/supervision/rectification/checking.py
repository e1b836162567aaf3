"""Computing anew whether what was wrong is right now: each kind of finding has its own question to the data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from django.http import Http404
from django.utils.translation import override

from luoshi.platform.access.scope import Scope
from luoshi.supervision import sources
from luoshi.supervision.rectification.models import Finding


@dataclass(frozen=True)
class Outcome:
    """What the data say: `passed` None where they cannot say, `words` with the figures, how far they reach."""

    passed: bool | None
    words: str
    heard: date | None = None


Question = Callable[[Finding], Outcome]
_questions: dict[str, Question] = {}


def register(kind: str, question: Question) -> None:
    """Let a desk above answer for a kind of finding; the last one registered counts."""
    _questions[kind] = question


def ask(finding: Finding) -> Outcome:
    """Whether a finding passes now, in Chinese. A kind nobody can compute (an inspection) needs a signature."""
    with override("zh-hans"):
        question = _questions.get(finding.kind)
        if question is not None:
            return question(finding)
        if finding.target is not None and finding.kind == "contradiction" and finding.claimed is not None:
            return _claim(finding)
        if finding.target is not None:
            return _target(finding)
        return Outcome(None, "没有可以重算的数据，须由负责人签字销号")


def standing(finding: Finding) -> sources.Standing | None:
    """Where the target of a finding stands at its place; None where it cannot be asked any more."""
    if finding.target is None:
        return None
    board, scope = sources.get(), Scope.system()
    try:
        if finding.institution:
            return board.standing(finding.target, scope=scope, institution=finding.institution)
        # Without a forecast, which costs more and is not asked for here.
        return next(iter(board.standings(scope=scope, division=finding.division, targets=[finding.target])), None)
    except Http404:
        return None


def said(found: sources.Standing) -> str:
    """A standing in one line: value, fraction, promise, why."""
    value = f"{found.value_text}（{found.fraction_text}）" if found.fraction_text else found.value_text
    return f"{value}，目标 {found.promise_text}；{found.why}"


def _target(finding: Finding) -> Outcome:
    """Passes when the computed light is green: never one set by hand, never one of stale data."""
    found = standing(finding)
    if found is None:
        return Outcome(None, "目标已不在规划中，不能重算")
    if found.value is None or found.stale:
        return Outcome(None, said(found), found.data_until)
    return Outcome(found.computed == "green", said(found), found.data_until)


def _claim(finding: Finding) -> Outcome:
    """Passes when the data have come up to what was reported."""
    found = standing(finding)
    if found is None or found.value is None or found.stale or finding.claimed is None:
        return Outcome(
            None, said(found) if found else "目标已不在规划中，不能重算", found.data_until if found else None
        )
    reached = found.value <= finding.claimed if found.better == "lower" else found.value >= finding.claimed
    return Outcome(reached, f"自报 {finding.claimed:g}，重算 {said(found)}", found.data_until)
