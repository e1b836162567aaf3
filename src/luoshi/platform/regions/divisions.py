"""Divisions into the tree: checked, joined to their parent, and kept through renames and mergers.

A file may be of any size: rows are taken in chunks, each with three queries. A row whose parent has not come yet waits
for the next round; what still has none at the end is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import islice
from typing import Any

from django.db import connection, transaction
from django.db.models import Value
from django.db.models.functions import Concat, Substr

from luoshi.kernel.errors import InvalidValue
from luoshi.platform.regions import cells
from luoshi.platform.regions.files import Row
from luoshi.platform.regions.models import SINCE_EVER, Division, Institution

CHUNK = 20_000
# Digits of a statistical code at each level (GB/T 2260, GB/T 10114).
DIGITS = {1: 2, 2: 4, 3: 6, 4: 9, 5: 12}
KINDS = tuple(Division.Kind.values)
# The key of the parent in china-division's files, by level.
PARENT_KEYS = {2: "provinceCode", 3: "cityCode", 4: "areaCode", 5: "streetCode"}
COLUMNS = {
    "code", "name", "level", "parent", "kind", "urban", "valid_from", "valid_to", "successor",
    "l1", "l2", "l3", "l4", "l5", "path", *PARENT_KEYS.values(),
}  # fmt: skip

Reject = Callable[[Row, str], None]


@dataclass
class Tally:
    """What became of the rows."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class Parsed:
    """A row whose own cells are right; whether its parent is there is another question."""

    row: Row
    code: str
    name: str
    level: int
    parent: str
    kind: str
    urban: bool | None
    valid_from: date | None
    valid_to: date | None
    successor: str


def parse(row: Row, level: int | None) -> Parsed:
    """Check one row; `level` is given by the file's name where all its rows are of one level. Raises `InvalidValue`."""
    data = row.cells
    kind = cells.choice(data, "kind", KINDS, default="statutory")
    raw = cells.text(data, "code", longest=24)
    level = level or cells.whole(data, "level", low=1, high=5) or _level_of(raw)
    code = statutory_code(raw, level) if kind == "statutory" else _own_code(raw)
    parent = data.get("parent", "") or data.get(PARENT_KEYS.get(level, ""), "")
    if level > 1 and not parent:
        raise InvalidValue("parent is empty; only a province has none.")
    if level == 1 and parent:
        raise InvalidValue("a province has no parent.")
    if len(parent) in (6, 12) and parent.endswith("00") and parent.isdigit():
        parent = _short(parent)
    valid_from, valid_to = cells.day(data, "valid_from"), cells.day(data, "valid_to")
    if valid_to and valid_to < (valid_from or SINCE_EVER):
        raise InvalidValue("valid_to lies before valid_from.")
    successor = data.get("successor", "")
    if successor and not valid_to:
        raise InvalidValue("a successor needs a valid_to: the last day before it took over.")
    return Parsed(
        row,
        code,
        cells.text(data, "name", longest=100),
        level,
        parent,
        kind,
        cells.flag(data, "urban"),
        valid_from,
        valid_to,
        successor,
    )


def statutory_code(text: str, level: int) -> str:
    """A statistical code at the length of its level; one padded with zeros to 6 or 12 digits is cut. Raises
    `InvalidValue` for other lengths and for letters."""
    digits = DIGITS[level]
    if not (text.isascii() and text.isdigit()) or text[0] == "0":
        raise InvalidValue("code must be digits; give a functional zone the kind `functional`.")
    if len(text) in (6, 12) and len(text) > digits and set(text[digits:]) == {"0"}:
        return text[:digits]
    if len(text) != digits:
        raise InvalidValue(f"code of level {level} must have {digits} digits.")
    return text


def _own_code(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]{1,23}", text):
        raise InvalidValue("code must be 2 to 24 letters, digits, dots or dashes.")
    return text


def _short(text: str) -> str:
    """A code padded with zeros, without them."""
    for digits in DIGITS.values():
        if len(text) >= digits and set(text[digits:]) <= {"0"}:
            return text[:digits]
    return text


def _level_of(text: str) -> int:
    short = _short(text) if len(text) in (6, 12) else text
    for level, digits in DIGITS.items():
        if len(short) == digits:
            return level
    raise InvalidValue("level is empty and the length of the code does not tell it.")


@dataclass
class Keeper:
    """Takes the rows of one file. `reject` is told each refused row with its reason."""

    reject: Reject
    level: int | None = None
    tally: Tally = field(default_factory=Tally)
    _seen: set[tuple[str, date | None]] = field(default_factory=set)
    _successors: list[Parsed] = field(default_factory=list)

    def keep(self, rows: Iterable[Row], progress: Callable[[int], None]) -> Tally:
        """Keep all rows; `progress` is told how many were dealt with."""
        waiting: Sequence[Parsed] = self._pass(self._parsed(rows), progress)
        while waiting:
            still = self._pass(iter(waiting), progress)
            if len(still) == len(waiting):
                for item in still:
                    self._refuse(item.row, f"its parent {item.parent} is not known.")
                break
            waiting = still
        self._link_successors()
        return self.tally

    def _parsed(self, rows: Iterable[Row]) -> Iterator[Parsed]:
        for row in rows:
            try:
                if unknown := row.cells.keys() - COLUMNS:
                    raise InvalidValue(f"unknown columns: {', '.join(sorted(unknown))}.")
                item = parse(row, self.level)
                if (item.code, item.valid_from) in self._seen:
                    raise InvalidValue("the same code comes twice in this file.")
            except InvalidValue as error:
                self._refuse(row, str(error))
                continue
            self._seen.add((item.code, item.valid_from))
            yield item

    def _refuse(self, row: Row, reason: str) -> None:
        self.tally.rejected += 1
        self.reject(row, reason)

    def _pass(self, items: Iterator[Parsed], progress: Callable[[int], None]) -> list[Parsed]:
        """One round over `items`; answers those whose parent is not there yet."""
        waiting: list[Parsed] = []
        while chunk := list(islice(items, CHUNK)):
            with transaction.atomic():
                waiting += self._chunk(chunk)
            progress(len(chunk))
        return waiting

    def _chunk(self, chunk: list[Parsed]) -> list[Parsed]:
        parents = _latest({item.parent for item in chunk if item.parent})
        held: dict[str, list[Division]] = {}
        for row in Division.objects.filter(code__in=[item.code for item in chunk]):
            held.setdefault(row.code, []).append(row)
        waiting: list[Parsed] = []
        fresh: list[tuple[Any, ...]] = []
        for item in chunk:
            parent = parents.get(item.parent)
            if item.parent and parent is None:
                waiting.append(item)
                continue
            try:
                self._check_parent(item, parent)
                values = self._place(item, parent, held.get(item.code, []))
            except InvalidValue as error:
                self._refuse(item.row, str(error))
                continue
            if values is not None:
                fresh.append(values)
            if item.successor:
                self._successors.append(item)
        _insert(fresh)
        self.tally.added += len(fresh)
        return waiting

    @staticmethod
    def _check_parent(item: Parsed, parent: Division | None) -> None:
        if parent is None:
            return
        if parent.level >= item.level:
            raise InvalidValue(f"its parent {item.parent} is not of a higher level.")
        if (
            item.kind == parent.kind == "statutory"
            and parent.code == item.parent
            and not item.code.startswith(parent.code)
        ):
            raise InvalidValue(f"code does not begin with its parent's {item.parent}.")

    def _place(self, item: Parsed, parent: Division | None, held: list[Division]) -> tuple[Any, ...] | None:
        """The values of `INSERTED` for a new row, or None when the row was there (and perhaps mended)."""
        path = f"{parent.path if parent else '/'}{item.code}/"
        start = item.valid_from
        if held:
            same_start = next((row for row in held if row.valid_from == (start or SINCE_EVER)), None)
            current = next((row for row in held if row.valid_to is None), None)
            row = same_start or (current if start is None else None)
            if row is not None:
                self._mend(row, item, parent, path)
                return None
            if current is not None and item.valid_to is None and start is not None:
                if start <= current.valid_from:
                    raise InvalidValue(f"valid_from must lie after {current.valid_from}, when its present row begins.")
                self._succeed(current, item, parent, path)
                return None
        return (
            item.code,
            item.name,
            item.level,
            parent.pk if parent else None,
            path,
            item.kind,
            item.urban,
            start or SINCE_EVER,
            item.valid_to,
        )

    def _mend(self, row: Division, item: Parsed, parent: Division | None, path: str) -> None:
        """Correct a row in place; a new place in the tree moves everything below it."""
        urban = row.urban if item.urban is None else item.urban
        valid_to = item.valid_to or row.valid_to
        wanted = (item.name, item.level, parent.pk if parent else None, path, item.kind, urban, valid_to)
        if wanted == (row.name, row.level, row.parent_id, row.path, row.kind, row.urban, row.valid_to):
            self.tally.unchanged += 1
            return
        if parent is not None and parent.path.startswith(row.path):
            raise InvalidValue(f"its parent {item.parent} lies below it.")
        old_path = row.path
        row.name, row.level, row.parent, row.path, row.kind, row.urban, row.valid_to = (
            item.name,
            item.level,
            parent,
            path,
            item.kind,
            urban,
            valid_to,
        )
        row.save()
        if old_path != path:
            Division.objects.filter(path__startswith=old_path).exclude(pk=row.pk).update(
                path=Concat(Value(path), Substr("path", len(old_path) + 1))
            )
        self.tally.changed += 1

    def _succeed(self, current: Division, item: Parsed, parent: Division | None, path: str) -> None:
        """The division goes on under a new name or parent from its `valid_from`: the old row ends the day before, and
        what stands below it now moves to the new one."""
        assert item.valid_from is not None
        current.valid_to = item.valid_from - timedelta(days=1)
        current.save(update_fields=["valid_to"])
        new = Division.objects.create(
            code=item.code,
            name=item.name,
            level=item.level,
            parent=parent,
            path=path,
            kind=item.kind,
            urban=current.urban if item.urban is None else item.urban,
            valid_from=item.valid_from,
        )
        current.successor = new
        current.save(update_fields=["successor"])
        Division.objects.current().filter(parent=current).update(parent=new)
        Institution.objects.current().filter(division=current).update(division=new)
        if current.path != path:
            Division.objects.current().filter(path__startswith=current.path).update(
                path=Concat(Value(path), Substr("path", len(current.path) + 1))
            )
        self.tally.added += 1

    def _link_successors(self) -> None:
        """Join ended divisions to the ones that took over, once all of the file is there."""
        latest = _latest({item.successor for item in self._successors})
        with transaction.atomic():
            for item in self._successors:
                successor = latest.get(item.successor)
                if successor is None:
                    self._refuse(
                        item.row, f"its successor {item.successor} is not known; the division itself was kept."
                    )
                    continue
                Division.objects.filter(code=item.code, valid_to=item.valid_to).update(successor=successor)


INSERTED = ("code", "name", "level", "parent_id", "path", "kind", "urban", "valid_from", "valid_to")


def _insert(rows: list[tuple[Any, ...]]) -> None:
    """Insert values of `INSERTED`. Plain SQL: a country has 600,000 villages, and model objects made the import four
    times slower."""
    if not rows:
        return
    quote = connection.ops.quote_name
    columns = ", ".join(quote(name) for name in INSERTED)
    places = ", ".join(["%s"] * len(INSERTED))
    adapt = connection.ops.adapt_datefield_value
    days: dict[date | None, Any] = {None: None}
    for row in rows:
        for value in row[-2:]:
            if value not in days:
                days[value] = adapt(value)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {quote(Division._meta.db_table)} ({columns}) VALUES ({places})",  # noqa: S608 (our names)
            [(*row[:-2], days[row[-2]], days[row[-1]]) for row in rows],
        )


def _latest(codes: set[str]) -> dict[str, Division]:
    """The newest row of each code."""
    return {row.code: row for row in Division.objects.filter(code__in=codes).order_by("valid_from")}
