"""What became of single subjects of a worklist: still on it, counted now, or no longer asked about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from luoshi.indicators import Catalogue, Indicator
from luoshi.indicators.measure import fill
from luoshi.kernel.errors import NotFound
from luoshi.kernel.period import Period
from luoshi.platform.lake import results

AT_ONCE = 5_000


@dataclass(frozen=True)
class Became:
    """`missing`: still on the worklist, with the reason of now; `counted`: settled; `left`: not in the population any
    more, or no longer there at all. `institution` and `person` as they are now; the reason in both languages."""

    state: Literal["missing", "counted", "left"]
    reason: str = ""
    reason_en: str = ""
    person: int | None = None
    institution: str = ""


def became(indicator: str, period: Period, subjects: Sequence[str]) -> dict[str, Became] | None:
    """What became of each of `subjects` of an indicator's worklist in `period`. None
    where the rows of the period are not kept (any more), so that nothing can be said. No scope: for the system, which
    settles what was sent; pages show what their viewer may see of it."""
    found = Catalogue.load().indicator(indicator)
    reading, stored = results._stored(found, period)
    if reading is None or stored is None or found.kind != "ratio" or not stored.has_rows:
        return None
    answer = dict.fromkeys(subjects, Became("left"))
    for start in range(0, len(subjects), AT_ONCE):
        try:
            rows = reading.of_subjects(stored, found, subjects[start : start + AT_ONCE])
        except NotFound:
            return None
        for subject, (listed, row) in rows.items():
            chinese, english = _words(found, row.reason, {**row.columns}) if listed else ("", "")
            state: Literal["missing", "counted"] = "missing" if listed else "counted"
            answer[subject] = Became(state, chinese, english, row.person, row.institution or "")
    return answer


def edition() -> str:
    """A name for the results in use, another one after each refresh; empty before there are any."""
    reading = results._reading()
    return reading.folder.name if reading else ""


def _words(indicator: Indicator, reason: int | None, columns: dict[str, Any]) -> tuple[str, str]:
    if reason is None:
        return f"未满足:{indicator.numerator}", f"Does not meet: {indicator.numerator}"
    chosen = indicator.reasons[reason]
    return fill(chosen.say, columns), fill(chosen.say_en or chosen.say, columns)
