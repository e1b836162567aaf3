"""到2022年和2030年…分别…: the values of one clause dealt out to years, or to years times subjects."""

from __future__ import annotations

import re
from dataclasses import replace

from luoshi.plans import metrics
from luoshi.plans.clauses import sentence_start
from luoshi.plans.reading import Reading
from luoshi.plans.words import patterns

_YEARS = re.compile(
    r"((?:19|20)\d{2})年?[底末]?(?:、|和|与|及)((?:19|20)\d{2})年[底末]?(?:(?:、|和|与|及)((?:19|20)\d{2})年[底末]?)?"
)
_EACH = re.compile(r"均(?=较|比|达|不|保|稳|控|在|为|超|实|完)|(?:持续|始终)(?=保持|稳定)")  # one value, for each year
_DOUBT = "several values for one subject"
CARRIED = "year of the sentence before"


def deal(text: str, readings: list[Reading], usual: tuple[str, ...] = ()) -> None:
    """Give each reading of a shared clause its year (as `deadline`) and its own subject, in place.

    With years Y1, Y2 and subjects A, B the print runs 分别达到 a1、b1和a2、b2 (by year: the 和 stands between the years) or
    a1和a2、b1和b2 (by subject). With as many values as years the subject is shared. Where a sentence prints 分别 and no
    year, the years of the same paragraph go on, else the `usual` ones of the whole paper; both are flagged.
    """
    groups: dict[tuple[int, int], list[Reading]] = {}
    for reading in readings:
        groups.setdefault((reading.start, reading.end), []).append(reading)
    for group in groups.values():
        years = _years(text, group[0])
        if not years and len(group) > 2 and "分别" in text[group[0].start : group[0].number_at]:
            years = _told_before(text, group[0], len(group))
        if not years and (years := _going_on(text, group, usual)):
            for reading in group:
                reading.flags.append(CARRIED)
        if not years:
            continue
        if len(group) == 1 and _EACH.search(text[group[0].start : group[0].number_at]):
            group[0].metric = _EACH.sub("", group[0].metric) or group[0].metric
            group[0].deadline = years[0]
            place = readings.index(group[0]) + 1
            readings[place:place] = [replace(group[0], deadline=year, flags=[*group[0].flags]) for year in years[1:]]
        elif len(group) == 1:
            group[0].deadline = years[-1]
            group[0].flags.append("one value for several years")
        elif len(group) % len(years) == 0:
            _deal_group(text, group, years)


def _years(text: str, reading: Reading) -> list[str]:
    start = sentence_start(text, reading.start)
    found: list[str] = []
    last = start
    for match in _YEARS.finditer(text, start, reading.number_at):
        found = [y for y in match.groups() if y]
        last = match.end()
    # A single year named later takes over (到2022年和2030年…；2025年…).
    return [] if re.search(r"(?:19|20)\d{2}年", text[last : reading.number_at]) else found


def _told_before(text: str, reading: Reading, count: int) -> list[str]:
    """2023年…达到3.6个，2024年…，2025年…；占比分别达到50%、55%、60%: as many years, one after the other, as there are values."""
    found = re.findall(r"((?:19|20)\d{2})年", text[sentence_start(text, reading.start) : reading.start])
    return found if len(found) == count and found == sorted(set(found)) else []


def _going_on(text: str, group: list[Reading], usual: tuple[str, ...]) -> list[str]:
    """The years dealt out before, for values of one subject in a sentence without a year: under 分别, or as many as the paper's."""
    first = group[0]
    start = sentence_start(text, first.start)
    doubtful = all(any(flag.startswith(_DOUBT) for flag in reading.flags) for reading in group)
    dealt = "分别" in text[first.start : first.number_at] or len(usual) == len(group)
    if len(group) < 2 or not doubtful or not dealt:
        return []
    if re.search(r"(?:19|20)\d{2}年", text[start : first.number_at]):
        return []
    before = text[text.rfind("\n", 0, start) + 1 : start]
    printed = list(_YEARS.finditer(before))
    if printed and not re.search(r"(?:19|20)\d{2}年", before[printed[-1].end() :]):
        years = [year for year in printed[-1].groups() if year]
        return years if len(years) == len(group) else []
    return list(usual) if len(usual) == len(group) and not re.search(r"(?:19|20)\d{2}年", before) else []


def usual(text: str) -> tuple[str, ...]:
    """The years that a whole paper deals its values out to (到2022年和2030年), where it names one such set only."""
    found = {tuple(year for year in match.groups() if year) for match in _YEARS.finditer(text)}
    return found.pop() if len(found) == 1 else ()


def _deal_group(text: str, group: list[Reading], years: list[str]) -> None:
    subject = text[group[0].start : group[0].number_at]
    subjects = len(group) // len(years)
    if subjects == 1:
        comparator = patterns().comparator.search(subject)
        bare = _STARTING.sub("", _DEALT_CHANGE.sub("", subject[: comparator.start()] if comparator else subject))
        shared = metrics.measured(bare) or group[0].metric
        for reading, year in zip(group, years, strict=True):
            reading.metric, reading.deadline = shared, year
            _settle(reading)
        return
    comparator = patterns().comparator.search(subject)
    names = metrics.distribute(subject[: comparator.start()] if comparator else subject, subjects)
    by_year = _by_year(text, group, subjects)
    for place, reading in enumerate(group):
        reading.deadline = years[place // subjects] if by_year else years[place % len(years)]
        if names is not None:
            reading.metric = names[place % subjects] if by_year else names[place // len(years)]
            _settle(reading)


# …死亡率分别[较2015年]下降10%和15%, 吸烟率由目前的27.7%分别降至: the words of the way are no part of what is measured.
_DEALT_CHANGE = re.compile(
    r"(?:分别|[较比](?:(?:19|20)\d{2}年(?:底|末)?|基期|目前|上年)?(?:分别)?)+(?:提高|提升|上升|增加|增长|降低|下降|减少|缩短|缩小|扩大)?了?$"
)
_STARTING = re.compile(r"[由从](?:(?:19|20)\d{2}年(?:底|末)?|目前|现在|当前|现有)?的?\d[\d.,]*[^，。；\d]{0,6}$")


def _by_year(text: str, group: list[Reading], subjects: int) -> bool:
    """Whether the one 和 of the list stands where the values of the next year begin."""
    ends = [r.number_at for r in group]
    joints = [i for i in range(1, len(group)) if re.search(r"[和与及](?!以[上下])|，", text[ends[i - 1] : ends[i]])]
    return joints == list(range(subjects, len(group), subjects))


def _settle(reading: Reading) -> None:
    reading.flags = [f for f in reading.flags if not f.startswith(_DOUBT)]
    reading.confidence = max(reading.confidence, 0.9)
