"""The interpreter: from a programme's rule and what is known of a person to the visits that are due.

Three ways to plan. *Reserved*: each visit sets the next, by its result or by the group's cycle; what was missed is
missed once a cycle, and the visit after a gap starts the rhythm anew. *Fixed*: the year is cut into slots. *Steps*: each
window hangs on an anchor such as birth. In all of them no window opens before entry and no two windows overlap.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import zip_longest

from luoshi.services.visits.conditions import holds
from luoshi.services.visits.judging import facts_of, judge, with_values
from luoshi.services.visits.rulebook import STATES, Programme, Reaction, State, Version
from luoshi.services.visits.spans import margin
from luoshi.services.visits.subjects import Due, DueState, Judged, Measure, Standing, Subject, Visit

_DAY = timedelta(days=1)
_EVER = date.min


def standing(
    programme: Programme, subject: Subject, today: date, *, since: date | None = None, brief: bool = False
) -> Standing:
    """Where a person stands on `today`: visits after it are not looked at. `since`: dues that closed before it are left
    out (default: all since entry). `brief`: dues before the last visit are left out too, what lists of thousands ask."""
    version = programme.on(today)
    until = today if subject.left is None else min(today, subject.left)
    visits = counted(version, subject, until)
    judgements = judge(version, subject, visits)
    goes_on = state(programme, subject.state).plan
    end = today if goes_on else until
    dues: list[Due] = []
    if subject.entered <= end:
        make = _steps if version.steps else _fixed if version.mode == "fixed" else _reserved
        start = since or _EVER
        if brief and visits and make is _reserved:
            start = max(start, visits[-1].day + _DAY)
        dues = list(make(version, subject, visits, judgements, end, start))
    if not goes_on:
        dues = [due for due in dues if due.state not in ("open", "coming")]
    last = visits[-1] if visits else None
    following = next((due for due in dues if due.state in ("open", "coming")), None)
    reached = last.day if last else _EVER
    overdue = next((due for due in dues if due.state == "missed" and due.closes > reached), None) if goes_on else None
    judged = next((found for found in reversed(judgements) if found), None)
    group = "" if version.steps else _group(version, subject, until, last, judged)
    return Standing(programme.programme, tuple(dues), following, overdue, last, judged, group, today)


def state(programme: Programme, name: str) -> State:
    """What a state of enrolment means for this programme."""
    return programme.states.get(name) or STATES[name]


def eligible(version: Version, subject: Subject, day: date) -> bool:
    """Whether the programme is for this person on that day."""
    return holds(version.who, facts_of(subject, day))


def counted(version: Version, subject: Subject, until: date) -> tuple[Visit, ...]:
    """The visits that serve the plan: of its services and modes, since entry; one a day, the findings of a day joined."""
    made: dict[tuple[date, str], Visit] = {}
    for visit in subject.visits:
        if visit.service in version.services and visit.mode in version.modes and subject.entered <= visit.day <= until:
            # Where steps name their services, two kinds of one day are two visits.
            key = (visit.day, visit.service if version.steps else "")
            before = made.get(key)
            made[key] = (
                visit
                if before is None
                else replace(
                    before, values={**before.values, **visit.values}, reserved=visit.reserved or before.reserved
                )
            )
    return tuple(made[key] for key in sorted(made))


def measure(version: Version, subject: Subject, start: date, end: date) -> Measure:
    """Visits and check-ups made and due from `start` to `end` (both counted), by the rule's norm."""
    norm = version.norm
    if norm is None:
        return Measure(0, 0, 0, 0)
    made = sum(
        start <= v.day <= end for v in subject.visits if v.service in version.services and v.mode in version.modes
    )
    checked = sum(start <= v.day <= end for v in subject.visits if v.service == norm.checkup_service)
    days = max(0, (end - max(subject.entered, start)).days + 1)
    return Measure(
        made, min(norm.visits, days // norm.per_days), checked, norm.checkups if days >= norm.checkup_after else 0
    )


def _group(version: Version, subject: Subject, day: date, last: Visit | None, judged: Judged | None) -> str:
    if len(version.groups) == 1:
        return version.groups[0].id
    facts = facts_of(subject, day) | (dict(last.values) if last else {})
    facts["result"], facts["streak"] = (judged.result, judged.streak) if judged else (None, 0)
    facts = with_values(version, facts)
    return next(group.id for group in version.groups if holds(group.when, facts))


def _reaction(version: Version, judged: Judged | None) -> Reaction | None:
    result = version.result(judged.result) if judged else None
    return result.reactions[min(judged.streak, len(result.reactions)) - 1] if judged and result else None


def _reserved(
    version: Version,
    subject: Subject,
    visits: Sequence[Visit],
    judgements: Sequence[Judged | None],
    today: date,
    since: date,
) -> Iterator[Due]:
    """Each visit sets the next. The windows of one stretch come from `_ahead`; a visit ends the stretch."""
    at = _first_that_matters(visits, since)
    while True:
        last = visits[at - 1] if at else None
        judged = judgements[at - 1] if at else None
        coming = visits[at] if at < len(visits) else None
        stretch = _ahead(version, subject, last, judged, since if coming is None else min(since, coming.day))
        due = next(stretch)
        while coming is not None and coming.day > due.closes:
            after = next(stretch)
            if coming.day < after.opens:
                yield _told(due, "late", coming.day)
                due = after
                break
            if due.closes >= since:
                yield _told(due, "missed")
            due = after
        else:
            if coming is not None and due.opens <= coming.day and coming.day >= since:
                yield _told(due, "done", coming.day)
        if coming is None:
            while due.closes < today:
                if due.closes >= since:
                    yield _told(due, "missed")
                due = next(stretch)
            yield _told(due, "open" if due.opens <= today else "coming")
            return
        at += 1


def _told(due: Due, state: DueState, done: date | None = None) -> Due:
    """A due with what became of it; the window of one that was served ends on that day."""
    closes = done if state == "done" and done is not None else due.closes
    return Due(due.kind, due.day, due.opens, closes, state, due.rule, done, due.service)


def _first_that_matters(visits: Sequence[Visit], since: date) -> int:
    """Where to begin so that every due since that day is seen: two visits before it."""
    before = sum(visit.day < since for visit in visits)
    return before if before == len(visits) else max(0, before - 2)


def _ahead(version: Version, subject: Subject, last: Visit | None, judged: Judged | None, since: date) -> Iterator[Due]:
    """The dues after a visit (or after entry) while no other visit comes, without end: a recheck where the result asks
    for one, then the cycle. Their windows do not overlap."""
    start = last.day if last else subject.entered
    free = start + _DAY if last else subject.entered  # the first day the next window may open
    if last is None and version.first is not None:
        closes = version.first.within.after(start)
        yield Due("first", closes, free, closes, "coming", "first", service=version.first.service)
        free = closes + _DAY
    reaction = _reaction(version, judged)
    if last is not None and reaction is not None and reaction.next is not None and judged is not None:
        closes = max(reaction.next.after(start), free)
        yield Due("recheck", closes, free, closes, "coming", judged.result)
        free = closes + _DAY
    base, times = start, 1
    name = _group(version, subject, start, last, judged)
    agreed = last.reserved if last else None
    while True:
        group = next(group for group in version.groups if group.id == name)
        length = group.every.length
        if times == 1 and agreed is None and (gap := (since - base).days) > 3 * length:
            times = max(1, gap // length - 2)  # nothing that long ago is asked for
        day = group.every.after(base, times)
        if agreed is not None:
            # A day agreed with the patient goes before the cycle, but not beyond the window the norm leaves.
            day, agreed = min(max(agreed, free), day + margin(version.window.after, length)), None
        opens = max(day - margin(version.window.before, length), free)
        closes = day + margin(version.window.after, length)
        times += 1
        if opens > closes:
            continue
        yield Due("routine", max(day, opens), opens, closes, "coming", name)
        free = closes + _DAY
        if len(version.groups) > 1 and (other := _group(version, subject, day, last, judged)) != name:
            name, base, times = other, day, 1


def _fixed(
    version: Version,
    subject: Subject,
    visits: Sequence[Visit],
    judgements: Sequence[Judged | None],
    today: date,
    since: date,
) -> Iterator[Due]:
    """The year cut into slots, each with its window; a recheck goes before the slot it falls into."""
    rechecks = [due for due in _rechecks(version, visits, judgements) if due.closes >= since]
    made = list(rechecks)
    for slot in _slots(version, subject, visits, judgements, max(subject.entered, since), today):
        opens, closes = slot.opens, slot.closes
        for recheck in rechecks:
            if recheck.opens <= closes and opens <= recheck.closes and not _served(slot, visits, before=recheck.opens):
                opens = recheck.closes + _DAY
        if opens <= closes:
            made.append(replace(slot, opens=opens, day=max(slot.day, opens)))
    made.sort(key=lambda due: due.opens)
    yield from _settled(made, visits, today, since)


def _served(due: Due, visits: Sequence[Visit], *, before: date) -> bool:
    return any(due.opens <= visit.day <= due.closes and visit.day < before for visit in visits)


def _rechecks(version: Version, visits: Sequence[Visit], judgements: Sequence[Judged | None]) -> Iterator[Due]:
    for visit, judged, following in zip(visits, judgements, [*visits[1:], None], strict=False):
        reaction = _reaction(version, judged)
        if reaction is None or reaction.next is None or judged is None:
            continue
        closes = reaction.next.after(visit.day)
        if following is not None and following.day <= closes:
            closes = following.day
        yield Due("recheck", closes, visit.day + _DAY, closes, "coming", judged.result)


def _slots(
    version: Version,
    subject: Subject,
    visits: Sequence[Visit],
    judgements: Sequence[Judged | None],
    start: date,
    today: date,
) -> Iterator[Due]:
    """The slots from the one `start` lies in to the first after `today`."""
    year = start.year - (start.month < version.year_starts)
    base = date(year, version.year_starts, 1)
    while True:
        known = [(v, j) for v, j in zip(visits, judgements, strict=True) if v.day < base]
        judged = next((j for _, j in reversed(known) if j), None)
        name = _group(version, subject, max(base, subject.entered), known[-1][0] if known else None, judged)
        group = next(group for group in version.groups if group.id == name)
        end = group.every.after(base) - _DAY
        length = (end - base).days + 1
        day = min(version.offset.after(base), end)
        window = version.window
        opens = max(day - margin(window.before, length), base) if window.before else base
        closes = min(day + margin(window.after, length), end) if window.after else end
        opens = max(opens, subject.entered)
        if opens <= closes and closes >= start:
            yield Due("routine", min(max(day, opens), closes), opens, closes, "coming", name)
            if opens > today:
                return
        base = end + _DAY


def _steps(
    version: Version,
    subject: Subject,
    visits: Sequence[Visit],
    judgements: Sequence[Judged | None],
    today: date,
    since: date,
) -> Iterator[Due]:
    """A schedule of windows, in order of their opening."""
    made: list[Due] = []
    for step in version.steps:
        anchor = _anchor(subject, step.anchor)
        if anchor is None:
            continue
        opens, closes = max(step.opens.after(anchor), subject.entered), step.closes.after(anchor)
        stop = subject.facts.get(step.until) if step.until else None
        if stop is not None:
            closes = min(closes, stop)
        if opens > closes or not holds(step.when, facts_of(subject, min(closes, today))):
            continue
        made.append(Due("step", closes, opens, closes, "coming", step.id, service=step.service))
    made.sort(key=lambda due: (due.opens, due.closes))
    apart: list[Due] = []
    for due in made:
        if apart and due.opens <= apart[-1].closes:
            due = replace(due, opens=apart[-1].closes + _DAY)
            if due.opens > due.closes:
                continue
        apart.append(due)
    yield from _settled(apart, visits, today, since)


def _anchor(subject: Subject, name: str) -> date | None:
    if name in ("entered", "born"):
        return subject.entered if name == "entered" else subject.born
    day = subject.facts.get(name)
    return day if isinstance(day, date) else None


def _settled(dues: Sequence[Due], visits: Sequence[Visit], today: date, since: date) -> Iterator[Due]:
    """What became of each of some dues with set windows: the first visit in the window serves it, else one before the
    next window opens (late). Of those still to come only the first is told."""
    free = list(visits)
    told = False
    for due, following in zip_longest(dues, dues[1:]):
        serving = [v for v in free if (not due.service or v.service in due.service) and v.day >= due.opens]
        limit = following.opens if following else date.max
        inside = next((v for v in serving if v.day <= due.closes), None)
        late = next((v for v in serving if due.closes < v.day < limit), None)
        if used := inside or late:
            free.remove(used)
        if due.closes < since:
            continue
        if inside is not None:
            yield _told(due, "done", inside.day)
        elif late is not None:
            yield _told(due, "late", late.day)
        elif due.closes < today:
            yield _told(due, "missed")
        elif not told:
            told = True
            yield _told(due, "open" if due.opens <= today else "coming")
