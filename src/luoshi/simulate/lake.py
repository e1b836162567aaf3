"""Writes a region straight into the lake's layout: the tables the store's build would make, without the FHIR between.

For large regions and for tests of the engines. Persons are numbered as invented; records are believed from the day they
were received, and nothing has been corrected since.
"""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from luoshi.kernel import lake_layout
from luoshi.kernel.clock import CHINA
from luoshi.simulate import codes, consents
from luoshi.simulate.arrival import arrivals
from luoshi.simulate.chance import NEVER, Ints
from luoshi.simulate.city import Region
from luoshi.simulate.columns import start_minute, visit_end
from luoshi.simulate.packing import MINUTE, SECOND
from luoshi.simulate.parts import HERE, Rows, Shift, as_told, parts, save
from luoshi.simulate.people import People
from luoshi.simulate.region_files import rows_of
from luoshi.simulate.standing_in import stand_ins

_ROWS = 1 << 14  # worked on at a time, so that all stays near the processor
SOURCE = "region"  # who sent what is written straight into columns
_REGISTER_FILES = {
    "division": "divisions", "institution": "institutions", "title": "titles", "staff": "staff", "bed": "beds",
    "population": "population", "unit": "units", "event": "events", "statistic": "statistics", "answer": "answers",
}  # fmt: skip


@dataclass
class Written:
    """What was written: table -> rows, table -> last day told, numbers of buckets."""

    counts: dict[str, int] = field(default_factory=dict)
    until: dict[str, date] = field(default_factory=dict)
    buckets: set[int] = field(default_factory=set)

    def add(self, other: Written) -> None:
        """Take in what was written beside it."""
        for table, count in other.counts.items():
            self.counts[table] = self.counts.get(table, 0) + count
        for table, day in other.until.items():
            self.until[table] = max(self.until.get(table, day), day)
        self.buckets |= other.buckets

    def finish(self, fresh: Path, folder: Path, *, bucket_size: int, as_of: date) -> None:
        """Write `lake.json` and put the lake at `fresh` in the place of the one at `folder`."""
        built_at = datetime.combine(as_of, time(23, 59), CHINA)
        manifest = lake_layout.Manifest(bucket_size, built_at, tuple(sorted(self.buckets)), self.until, self.counts)
        lake_layout.manifest_path(fresh).write_text(manifest.to_json(), "utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)


def beside(folder: Path) -> Path:
    """An empty place to write a lake that will replace the one at `folder`."""
    fresh = folder.with_name(folder.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    return fresh


def write(
    region: Region, folder: Path, *, bucket_size: int = lake_layout.DEFAULT_BUCKET_SIZE,
    told: Callable[[str, int], object] = lambda table, count: None,
) -> dict[str, int]:  # fmt: skip
    """Write the lake of `region` to `folder`, replacing a lake that is there. Answers table -> rows; `told` hears each.

    Everything is written beside the old lake and renamed last, so a reader never sees half of it.
    """
    fresh = beside(folder)
    done = write_persons(region, fresh, bucket_size=bucket_size, told=told)
    for table, rows in registers(region).items():
        done.counts[table] = rows.num_rows
        save(fresh, table, rows, None)
        told(table, rows.num_rows)
    done.finish(fresh, folder, bucket_size=bucket_size, as_of=region.span.as_of)
    return done.counts


def write_persons(
    region: Region, fresh: Path, *, bucket_size: int, shift: Shift = HERE, threads: int = 2,
    told: Callable[[str, int], object] = lambda table, count: None,
) -> Written:  # fmt: skip
    """Write the person tables of `region` below `fresh`, with its persons and rows numbered from `shift` on."""
    done = Written(dict.fromkeys(lake_layout.PERSON_TABLES, 0))
    with ThreadPoolExecutor(threads) as writers:  # one bucket is compressed while the next is put together
        for table, maker in _MAKERS.items():
            waiting: deque[Future[None]] = deque()
            for bucket, part in parts(maker(region), table, bucket_size, shift):
                waiting.append(writers.submit(save, fresh, table, part, bucket))
                if len(waiting) > 3:
                    waiting.popleft().result()
                done.counts[table] += len(part)
                done.buckets.add(bucket)
                last = pc.max(part[lake_layout.DAY_COLUMN[table]]).as_py()
                if last is not None:
                    day = last.date() if isinstance(last, datetime) else last
                    done.until[table] = max(done.until.get(table, day), day)
            for written in waiting:
                written.result()
            told(table, done.counts[table])
    return done


# Tables -------------------------------------------------------------------------------------------------------------


def _known(region: Region, table: str, order: Ints) -> Rows:
    known = ("moment", MINUTE, arrivals(region, table))
    return {"source": _sender(len(order)), "sent_at": known, "known_from": known, "known_to": None, "_order": order}


def _sender(count: int) -> tuple[str, list[str], Ints]:
    return ("word", [SOURCE], np.broadcast_to(np.int64(0), count))


def _phones(people: People) -> Ints:
    """The numbers that stand for the telephone numbers the FHIR writer gives."""
    return stand_ins((10_100_000_000 + people.phone).astype("S11"))


def _institution(region: Region, place: Ints) -> tuple[str, list[str], Ints]:
    return ("word", [i.code for i in region.where.institutions], place)


def _person(region: Region) -> Rows:
    people = region.people
    return _known(region, "person", people.opened) | {
        "id": ("own", "person"), "person": np.arange(len(people), dtype=np.int64),
        "sex": ("word", ["male", "female"], people.sex), "birth_date": people.birth, "death_date": people.death,
        "division": ("word", region.where.villages, people.village),
        "institution": _institution(region, region.where.serving[people.village]),
        "zone": ("word", ["rural", "urban"], region.where.village_urban[people.village].astype(np.int64)),
        "record_opened": people.opened, "record_open_to_resident": people.granted, "active": people.stays,
        "phone": _phones(people),
    }  # fmt: skip


def _given(words: Sequence[str]) -> list[str | None]:
    """A closed list of which the empty word says nothing."""
    return [word or None for word in words]


def _visit(region: Region) -> Rows:
    rows = region.journal.columns("visit")
    count = len(rows["day"])
    started, ended, end_day = (np.empty(count, np.int64) for _ in range(3))
    for low in range(0, count, _ROWS):
        at = slice(low, low + _ROWS)
        some = {name: rows[name][at] for name in ("minute", "day", "end_day", "length", "second", "status")}
        minute = start_minute(some, np.arange(low, low + len(some["day"])))
        started[at] = (some["day"] * 1440 + minute) * 60 + some["second"]
        end_day[at], end_minute = visit_end(some, minute)
        ended[at] = np.where(end_day[at] == NEVER, -1, (end_day[at] * 1440 + end_minute) * 60)
    return _known(region, "visit", rows["day"]) | {
        "id": ("own", "visit"), "person": rows["person"], "service": ("word", codes.SERVICES, rows["service"]),
        "class": ("word", codes.CLASSES, rows["class"]), "day": rows["day"], "end_day": end_day,
        "started_at": ("moment", SECOND, started), "ended_at": ("moment", SECOND, ended),
        "institution": _institution(region, rows["institution"]),
        "division": ("word", region.where.villages, rows["village"]),
        "zone": ("word", _given(codes.ZONES), rows["zone"]), "mode": ("word", _given(codes.MODES), rows["mode"]),
        "episode": ("ids", "episode", rows["episode"]), "part_of": ("ids", "visit", rows["part_of"]),
        "status": ("word", codes.VISIT_STATES, rows["status"]), "worker": None,
    }  # fmt: skip


def _episode(region: Region) -> Rows:
    rows = region.journal.columns("episode")
    return _known(region, "episode", rows["start_day"]) | {
        "id": ("own", "episode"), "person": rows["person"],
        "program": ("word", codes.PROGRAMS, rows["program"]), "start_day": rows["start_day"],
        "end_day": rows["end_day"], "status": ("word", codes.EPISODE_STATES, rows["status"]),
        "institution": _institution(region, rows["institution"]),
    }  # fmt: skip


def _observation(region: Region) -> Rows:
    """Findings, then the two components of each blood pressure under the id of their observation."""
    rows = region.journal.columns("observation")
    cuff = region.journal.columns("pressure")
    one, two = len(rows["day"]), len(cuff["day"])
    kinds = np.array([codes.KINDS.get(code, codes.NUMBER) for code in codes.OBSERVATIONS])[rows["code"]]
    names = [*codes.OBSERVATIONS, "8480-6", "8462-4"]
    fill = np.full(2 * two, -1, np.int64)

    def both(name: str) -> Ints:
        return np.concatenate([rows[name], cuff[name], cuff[name]])

    known, pressure_known = arrivals(region, "observation"), arrivals(region, "pressure")
    value = np.where((kinds == codes.NUMBER) | (kinds == codes.TRUTH), rows["value"], np.nan)
    return {
        "id": ("split", one, two), "person": both("person"),
        "code": ("word", names, np.concatenate([rows["code"], np.repeat([len(names) - 2, len(names) - 1], two)])),
        "day": both("day"), "value": np.concatenate([value, cuff["systolic"], cuff["diastolic"]]),
        "value_code": ("word", codes.ANSWERS, np.concatenate([np.where(kinds == codes.CODED, rows["answer"], -1), fill])),
        "value_day": np.concatenate([rows["value_day"], np.full(2 * two, NEVER)]), "visit": ("ids", "visit", both("visit")),
        "institution": _institution(region, both("institution")),
        "known_from": (received := ("moment", MINUTE, np.concatenate([known, pressure_known, pressure_known]))),
        "sent_at": received, "source": _sender(one + 2 * two), "known_to": None, "_order": both("day"),
    }  # fmt: skip


def _condition(region: Region) -> Rows:
    rows = region.journal.columns("condition")
    return _known(region, "condition", rows["day"]) | {
        "id": ("own", "condition"), "person": rows["person"],
        "code": ("word", codes.DISEASES, rows["code"]), "day": rows["day"],
        "clinical_status": ("word", codes.CLINICAL_STATES, rows["state"]), "abatement_day": rows["abated"],
        "institution": None, "visit": ("ids", "visit", rows["visit"]),
    }  # fmt: skip


def _procedure(region: Region) -> Rows:
    rows = region.journal.columns("procedure")
    return _known(region, "procedure", rows["day"]) | {
        "id": ("own", "procedure"), "person": rows["person"],
        "code": ("word", codes.PROCEDURES, rows["code"]), "day": rows["day"],
        "status": ("word", ["completed"], np.broadcast_to(0, len(rows["day"]))),
        "visit": ("ids", "visit", rows["visit"]), "institution": _institution(region, rows["institution"]),
    }  # fmt: skip


def _immunization(region: Region) -> Rows:
    rows = region.journal.columns("immunization")
    return _known(region, "immunization", rows["day"]) | {
        "id": ("own", "immunization"), "person": rows["person"],
        "vaccine": ("word", codes.VACCINES, rows["vaccine"]), "dose": rows["dose"], "day": rows["day"],
        "status": ("word", codes.DOSE_STATES, rows["status"]), "institution": _institution(region, rows["institution"]),
    }  # fmt: skip


def _contract(region: Region) -> Rows:
    rows = region.journal.columns("contract")
    return _known(region, "contract", rows["start_day"]) | {
        "id": ("own", "contract"), "person": rows["person"], "start_day": rows["start_day"],
        "end_day": rows["end_day"], "status": ("word", codes.CONTRACT_STATES, rows["state"]),
        "institution": _institution(region, rows["institution"]), "signed_day": rows["signed_day"],
    }  # fmt: skip


def _consent(region: Region) -> Rows:
    rows = region.journal.columns("consent")
    return _known(region, "consent", rows["day"]) | {
        "id": ("own", "consent"), "person": rows["person"],
        "code": ("word", ["resident-access"], np.broadcast_to(0, len(rows["person"]))), "day": rows["day"],
        "start_day": rows["start_day"], "end_day": rows["end_day"], "status": ("word", consents.STATES, rows["status"]),
    }  # fmt: skip


def _milestone(region: Region) -> Rows:
    rows = region.journal.columns("milestone")
    return _known(region, "milestone", rows["at"]) | {
        "id": ("own", "milestone"), "person": rows["person"], "visit": ("ids", "visit", rows["visit"]),
        "code": ("word", codes.MILESTONES, rows["code"]), "at": ("moment", SECOND, rows["at"]),
        "institution": _institution(region, rows["institution"]),
    }  # fmt: skip


_MAKERS: dict[str, Callable[[Region], Rows]] = {
    "person": _person, "visit": _visit, "episode": _episode, "observation": _observation, "condition": _condition,
    "procedure": _procedure, "immunization": _immunization, "contract": _contract, "milestone": _milestone,
    "consent": _consent,
}  # fmt: skip


def registers(region: Region) -> dict[str, pa.Table]:
    """The registers as the lake has them; a division also carries its ancestors at each level."""
    files = rows_of(region)
    ancestors = region.where.ancestors
    files["divisions"] = [
        row | {f"l{level + 1}": code for level, code in enumerate(ancestors(row["code"]))} for row in files["divisions"]
    ]
    return {
        table: pa.Table.from_arrays(
            [as_told(kind, [row.get(column) for row in files[name]]) for column, kind in columns.items()], list(columns)
        )
        for table, name in _REGISTER_FILES.items()
        for columns in [lake_layout.columns(table)]
    }
