"""What the grammar of one clause yields: a promise read, or a number refused with the reason in plain words."""

from __future__ import annotations

from dataclasses import dataclass, field

from luoshi.kernel.comparator import Op
from luoshi.plans.model import Kind

UNNAMED = "（未写明）"


@dataclass
class Reading:
    """One promise as read from a clause; places are indices into the plain text. `verb` is the verb that governs the
    number, kept so that the next member of a list can inherit it; `deadline` overrides the date of the sentence."""

    start: int
    end: int
    number_at: int
    metric: str
    op: Op
    value: float | list[float]
    unit: str
    kind: Kind
    rule: str
    confidence: float = 0.95
    per: str = ""
    baseline: float | None = None
    baseline_year: int | None = None
    deadline: str | None = None
    flags: list[str] = field(default_factory=list)
    op_alt: list[Op] = field(default_factory=list)
    approximate: bool = False
    verb: str = ""
    scope: str = ""
    number_end: int = 0


@dataclass(frozen=True)
class Refusal:
    """A number that is no target, and why."""

    start: int
    end: int
    printed: str
    reason: str


@dataclass
class Context:
    """What the clause grammar may look at besides the clause itself. `told`: results are looked for, not promises."""

    text: str
    sentence_start: int
    clause_start: int
    clause_end: int
    previous: Reading | None = None
    previous_clause: str = ""
    topic: str = ""
    told: bool = False
