"""Is a promise on its way? From a value, a threshold and the share of time gone to a light with words.

Three colours and grey. Green needs fresh data: what has not been heard of for long is grey at best, whatever its value
was ("no silent green").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from luoshi.kernel.comparator import Threshold
from luoshi.kernel.period import Period

Colour = Literal["green", "yellow", "red", "grey"]
Code = Literal["met", "on-pace", "slightly-behind", "behind", "stale", "no-value"]

WORDS: dict[Code, tuple[str, str]] = {
    "met": ("已达标", "met"),
    "on-pace": ("进度正常", "on pace"),
    "slightly-behind": ("略有滞后", "slightly behind"),
    "behind": ("明显滞后", "behind"),
    "stale": ("数据过期", "data out of date"),
    "no-value": ("无法计算", "no value"),
}
STALE_AFTER = 45  # days without a record
NEAR = 0.95  # from this share of what is expected, a shortfall is slight


@dataclass(frozen=True)
class Light:
    """The verdict on one target: its colour, its code, both languages, and what was expected by now."""

    colour: Colour
    code: Code
    word: str
    word_en: str
    expected: float | None

    @classmethod
    def of(cls, colour: Colour, code: Code, expected: float | None) -> Light:
        """A light with the words of its code."""
        return cls(colour, code, *WORDS[code], expected)


def share_due(period: Period, day: date, seasonal_pace: str | Sequence[float]) -> float:
    """The share of the year's work expected to be done by the end of `day`, from 0 to 1.

    `none`: all of it at any time (a level, or counts already pro rata to date). `even`: as the days go. Twelve shares:
    the work of the months in order from the period's first, the running month by its days.
    """
    if seasonal_pace == "none":
        return 1.0
    if isinstance(seasonal_pace, str):
        return period.share_elapsed(day)
    if day < period.start:
        return 0.0
    months = (day.year - period.start.year) * 12 + day.month - period.start.month
    if months >= 12 or day >= period.end:
        return 1.0
    month = Period.month(day.year, day.month)
    return sum(seasonal_pace[:months]) + seasonal_pace[months] * day.day / month.days


def judge(
    value: float | None,
    threshold: Threshold,
    better: str = "higher",
    share_elapsed: float = 1.0,
    freshness: int | None = 0,
) -> Light:
    """The light of `value` against `threshold`.

    `better` is the indicator's direction (`higher`, `lower`, `band`); `share_elapsed` the share of the work expected by
    now (`share_due`); `freshness` the days since the last record of the source, None when nothing was ever heard.
    A threshold that is a lower bound is expected in proportion; an upper bound or a band holds at any time.
    """
    if value is None:
        return Light.of("grey", "no-value", None)
    rising = threshold.op in (">=", ">") or (threshold.op == "=" and better == "higher")
    expected = threshold.value * min(1.0, max(0.0, share_elapsed)) if rising else threshold.value
    if threshold.met_by(value, better=better):
        light = Light.of("green", "met", expected)
    elif rising and share_elapsed < 1 and round(value, 10) >= round(expected, 10):
        light = Light.of("green", "on-pace", expected)
    elif _near(value, expected, threshold, rising):
        light = Light.of("yellow", "slightly-behind", expected)
    else:
        light = Light.of("red", "behind", expected)
    stale = freshness is None or freshness > STALE_AFTER
    return Light.of("grey", "stale", expected) if stale and light.colour == "green" else light


def _near(value: float, expected: float, threshold: Threshold, rising: bool) -> bool:
    if rising:
        return value >= expected * NEAR
    if threshold.op in ("<=", "<"):
        return value <= expected * (2 - NEAR)
    upper = threshold.upper if threshold.upper is not None else expected
    return expected * NEAR <= value <= upper * (2 - NEAR)
