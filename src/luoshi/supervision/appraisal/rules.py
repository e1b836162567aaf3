"""States of a run, an appeal and a meeting, and the words for why something is not scored. Pure."""

from __future__ import annotations

from luoshi.kernel.machine import Machine, Move

DRAFT, ANNOUNCED, FINAL, DROPPED = "draft", "announced", "final", "dropped"
FILED, UPHELD, REJECTED, TAKEN_BACK = "filed", "upheld", "rejected", "taken-back"
OPEN, CLOSED = "open", "closed"
# Days an announced run can be appealed against.
APPEAL_DAYS = 7

RUN = Machine(
    name="appraisal-run",
    title="考核结果",
    title_en="Appraisal run",
    states={
        DRAFT: ("试算", "Draft"),
        ANNOUNCED: ("公示", "Announced"),
        FINAL: ("定稿", "Final"),
        DROPPED: ("作废", "Dropped"),
    },
    start=DRAFT,
    final=frozenset({FINAL, DROPPED}),
    moves=(
        Move("announce", (DRAFT,), ANNOUNCED, "appraisal.manage", "公示", "Announce"),
        Move("finalise", (ANNOUNCED,), FINAL, "appraisal.manage", "定稿", "Make final"),
        Move("drop", (DRAFT, ANNOUNCED), DROPPED, "appraisal.manage", "作废", "Drop", needs=("reason",)),
    ),
)

APPEAL = Machine(
    name="appraisal-appeal",
    title="考核申诉",
    title_en="Appeal against a score",
    states={
        FILED: ("待复核", "Filed"),
        UPHELD: ("成立", "Upheld"),
        REJECTED: ("不成立", "Rejected"),
        TAKEN_BACK: ("撤回", "Taken back"),
    },
    start=FILED,
    final=frozenset({UPHELD, REJECTED, TAKEN_BACK}),
    moves=(
        Move("uphold", (FILED,), UPHELD, "appraisal.manage", "成立并更正", "Uphold", needs=("answer", "source")),
        Move("reject", (FILED,), REJECTED, "appraisal.manage", "不成立", "Reject", needs=("answer",)),
        Move("take-back", (FILED,), TAKEN_BACK, "appraisal.appeal", "撤回", "Take back"),
    ),
)

MEETING = Machine(
    name="dispatch-meeting",
    title="调度会",
    title_en="Dispatch meeting",
    states={OPEN: ("进行中", "Open"), CLOSED: ("纪要已定", "Minutes fixed")},
    start=OPEN,
    final=frozenset({CLOSED}),
    moves=(Move("close", (OPEN,), CLOSED, "meeting.hold", "结束并固定纪要", "Close and fix the minutes"),),
)
