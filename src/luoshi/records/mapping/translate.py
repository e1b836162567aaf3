"""Rows of a table as transaction Bundles: one for each row, whole or refused with every reason."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from luoshi.kernel.errors import InvalidValue
from luoshi.records.mapping.declared import Field, Made, Step, TableMapping
from luoshi.records.mapping.tables import Row, rows
from luoshi.records.translating import (
    Resource,
    Translated,
    instant,
    moment,
    number,
    stable_id,
    transaction,
    without_empty,
)

_YES, _NO = {"1", "true", "yes", "y", "t", "是"}, {"0", "false", "no", "n", "f", "否"}


@dataclass(frozen=True, slots=True)
class RowError:
    """A row that cannot be read: its line, every reason in words (without the values), and its cells."""

    line: int
    reasons: tuple[str, ...]
    cells: dict[str, str]

    @property
    def text(self) -> str:
        """The reasons in one line."""
        return " ".join(self.reasons)


def translate(data: bytes, name: str, mapping: TableMapping) -> Iterator[tuple[int, Translated] | RowError]:
    """Every row in order: (its line, what it becomes), or why not. Raises `UnreadableFile` as `tables.rows` does."""
    for row in rows(data, name, mapping):
        if row.problem:
            yield RowError(row.line, (row.problem,), row.cells)
            continue
        reasons: list[str] = []
        made = _row(row, mapping, reasons)
        if reasons:
            yield RowError(row.line, tuple(dict.fromkeys(reasons)), row.cells)
        else:
            yield row.line, Translated(transaction(made), kinds=Counter({"csv": 1, f"csv:{mapping.name}": 1}))


def _row(row: Row, mapping: TableMapping, reasons: list[str]) -> list[Resource]:
    wanted = [made for made in mapping.resources if all(row.cells[column] for column in made.when)]
    ids: dict[str, str] = {}
    for made in wanted:
        parts = [row.cells[column] for column in made.id]
        reasons += [f"{column} is empty." for column, part in zip(made.id, parts, strict=True) if not part]
        ids[made.name] = stable_id("csv-", mapping.name, made.name, *parts)
    types = {made.name: made.type for made in mapping.resources}
    return [_resource(made, row, ids, types, reasons) for made in wanted]


def _resource(made: Made, row: Row, ids: dict[str, str], types: dict[str, str], reasons: list[str]) -> Resource:
    """One resource. What was declared for an object none of whose columns holds anything is left out with it: a unit
    without its number says nothing."""
    values: list[tuple[list[Step], Any]] = []
    moving: Counter[str] = Counter()  # places above elements that depend on the row, and how many came
    came: Counter[str] = Counter()
    for field in made.fields:
        value = _value(field, row, ids, types, reasons)
        steps = field.steps
        above = [_place(steps[:depth]) for depth in range(1, len(steps))]
        if field.value is None:
            moving.update(above)
            came.update(above if value not in (None, "") else ())
        values.append((steps, value))
    resource: Resource = {"resourceType": made.type, "id": ids[made.name]}
    for steps, value in values:
        above = [_place(steps[:depth]) for depth in range(1, len(steps))]
        if value not in (None, "") and not any(moving[place] and not came[place] for place in above):
            _put(resource, steps, value)
    cleaned: Resource = without_empty(resource)
    return cleaned


def _value(field: Field, row: Row, ids: dict[str, str], types: dict[str, str], reasons: list[str]) -> Any:
    if field.value is not None:
        return field.value
    if field.reference:
        found = ids.get(field.reference)
        return {"reference": f"{types[field.reference]}/{found}"} if found else None
    text = row.cells[field.column] or field.default
    if not text:
        if field.required:
            reasons.append(f"{field.column} is empty.")
        return None
    if field.codes:
        if text not in field.codes:
            known = ", ".join(list(field.codes)[:12])
            reasons.append(f"{field.column} is none of the declared codes ({known}).")
            return None
        text = field.codes[text]
    try:
        return _as(field, text)
    except InvalidValue as error:
        reasons.append(f"{field.column}: {error.message}")
        return None


def _as(field: Field, text: str) -> Any:
    if field.as_ == "date":
        return moment(text)[:10]
    if field.as_ == "datetime":
        return moment(text)
    if field.as_ == "instant":
        return instant(text)
    if field.as_ in ("decimal", "integer"):
        value = number(text.replace(",", ""))
        if value is None or (field.as_ == "integer" and not isinstance(value, int)):
            raise InvalidValue("it is no number." if field.as_ == "decimal" else "it is no whole number.")
        return value
    if field.as_ == "boolean":
        if text.lower() in _YES:
            return True
        if text.lower() in _NO:
            return False
        raise InvalidValue("write 是 or 否.")
    if re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", text):
        raise InvalidValue("it holds a control character.")
    return text


def _place(steps: list[Step]) -> str:
    return ".".join(f"{name}[{index}]" if index is not None else name for name, index in steps)


def _put(resource: Resource, steps: list[Step], value: Any) -> None:
    at: Any = resource
    for depth, (name, index) in enumerate(steps):
        last = depth == len(steps) - 1
        if index is None:
            if last:
                at[name] = value
            else:
                at = at.setdefault(name, {})
            continue
        listed = at.setdefault(name, [])
        while len(listed) <= index:
            listed.append(None)
        if last:
            listed[index] = value
        else:
            listed[index] = at = listed[index] if isinstance(listed[index], dict) else {}
