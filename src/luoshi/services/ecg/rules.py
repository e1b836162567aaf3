"""How an ECG goes from request to report, its clocks and critical values, as declared in
`catalog/rules/recognition/ecg.yaml`. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Literal

from pydantic import Field

from luoshi.catalog.loader import CATALOG, Entry, read_entry
from luoshi.kernel.errors import InvalidValue, nearest
from luoshi.kernel.machine import Machine, Move

REQUESTED, READING, REPORTED, CRITICAL, RETURNED, CLOSED, WITHDRAWN = (
    "requested", "reading", "reported", "critical", "returned", "closed", "withdrawn",
)  # fmt: skip
ASK, READ = "ecg.request", "ecg.report"

ECG = Machine(
    name="ecg",
    title="远程心电",
    title_en="Remote ECG",
    states={
        REQUESTED: ("待判读", "waiting to be read"),
        READING: ("判读中", "being read"),
        REPORTED: ("已报告", "reported"),
        CRITICAL: ("危急值待确认", "critical, to be acknowledged"),
        RETURNED: ("退回重做", "returned"),
        CLOSED: ("已完成", "done"),
        WITHDRAWN: ("已撤回", "withdrawn"),
    },
    start=REQUESTED,
    final=frozenset({CLOSED, WITHDRAWN}),
    moves=(
        Move("claim", (REQUESTED,), READING, READ, "接单判读", "take it up"),
        Move("release", (READING,), REQUESTED, READ, "放回", "put it back"),
        Move("report", (READING,), REPORTED, READ, "出报告", "report", ("findings",)),
        Move(
            "alarm", (READING,), CRITICAL, READ, "出报告（危急值）", "report a critical value", ("findings", "critical")
        ),
        Move("return", (READING,), RETURNED, READ, "退回", "return", ("reason",)),
        Move("resend", (RETURNED,), REQUESTED, ASK, "重新上传", "send another tracing", ("tracing",)),
        Move("acknowledge", (CRITICAL,), CLOSED, ASK, "确认并处置", "acknowledge and act", ("measures",)),
        Move("receive", (REPORTED,), CLOSED, ASK, "接收报告", "receive the report"),
        Move("withdraw", (REQUESTED, RETURNED), WITHDRAWN, ASK, "撤回", "withdraw"),
    ),
)


class Urgency(Entry):
    """How soon a report is promised."""

    name: str
    name_en: str
    minutes: int = Field(gt=0)


class Proof(Entry):
    """A measurement that proves a critical value by itself; milliseconds, the rate per minute."""

    measure: Literal["rate", "longest_rr", "qtc"]
    op: Literal[">=", "<="]
    value: float


class Critical(Entry):
    """One critical value."""

    name: str
    name_en: str
    when: Proof | None = None


class EcgRules(Entry):
    """The file."""

    source: str
    confidence: Literal["high", "medium", "low"]
    since: date
    urgency: dict[str, Urgency]
    acknowledge_minutes: int = Field(gt=0)
    critical: dict[str, Critical]


@cache
def declared() -> EcgRules:
    """Clocks and critical values."""
    return read_entry(CATALOG / "rules" / "recognition" / "ecg.yaml", EcgRules)


@dataclass(frozen=True)
class Clock:
    """A promised time and whether it was kept: `late` while it runs out unanswered, too."""

    due: datetime
    done: datetime | None
    late: bool


def reading_clock(asked: datetime, urgency: str, reported: datetime | None, now: datetime) -> Clock:
    """The clock of the report; exactly on the minute is in time."""
    due = asked + timedelta(minutes=declared().urgency[urgency].minutes)
    return Clock(due, reported, (reported or now) > due)


def answer_clock(reported: datetime, acknowledged: datetime | None, now: datetime) -> Clock:
    """The clock of the answer to a critical value."""
    due = reported + timedelta(minutes=declared().acknowledge_minutes)
    return Clock(due, acknowledged, (acknowledged or now) > due)


def proven(measures: Mapping[str, float | None]) -> list[str]:
    """Critical values that measurements prove, in the order they are declared. Exactly on the threshold counts (以上/以下
    include the number)."""
    found = []
    for name, critical in declared().critical.items():
        value = measures.get(critical.when.measure) if critical.when else None
        if critical.when is None or value is None:
            continue
        if value >= critical.when.value if critical.when.op == ">=" else value <= critical.when.value:
            found.append(name)
    return found


def check_critical(names: Iterable[str]) -> list[str]:
    """Known critical values, each once. Raises `InvalidValue`."""
    listed = list(dict.fromkeys(names))
    for name in listed:
        if name not in declared().critical:
            raise InvalidValue(f"{name!r} is no critical value.", todo=nearest(name, declared().critical))
    return listed
