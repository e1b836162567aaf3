"""Kinds of papers as the catalogue declares them, the way of a paper from draft to issued, periods and numbers. Pure."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import Literal

from pydantic import Field

from luoshi.catalog.loader import Entry, files, read_entry
from luoshi.kernel.errors import InvalidValue, NotFound, nearest
from luoshi.kernel.machine import Machine, Move

DRAFT, REVIEWED, SIGNED, ISSUED, CORRECTED, DROPPED = "draft", "reviewed", "signed", "issued", "corrected", "dropped"
FORMATS = ("docx", "pdf", "xlsx")

ISSUE = Machine(
    name="bulletin",
    title="公文与通报",
    title_en="Bulletins and papers",
    states={
        DRAFT: ("草稿", "draft"),
        REVIEWED: ("已核稿", "reviewed"),
        SIGNED: ("已签发", "signed"),
        ISSUED: ("已印发", "issued"),
        CORRECTED: ("已更正", "corrected"),
        DROPPED: ("已作废", "dropped"),
    },
    start=DRAFT,
    final=frozenset({CORRECTED, DROPPED}),
    moves=(
        Move("review", (DRAFT,), REVIEWED, "bulletin.review", "核稿", "review"),
        Move("sign", (REVIEWED,), SIGNED, "bulletin.sign", "签发", "sign"),
        Move("issue", (SIGNED,), ISSUED, "bulletin.make", "编号印发", "number and issue"),
        Move("return", (REVIEWED, SIGNED), DRAFT, "bulletin.review", "退回修改", "send back", needs=("reason",)),
        Move("drop", (DRAFT, REVIEWED), DROPPED, "bulletin.make", "作废", "drop", needs=("reason",)),
        Move("correct", (ISSUED,), CORRECTED, "bulletin.sign", "以新件更正", "correct by another", needs=("reason",)),
    ),
)


class Kind(Entry):
    """One kind of paper as shipped: `period` is what it is about, `body` the template (`papers.template`); `number` the
    pattern of the document number, empty for papers without one."""

    kind: Literal["monthly", "quarterly", "annual", "supervision", "notice", "ledger", "score", "summary"]
    name: str
    name_en: str
    period: Literal["month", "quarter", "year", "day"]
    title: str
    addressee: str
    red_head: bool
    suffix: str = "文件"
    number: str
    body: str = Field(min_length=1)
    source: str
    confidence: Literal["high", "medium", "low"]


@cache
def kinds() -> dict[str, Kind]:
    """Every kind the catalogue declares, by its id."""
    found = [read_entry(path, Kind) for path in files("rules/papers")]
    order = list(Kind.model_fields["kind"].annotation.__args__)  # type: ignore[union-attr]
    return {one.kind: one for one in sorted(found, key=lambda one: order.index(one.kind))}


def kind(name: str) -> Kind:
    """One kind. Raises `NotFound` naming the nearest."""
    if name not in kinds():
        raise NotFound(f"there is no kind of paper {name!r}.", todo=nearest(name, kinds()))
    return kinds()[name]


def last_period(length: str, today: date) -> tuple[date, date]:
    """The last full month, quarter or year before `today`; for a day, today itself."""
    match length:
        case "month":
            return period_of(length, today.replace(day=1) - timedelta(days=1))
        case "quarter":
            return period_of(length, date(today.year, (today.month - 1) // 3 * 3 + 1, 1) - timedelta(days=1))
        case "year":
            # A year is reported on while it runs, too: in its last quarter it is this one.
            return period_of(length, today if today.month >= 10 else date(today.year - 1, 12, 31))
    return today, today


def period_of(length: str, day: date) -> tuple[date, date]:
    """The month, quarter or year that holds `day`; for `day`, the day itself."""
    match length:
        case "month":
            start = day.replace(day=1)
            return start, next_start(length, start) - timedelta(days=1)
        case "quarter":
            start = date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
            return start, next_start(length, start) - timedelta(days=1)
        case "year":
            return date(day.year, 1, 1), date(day.year, 12, 31)
    return day, day


def next_start(length: str, start: date) -> date:
    """The first day of the period after the one that begins on `start`."""
    months = {"month": 1, "quarter": 3, "year": 12}.get(length)
    if months is None:
        return start + timedelta(days=1)
    count = start.year * 12 + start.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def period_words(length: str, start: date) -> str:
    """`2025年10月`, `2025年第三季度`, `2025年`, `2025年11月3日`."""
    match length:
        case "month":
            return f"{start.year}年{start.month}月"
        case "quarter":
            return f"{start.year}年第{'一二三四'[(start.month - 1) // 3]}季度"
        case "year":
            return f"{start.year}年"
    return f"{start.year}年{start.month}月{start.day}日"


def serial_in_year(length: str, start: date) -> int:
    """期号: the number of a period within its year, from 1."""
    return {"month": start.month, "quarter": (start.month - 1) // 3 + 1}.get(length, 1)


def parse_period(length: str, text: str, today: date) -> tuple[date, date]:
    """`2025-10`, `2025-Q3`, `2025` or a day as a period of that length; empty means the last one. Raises
    `InvalidValue`."""
    if not text:
        return last_period(length, today)
    try:
        if "Q" in text.upper():
            year, quarter = text.upper().split("-Q")
            return period_of(length, date(int(year), int(quarter) * 3, 1))
        parts = [int(part) for part in text.split("-")]
        return period_of(length, date(*[*parts, 1, 1][:3]))
    except (ValueError, TypeError):
        raise InvalidValue(
            f"{text!r} is no period.", where=length, todo="Use 2025-10, 2025-Q3, 2025 or 2025-11-03."
        ) from None


LEVELS = {1: "省", 2: "市", 3: "县", 4: "乡", 5: "村"}
