"""Files of FHIR JSON: finding them, and reading them in blocks of whole lines with bounded memory.

NDJSON (`.ndjson`, `.jsonl`, or a `.json` that turns out to hold one resource per line) is read in blocks; a file that
is one JSON text (a resource, a Bundle) is one block. `.gz` of either. Offsets and lines count uncompressed bytes, so a
reader that was interrupted goes on where the last finished block ended.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import orjson

from luoshi.kernel.errors import UnreadableFile

SUFFIXES = (".ndjson", ".jsonl", ".json")
BLOCK = 1 << 20
LONGEST_LINE = 64 << 20
LARGEST_WHOLE = 512 << 20
_KEPT = 64 << 10  # of a line too long to be read
_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a file: whole lines, or the whole text when `whole`. `end`: offset behind it; `lines`: how many.
    `too_long`: the length of a single line beyond `LONGEST_LINE`, of which `data` is only the beginning; else 0."""

    data: bytes
    first_line: int
    end: int
    lines: int
    whole: bool = False
    too_long: int = 0


class _TooLong(Exception):
    def __init__(self, start: bytes, length: int) -> None:
        self.start, self.length = start, length
        super().__init__(length)


def find(paths: Iterable[Path]) -> list[tuple[Path, bool]]:
    """Files to read in order of name, each with whether it was named itself (or found in a named folder).

    Raises `UnreadableFile` for what is not there, or a folder without files of FHIR JSON.
    """
    found: dict[Path, bool] = {}
    for path in paths:
        if path.is_dir():
            inside = [p for p in sorted(path.rglob("*")) if p.is_file() and _suffix(p) in SUFFIXES]
            if not inside:
                raise UnreadableFile(
                    "the folder holds no .ndjson, .jsonl or .json files (.gz of these).", where=str(path)
                )
            for file in inside:
                found.setdefault(file, False)
        elif path.is_file():
            found[path] = True
        else:
            raise UnreadableFile("there is no such file.", where=str(path), todo="Check the name.")
    return list(found.items())


def _suffix(path: Path) -> str:
    name = path.name.lower().removesuffix(".gz")
    return Path(name).suffix


def blocks(path: Path, *, start: int = 0, first_line: int = 1, size: int = BLOCK) -> Iterator[Block]:
    """The blocks of a file from byte `start` (line `first_line`) on; a line too long to be a resource is a block of its
    own. Raises `UnreadableFile` with the last good line when the file cannot be read, is damaged or truncated."""
    line = first_line
    try:
        with _open(path) as file:
            if start == 0 and _is_one_text(path):
                data = file.read(LARGEST_WHOLE + 1)
                if len(data) > LARGEST_WHOLE:
                    raise UnreadableFile(
                        f"one JSON text of more than {LARGEST_WHOLE >> 20} MiB.",
                        where=str(path),
                        todo="Send large sets as NDJSON, one resource per line.",
                    )
                yield Block(data.removeprefix(_MARK), 1, len(data), data.count(b"\n") + 1, whole=True)
                return
            position = _skip(file, start)
            while True:
                try:
                    data = _lines(file, size)
                except _TooLong as long:
                    position += long.length
                    yield Block(long.start, line, position, 1, too_long=long.length)
                    line += 1
                    continue
                if not data:
                    return
                position += len(data)
                count = data.count(b"\n") + (not data.endswith(b"\n"))
                yield Block(data.removeprefix(_MARK) if line == 1 else data, line, position, count)
                line += count
    except (OSError, EOFError, zlib.error) as error:
        kind = "the compressed file is damaged or cut off" if path.suffix == ".gz" else "cannot be read"
        if isinstance(error, PermissionError | IsADirectoryError):
            kind = f"cannot be read ({error.strerror})"
        raise UnreadableFile(
            f"{kind} (after line {line - 1}).", where=str(path), todo="Get the file again; what was read is kept."
        ) from error


def _open(path: Path) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path, "rb") if path.name.lower().endswith(".gz") else path.open("rb"))


def _skip(file: IO[bytes], start: int) -> int:
    if not isinstance(file, gzip.GzipFile):
        return file.seek(start)
    left = start
    while left:
        data = file.read(min(left, BLOCK))
        if not data:
            break
        left -= len(data)
    return start


def _lines(file: IO[bytes], size: int) -> bytes:
    """About `size` bytes ending with a line. In a damaged .gz, the whole lines before the damage first. Raises
    `_TooLong` when what comes first is a line beyond `LONGEST_LINE`; the file then stands behind it."""
    data = bytearray()
    while len(data) < size:
        try:
            part = file.read1(min(size, 1 << 16)) if isinstance(file, gzip.GzipFile) else file.read(size)
        except (OSError, EOFError, zlib.error):
            end = data.rfind(b"\n") + 1
            if end:
                return bytes(data[:end])
            raise
        if not part:
            return bytes(data)
        data += part
    if not data.endswith(b"\n"):
        try:
            data += file.readline(LONGEST_LINE + 1)
        except (OSError, EOFError, zlib.error):
            end = data.rfind(b"\n") + 1
            if end:
                return bytes(data[:end])
            raise
        start = data.rfind(b"\n") + 1  # of the last line
        if not data.endswith(b"\n") and len(data) - start >= LONGEST_LINE:
            if start:
                file.seek(start - len(data), io.SEEK_CUR)
                return bytes(data[:start])
            length, beginning = len(data), bytes(data[:_KEPT])
            del data
            while part := file.readline(BLOCK):
                length += len(part)
                if part.endswith(b"\n"):
                    break
            raise _TooLong(beginning, length)
    return bytes(data)


def _is_one_text(path: Path) -> bool:
    """Whether the file is one JSON text rather than one per line: its first line alone is no complete resource."""
    suffix = _suffix(path)
    if suffix in (".ndjson", ".jsonl"):
        return False
    with _open(path) as file:
        first = file.readline(LONGEST_LINE).removeprefix(_MARK).strip()
        while not first:
            line = file.readline(LONGEST_LINE)
            if not line:
                return True
            first = line.strip()
        try:
            parsed = orjson.loads(first)
        except orjson.JSONDecodeError:
            return first in (b"{", b"[") or first[:1] != b"{" or not first.endswith(b"}")
        rest = file.readline(LONGEST_LINE)
        while rest and not rest.strip():
            rest = file.readline(LONGEST_LINE)
        return not (rest and isinstance(parsed, dict))
