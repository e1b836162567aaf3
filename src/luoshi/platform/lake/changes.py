"""What an update of the lake changed since the results were last made: which persons, and how their files were before.

Before a bucket is written for the first time since then, its files get a second name below `changes/before` (a hard link:
no byte is copied, and a file that is replaced keeps its old content under that name). Whose rows may differ is noted
before anything is written. So the results can be brought up to date by taking away what the changed persons added before
and adding what they add now, and a crash at any point only makes the list of persons longer than it need be.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from luoshi.kernel import lake_layout as layout

_FOLDER, _SEALED = "changes", "changes.taken"
_ALL = "everything"


@dataclass(frozen=True)
class ChangeSet:
    """`persons` (sorted) and the buckets in which anybody may differ; `everything`: the lake was built anew, or a register
    changed. `folder` holds the files as they were, laid out as in the lake."""

    folder: Path
    persons: tuple[int, ...]
    whole: frozenset[int]
    everything: bool

    def __bool__(self) -> bool:
        return bool(self.persons or self.whole or self.everything)

    def buckets(self, bucket_size: int) -> frozenset[int]:
        """The buckets in which somebody may differ."""
        return self.whole | {layout.bucket_of(person, bucket_size) for person in self.persons}


def note(lake: Path, changed: Mapping[int, Iterable[int]], whole: Iterable[int]) -> None:
    """Note that the persons `changed` (bucket → numbers) and all of the buckets `whole` are about to be written again."""
    folder = lake / _FOLDER
    folder.mkdir(exist_ok=True)
    persons = sorted(person for numbers in changed.values() for person in numbers)
    _write(folder, {"persons": persons, "whole": sorted(whole)})
    for bucket in sorted({*changed, *whole}):
        _keep(lake, folder, bucket)


def note_everything(lake: Path) -> None:
    """Note that any row may differ: nothing can be taken away, the results are made anew."""
    folder = lake / _FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _ALL).touch()


def take(lake: Path) -> ChangeSet:
    """The changes noted so far, set aside: what is noted from now on is another set. Call it holding the lake's lock."""
    sealed = lake / _SEALED
    if sealed.exists():
        # Those of a refresh that did not end: what has become of its results is not known.
        shutil.rmtree(lake / _FOLDER, ignore_errors=True)
        return ChangeSet(sealed, (), frozenset(), True)
    if not (lake / _FOLDER).exists():
        return ChangeSet(sealed, (), frozenset(), False)
    (lake / _FOLDER).rename(sealed)
    persons: set[int] = set()
    whole: set[int] = set()
    for path in sorted(sealed.glob("noted-*.json")):
        noted = json.loads(path.read_text("utf-8"))
        persons.update(noted["persons"])
        whole.update(noted["whole"])
    return ChangeSet(sealed, tuple(sorted(persons)), frozenset(whole), (sealed / _ALL).exists())


def forget(lake: Path) -> None:
    """The changes that were set aside are in the results."""
    shutil.rmtree(lake / _SEALED, ignore_errors=True)


def _write(folder: Path, noted: dict[str, list[int]]) -> None:
    number = len(list(folder.glob("noted-*.json")))
    path = folder / f"noted-{number:06}.json"
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8") as file:
        file.write(json.dumps(noted))
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)


def _keep(lake: Path, folder: Path, bucket: int) -> None:
    """Give the files of a bucket a second name, unless an earlier change has."""
    kept = folder / "kept" / str(bucket)
    if kept.exists():
        return
    for table in layout.PERSON_TABLES:
        second = layout.table_path(folder, table, bucket)
        second.unlink(missing_ok=True)  # of an attempt that was cut short, before anything was written
        source = layout.table_path(lake, table, bucket)
        if source.exists():
            second.parent.mkdir(parents=True, exist_ok=True)
            os.link(source, second)
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.touch()
