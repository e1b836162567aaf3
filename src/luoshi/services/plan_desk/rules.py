"""Pure rules of the desk: when a target is doubtful, what a deadline means as a day, how a promise is said."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from luoshi.kernel.errors import InvalidValue

# Below this the reader itself asks for a look.
DOUBTFUL_BELOW = 0.7
OP_WORDS = {">=": "≥", "<=": "≤", ">": ">", "<": "<", "=": "=", "between": "–"}
FORCES = {
    "binding": _lazy("约束性"),
    "expected": _lazy("预期性"),
    "strive": _lazy("力争"),
    "in-principle": _lazy("原则上"),
}
KINDS = {"rate": _lazy("比率"), "count": _lazy("数量"), "level": _lazy("水平"), "change": _lazy("增减")}


def doubtful(confidence: float, flags: Iterable[str]) -> bool:
    """Whether a person should look first: the reader was unsure or wrote down a reason for doubt."""
    return confidence < DOUBTFUL_BELOW or any(True for _ in flags)


def deadline_day(deadline: str, period_end: int | None) -> date | None:
    """The last day of a deadline: `2025` is its 31 December, `2025-06` its 30 June, a day itself; without one, the last
    day of the plan. None when the plan does not say either."""
    text = deadline.strip()
    if m := re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", text):
        return date(int(m[1]), int(m[2]), int(m[3]))
    if m := re.fullmatch(r"(\d{4})-(\d{2})", text):
        return date(int(m[1]), int(m[2]), calendar.monthrange(int(m[1]), int(m[2]))[1])
    if m := re.fullmatch(r"\d{4}", text):
        return date(int(text), 12, 31)
    return date(period_end, 12, 31) if period_end else None


def check_deadline(text: str) -> str:
    """A deadline as the desk keeps it: empty, a year, a month or a day. Raises `InvalidValue` for anything else."""
    text = text.strip()
    try:
        if not text or re.fullmatch(r"\d{4}(-\d{2}){0,2}", text):
            deadline_day(text, None)
            return text
    except (ValueError, calendar.IllegalMonthError):
        pass
    raise InvalidValue(_("时限应写成 2025、2025-06 或 2025-06-30。"), where="deadline")


def amount(value: float) -> str:
    """A number without a needless `.0`."""
    return f"{value:.10g}"


def promise(op: str, value: float, upper: float | None, unit: str) -> str:
    """A promise as it is shown: ≥ 90%, 10–15 家."""
    gap = "" if unit[:1] in "%‰" else " "
    if op == "between" and upper is not None:
        return f"{amount(value)}–{amount(upper)}{gap}{unit}".rstrip()
    return f"{OP_WORDS[op]} {amount(value)}{gap}{unit}".rstrip()


def duration(seconds: int) -> str:
    """How long something took, in words: 12 分钟, 1 小时 5 分钟."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return _("不到 1 分钟")
    if minutes < 60:
        return _("%(minutes)d 分钟") % {"minutes": minutes}
    return _("%(hours)d 小时 %(minutes)d 分钟") % {"hours": minutes // 60, "minutes": minutes % 60}
