"""The lake as an engine sees it: which buckets there are, which file holds what, how far the records reach."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from luoshi.kernel import lake_layout as layout
from luoshi.kernel.errors import UnreadableFile

UNKNOWN_PERSON = layout.NO_PERSON
CHUNK_PERSONS = 1 << 20


@dataclass(frozen=True)
class Chunk:
    """Neighbouring buckets taken together: enough persons to be worth a query, few enough for memory. `number` tells
    the files of one chunk's rows; the chunk of persons not known is −1. `piece` tells the pieces of a chunk that was
    taken apart."""

    number: int
    buckets: tuple[int, ...]
    piece: int = 0

    @property
    def file_name(self) -> str:
        """The file of rows of this chunk, or of this piece of one."""
        return f"chunk={self.number}{f'.{self.piece}' if self.piece else ''}.parquet"


@dataclass(frozen=True)
class LakeDirectory:
    """A lake at `root`; `open` checks that it is one."""

    root: Path
    chunk_persons: int = CHUNK_PERSONS

    @classmethod
    def open(cls, root: Path | str, *, chunk_persons: int = CHUNK_PERSONS) -> LakeDirectory:
        """The lake at `root`, taken `chunk_persons` persons at a time.

        Raises `UnreadableFile` when there is no lake, `InvalidValue` when its `lake.json` is damaged.
        """
        lake = cls(Path(root), chunk_persons)
        lake.manifest  # noqa: B018 (reads it, so that a wrong folder is told at once)
        return lake

    @cached_property
    def manifest(self) -> layout.Manifest:
        """What `lake.json` says."""
        path = layout.manifest_path(self.root)
        try:
            return layout.Manifest.from_json(path.read_text("utf-8"), where=str(path))
        except FileNotFoundError as error:
            raise UnreadableFile(
                "there is no lake here (no lake.json).",
                where=str(self.root),
                todo="Name another folder with --lake, or build one with `luoshi lake build` or `luoshi simulate`.",
            ) from error
        except (OSError, UnicodeDecodeError) as error:
            raise UnreadableFile(f"cannot be read ({error}).", where=str(path)) from error

    @property
    def data_until(self) -> date | None:
        """The last day any table has heard of; None for an empty lake."""
        return max(self.manifest.data_until.values(), default=None)

    @cached_property
    def buckets(self) -> tuple[int, ...]:
        """Numbers of all buckets that have a file, ascending."""
        found = {
            int(match[1])
            for folder in (self.root / "tables").glob("*/bucket=*")
            if (match := re.fullmatch(r"bucket=(-?\d+)", folder.name))
        }
        return tuple(sorted(found))

    @property
    def buckets_per_chunk(self) -> int:
        """How many buckets are taken together."""
        return max(1, self.chunk_persons // self.manifest.bucket_size)

    @cached_property
    def chunks(self) -> tuple[Chunk, ...]:
        """All buckets in chunks, ascending; that of unknown persons first."""
        found: dict[int, list[int]] = {}
        for bucket in self.buckets:
            number = bucket if bucket == UNKNOWN_PERSON else bucket // self.buckets_per_chunk
            found.setdefault(number, []).append(bucket)
        return tuple(Chunk(number, tuple(buckets)) for number, buckets in sorted(found.items()))

    def pieces(self, persons: int) -> tuple[Chunk, ...]:
        """All chunks, taken apart evenly so that none holds many more than so many persons."""
        width = max(1, persons // self.manifest.bucket_size)
        found = []
        for chunk in self.chunks:
            count = -(-len(chunk.buckets) // width)
            ends = [len(chunk.buckets) * n // count for n in range(count + 1)]
            found += [Chunk(chunk.number, chunk.buckets[ends[n] : ends[n + 1]], n) for n in range(count)]
        return tuple(found)

    @property
    def nobody(self) -> Chunk:
        """The chunk of rows about nobody known."""
        return Chunk(UNKNOWN_PERSON, (UNKNOWN_PERSON,))

    def chunk_of(self, person: int) -> int:
        """The number of the chunk a person lies in."""
        return layout.bucket_of(person, self.manifest.bucket_size) // self.buckets_per_chunk

    def files(self, table: str, chunk: Chunk | None = None) -> tuple[str, ...]:
        """The Parquet files of a register, or of one chunk of a person table; empty when there are none."""
        if chunk is None:
            paths = [layout.table_path(self.root, table)]
        else:
            paths = [layout.table_path(self.root, table, bucket) for bucket in chunk.buckets]
        return tuple(str(path) for path in paths if path.exists())

    def only(self, chunk: Chunk) -> str:
        """SQL of a condition that holds for the rows of a chunk that are looked at; empty: for all."""
        return ""


@dataclass(frozen=True)
class Slice(LakeDirectory):
    """Some persons of a lake, as they are or as they were.

    `persons` (sorted) and everybody of the buckets `whole`; with `before`, files of the buckets `earlier` are taken from that
    folder (one that is not there was not there then), registers always from the lake. The engine puts `persons` into a table of
    the name `CHANGED` beside the lake's.
    """

    persons: tuple[int, ...] = ()
    whole: frozenset[int] = frozenset()
    before: Path | None = None
    earlier: frozenset[int] = frozenset()

    CHANGED = "__changed"

    @cached_property
    def chunks(self) -> tuple[Chunk, ...]:
        """The rows about nobody, where they are looked at, and all persons in one."""
        size = self.manifest.bucket_size
        touched = sorted((self.whole | {layout.bucket_of(p, size) for p in self.persons}) - {UNKNOWN_PERSON})
        unknown = (Chunk(UNKNOWN_PERSON, (UNKNOWN_PERSON,)),) if UNKNOWN_PERSON in self.whole else ()
        return (*unknown, *((Chunk(0, tuple(touched)),) if touched else ()))

    def pieces(self, persons: int) -> tuple[Chunk, ...]:
        """See `LakeDirectory.pieces`: a few persons are one piece."""
        return self.chunks

    def files(self, table: str, chunk: Chunk | None = None) -> tuple[str, ...]:
        """See `LakeDirectory.files`."""
        if chunk is None or self.before is None:
            return super().files(table, chunk)
        roots = [(self.before if bucket in self.earlier else self.root, bucket) for bucket in chunk.buckets]
        paths = [layout.table_path(root, table, bucket) for root, bucket in roots]
        return tuple(str(path) for path in paths if path.exists())

    def only(self, chunk: Chunk) -> str:
        """See `LakeDirectory.only`."""
        if chunk.number == UNKNOWN_PERSON:
            return ""
        size = self.manifest.bucket_size
        ranges = [layout.persons_of(bucket, size) for bucket in sorted(self.whole - {UNKNOWN_PERSON})]
        parts = [f"person BETWEEN {r.start} AND {r.stop - 1}" for r in ranges]
        if self.persons:
            near = f"person BETWEEN {self.persons[0]} AND {self.persons[-1]}"
            parts.append(f"{near} AND person IN (SELECT person FROM {self.CHANGED})")  # noqa: S608 (our own names)
        return f"({' OR '.join(parts) or 'false'})"
