"""The evidence of the head of a plan and of its actions and tasks; targets bring their own (`plans.targets`)."""

from __future__ import annotations

import re
from typing import Any

from luoshi.plans.deadlines import Deadline
from luoshi.plans.directory import resolve
from luoshi.plans.evidence import Evidence, Printed, inside
from luoshi.plans.labels import labelled_value
from luoshi.plans.model import PlanHead
from luoshi.plans.running_text import Piece, plain_text
from luoshi.plans.units import Units

NUMBERINGS = {
    "part": "parts", "chapter": "chapters", "section": "sections", "article": "articles", "cn": "Chinese numerals",
    "cn-paren": "Chinese numerals in brackets", "named": "named tasks", "arabic": "figures", "decimal": "decimals",
    "decimal-deep": "decimals", "arabic-paren": "figures in brackets", "circled": "circled figures", "own-line": "figures alone",
    "counted": "counting words", "column": "a column of a table",
}  # fmt: skip


def head(printed: Printed, found: PlanHead) -> list[Evidence]:
    """One entry for every field of the head that has a value."""
    whole = plain_text(printed.text)
    title = printed.find(found.title) if found.title else None
    result: list[Evidence] = []
    if found.title:
        rule, sure = ("title line", 0.9) if title else ("title of the file", 0.6)
        more = [] if title else ["not printed as one line: put together or taken from the file"]
        result.append(printed.told("title", found.title, title, rule, sure, *more))
    for name, value, label in (
        ("issuer", found.issuer, "issuer"),
        ("doc_number", found.doc_number, "number"),
        ("published", found.published, "published"),
    ):
        if value:
            result.append(_labelled(printed, whole, name, value, label))
    if found.region:
        result.append(_region(printed, found))
    for name, year in (("period_start", found.period_start), ("period_end", found.period_end)):
        if year:
            result.append(_year(printed, name, year, title))
    for name in found.based_on:
        number = re.search(r"\d{4}\D{0,3}\d+号", name)
        place = printed.find(name) or (printed.find(number[0]) if number else None)
        result.append(printed.told("based_on", name, place, "paper cited as the ground", 0.85 if place else 0.7))
    for name in found.default_units:
        place = printed.find(name)
        result.append(printed.told("default_units", name, place, "units printed once for all tasks", 0.85))
    opening = (0, min(len(printed.text), 1)) if printed.text else None
    sure, flags = (0.9, []) if found.kind == "plan" else (0.8, [found.kind_reason])
    result.append(printed.told("kind", found.kind, title or opening, "kind of paper", sure, *flags))
    return result


def _labelled(printed: Printed, whole: str, name: str, value: str, label: str) -> Evidence:
    """Issuer, number and date: from the information table of a page, from the signature, from the head lines."""
    shown = value
    if name == "published":
        year, month, day = (int(part) for part in value.split("-"))
        forms = [
            f"{year}年{month}月{day}日",
            value,
            f"{year}.{month}.{day}",
            f"{year}/{month}/{day}",
            f"{year}年{month:02d}月{day:02d}日",
        ]
        shown = next((form for form in forms if printed.find(form)), value)
    boxes = ("written", "published") if name == "published" else (label,)
    box = next((text for text in (labelled_value(whole, each) for each in boxes) if text), "")
    place = printed.find(shown)
    if box and _same(shown, box):
        return printed.told(name, value, printed.find(box) or place, "information table of the page", 0.95)
    late = printed.find(shown, last=True)
    if name != "doc_number" and late and late[0] > len(printed.text) * 0.5:
        return printed.told(name, value, late, "signature", 0.92)
    if place is None:
        parts = value.split("、")
        place = printed.find(parts[0]) if name == "issuer" else None
    if place is None:
        return printed.told(
            name, value, None, "put together", 0.6, "not printed in these words: put together from the text"
        )
    early = place[1] < max(1500, len(printed.text) * 0.3)
    return printed.told(
        name, value, place, "head of the paper" if early else "named in the text", 0.88 if early else 0.65
    )


def _same(value: str, box: str) -> bool:
    bare = re.sub(r"\D", "", value) if re.fullmatch(r"[\d年月日.\-/]+", value) else value
    other = re.sub(r"\D", "", box)[: len(bare)] if bare.isdigit() else box
    return bare in box or other == bare or box in value


def _region(printed: Printed, found: PlanHead) -> Evidence:
    region = found.region or ""
    place = printed.find(region)
    if region == "全国":
        return printed.told(
            "region", region, None, "issuer and addressees", 0.8, "taken from who issued it and to whom"
        )
    if region in (found.title or ""):
        return printed.told("region", region, place, "title line", 0.95)
    if region in (found.issuer or ""):
        return printed.told("region", region, place, "issuer", 0.9)
    flag = "no place in the title: taken from the places the text names"
    return printed.told("region", region, place, "named in the text", 0.65, flag)


def _year(printed: Printed, name: str, year: int, title: tuple[int, int] | None) -> Evidence:
    if title:
        place = printed.find(str(year), low=title[0], high=title[1])
        if place:
            return printed.told(name, year, place, "title line", 0.95)
        five = re.search(r"十[三四五六]五", printed.text[title[0] : title[1]])
        if five:
            span = title[0] + five.start(), title[0] + five.end()
            return printed.told(name, year, span, "five-year plan of the title", 0.95)
    place = printed.find(f"到{year}年") or printed.find(f"{year}年")
    flag = "no years in the title: taken from what the text sets its goals for"
    return printed.told(name, year, place, "goals of the text", 0.7, flag)


def numbered(
    printed: Printed, number: str | None, title: str, kind: str, start: int, end: int, lost: bool = False
) -> list[Evidence]:
    """Number and title of an action or task that begins at document offset `start`."""
    result: list[Evidence] = []
    stop = min(end, start + len(title) * 3 + 40)
    if number:
        place = printed.find(number, low=max(0, start - 24), high=start + 12)
        result.append(
            printed.told(
                "number", number, place, f"numbered by {NUMBERINGS.get(kind, kind)}" if kind else "number", 0.95
            )
        )
    elif lost:
        result.append(printed.told("number", None, None, "numbering", 0.5, "number lost"))
    if title:
        place = printed.find(title, low=max(0, start - 24), high=stop + 40)
        result.append(printed.told("title", title, place, "heading or first sentence", 0.95 if place else 0.8))
    return result


def of_units(printed: Printed, piece: Piece, found: Units, inherited: list[str], *, rule: str = "") -> list[Evidence]:
    """One entry for every unit named in a task, for every lead, and for those that hold by inheritance."""
    result: list[Evidence] = []
    for name in found.units:
        place, how = _unit_place(printed, piece, found, name)
        known = resolve(name)
        sure, flags = (0.96, []) if known else (0.8, ["not in the directory of bodies"])
        if place is None:
            sure, flags = min(sure, 0.7), [*flags, "name put together from parts of the list"]
        entry = f"{known.department}/{known.level or '?'}" if known else ""
        result.append(printed.told("units", name, place, rule or how, sure, *flags))
        result[-1].entry = entry
        if name in found.lead:
            result.append(printed.told("lead_units", name, place, "marked as lead", min(sure, 0.95), *flags))
            result[-1].entry = entry
    for name in inherited:
        place = printed.find(name)
        result.append(
            printed.told(
                "inherited_units", name, place, "printed once for several tasks", 0.75, "not printed with this task"
            )
        )
    return result


def _unit_place(printed: Printed, piece: Piece, found: Units, name: str) -> tuple[tuple[int, int] | None, str]:
    for start, end, how in found.sources:
        span = inside(piece, start, end)
        if span and span[0] < span[1]:
            place = printed.find(name, low=span[0], high=span[1])
            if place:
                return place, how
    spans = piece.spans()
    low, high = (min(s for s, _ in spans), max(e for _, e in spans)) if spans else (0, 0)
    short = printed.find(name, low=low, high=high)
    return short, found.sources[0][2] if found.sources else "unit list"


def of_deadline(printed: Printed, piece: Piece, due: Deadline) -> list[Evidence]:
    """The deadline of a task: where it is printed, or what it was inferred from."""
    result: list[Evidence] = []
    place = inside(piece, *due.place) if due.place else None
    if due.value:
        flags = ["no deadline printed: the end of the plan's period"] if due.inferred else []
        if due.several:
            flags.append("several dates in the task: the last one is taken")
        sure = 0.55 if due.inferred else 0.8 if due.several else 0.93
        result.append(printed.told("deadline", due.value, place, due.rule, sure, *flags))
    if due.begins:
        result.append(printed.told("begins", due.begins, place, due.rule, 0.9))
    if due.repeats:
        spans = piece.spans()
        at = printed.find(due.repeats, low=spans[0][0], high=spans[-1][1]) if spans else None
        result.append(printed.told("repeats", due.repeats, at, "rhythm", 0.85))
    return result


def plain_value(value: Any) -> str:
    """A value for a line of print."""
    if isinstance(value, list):
        return "–".join(f"{part:g}" if isinstance(part, float) else str(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
