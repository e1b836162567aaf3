"""Files into the store: validated in worker processes, committed block by block, resumable, idempotent.

A block (about 2 MiB of whole lines) is committed in one transaction together with its audit row and the position in
the file, so an ingest that was killed goes on behind the last committed block, and reading the same files again finds
everything unchanged. Memory is bounded by the few blocks under way.
"""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from django.db import DatabaseError, OperationalError
from django.utils import timezone

from luoshi.kernel.errors import InvalidValue, Refused, UnreadableFile
from luoshi.kernel.garbage import few_collections
from luoshi.platform.store import sets
from luoshi.platform.store.models import Run, RunFile, Source
from luoshi.platform.store.preparing import Prepared, follow_parent, prepare, too_long
from luoshi.platform.store.rules import Rules, rules_of
from luoshi.platform.store.writing import Counts, commit
from luoshi.records.reading import Block, blocks, find
from luoshi.records.structure_schema import definitions
from luoshi.records.validate import PROFILES
from luoshi.records.validate_files import is_fhir

if TYPE_CHECKING:
    from luoshi.platform.access.models import User

BLOCK = int(os.environ.get("LUOSHI_INGEST_BLOCK", 2 << 20))
_ALONE = 4 << 20  # less than this is not worth starting processes
_AHEAD = 5  # blocks' bytes prepared or waiting to be committed,
_MOST = 64  # in at most so many pieces

Progress = Callable[[Path, int, Counts], None]


@dataclass(slots=True)
class Report:
    """What an ingest did. `refused`: by reason; `examples`: where the first of each reason stands, in words. `skipped`:
    files in a folder that are not FHIR. `problems`: files that could not be read (to the end), in words. `seconds`:
    wall clock."""

    run: int
    files: int = 0
    counts: Counts = field(default_factory=Counts)
    refused: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def resources(self) -> int:
        """Resources read, whatever became of them."""
        c = self.counts
        return c.new + c.changed + c.unchanged + c.refused + c.deleted


def ingest(
    paths: Iterable[Path],
    *,
    source: str,
    by: User | str,
    profile: str | None = None,
    workers: int = 2,
    progress: Progress | None = None,
) -> Report:
    """Read files and folders of FHIR JSON into the store on behalf of `source` (registered at first use).

    Files named for patients come first, so that what refers to them need not wait. `profile`: validate against our
    rules too, where the source's registration names no profile; what happens to what is not valid is the registration's
    to say (`rules`). `workers`: processes that parse and validate (0: none). `progress` is
    told the file, the bytes of it that are committed (uncompressed) and the counts so far. What is wrong with a
    resource or a file is in the report and does not stop the rest. Raises `UnreadableFile` when a path does not exist,
    `Refused` when the store cannot be written (a full disk): what was committed before stays, and the same command
    goes on from there.
    """
    begun = perf_counter()
    if profile is not None and profile not in PROFILES:
        raise InvalidValue(f"There is no profile {profile!r}.", todo="Use 'cn' or none.")
    found = sorted(find([Path(path) for path in paths]), key=lambda item: "patient" not in item[0].name.lower())
    name = by if isinstance(by, str) else by.get_username()
    with _writable():
        register, _ = Source.objects.get_or_create(name=source)
        rules = rules_of(register, profile)
        run = Run.objects.create(source=register, by=name)
    report = Report(run.pk)
    size = sum(path.stat().st_size for path, _ in found)
    preparer = _Preparer(workers if size > _ALONE else 0, rules)
    try:
        with few_collections(), sets.seldom_copied():
            _through(_blocks(found, run, report), register, name, preparer, report, progress)
    except Refused as error:
        _finish(run, report, Run.STOPPED, str(error))
        raise
    finally:
        preparer.close()
        report.seconds = perf_counter() - begun
    _finish(run, report, Run.DONE, "")
    return report


def _finish(run: Run, report: Report, state: str, message: str) -> None:
    try:
        Run.objects.filter(pk=run.pk).update(
            state=state,
            finished=timezone.now(),
            counts={**report.counts.as_dict(), "files": report.files, "reasons": dict(report.refused)},
            message=message[:500],
        )
    except DatabaseError:
        if state == Run.DONE:
            raise


def _alone() -> bool:
    """Whether this process has one thread (Python's or any other's), so that a copy of it finds no lock that nobody will open
    again. A copy is there at once and shares what was loaded; an interpreter of its own takes half a second to start."""
    try:
        return len(list(Path("/proc/self/task").iterdir())) == 1
    except OSError:  # no Linux
        return False


class _Preparer:
    """Prepares blocks, in processes or here: when there are none, inside a daemon (which may have no children), and
    when the processes are gone (ended from outside, or never able to start), so that no block is lost with them."""

    def __init__(self, workers: int, rules: Rules) -> None:
        self.rules = rules
        self.pool: ProcessPoolExecutor | None = None
        if workers > 0 and not multiprocessing.current_process().daemon:
            alone = _alone()
            if alone:
                definitions()  # once, before it is copied
            context = multiprocessing.get_context("fork" if alone else "spawn")
            self.pool = ProcessPoolExecutor(workers, mp_context=context, initializer=follow_parent)

    def submit(self, block: Block) -> Future[Prepared] | None:
        """Begin with a block, where there are processes."""
        if self.pool is None or block.too_long:
            return None
        try:
            mode, profile = self.rules
            return self.pool.submit(prepare, block.data, block.first_line, block.whole, profile, mode)
        except BrokenProcessPool:
            self.close()
            return None

    def result(self, block: Block, begun: Future[Prepared] | None) -> Prepared:
        """What became of a block."""
        if begun is not None:
            try:
                return begun.result()
            except (BrokenProcessPool, CancelledError):
                self.close()
        if block.too_long:
            return too_long(block.first_line, block.data, block.too_long)
        return prepare(block.data, block.first_line, block.whole, self.rules.profile, self.rules.mode)

    def close(self) -> None:
        """End the processes."""
        if self.pool is not None:
            self.pool.shutdown(wait=True, cancel_futures=True)
            self.pool = None


@dataclass(slots=True)
class _Reading:
    """A file while it is read. `problem`: why it could not be read to the end, in words."""

    path: Path
    file: RunFile
    problem: str = ""


def _blocks(found: Iterable[tuple[Path, bool]], run: Run, report: Report) -> Iterator[tuple[_Reading, Block | None]]:
    """The blocks of all files in order, each file closed by None."""
    for path, named in found:
        reading = _Reading(path, _resume(path, run))
        report.files += 1
        try:
            for block in blocks(path, start=reading.file.position, first_line=reading.file.lines + 1, size=BLOCK):
                if block.whole and not named and not is_fhir(block.data):
                    report.skipped.append(str(path))
                    report.files -= 1
                    break
                yield reading, block
        except UnreadableFile as error:
            reading.problem = str(error)
        yield reading, None


def _through(
    read: Iterable[tuple[_Reading, Block | None]],
    source: Source,
    by: str,
    preparer: _Preparer,
    report: Report,
    progress: Progress | None,
) -> None:
    """Blocks are prepared ahead, beyond the end of a file too, and committed in order."""
    under_way: deque[tuple[_Reading, Block | None, Future[Prepared] | None]] = deque()
    held = 0

    def finish() -> int:
        reading, block, begun = under_way.popleft()
        if block is None:
            _close(reading, report)
            return 0
        _commit(block, preparer.result(block, begun), reading.file, source, by, report)
        if progress:
            progress(reading.path, block.end, report.counts)
        return len(block.data)

    for reading, block in read:
        under_way.append((reading, block, preparer.submit(block) if block else None))
        held += len(block.data) if block else 0
        while len(under_way) > _MOST or held > _AHEAD * BLOCK:
            held -= finish()
    while under_way:
        finish()


def _close(reading: _Reading, report: Report) -> None:
    if reading.problem:
        report.problems.append(reading.problem)
    with _writable():
        RunFile.objects.filter(pk=reading.file.pk).update(done=not reading.problem, message=reading.problem[:500])


def _resume(path: Path, run: Run) -> RunFile:
    """The note of how far this file was read: that of a run that was interrupted in it, or a new one."""
    status = path.stat()
    same = {"path": str(path.resolve()), "size": status.st_size, "changed": status.st_mtime_ns}
    with _writable():
        begun = (
            RunFile.objects.filter(run__source=run.source_id, done=False, message="", **same).order_by("-pk").first()
        )
        if begun is not None and begun.run.state != Run.DONE:
            Run.objects.filter(pk=begun.run_id, state=Run.RUNNING).exclude(pk=run.pk).update(
                state=Run.STOPPED, message="interrupted"
            )
            RunFile.objects.filter(pk=begun.pk).update(run=run)
            return begun
        return RunFile.objects.create(run=run, **same)


def _commit(block: Block, prepared: Prepared, file: RunFile, source: Source, by: str, report: Report) -> None:
    with _writable():
        counts = commit(
            prepared,
            source=source,
            by=by,
            file=file,
            position=block.end,
            lines=block.first_line + block.lines - 1,
        )
    report.counts.add(counts)
    report.refused.update(item.reason for item in prepared.refused)
    for item in prepared.refused:
        if item.reason not in report.examples:
            place = f"{Path(file.path).name}:{item.line} {item.place}".rstrip()
            report.examples[item.reason] = f"{place}: {item.text}"


@contextmanager
def _writable() -> Iterator[None]:
    """A database that cannot take more is the user's to mend, not a bug: one sentence."""
    try:
        yield
    except (OperationalError, sqlite3.OperationalError) as error:
        text = str(error)
        if any(words in text.lower() for words in ("full", "no space", "disk i/o", "extend file", "could not write")):
            raise Refused(
                "the store cannot grow: the disk is full.",
                todo="Make room and start again: what was committed is kept and nothing is stored by halves.",
            ) from error
        if "locked" in text.lower():
            raise Refused(
                "the store is busy: another process holds it.", todo="Wait for it and start again."
            ) from error
        raise
