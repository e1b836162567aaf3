"""A plan as data: actions, tasks, targets, units and deadlines, each tied to the sentence it was read from.

The JSON shape (`Plan.to_json`) is public: `luoshi plan read --format json` prints it, the store keeps it. Offsets count
characters of `Document.text`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from luoshi.kernel.comparator import Op
from luoshi.plans.evidence import Evidence

Kind = Literal["rate", "count", "level", "change"]
Force = Literal["binding", "expected", "strive", "in-principle"]


@dataclass
class PlanHead:
    """What the document says of itself. Years as int; `published` as ISO date; `based_on` as printed document numbers
    and titles; `default_units` apply to every task although they are printed once (以下均需…负责落实,不再列出)."""

    title: str = ""
    issuer: str | None = None
    region: str | None = None
    doc_number: str | None = None
    published: str | None = None
    period_start: int | None = None
    period_end: int | None = None
    based_on: list[str] = field(default_factory=list)
    default_units: list[str] = field(default_factory=list)
    kind: str = "plan"
    kind_reason: str = ""
    evidence: list[Evidence] = field(default_factory=list)


@dataclass
class Action:
    """A section of the plan that groups tasks: 专项行动, 重点任务之一."""

    id: str
    number: str | None
    title: str
    start: int = 0
    end: int = 0
    restored: str = ""
    evidence: list[Evidence] = field(default_factory=list)


@dataclass
class Task:
    """One piece of work. `number` is as printed (None where lost or absent); `spans` holds every run of the document
    text the task was joined from, in reading order, while `start`/`end` are the first run's; `text` is the joined,
    cleaned reading. Unit names are as printed with breaks healed; `inherited_units` come from the plan's default or
    from the heading above. `begins` is the start of a phase, `repeats` a rhythm as printed (每季度), `restored` the text
    with swapped synonyms put back, where the document was found to be such a copy."""

    id: str
    action: str | None
    number: str | None
    text: str
    start: int
    end: int
    title: str = ""
    lead_units: list[str] = field(default_factory=list)
    units: list[str] = field(default_factory=list)
    inherited_units: list[str] = field(default_factory=list)
    deadline: str | None = None
    deadline_inferred: bool = False
    flags: list[str] = field(default_factory=list)
    confidence: float = 1.0
    spans: list[tuple[int, int]] = field(default_factory=list)
    page: int | None = None
    begins: str | None = None
    repeats: str = ""
    restored: str = ""
    evidence: list[Evidence] = field(default_factory=list)


@dataclass
class Target:
    """One promise with a number in it.

    `op` is one of >= <= > < = between; `value` a number, or [lo, hi] for between; `unit` as printed (%, ‰, /10万, 个, 家,
    分钟 …); `kind`: rate, count, level or change; `baseline` the starting value where the sentence prints one, in the same
    unit; `scope` the population or area phrase the promise is limited to; `rule` names the rule that found it, for people
    who mend the reader; `op_alt` the other comparators the print allows (a bare 达 X may be read as at least X); `approximate`
    for 左右; `flags` are plain-word reasons for doubt; `confidence` from 0 to 1.
    """

    id: str
    task: str | None
    quote: str
    start: int
    end: int
    metric: str
    op: Op
    value: float | list[float]
    unit: str
    deadline: str | None = None
    deadline_inferred: bool = False
    baseline: float | None = None
    baseline_year: int | None = None
    kind: Kind = "rate"
    force: Force = "expected"
    scope: str = ""
    per: str = ""
    confidence: float = 1.0
    flags: list[str] = field(default_factory=list)
    rule: str = ""
    op_alt: list[Op] = field(default_factory=list)
    approximate: bool = False
    evidence: list[Evidence] = field(default_factory=list)


@dataclass
class Result:
    """A figure of a part that tells what was done (签约率达到62%, in a report): found and shown, but promised by nobody.
    `year`: the year it is told of, None where none is printed near it; the other fields are those of a `Target`."""

    id: str
    quote: str
    start: int
    end: int
    metric: str
    op: Op
    value: float | list[float]
    unit: str
    year: int | None = None


@dataclass
class Plan:
    """A plan read from one document. `notes` are plain sentences about the reading as a whole; `page_order` lists the
    physical segments in logical order where a repair was proposed. `safeguards` are the weak tasks of 保障措施 sections,
    `results` the figures of parts that only tell."""

    plan: PlanHead
    actions: list[Action] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    page_order: list[tuple[int, int]] = field(default_factory=list)
    safeguards: list[Task] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        return asdict(self)
