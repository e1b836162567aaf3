"""Targets: every promise with a number in it, each with its span, deadline, force, rule and confidence.

`find_targets` reads running text (the joined text of a task); `find_table_targets` reads a table of indicators.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise

from luoshi.documents.model import Document, Table
from luoshi.plans import (
    anaphora,
    coverage,
    dates,
    flat_tables,
    frames,
    indicator_tables,
    metrics,
    names,
    past_years,
    quantities,
    strength,
    target_evidence,
    topics,
    when,
    years,
)
from luoshi.plans.clauses import Sentence, sentences
from luoshi.plans.dates import Mention
from luoshi.plans.flat_tables import FlatRow
from luoshi.plans.model import Target
from luoshi.plans.plain import Plain
from luoshi.plans.quantities import Quantity
from luoshi.plans.reading import UNNAMED, Context, Reading, Refusal

_JOINT = re.compile(r"^[”\"]?(?:、|和|及|与|以及|或|，)?[“\"]?$")
_LABEL_JOINT = re.compile(r"^[”\"]?(?:、|和|及|与|，)(?P<label>[\u4e00-\u9fff]{1,6})$")
_FROM = re.compile(
    r"(?:从|由|在)(?:(?:19|20)\d{2}年(?:底|末)?的?)?(?:目前|现有|现在|当前)?的?(?:大约|约|近)?(?:每(?:年|月|周|人|[千万]?人口?))?[“\"]?$"
)
_UP_TO = re.compile(
    r"^(?:(?:19|20)\d{2}年的?|的)?[”\"]?(?:左右|以上|以下)?(?:逐步|稳步|分别|进一步)?(?:提高|提升|上升|升高|增长|增加|增|扩大|降低|下降|降|减少|缩短|压缩|压减|压降|缩减|精简|缩小|收窄|回落|扩充|发展|恢复|升|减|调整|延长|扩展|拓展|提标)(?:到|至|为)(?:每(?:年|月|周|人|[千万]?人口?))?(?:(?:19|20)\d{2}年)?的?(?:底|末)?的?$"
)
# 从2016年的36.1%，上升到…: where the way began, the rest stands in the next clause.
_FROM_YEAR = re.compile(r"[从由](?:19|20)\d{2}年(?:底|末)?的(?:大约|约|近)?$")
_STILL = re.compile(r"^[^，。；]*\d?[^，。；]*(?:提高|提升|上升|升高|增|降|减|缩|扩|到|至|为)")
# 由目前的10.5克分别下降10%和15%: the way begins there too, but what is promised is the change.
_BY = re.compile(
    r"^[”\"]?(?:左右)?(?:逐步|稳步|分别|进一步|至少|力争|再|平均|每年)*(?:提高|提升|上升|增长|增加|降低|下降|减少|缩短|压减)(?:了)?(?:不低于|不少于)?$"
)


_LONGEST_LEFT = 300


@dataclass
class Scan:
    """Everything read from one text: the readings kept, the numbers refused with their reasons, the dates seen."""

    plain: Plain
    readings: list[Reading] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    mentions: list[Mention] = field(default_factory=list)
    rows: list[FlatRow] = field(default_factory=list)


def find_targets(
    text: str,
    *,
    offset_of: Callable[[int], int],
    year: int | None,
    plan_years: tuple[int | None, int | None] = (None, None),
    usual: tuple[str, ...] = (),
    told: bool = False,
) -> list[Target]:
    """The targets of one text in reading order, ids `G1`… within it (the caller renumbers), `task` unset.

    `offset_of` maps an index of `text` to a document offset. `year` completes dates without a year (6月底前) and gives the
    deadline where none is printed; the end of `plan_years` comes first there, and figures dated before its start are taken
    as results, not promises. `usual` are the years the whole paper deals its values out to (`years.usual`).
    `told`: the text tells what was done, and figures of the past are what is looked for.
    """
    found = scan(text, year=year, plan_years=plan_years, usual=usual, told=told)
    out: list[Target] = []
    for row in found.rows:
        for target, first, last in flat_tables.targets_of_row(row, year=year, plan_years=plan_years):
            start, end = found.plain.located(first, last, offset_of)
            out.append(replace(target, id=f"G{len(out) + 1}", quote=found.plain.text[first:last], start=start, end=end))
    for reading in found.readings:
        start, end = found.plain.located(reading.start, reading.end, offset_of)
        deadline, printed, dated = when.deadline(found.plain.text, found.mentions, reading, year, plan_years)
        force, scope = strength.force(found.plain.text, reading), _scope(found.plain.text, reading)
        inferred = not printed and deadline is not None
        evidence = target_evidence.of_reading(
            found.plain.text, reading, lambda a, b: found.plain.located(a, b, offset_of),
            deadline=deadline, when=dated, inferred=inferred, force=force, scope=scope,
        )  # fmt: skip
        out.append(
            Target(
                id=f"G{len(out) + 1}", task=None, quote=found.plain.text[reading.start : reading.end], start=start, end=end,
                metric=reading.metric, op=reading.op, value=reading.value, unit=reading.unit, deadline=deadline,
                deadline_inferred=inferred, baseline=reading.baseline,
                baseline_year=reading.baseline_year, kind=reading.kind, force=force,
                scope=scope, per=reading.per, confidence=round(reading.confidence, 2),
                flags=reading.flags, rule=reading.rule, op_alt=reading.op_alt, approximate=reading.approximate,
                evidence=evidence,
            )
        )  # fmt: skip
    return out


def scan(
    text: str, *, year: int | None = None, plan_years: tuple[int | None, int | None] = (None, None),
    usual: tuple[str, ...] = (), told: bool = False,
) -> Scan:  # fmt: skip
    """Readings and refusals of one text, for `find_targets` and for people who ask why a number was left out."""
    plain = Plain.of(text)
    mentions = dates.find(plain.text, year=year)
    result = Scan(plain, mentions=mentions)
    result.rows = flat_tables.flat_rows(text, plain)
    numbers = [
        q
        for q in quantities.find(plain.text, [(m.start, m.end) for m in mentions])
        if not any(r.start <= q.start < r.end for r in result.rows)
    ]
    starts = [q.start for q in numbers]
    for sentence in sentences(plain.text):
        first = bisect_left(starts, sentence.start)
        inside = numbers[first : bisect_left(starts, sentence.end)]
        _read_sentence(result, sentence, inside, told=told)
    anaphora.resolve(plain.text, result.readings)
    years.deal(plain.text, result.readings, usual)
    for before, reading in pairwise(result.readings):
        between = plain.text[before.end : reading.start]
        if reading.metric == UNNAMED and before.unit == reading.unit and len(between) <= 24 and "\n" not in between:
            reading.metric, reading.confidence = before.metric, 0.85  # …达到80%以上。到2030年，达到90%以上。
            reading.flags.remove("what is measured is not printed")
    for reading in result.readings:
        if anaphora.TOLD not in reading.flags:
            topics.supply(plain.text, reading)
    kept: list[Reading] = []
    past = past_years.told(plain.text, mentions)
    for reading in result.readings:
        dated = when.governing(plain.text, mentions, reading)
        if (
            not told
            and dated is not None
            and reading.deadline is None
            and (past_years.before_plan(plain.text, dated, year, plan_years) or dated in past)
        ):
            quote = plain.text[reading.start : reading.end]
            result.refusals.append(
                Refusal(reading.start, reading.end, quote, f"a result of {dated.year}, before the plan")
            )
            continue
        kept.append(reading)
    result.readings = sorted(kept, key=lambda r: (r.number_at, r.start))
    return result


def _read_sentence(result: Scan, sentence: Sentence, numbers: list[Quantity], *, told: bool) -> None:
    text = result.plain.text
    clauses: dict[tuple[int, int], list[Quantity]] = {}
    for quantity in numbers:
        clauses.setdefault(sentence.clause(quantity.start, quantity.end, text), []).append(quantity)
    previous: Reading | None = None
    claimed: list[tuple[int, int]] = []
    for (left, right), members in sorted(clauses.items()):
        before = text[max(sentence.start, left - 200) : left].rstrip("，；：")
        context = Context(
            text=text, sentence_start=sentence.start, clause_start=left, clause_end=right, previous=previous,
            previous_clause=re.split(r"[，；：]", before)[-1] if before else "", told=told,
        )  # fmt: skip
        for reading in _read_clause(result, context, members):
            previous = reading
            claimed.append((reading.start, reading.end))
            result.readings.append(reading)
    result.readings.extend(
        r for r in coverage.find(text, sentence) if not any(r.start < e and s < r.end for s, e in claimed)
    )


def _read_clause(result: Scan, context: Context, members: list[Quantity]) -> list[Reading]:
    text = context.text
    out: list[Reading] = []
    plausible: list[Quantity] = []
    for quantity in members:
        reason = names.reason(text, quantity, context.clause_start)
        if reason:
            result.refusals.append(Refusal(quantity.start, quantity.end, quantity.printed, reason))
        else:
            plausible.append(quantity)
    runs = _runs(text, plausible)
    position = context.clause_start
    baseline: Quantity | None = None
    for i, run in enumerate(runs):
        position = max(position, run[0].start - _LONGEST_LEFT)
        left = text[position : run[0].start]
        after = text[run[-1].end : runs[i + 1][0].start if i + 1 < len(runs) else context.clause_end]
        if i + 1 < len(runs) and (_UP_TO.match(after) or _BY.match(after)) and _FROM.search(left):
            baseline = run[0]
            result.refusals.append(
                Refusal(run[0].start, run[-1].end, run[0].printed, "the starting value of the next figure")
            )
            continue
        if _FROM_YEAR.search(left) and not _STILL.match(after):
            why = "the starting value of the next figure"
            result.refusals.append(Refusal(run[0].start, run[-1].end, run[0].printed, why))
            continue
        inside = i + 1 < len(runs) and names.inside_measure(run, after)
        if inside and metrics.governing_verb(left) is None:
            why = "part of the name of a measure"
            result.refusals.append(Refusal(run[0].start, run[-1].end, run[0].printed, why))
            continue
        if i and names.part_of_share(text, runs[i - 1], run):
            why = "part of what the share of bodies before it does"
            result.refusals.append(Refusal(run[0].start, run[-1].end, run[0].printed, why))
            continue
        right, next_position = _right_of(text, run, after, i + 1 < len(runs), left)
        if i + 1 < len(runs) and names.part_of_share(text, run, runs[i + 1]):
            stop = runs[i + 2][0].start if i + 2 < len(runs) else context.clause_end
            right = text[run[-1].end : stop]
        if baseline is not None:
            left = _FROM.sub("", text[position : baseline.start]) + text[baseline.end : run[0].start]
        answer = frames.read(left, run, right, context, start=position)
        if isinstance(answer, Refusal):
            result.refusals.append(answer)
            if i + 1 < len(runs) and names.goes_on(after, answer.reason):
                next_position = position  # 10秒内接听比例, 超过50度的学生比例: the number belongs to the next name
        else:
            for reading in answer:
                if baseline is not None:
                    if reading.kind != "change" or reading.unit == baseline.unit:
                        reading.baseline = baseline.value
                        reading.baseline_year = _year_before(text, baseline.start)
                    reading.start = max(
                        context.clause_start,
                        min(reading.start, context.clause_start + _lead_blank(text, context.clause_start)),
                    )
                out.append(reading)
                context.previous = reading
        baseline = None
        position = next_position
    for first, second in pairwise(out):
        does = second.metric.removeprefix(second.scope)
        if first.rule == "share-object" and second.rule == "share" and second.scope and does != second.metric:
            first.metric = metrics.share_of(first.metric.removesuffix("的比例"), does)  # 100%的A、80%的B能够…
    return out


def _lead_blank(text: str, at: int) -> int:
    n = 0
    while text[at + n : at + n + 1] in ("，", "、", "；", " "):
        n += 1
    return n


def _year_before(text: str, at: int) -> int | None:
    match = re.search(r"((?:19|20)\d{2})年(?:底|末)?的?$", text[max(0, at - 10) : at])
    return int(match[1]) if match else None


def _runs(text: str, members: list[Quantity]) -> list[list[Quantity]]:
    """Numbers joined by nothing but 、 和 及 stand in one run; so do labelled ones under one bound (城区9分钟、乡镇15分钟以内)."""
    runs: list[list[Quantity]] = []
    for quantity in members:
        if runs:
            gap = text[runs[-1][-1].end : quantity.start]
            last = runs[-1][-1]
            if _LABEL_JOINT.match(gap) and quantity.unit == last.unit and _one_bound(text, runs[-1][0].start):
                runs[-1].append(quantity)
                continue
            if (
                _JOINT.match(gap)
                and (gap or last.unit != quantity.unit)
                and (
                    last.is_share == quantity.is_share
                    or "分别" in text[max(0, runs[-1][0].start - 40) : quantity.start]
                )
            ):
                runs[-1].append(quantity)
                continue
        runs.append([quantity])
    return runs


_BOUND = re.compile(
    r"(?:控制在|分别(?:达到?|不低于|不少于|为)|不低于|不少于|不超过|达到)[“\"]?(?P<label>[\u4e00-\u9fff]{2,6})$"
)


def _one_bound(text: str, at: int) -> bool:
    """Whether a labelled value begins here directly under a comparator: 控制在“城区9分钟."""
    return bool(_BOUND.search(text[max(0, at - 20) : at]))


_TOLD_BEFORE = re.compile(r"(?:率|比例|占比|比重)：$")


def _right_of(text: str, run: list[Quantity], after: str, more: bool, left: str) -> tuple[str, int]:
    """The words right of a run that belong to it, and where the words left of the next run begin."""
    end = run[-1].end
    if _TOLD_BEFORE.search(text[max(0, run[0].start - 24) : run[0].start]) and len(run) == 1:
        return "", end  # 规范管理率：70%控制率：60%: the name of each stands before its value
    if not more:
        return after, end
    if re.match(r"^[”\"]?(?:[、和与及或]|以及|并)", after):
        return "", end
    if run[0].is_share and not re.search(r"(?:[、和与及]|以及)$", after):
        return after, end  # 100%的A、B能够开展6类…: the whole phrase says who
    joint = next(
        (
            m
            for m in re.finditer(r"[、]|以及|(?<=[\u4e00-\u9fff])[和与及](?!以上|以下|谐)", after)
            if _flat(after[: m.start()])
        ),
        None,
    )
    if joint is None:
        return after, end
    return after[: joint.start()], end + joint.start()


def _flat(text: str) -> bool:
    return text.count("（") == text.count("）")


_SCOPE = re.compile(
    r"全国|全省|全市|全县|全区|城区|乡镇|农村|城市|中西部|贫困地区|各县（?市|各市|各县|每个县|每个?乡镇|县域"
)


def _scope(text: str, reading: Reading) -> str:
    if reading.scope:
        return reading.scope
    match = _SCOPE.search(text[reading.start : reading.number_at])
    return match[0] if match else ""


def find_table_targets(
    document: Document, table: Table, *, year: int | None, plan_years: tuple[int | None, int | None] = (None, None)
) -> list[Target]:
    """The targets of a table of indicators (指标 | 基期 | 目标 | 属性) or quotas, or none when it is of another kind."""
    return indicator_tables.read(document, table, year=year, plan_years=plan_years)
