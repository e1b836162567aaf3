"""Checking whole files: one answer per resource."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from luoshi.kernel.errors import UnreadableFile, UserError
from luoshi.records.reading import LONGEST_LINE, blocks, find
from luoshi.records.validate import Issue, Validator


@dataclass(frozen=True, slots=True)
class Checked:
    """The answer for one resource: where it stood, what it claims to be, and its issues."""

    file: Path
    line: int
    type: str | None
    id: str | None
    valid: bool
    issues: list[Issue]

    def as_dict(self) -> dict[str, Any]:
        """The line of `luoshi records check --format jsonl`."""
        return {
            "line": self.line,
            "resourceType": self.type,
            "id": self.id,
            "valid": self.valid,
            "issues": [issue.as_dict() for issue in self.issues],
        }


def check_files(
    paths: Iterable[Path], *, profile: str | None = None, problems: list[UserError] | None = None
) -> Iterator[Checked]:
    """Every resource of the files in order. A file that cannot be read (further) is added to `problems`, or raised
    where none is given."""
    validator = Validator(profile)
    for path, named in find(paths):
        try:
            for block in blocks(path):
                if block.too_long:
                    yield Checked(path, block.first_line, None, None, False, [too_long(block.too_long)])
                    continue
                if block.whole and not named and not is_fhir(block.data):
                    continue
                texts = [block.data] if block.whole else block.data.split(b"\n")
                for number, text in enumerate(texts, block.first_line):
                    if text.strip():
                        yield _checked(path, number, text, validator)
        except UnreadableFile as error:
            if problems is None:
                raise
            problems.append(error)


def too_long(length: int) -> Issue:
    """The issue of a line of that many bytes, too long to be read."""
    words = f"A line of {length} bytes; at most {LONGEST_LINE >> 20} MiB are read. Attachments belong elsewhere."
    return Issue("error", "too-long", "", words)


def is_fhir(text: bytes) -> bool:
    """Whether a JSON text claims to be FHIR at all; other JSON lying in a folder of records is left alone. Text that
    cannot be parsed counts, so that it is reported."""
    try:
        parsed = orjson.loads(text)
    except orjson.JSONDecodeError:
        return True
    return isinstance(parsed, dict) and "resourceType" in parsed


def _checked(path: Path, line: int, text: bytes, validator: Validator) -> Checked:
    found = validator.examine(text)
    resource = found.resource or {}
    kind, id_ = resource.get("resourceType"), resource.get("id")
    return Checked(
        path,
        line,
        kind if isinstance(kind, str) else None,
        id_ if isinstance(id_, str) else None,
        found.valid,
        found.issues,
    )
