"""What speaks for each field of a promise: where its name, value, comparator, unit, deadline, start and force stand."""

from __future__ import annotations

import re
from collections.abc import Callable

from luoshi.plans.dates import Mention
from luoshi.plans.evidence import Evidence
from luoshi.plans.reading import UNNAMED, Reading
from luoshi.plans.words import patterns
from luoshi.plans.years import CARRIED

Locate = Callable[[int, int], tuple[int, int]]
INFERRED = "not printed with the promise: the end of the plan's period"


def of_reading(
    text: str, reading: Reading, locate: Locate, *, deadline: str | None, when: Mention | None, inferred: bool,
    force: str, scope: str,
) -> list[Evidence]:  # fmt: skip
    """The evidence of one promise read from `text`; `locate` leads from places in it to the document. `when` is the date
    the promise stands under, None where its own years decide or none is printed."""

    def told(
        name: str, value: object, start: int, end: int, sure: float, *flags: str, rule: str = reading.rule
    ) -> Evidence:
        if end <= start:
            return Evidence(name, value, None, None, "", rule, round(sure, 2), list(flags))
        first, last = locate(start, end)
        return Evidence(name, value, first, last, text[start:end][:200], rule, round(sure, 2), list(flags))

    start, number, stop = reading.start, reading.number_at, max(reading.number_end, reading.number_at)
    if reading.rule.startswith("implied"):
        number, stop = start, reading.end  # no figure is printed: the words as a whole say it
    sure, flags = reading.confidence, [flag for flag in reading.flags if "subject" in flag or "several" in flag]
    result: list[Evidence] = []
    named = (
        (start, reading.end)
        if number == start
        else (start, number)
        if len(text[start:number].strip("，、；：")) >= 2
        else (stop, reading.end)
    )
    if reading.metric == UNNAMED:
        result.append(told("metric", reading.metric, 0, 0, 0.5, "what is measured is not printed"))
    elif not _shares(reading.metric, text[start : max(stop, reading.end)]):
        result.append(told("metric", reading.metric, *named, min(sure, 0.85), *flags, "named by the words before"))
    else:
        result.append(told("metric", reading.metric, *named, sure, *flags))
    doubts = [flag for flag in reading.flags if "misread" in flag or "read as" in flag or "words" in flag]
    result.append(told("value", reading.value, number, stop, sure, *doubts))
    if reading.unit:
        result.append(told("unit", reading.unit, number, stop, sure, *doubts))
    comparing = patterns().comparator.search(text[start:number])
    first = start + comparing.start() if comparing and comparing[0] else number
    open_ = [f"the print allows {' or '.join(reading.op_alt)} too"] if reading.op_alt else []
    result.append(told("op", reading.op, first, stop, min(sure, 0.8 if open_ else 0.95), *open_))
    if deadline is not None:
        result.append(_deadline(told, text, reading, deadline, when, inferred))
    if reading.baseline is not None:
        at = text.rfind(f"{reading.baseline:g}", start, number)
        result.append(
            told(
                "baseline",
                reading.baseline,
                at,
                at + len(f"{reading.baseline:g}") if at >= 0 else at,
                0.9,
                rule="from … to",
            )
        )
    if force != "expected":
        words = patterns().in_principle if force == "in-principle" else patterns().strive
        said = [m.span() for m in words.finditer(text, max(0, number - 200), number)] or [
            m.span() for m in re.finditer("约束性", text)
        ]
        result.append(told("force", force, *(said[-1] if said else (0, 0)), 0.85, rule="word of force"))
    if scope:
        at = text.find(scope, max(0, start - 60), reading.end)
        result.append(told("scope", scope, max(at, 0), at + len(scope) if at >= 0 else 0, 0.8, rule="words of scope"))
    return result


def _shares(metric: str, words: str) -> bool:
    """Whether any three characters of a name stand in the words of the promise."""
    return len(metric) < 3 or any(metric[i : i + 3] in words for i in range(len(metric) - 2))


def _deadline(
    told: Callable[..., Evidence], text: str, reading: Reading, deadline: str, when: Mention | None, inferred: bool
) -> Evidence:
    if reading.deadline is not None and CARRIED in reading.flags:
        return told("deadline", deadline, 0, 0, 0.75, CARRIED, rule=CARRIED)
    if reading.deadline is not None:
        found = [m.span() for m in re.finditer(re.escape(deadline[:4]), text[: reading.number_at])]
        return told(
            "deadline", deadline, *(found[-1] if found else (0, 0)), 0.9, rule="years in the order of the values"
        )
    if when is None:
        return told("deadline", deadline, 0, 0, 0.6, INFERRED, rule="end of the plan's period")
    if inferred and when.end <= reading.start and "。" in text[when.end : reading.start]:
        return told("deadline", deadline, when.start, when.end, 0.8, "printed in a sentence before", rule=CARRIED)
    if when.end <= reading.start and re.search(r"[。\n]", text[when.end : reading.start]):
        return told(
            "deadline",
            deadline,
            when.start,
            when.end,
            0.8,
            "printed in a sentence before",
            rule="date over a list of goals",
        )
    if inferred:
        return told(
            "deadline", deadline, when.start, when.end, 0.8, "the year is that of the plan", rule="date without a year"
        )
    return told("deadline", deadline, when.start, when.end, 0.93, rule="date of the sentence")
