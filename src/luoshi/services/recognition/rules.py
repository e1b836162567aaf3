"""What may be recognised, where and how long, as declared in `catalog/rules/recognition/`; what becomes of an alert. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Literal

from django.utils.translation import gettext as _
from pydantic import Field

from luoshi.catalog.loader import Entry, files, read_entry
from luoshi.kernel.errors import CatalogError, InvalidValue, nearest
from luoshi.kernel.machine import CLOCK, Machine, Move

ITEM_SYSTEM = "urn:luoshi:cn:code:exam-item"
REASON_SYSTEM = "urn:luoshi:cn:code:repeat-reason"
LOINC = "http://loinc.org"
FOLDER = "rules/recognition"

Confidence = Literal["high", "medium", "low"]
Reach = Literal["nation", "province", "city", "alliance"]
# From wide to narrow. `own`: an earlier result of the ordering institution itself, which is no mutual recognition.
REACHES: tuple[Reach, ...] = ("nation", "province", "city", "alliance")
OWN = "own"

RAISED, RECOGNISED, REPEATED, UNEXPLAINED, WITHDRAWN, LAPSED = (
    "raised", "recognised", "repeated", "unexplained", "withdrawn", "lapsed",
)  # fmt: skip
ORDER = "recognition.order"

ALERT = Machine(
    name="recognition-alert",
    title="互认提醒",
    title_en="Alert of an earlier result",
    states={
        RAISED: ("待处理", "to be answered"),
        RECOGNISED: ("已互认", "recognised"),
        REPEATED: ("依规重做", "repeated with a lawful reason"),
        UNEXPLAINED: ("无理由重做", "repeated without a reason"),
        WITHDRAWN: ("未开单", "not ordered after all"),
        LAPSED: ("逾期未处理", "not answered in time"),
    },
    start=RAISED,
    final=frozenset({RECOGNISED, REPEATED, UNEXPLAINED, WITHDRAWN, LAPSED}),
    moves=(
        Move("recognise", (RAISED,), RECOGNISED, ORDER, "互认", "recognise"),
        Move("repeat", (RAISED,), REPEATED, ORDER, "说明理由后重做", "repeat with a reason", ("reason",)),
        Move("override", (RAISED,), UNEXPLAINED, ORDER, "不说明理由重做", "repeat without a reason"),
        Move("withdraw", (RAISED,), WITHDRAWN, ORDER, "不再开单", "order nothing"),
        Move("lapse", (RAISED,), LAPSED, CLOCK, "逾期", "lapse"),
    ),
)
# Alerts of these states were items that could be recognised when they were ordered.
COUNTED = (RECOGNISED, REPEATED, UNEXPLAINED, LAPSED)


class Group(Entry):
    """Items that share a laboratory discipline, a window and a kind."""

    name: str
    name_en: str
    kind: Literal["lab", "imaging"]
    days: int = Field(gt=0)
    scope: Reach = "nation"


class Item(Entry):
    """One recognisable item. `codes`: LOINC; `also`: other names it is written under; `dicom`: modality and body part;
    `price` in yuan."""

    name: str
    name_en: str
    group: str
    codes: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    dicom: tuple[str, ...] = ()
    days: int | None = Field(None, gt=0)
    scope: Reach | None = None
    price: float = Field(ge=0)
    since: date | None = None
    until: date | None = None


class ItemFile(Entry):
    """One list, valid from `since` to `until` (both days counted)."""

    source: str
    confidence: Confidence
    window_source: str
    since: date
    until: date | None = None
    groups: dict[str, Group]
    items: dict[str, Item]


class Reason(Entry):
    """One lawful reason. `note`: it must be explained; `region`: only that region has it."""

    name: str
    name_en: str
    note: bool = False
    region: str = ""


class ReasonFile(Entry):
    """The reasons, from a day on."""

    source: str
    confidence: Confidence
    since: date
    reasons: dict[str, Reason]


class Goal(Entry):
    """How many items are to be recognised within a scope by a day."""

    scope: Reach
    items: int
    by: date
    confidence: Confidence


class Settings(Entry):
    """Deadlines and goals."""

    source: str
    confidence: Confidence
    since: date
    answer_within_days: int = Field(ge=0)
    present_days: int = Field(ge=0)
    remind_before_expiry_days: int = Field(ge=0)
    goals: tuple[Goal, ...]
    prices_source: str
    prices_confidence: Confidence


@dataclass(frozen=True)
class Listed:
    """An item as it is valid on a day: with its group's window and scope where it has none of its own."""

    id: str
    name: str
    name_en: str
    group: str
    kind: str
    days: int
    scope: Reach
    price: float
    codes: tuple[str, ...]
    names: frozenset[str]
    dicom: frozenset[str]


@dataclass(frozen=True)
class Catalogue:
    """The items valid on one day, found by code, name or DICOM study."""

    items: Mapping[str, Listed]
    groups: Mapping[str, Group]
    sources: tuple[ItemFile, ...]
    by_code: Mapping[str, str]
    by_name: Mapping[str, str]
    by_dicom: Mapping[str, str]

    def item(self, id_: str) -> Listed:
        """The item of that id. Raises `InvalidValue` naming the nearest."""
        if id_ not in self.items:
            raise InvalidValue(f"{id_!r} is not on the list of recognisable items.", todo=nearest(id_, self.items))
        return self.items[id_]

    def find(self, text: str) -> Listed | None:
        """The item of an id, a LOINC code or a name, alone."""
        id_ = text if text in self.items else self.by_code.get(text) or self.by_name.get(_plain(text))
        return self.items[id_] if id_ else None

    def of_concept(self, concept: object) -> Listed | None:
        """The item a CodeableConcept means: by our code, LOINC, then a display or its text."""
        if not isinstance(concept, dict):
            return None
        codings = [c for c in concept.get("coding") or () if isinstance(c, dict)]
        for coding in codings:
            code, system = str(coding.get("code") or ""), coding.get("system")
            if system == ITEM_SYSTEM and code in self.items:
                return self.items[code]
            if system == LOINC and code in self.by_code:
                return self.items[self.by_code[code]]
        for text in (*(c.get("display") for c in codings), concept.get("text")):
            if isinstance(text, str) and (id_ := self.by_name.get(_plain(text))):
                return self.items[id_]
        return None


def _plain(text: str) -> str:
    return "".join(text.split()).upper()


def catalogue(on: date) -> Catalogue:
    """The list on a day. Raises `CatalogError` where one code or name stands for two items."""
    valid = tuple(f for f in _item_files() if f.since <= on and (f.until is None or on <= f.until))
    return _catalogue(valid, on)


@cache
def _item_files() -> tuple[ItemFile, ...]:
    return tuple(read_entry(p, ItemFile) for p in files(FOLDER) if p.name.startswith("items"))


_kept: dict[tuple[tuple[int, ...], date], Catalogue] = {}


def _catalogue(valid: tuple[ItemFile, ...], on: date) -> Catalogue:
    key = (tuple(id(f) for f in valid), on)
    if key not in _kept:
        if len(_kept) > 64:
            _kept.clear()
        _kept[key] = make_catalogue(valid, on)
    return _kept[key]


def make_catalogue(valid: Iterable[ItemFile], on: date) -> Catalogue:
    """The items of some lists on a day; a later list wins over an earlier one."""
    items: dict[str, Listed] = {}
    groups: dict[str, Group] = {}
    used = sorted(valid, key=lambda f: f.since)
    for file in used:
        groups.update(file.groups)
        for id_, item in file.items.items():
            if item.group not in groups:
                raise CatalogError(f"{id_}: there is no group {item.group!r}.", todo=nearest(item.group, groups))
            if (item.since and on < item.since) or (item.until and on > item.until):
                items.pop(id_, None)
                continue
            group = groups[item.group]
            items[id_] = Listed(
                id_, item.name, item.name_en, item.group, group.kind, item.days or group.days,
                item.scope or group.scope, item.price, item.codes, frozenset(map(_plain, (item.name, *item.also))),
                frozenset(item.dicom),
            )  # fmt: skip
    by_code: dict[str, str] = {}
    by_name: dict[str, str] = {}
    by_dicom: dict[str, str] = {}
    for listed in items.values():
        for table, keys in ((by_code, listed.codes), (by_name, listed.names), (by_dicom, listed.dicom)):
            for key in keys:
                if table.setdefault(key, listed.id) != listed.id:
                    raise CatalogError(f"{key!r} stands for {table[key]!r} and {listed.id!r}.")
    return Catalogue(items, groups, tuple(used), by_code, by_name, by_dicom)


@cache
def reasons() -> ReasonFile:
    """The lawful reasons to repeat."""
    return read_entry(_path("reasons.yaml"), ReasonFile)


@cache
def settings() -> Settings:
    """Deadlines and goals."""
    return read_entry(_path("settings.yaml"), Settings)


def _path(name: str):  # type: ignore[no-untyped-def]
    return next(p for p in files(FOLDER) if p.name == name)


def check_reason(reason: str, note: str) -> None:
    """Check that a reason is lawful and explained where it must be. Raises `InvalidValue`."""
    known = reasons().reasons
    if reason not in known:
        raise InvalidValue(f"{reason!r} is no lawful reason to repeat.", todo=nearest(reason, known))
    if known[reason].note and len(note.strip()) < 4:
        raise InvalidValue(_("请具体说明复查的原因（至少4个字）。"))


# --- where ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """An institution where it stands: its code, the path of its division (`/99/9901/990102/`), the head of its alliance
    (itself when it has none)."""

    institution: str
    path: str
    alliance: str

    def within(self, depth: int) -> str:
        """The path of the province (1) or city (2) it lies in, "" where it is not that deep."""
        codes = self.path.strip("/").split("/")
        return "/".join(codes[:depth]) if self.path.strip("/") and len(codes) >= depth else ""


@dataclass(frozen=True)
class Quality:
    """A mark of a laboratory: `subject` is a group or an item; good from `start` to `end` (None: no end)."""

    institution: str
    subject: str
    level: Reach
    start: date
    end: date | None

    def holds(self, on: date) -> bool:
        """Whether the mark was good on a day."""
        return self.start <= on and (self.end is None or on <= self.end)


def near(producer: Place, orderer: Place, reach: Reach) -> bool:
    """Whether what the producer made counts at the orderer's when it is recognised so far."""
    if reach == "nation":
        return True
    if reach == "alliance":
        return bool(producer.alliance) and producer.alliance == orderer.alliance
    depth = 1 if reach == "province" else 2
    return bool(producer.within(depth)) and producer.within(depth) == orderer.within(depth)


def reach(item: Listed, made: date, producer: Place, orderer: Place, marks: Iterable[Quality]) -> str:
    """How a result is recognised: `own`, `alliance` (needs no mark: one body answers for its members), or the level of
    the widest mark that was good on the day it was made and reaches the orderer; "" where it is not.

    The narrower of the item's scope and the mark's counts. Source: 2022 办法 and its targets (facts marked there).
    """
    if producer.institution and producer.institution == orderer.institution:
        return OWN
    if near(producer, orderer, "alliance"):
        return "alliance"
    for mark in sorted(marks, key=lambda m: REACHES.index(m.level)):
        narrower = max(REACHES.index(mark.level), REACHES.index(item.scope))
        if (
            mark.institution == producer.institution
            and mark.subject in (item.id, item.group)
            and mark.level != "alliance"
            and REACHES[narrower] != "alliance"
            and mark.holds(made)
            and near(producer, orderer, REACHES[narrower])
        ):
            return REACHES[narrower]
    return ""


def fresh(item: Listed, made: date, on: date) -> bool:
    """Whether a result of day `made` is inside the item's window on `on`: the last day counts (以内)."""
    return timedelta(0) <= on - made <= timedelta(days=item.days)


def due(raised: date) -> date:
    """The last day on which an alert can be answered."""
    return raised + timedelta(days=settings().answer_within_days)
