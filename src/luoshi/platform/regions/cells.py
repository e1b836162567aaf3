"""One cell to one value, or the reason in words why not. The reasons end up beside the row in the rejected file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date

from luoshi.kernel.errors import InvalidValue, nearest

YES = {"1", "true", "yes", "y", "t", "是"}
NO = {"0", "false", "no", "n", "f", "否"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def text(cells: Mapping[str, str], column: str, *, longest: int, required: bool = True) -> str:
    """Text of at most `longest` characters."""
    value = cells.get(column, "")
    if not value and required:
        raise InvalidValue(f"{column} is empty.")
    if len(value) > longest:
        raise InvalidValue(f"{column} has more than {longest} characters.")
    if _CONTROL.search(value):
        raise InvalidValue(f"{column} holds a control character.")
    return value


def day(cells: Mapping[str, str], column: str) -> date | None:
    """A day written 2024-05-31, 2024/5/31 or 20240531; None for an empty cell."""
    value = cells.get(column, "")
    if not value:
        return None
    try:
        if len(value) == 8 and value.isdigit():
            return date(int(value[:4]), int(value[4:6]), int(value[6:]))
        year, month, rest = value.replace("/", "-").split("-", 2)
        return date(int(year), int(month), int(rest[:2].strip()))
    except ValueError:
        raise InvalidValue(f"{column} is no day; write 2024-05-31.") from None


def needed_day(cells: Mapping[str, str], column: str) -> date:
    """A day that must be there."""
    value = day(cells, column)
    if value is None:
        raise InvalidValue(f"{column} is empty.")
    return value


def whole(cells: Mapping[str, str], column: str, *, low: int, high: int) -> int | None:
    """A whole number from `low` to `high`; None for an empty cell."""
    value = cells.get(column, "").replace(",", "")
    if not value:
        return None
    try:
        number = int(value)
    except ValueError:
        raise InvalidValue(f"{column} is no whole number.") from None
    if not low <= number <= high:
        raise InvalidValue(f"{column} must lie between {low} and {high}.")
    return number


def needed_whole(cells: Mapping[str, str], column: str, *, low: int, high: int) -> int:
    """A whole number that must be there."""
    value = whole(cells, column, low=low, high=high)
    if value is None:
        raise InvalidValue(f"{column} is empty.")
    return value


def flag(cells: Mapping[str, str], column: str) -> bool | None:
    """Yes or no; None for an empty cell."""
    value = cells.get(column, "").lower()
    if not value:
        return None
    if value in YES:
        return True
    if value in NO:
        return False
    raise InvalidValue(f"{column} is neither yes nor no; write 1 or 0.")


def choice(cells: Mapping[str, str], column: str, known: Sequence[str], *, default: str = "") -> str:
    """One of the known words."""
    value = cells.get(column, "") or default
    if value not in known:
        hint = nearest(value, known) or f"Known are {', '.join(known)}."
        raise InvalidValue(f"{column} {'is empty' if not value else 'is not known'}. {hint}")
    return value
