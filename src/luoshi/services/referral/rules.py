"""The states of a referral and its clocks. Pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, time, timedelta

from luoshi.kernel import clock
from luoshi.kernel.machine import CLOCK, Machine, Move
from luoshi.services.referral import book

UP, DOWN = "up", "down"
SEND, RECEIVE = "referral.send", "referral.receive"

MACHINE = Machine(
    name="referral",
    title="双向转诊",
    title_en="Referral",
    states={
        "draft": ("草稿", "Draft"),
        "submitted": ("待接收", "Waiting for an answer"),
        "returned": ("待补充资料", "More data wanted"),
        "rejected": ("已拒绝", "Rejected"),
        "accepted": ("已接收", "Accepted"),
        "reserved": ("已预留", "Bed or slot reserved"),
        "arrived": ("已到院", "Arrived"),
        "treating": ("诊治中", "Being treated"),
        "summarised": ("已回传小结", "Summary returned"),
        "closed": ("已办结", "Closed"),
        "cancelled": ("已撤销", "Cancelled"),
        "no-show": ("未到院", "Did not come"),
    },
    start="draft",
    final=frozenset({"rejected", "closed", "cancelled", "no-show"}),
    moves=(
        Move("submit", ("draft",), "submitted", SEND, "提交", "Submit", ("consent",)),
        Move("rush", ("draft",), "accepted", SEND, "走绿色通道", "Use the green channel", ("reason",)),
        Move("accept", ("submitted",), "accepted", RECEIVE, "接收", "Accept"),
        Move("ask", ("submitted",), "returned", RECEIVE, "退回补充", "Ask for more", ("reason",)),
        Move("reject", ("submitted",), "rejected", RECEIVE, "拒绝", "Reject", ("reason",)),
        Move("resubmit", ("returned",), "submitted", SEND, "补充后提交", "Submit again", ("note",)),
        Move("reserve", ("accepted",), "reserved", RECEIVE, "预留床位或号源", "Reserve", ("slot",)),
        Move("arrive", ("accepted", "reserved"), "arrived", RECEIVE, "登记到院", "Note the arrival"),
        Move("miss", ("accepted", "reserved"), "no-show", RECEIVE, "登记未到", "Note that nobody came", ("reason",)),
        Move("lapse", ("accepted", "reserved"), "no-show", CLOCK, "逾期未到", "Nobody came in time"),
        Move("treat", ("arrived",), "treating", RECEIVE, "开始诊治", "Begin treatment"),
        Move("summarise", ("treating",), "summarised", RECEIVE, "回传诊疗小结", "Return the summary", ("summary",)),
        Move("close", ("summarised",), "closed", SEND, "确认办结", "Close", ("note",)),
        Move(
            "cancel",
            ("draft", "submitted", "returned", "accepted", "reserved"),
            "cancelled",
            SEND,
            "撤销",
            "Cancel",
            ("reason",),
        ),
    ),
)

# States in which the receiver may see the patient and what is attached.
ACTIVE: tuple[str, ...] = ("submitted", "returned", "accepted", "reserved", "arrived", "treating", "summarised")
OPEN: tuple[str, ...] = ("draft", *ACTIVE)
# States a bed or slot is held in until the patient comes.
HOLDING = "reserved"
# Who must act next: the sender or the receiver.
SENDERS_TURN: tuple[str, ...] = ("draft", "returned", "summarised")
RECEIVERS_TURN: tuple[str, ...] = ("submitted", "accepted", "reserved", "arrived", "treating")


def due(state: str, priority: book.Priority, since: datetime, *, arrive_on: datetime | None = None) -> datetime | None:
    """When the next step must have been made, for a referral that came into `state` at `since`; None where nobody has to
    act by a clock. `arrive_on`: the beginning of what was reserved."""
    clocks = book.rules().clocks
    hours = {
        "submitted": clocks.respond_hours[priority],
        "returned": clocks.complete_hours[priority],
        "accepted": clocks.reserve_hours[priority],
        "arrived": clocks.treat_hours,
        "treating": clocks.summary_days * 24,
        "summarised": clocks.check_days * 24,
    }
    if state == "reserved":
        return (arrive_on or since) + timedelta(hours=clocks.arrive_hours)
    return since + timedelta(hours=hours[state]) if state in hours else None


def lapses(
    state: str, priority: book.Priority, since: datetime, *, arrive_on: datetime | None = None
) -> datetime | None:
    """When the clock notes that nobody came: only where the patient is awaited."""
    clocks = book.rules().clocks
    if state == "reserved":
        return (arrive_on or since) + timedelta(hours=clocks.arrive_hours)
    if state == "accepted":
        return since + timedelta(hours=clocks.unbooked_arrive_hours[priority])
    return None


def level_due(deadline: datetime, now: datetime) -> int:
    """How many steps of escalation are due: 0 before the deadline."""
    late = (now - deadline).total_seconds() / 3600
    return sum(late >= step.after_hours for step in book.rules().clocks.escalate) if late > 0 else 0


def begin_of(day: object) -> datetime:
    """The first minute of a Chinese day."""
    return datetime.combine(day, time(0), clock.CHINA)  # type: ignore[arg-type]


def stale(updated: datetime, now: datetime) -> bool:
    """Whether a declared number of beds or slots is too old to rely on."""
    return now - updated > timedelta(hours=book.rules().capacity.stale_hours)


def side(permissions: Collection[str]) -> str:
    """Whose moves these are: `send`, `receive`, `both` or nothing."""
    held = {SEND, RECEIVE} & set(permissions)
    return "both" if len(held) == 2 else "send" if SEND in held else "receive" if RECEIVE in held else ""
