"""How duties move, as machines, and the numbers of `catalog/rules/duties.yaml`. Pure."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Literal

from pydantic import Field

from luoshi.catalog.loader import CATALOG, Entry, read_entry
from luoshi.kernel.machine import CLOCK, Machine, Move
from luoshi.supervision import working_days

ISSUE, ACT, JUDGE = "duty.issue", "duty.act", "duty.judge"

DUTY = Machine(
    name="duty",
    title="任务",
    title_en="Duty",
    states={
        "issued": ("待签收", "To be acknowledged"),
        "objected": ("有异议", "Objected to"),
        "received": ("已签收", "Acknowledged"),
        "working": ("推进中", "In progress"),
        "submitted": ("待验收", "To be accepted"),
        "closed": ("已办结", "Closed"),
        "withdrawn": ("已撤回", "Withdrawn"),
    },
    start="issued",
    final=frozenset({"closed", "withdrawn"}),
    moves=(
        Move("receive", ("issued",), "received", ACT, "签收", "Acknowledge"),
        Move("object", ("issued", "received"), "objected", ACT, "提出异议", "Object", ("reason",)),
        Move("uphold", ("objected",), "issued", ISSUE, "维持下达", "Uphold", ("reason",)),
        Move("work", ("received",), "working", ACT, "开始推进", "Begin"),
        Move("submit", ("received", "working"), "submitted", ACT, "报请验收", "Hand in", ("note",)),
        Move("return", ("submitted",), "working", JUDGE, "退回补充", "Return", ("reason",)),
        Move("close", ("submitted",), "closed", JUDGE, "验收办结", "Accept and close", ("ground",)),
        Move("settle", ("received", "working", "submitted"), "closed", CLOCK, "到期达标办结", "Due and kept: closed"),
        Move(
            "reassign", ("issued", "objected", "received", "working"), "issued", ISSUE, "改派", "Reassign", ("reason",)
        ),
        Move(
            "withdraw",
            ("issued", "objected", "received", "working", "submitted"),
            "withdrawn",
            ISSUE,
            "撤回",
            "Withdraw",
            ("reason",),
        ),
    ),
)

EVIDENCE = Machine(
    name="evidence",
    title="佐证材料",
    title_en="Evidence",
    states={
        "offered": ("待审核", "To be checked"),
        "accepted": ("已采信", "Accepted"),
        "refused": ("未采信", "Not accepted"),
        "removed": ("已撤回", "Taken back"),
        "revoked": ("已取消采信", "No longer accepted"),
    },
    start="offered",
    final=frozenset({"refused", "removed", "revoked"}),
    moves=(
        Move("accept", ("offered",), "accepted", JUDGE, "采信", "Accept"),
        Move("refuse", ("offered",), "refused", JUDGE, "不采信", "Refuse", ("reason",)),
        Move("remove", ("offered",), "removed", ACT, "撤回", "Take back"),
        Move("revoke", ("accepted",), "revoked", JUDGE, "取消采信", "Revoke", ("reason",)),
    ),
)

OVERRIDE = Machine(
    name="light-override",
    title="人工定灯",
    title_en="Light set by hand",
    states={
        "standing": ("有效", "In force"),
        "ended": ("已撤销", "Taken back"),
        "expired": ("已到期", "Expired"),
    },
    start="standing",
    final=frozenset({"ended", "expired"}),
    moves=(
        Move("end", ("standing",), "ended", JUDGE, "撤销", "Take back", ("reason",)),
        Move("expire", ("standing",), "expired", CLOCK, "到期失效", "Expire"),
    ),
)

QUERY = Machine(
    name="report-query",
    title="填报疑问",
    title_en="Query about a report",
    states={
        "open": ("待说明", "To be explained"),
        "answered": ("已说明", "Explained"),
        "settled": ("已核实", "Settled"),
        "upheld": ("确认不符", "Found untrue"),
    },
    start="open",
    final=frozenset({"settled", "upheld"}),
    moves=(
        Move("answer", ("open",), "answered", ACT, "作出说明", "Explain", ("answer",)),
        Move("return", ("answered",), "open", JUDGE, "退回说明", "Ask again", ("reason",)),
        Move("settle", ("open", "answered"), "settled", JUDGE, "核实销项", "Settle", ("reason",)),
        Move("uphold", ("open", "answered"), "upheld", JUDGE, "确认不符", "Find untrue", ("reason",)),
    ),
)


class Files(Entry):
    """What files are taken."""

    bytes_at_most: int = Field(ge=1)
    per_promise_at_most: int = Field(ge=1)
    unpacked_at_most: int = Field(ge=1)
    ratio_at_most: int = Field(ge=2)
    kinds: tuple[str, ...]


class Declared(Entry):
    """The whole file."""

    source: str
    confidence: Literal["high", "medium", "low"]
    from_: date = Field(alias="from")
    receipt_working_days: int = Field(ge=0)
    due_soon_days: int = Field(ge=1)
    uneven_share: float = Field(ge=0, lt=1)
    uneven_points: float = Field(ge=0)
    report_tolerance_share: float = Field(ge=0, lt=1)
    report_tolerance_points: float = Field(ge=0)
    override_days_at_most: int = Field(ge=1)
    files: Files


@cache
def declared() -> Declared:
    """The numbers of the file. Raises `CatalogError` when it is wrong."""
    return read_entry(CATALOG / "rules" / "duties.yaml", Declared)


def receipt_due(issued: date) -> date:
    """The last day to acknowledge a duty issued on a day, in working days."""
    return working_days.add_working_days(issued, declared().receipt_working_days)
