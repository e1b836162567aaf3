"""A message read: its encoding, its header, and fields by number. Built on the `hl7` package."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import hl7
from hl7.exceptions import HL7Exception

from luoshi.kernel.errors import InvalidValue
from luoshi.records.hl7v2.mapping import mapping

LARGEST = 16 << 20
_HEADER = re.compile(rb"MSH([^A-Za-z0-9\r\n])([^\r\n]{1,2000})")
_MOST_SEGMENTS = 20_000
_NULL = '""'


class NotSupported(InvalidValue):
    """A message of a kind that is not read here, or no message at all: sending it again will not help."""


@dataclass(slots=True)
class Segment:
    """One segment. Fields, repetitions, components and subcomponents count from 1, as the norm counts."""

    name: str
    _fields: Any
    _message: Any

    def value(self, field: int, component: int = 1, *, repetition: int = 1, part: int = 1) -> str:
        """One value with escapes undone; "" where it is not there or said to be nothing (`""`)."""
        try:
            found: Any = self._fields[field]
        except IndexError:
            return ""
        for level, index in enumerate((repetition, component, part)):
            if isinstance(found, str):
                if index > 1:
                    return ""
                continue
            if level == 0 and not isinstance(found, hl7.Field):
                continue
            try:
                found = found[index - 1]
            except IndexError:
                return ""
        text = str(found).strip()
        return "" if text == _NULL else str(self._message.unescape(text)) if "\\" in text else text

    def repetitions(self, field: int) -> int:
        """How many repetitions a field has."""
        try:
            return len(self._fields[field]) if str(self._fields[field]) else 0
        except IndexError:
            return 0

    def coded(self, field: int, *, repetition: int = 1) -> tuple[str, str, str]:
        """Code, text and coding system of a CE or CWE."""
        code, text, system = (self.value(field, n, repetition=repetition) for n in (1, 2, 3))
        return code, text, system


@dataclass(slots=True)
class Message:
    """A message. `type`: ADT, ORU …; `event`: A01, R01 …; `control`: MSH-10; `charset`: the encoding it was read in."""

    segments: list[Segment]
    type: str
    event: str
    control: str
    charset: str

    @property
    def header(self) -> Segment:
        """MSH."""
        return self.segments[0]

    def first(self, name: str) -> Segment | None:
        """The first segment of that name."""
        return next((s for s in self.segments if s.name == name), None)

    def all(self, name: str) -> list[Segment]:
        """Every segment of that name."""
        return [s for s in self.segments if s.name == name]


def parse(data: bytes) -> Message:
    """A message from its bytes. Raises `NotSupported` for what is no HL7 v2 or too large, `InvalidValue` where it cannot
    be read as what it says it is (its encoding, its control id)."""
    if len(data) > LARGEST:
        raise NotSupported(f"the message has {len(data):,} bytes; at most {LARGEST:,} are read.")
    found = _HEADER.match(data)
    if found is None:
        raise NotSupported("this is no HL7 v2 message: it does not begin with MSH.")
    text, charset = _decode(data, found)
    text = re.sub(r"\r\n|\n", "\r", text).strip("\r") + "\r"
    if text.count("\r") > _MOST_SEGMENTS:
        raise NotSupported(f"the message has more than {_MOST_SEGMENTS:,} segments.")
    try:
        read = hl7.parse(text)
        segments = [Segment(str(s[0]), s, read) for s in read]
    except (HL7Exception, AssertionError, LookupError, ValueError, AttributeError, TypeError, RecursionError) as error:
        raise NotSupported("this is no HL7 v2 message: its header cannot be read.") from error
    header = segments[0]
    kind, event = header.value(9, 1), header.value(9, 2)
    message = Message(segments, kind, event, header.value(10), charset)
    if not message.control:
        raise InvalidValue("the message has no control id (MSH-10).")
    return message


def _decode(data: bytes, found: re.Match[bytes]) -> tuple[str, str]:
    fields = found[0].split(found[1])
    named = fields[17].decode("ascii", "replace").strip().upper() if len(fields) > 17 else ""
    named = named.partition("~")[0]
    known = mapping().charsets
    if named and named not in known:
        raise InvalidValue(
            f"the encoding {named[:30]!r} (MSH-18) is not known.", todo="Send UNICODE UTF-8 or GB 18030-2000."
        )
    for charset in [known[named]] if named else ["utf-8", "gb18030"]:
        try:
            return data.decode(charset), charset
        except UnicodeDecodeError:
            continue
    raise InvalidValue(f"the message is not in the encoding it names ({named or 'UTF-8 or GB18030'}).")
