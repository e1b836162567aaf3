"""Whether a value of a resource matches a value of a search. One function for each kind of parameter.

Rules of https://hl7.org/fhir/R4/search.html. A date or time without zone is meant in Chinese time (+08:00), and so are
days of the search. Wrong search values raise `InvalidValue`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from luoshi.kernel.errors import InvalidValue

CHINA = timezone(timedelta(hours=8))
_PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")
_WHEN = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d)?)?)?)?", re.ASCII
)
_EARLIEST, _LATEST = -(1 << 62), 1 << 62
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Interval = tuple[int, int]


def split(text: str, mark: str = ",") -> list[str]:
    """Parts of a search value; a backslash keeps `,`, `|`, `$` and itself."""
    parts, current, escaped = [], "", False
    for c in text:
        if escaped:
            current += c if c in ",|$\\" and mark != "," else "\\" + c
            escaped = False
        elif c == "\\":
            escaped = True
        elif c == mark:
            parts.append(current)
            current = ""
        else:
            current += c
    return [*parts, current + ("\\" if escaped else "")]


def plain(text: str) -> str:
    """A value without its backslashes."""
    return re.sub(r"\\([,|$\\])", r"\1", text)


# --- dates ---------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def interval(text: str) -> Interval:
    """First and one past the last microsecond (since 1970, UTC) that a date or time of any precision may mean. Raises
    `InvalidValue`."""
    found = _WHEN.fullmatch(text)
    if found is None:
        raise InvalidValue("a date is written YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss+08:00.")
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        start = datetime(
            int(year),
            int(month or 1),
            int(day or 1),
            int(hour or 0),
            int(minute or 0),
            min(int(second or 0), 59),
            tzinfo=_zone(zone),
        )
        micro = _micro(start) + int((fraction or "").ljust(6, "0")[:6])
        if fraction:
            return micro, micro + max(1, 10 ** (6 - len(fraction)))
        if second:
            return micro, micro + 1_000_000
        if minute:
            return micro, micro + 60_000_000
        if day:
            return micro, micro + 86_400_000_000
        if month:
            following = start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
        else:
            following = start.replace(year=start.year + 1)
        return micro, _micro(following)
    except (ValueError, OverflowError):
        raise InvalidValue("there is no such date.") from None


def _zone(text: str | None) -> timezone:
    if text is None:
        return CHINA
    if text == "Z":
        return UTC
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[4:6])))


def _micro(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def moments(value: Any) -> list[Interval]:
    """Intervals of a date, dateTime, instant, Period or Timing; empty where it says nothing."""
    try:
        if isinstance(value, str):
            return [interval(value)]
        if isinstance(value, dict):
            if "event" in value:
                return [interval(event) for event in value["event"]]
            if "start" in value or "end" in value:
                low = interval(value["start"])[0] if "start" in value else _EARLIEST
                high = interval(value["end"])[1] if "end" in value else _LATEST
                return [(low, high)]
            bounds = (value.get("repeat") or {}).get("boundsPeriod")
            if bounds:
                return moments(bounds)
    except (InvalidValue, TypeError, AttributeError):
        pass
    return []


@dataclass(frozen=True, slots=True)
class When:
    """A wanted date: prefix and interval."""

    prefix: str
    low: int
    high: int

    @classmethod
    def of(cls, text: str) -> When:
        """Read a value such as `ge2025-01-01`. Raises `InvalidValue`."""
        prefix = text[:2] if text[:2] in _PREFIXES else "eq"
        return cls(prefix, *interval(text[2:] if text[:2] in _PREFIXES else text))

    @property
    def bounds(self) -> Interval:
        """First and last microsecond that a match can touch, for looking in an index."""
        if self.prefix in ("gt", "ge", "sa"):
            return self.low, _LATEST
        if self.prefix in ("lt", "le", "eb"):
            return _EARLIEST, self.high
        if self.prefix == "eq":
            return self.low, self.high
        if self.prefix == "ap":
            return self._near()
        return _EARLIEST, _LATEST

    def matches(self, low: int, high: int) -> bool:
        """Whether an interval of a resource matches (the rules of R4 for ranges)."""
        match self.prefix:
            case "eq":
                return self.low <= low and high <= self.high
            case "ne":
                return not (self.low <= low and high <= self.high)
            case "gt":
                return high > self.high
            case "lt":
                return low < self.low
            case "ge":
                return high > self.high or (self.low <= low and high <= self.high)
            case "le":
                return low < self.low or (self.low <= low and high <= self.high)
            case "sa":
                return low >= self.high
            case "eb":
                return high <= self.low
        near = self._near()
        return low < near[1] and high > near[0]

    def _near(self) -> Interval:
        """A tenth of the distance from today, a day at least, on both sides."""
        now = _micro(datetime.now(UTC))
        slack = max(86_400_000_000, abs(now - self.low) // 10)
        return self.low - slack, self.high + slack


def day_of(values: Any) -> int | None:
    """The day (since 1970, as the record writes it) when these values name one day and no more; else None."""
    found = ""
    for value in values:
        if isinstance(value, dict):
            start, end = value.get("start"), value.get("end")
            if not (isinstance(start, str) and isinstance(end, str)) or start[:10] != end[:10]:
                return None
            value = start
        if not isinstance(value, str) or len(value) < 10 or (found and value[:10] != found):
            return None
        found = value[:10]
    return _day(found)


@lru_cache(maxsize=16384)
def _day(text: str) -> int | None:
    try:
        return date.fromisoformat(text).toordinal() - 719163
    except ValueError:
        return None


# --- tokens --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Token:
    """A wanted code. `system` None: any; "": none."""

    system: str | None
    code: str

    @classmethod
    def of(cls, text: str) -> Token:
        """Read `system|code`, `|code`, `system|` or `code`. Raises `InvalidValue` when nothing is asked for."""
        parts = split(text, "|")
        if len(parts) > 2:
            raise InvalidValue("a token is written system|code.")
        if len(parts) == 1:
            system, code = None, plain(parts[0])
        else:
            system, code = parts
        if not system and not code:
            raise InvalidValue("a token has a code or a system.")
        return cls(system, code)

    def matches(self, value: Any) -> bool:
        """Whether a Coding, CodeableConcept, Identifier, ContactPoint, code, boolean or string is this token."""
        if isinstance(value, bool):
            return self.system in (None, "") and self.code == ("true" if value else "false")
        if isinstance(value, str):
            return self.code.lower() == value.lower() if self.code else False
        if not isinstance(value, dict):
            return False
        if "coding" in value:
            return any(self._pair(c.get("system"), c.get("code")) for c in value["coding"] if isinstance(c, dict))
        if "value" in value:
            # The system of a ContactPoint is a kind (phone), not an address.
            return self._pair(value.get("system"), value.get("value"))
        return self._pair(value.get("system"), value.get("code"))

    def _pair(self, system: Any, code: Any) -> bool:
        if self.code and self.code != code:
            return False
        if self.system is None:
            return True
        return (system or "") == self.system


def shown(value: Any) -> list[str]:
    """The words of a coded value, for `:text`."""
    if isinstance(value, str):
        return [value]
    if not isinstance(value, dict):
        return []
    words = [value.get("text"), value.get("display"), (value.get("type") or {}).get("text")]
    words += [c.get("display") for c in value.get("coding", []) if isinstance(c, dict)]
    return [word for word in words if isinstance(word, str)]


# --- strings -------------------------------------------------------------------------------------------------------


def strings(value: Any) -> list[str]:
    """The texts of a string, HumanName or Address that a string parameter looks at."""
    if isinstance(value, str):
        return [value]
    if not isinstance(value, dict):
        return []
    found: list[str] = []
    for key in (
        "text",
        "family",
        "given",
        "prefix",
        "suffix",
        "line",
        "city",
        "district",
        "state",
        "country",
        "postalCode",
    ):
        part = value.get(key)
        found.extend(part if isinstance(part, list) else [part] if part else [])
    given = value.get("given")
    if value.get("family") and isinstance(given, list):
        found.append("".join([value["family"], *given]))
    return [text for text in found if isinstance(text, str)]


def fold(text: str) -> str:
    """A text as compared: case and runs of blanks make no difference."""
    return " ".join(text.casefold().split())


# --- quantities ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Amount:
    """A wanted number with its precision, and the unit when one was given."""

    prefix: str
    low: Decimal
    high: Decimal
    number: Decimal
    system: str | None
    unit: str | None

    @classmethod
    def of(cls, text: str) -> Amount:
        """Read `[prefix]number|system|code`. Raises `InvalidValue`."""
        number, *rest = split(text, "|")
        if len(rest) not in (0, 2):
            raise InvalidValue("a quantity is written number or number|system|code.")
        prefix = number[:2] if number[:2] in _PREFIXES else "eq"
        try:
            value = Decimal(number[2:] if number[:2] in _PREFIXES else number)
        except InvalidOperation:
            raise InvalidValue("a quantity begins with a number.") from None
        exponent = value.as_tuple().exponent
        if not isinstance(exponent, int) or abs(exponent) > 100 or value.adjusted() > 100:
            raise InvalidValue("a quantity begins with a number.")
        half = Decimal(1).scaleb(exponent) / 2
        if prefix == "ap":
            half = max(half, abs(value) / 10)
        system, unit = rest or (None, None)
        return cls(prefix, value - half, value + half, value, system or None, unit or None)

    def matches(self, value: Any) -> bool:
        """Whether a Quantity (or a number) is in the range and in the unit."""
        quantity = value if isinstance(value, dict) else {"value": value}
        if self.unit and self.unit not in (quantity.get("code"), quantity.get("unit")):
            return False
        if self.system and quantity.get("system") != self.system:
            return False
        number = quantity.get("value")
        if isinstance(number, bool) or not isinstance(number, int | float):
            return False
        given = Decimal(str(number))
        match self.prefix:
            case "eq" | "ap":
                return self.low <= given < self.high
            case "ne":
                return not self.low <= given < self.high
            case "gt" | "sa":
                return given > self.number
            case "lt" | "eb":
                return given < self.number
            case "ge":
                return given >= self.number
        return given <= self.number
