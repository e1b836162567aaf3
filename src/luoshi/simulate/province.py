"""A province of several cities, each invented by itself, written side by side into one lake.

A city has as many people as fit the memory of a process; cities are numbered, and each has its own chance, its own codes of
divisions and institutions, its own persons (from the first of a bucket on) and rows. So the province is the same however
many processes write it, memory is that of the cities under way, and time grows with the number of residents.
"""

from __future__ import annotations

import csv
import ctypes
import gc
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from luoshi.kernel import lake_layout
from luoshi.kernel.errors import InvalidValue
from luoshi.kernel.identifiers import uscc_check_character
from luoshi.kernel.parent import end_with_parent
from luoshi.simulate import lake, region_files
from luoshi.simulate.city import LEAST, MOST, Region, invent
from luoshi.simulate.geography import Division, Institution, institution_code
from luoshi.simulate.parts import Shift
from luoshi.simulate.words import CITY, PLACE_FIRST, PLACE_SECOND, PROVINCE

CITY_RESIDENTS = 500_000  # of the largest city; more residents make more cities
_GROWTH = 1.03  # the children born within the days told, with room to spare
_CITIES = 99  # codes 9901 to 9999
_SERIALS = 10_000  # institutions of one city
_ROWS = 100_000_000  # rows of one table of one city
_OWN_CODES = {"unit": "code", "event": "code", "answer": "respondent"}
_PLACES = ("institution", "division", "cluster")  # columns of registers that hold codes
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4  # of glibc's mallopt(3)
_COUNTY = 6  # characters of a county's code; the truth of a province goes no deeper


@dataclass(frozen=True)
class Plan:
    """How a province is cut: residents of each city, and the first person of each."""

    residents: tuple[int, ...]
    first_person: tuple[int, ...]


def is_province(residents: int) -> bool:
    """Whether so many residents are told as several cities."""
    return residents > CITY_RESIDENTS


def cut(residents: int, bucket_size: int, largest: int = CITY_RESIDENTS) -> Plan:
    """The cities of a province of `residents`: as few as may be, of one size but for the remainder.

    Raises `InvalidValue` where they would be more than have codes, or fewer people than a city needs.
    """
    cities = max(1, -(-residents // largest))
    if not LEAST <= residents <= MOST or cities > _CITIES or residents // cities < LEAST:
        raise InvalidValue(
            f"{residents} residents in cities of {largest} make no province.",
            todo=f"A province has {LEAST} to {MOST} residents in at most {_CITIES} cities.",
        )
    sizes = [residents // cities + (number < residents % cities) for number in range(cities)]
    room = -(-int(sizes[0] * _GROWTH + 64) // bucket_size) * bucket_size
    return Plan(tuple(sizes), tuple(number * room for number in range(cities)))


def write(
    residents: int, seed: int, as_of: date, folder: Path, *, truth: bool = True, hardship: float = 1.0,
    bucket_size: int = lake_layout.DEFAULT_BUCKET_SIZE, processes: int = 2, largest: int = CITY_RESIDENTS,
    say: Callable[[str], object] = lambda line: None,
) -> tuple[int, dict[str, Any] | None]:  # fmt: skip
    """Write `region/*.csv` and `lake/` of a province below `folder`. Answers the records written and the truth.

    `largest`: most residents of one city. The same residents, seed, day and `largest` give the same province, whatever
    the number of processes. `say` hears one line a city.
    """
    plan = cut(residents, bucket_size, largest)
    fresh, drafts = lake.beside(folder / "lake"), folder / ".cities"
    shutil.rmtree(drafts, ignore_errors=True)
    done = lake.Written()
    truths: dict[int, dict[str, Any]] = {}
    work = partial(_one, plan, seed, as_of, fresh, drafts, bucket_size, hardship, truth)
    # No `max_tasks_per_child`: with it Python 3.11 waits for ever once every process has made that many.
    with ProcessPoolExecutor(processes, get_context("spawn"), initializer=end_with_parent) as pool:
        futures = {pool.submit(work, number): number for number in range(len(plan.residents))}
        for future in as_completed(futures):
            number = futures[future]
            written, told = future.result()
            done.add(written)
            if told is not None:
                truths[number] = told
            say(f"city {number + 1} of {len(futures)}: {sum(written.counts.values()):,} rows")
    _join_unknown(fresh, drafts)
    for table, count in _join_registers(fresh, drafts).items():
        done.counts[table] = count
    _join_files(drafts, folder / "region")
    done.finish(fresh, folder / "lake", bucket_size=bucket_size, as_of=as_of)
    shutil.rmtree(drafts)
    records = sum(done.counts.get(table, 0) for table in lake_layout.PERSON_TABLES)
    return records, _sum_truths([truths[n] for n in sorted(truths)], residents, seed) if truth else None


def _one(
    plan: Plan, seed: int, as_of: date, fresh: Path, drafts: Path, bucket_size: int, hardship: float, truth: bool,
    number: int,
) -> tuple[lake.Written, dict[str, Any] | None]:  # fmt: skip
    """Invent and write one city, in a process of its own."""
    pa.set_cpu_count(1)
    _keep_memory()
    gc.disable()  # nothing is made in circles, and the rows of registers are many
    region = relocated(invent(plan.residents[number], seed + (number << 32), as_of, hardship=hardship), number)
    own = drafts / f"{number:02}"
    shift = Shift(plan.first_person[number], number * _ROWS)
    if number + 1 < len(plan.first_person) and len(region.people) > plan.first_person[number + 1] - shift.persons:
        raise InvalidValue("A city has more people than were given numbers.", todo="Please report this.")
    # What is about nobody known has one bucket for all: each city's part is put aside and joined at the end.
    written = lake.write_persons(region, own / "lake", bucket_size=bucket_size, shift=shift, threads=1)
    for table in lake_layout.PERSON_TABLES:
        for bucket in written.buckets - {lake_layout.NO_PERSON}:
            source = lake_layout.table_path(own / "lake", table, bucket)
            if source.exists():
                target = lake_layout.table_path(fresh, table, bucket)
                target.parent.mkdir(parents=True, exist_ok=True)
                source.replace(target)
    for table, rows in lake.registers(region).items():
        pq.write_table(rows, own / f"{table}.parquet")
    region_files.write(region, own / "region")
    if not truth:
        return written, None
    from luoshi.simulate.truth import answers  # which takes a process a while to load

    told = answers(region)
    for about in told["indicators"].values():
        about.pop("institutions", None)
        about["divisions"] = {code: pair for code, pair in about["divisions"].items() if len(code) <= _COUNTY}
    return written, told


def _keep_memory() -> None:
    """Use memory again instead of giving it back and being given cleared pages, where the C library is glibc."""
    try:
        tune = ctypes.CDLL(None).mallopt
    except (OSError, TypeError, AttributeError):
        return
    tune(_MMAP_MAX, 0)
    tune(_TRIM_THRESHOLD, (1 << 31) - 1)
    tune(_TOP_PAD, 1 << 26)


# A city's place in the province -------------------------------------------------------------------------------------


def relocated(region: Region, number: int) -> Region:
    """The region with the codes and the name of city `number` (0: as invented)."""
    if number == 0:
        return region
    where = region.where
    name = city_name(number)

    def code(old: str) -> str:
        return f"99{number + 1:02}{old[4:]}" if old.startswith(CITY[0]) else old

    bodies = {i.code: institution_code(number * _SERIALS + n + 1) for n, i in enumerate(where.institutions)}
    moved = replace(
        where,
        divisions=[
            replace(d, code=code(d.code), parent=code(d.parent), successor=code(d.successor), name=_named(d, name))
            for d in where.divisions
        ],
        institutions=[_moved(i, bodies, code, name) for i in where.institutions],
        counties=[code(c) for c in where.counties],
        townships=[code(c) for c in where.townships],
        villages=[code(c) for c in where.villages],
    )
    codes = bodies | {d.code: code(d.code) for d in where.divisions}
    books = {
        name: [row | {key: codes.get(row[key], row[key]) for key in _PLACES if key in row} for row in rows]
        for name, rows in vars(region.registers).items()
    }
    books["departments"] = []  # those of the first city are enough to try plans with
    for register, column in _OWN_CODES.items():  # numbered alike in every city
        for row in books[register]:
            row[column] = f"{number + 1:02}-{row[column]}"
    for row in books["answer"]:
        row["stratum"] = code(row["stratum"])  # which begins with the county's code
    return replace(region, where=moved, registers=type(region.registers)(**books))


def city_name(number: int) -> str:
    """The name of a city, no two alike."""
    first, second = PLACE_FIRST[number % len(PLACE_FIRST)], PLACE_SECOND[(number * 7) % len(PLACE_SECOND)]
    return CITY[1] if number == 0 else f"{first}{second}{'州' if number % 3 == 0 else ''}市"


def _named(division: Division, city: str) -> str:
    return city if division.level == 2 else division.name.replace(CITY[1][:-1], city[:-1])


def _moved(body: Institution, codes: Mapping[str, str], code: Callable[[str], str], city: str) -> Institution:
    own, division = codes[body.code], code(body.division)
    first = body.uscc[:2] + (division + "00")[:6] + own
    return replace(
        body, code=own, division=division, parent=codes.get(body.parent, ""), uscc=first + uscc_check_character(first),
        name=body.name.replace(CITY[1][:-1], city[:-1]),
    )  # fmt: skip


# Joining ------------------------------------------------------------------------------------------------------------


def _drafts(drafts: Path) -> list[Path]:
    return sorted(folder for folder in drafts.iterdir() if folder.is_dir())


def _join_unknown(fresh: Path, drafts: Path) -> None:
    """One file of each table for what is about nobody known, city after city, a group of rows at a time."""
    for table in lake_layout.PERSON_TABLES:
        parts = [lake_layout.table_path(own / "lake", table, lake_layout.NO_PERSON) for own in _drafts(drafts)]
        _concatenate([part for part in parts if part.exists()],
                     lake_layout.table_path(fresh, table, lake_layout.NO_PERSON))  # fmt: skip


def _join_registers(fresh: Path, drafts: Path) -> dict[str, int]:
    """The registers of all cities in one; what they say of the province is said once. Answers table -> rows."""
    counts = {}
    for table in lake_layout.REGISTERS:
        parts = [pq.read_table(own / f"{table}.parquet") for own in _drafts(drafts)]
        kept = [part if n == 0 else part.filter(_below_province(part)) for n, part in enumerate(parts)]
        target = lake_layout.table_path(fresh, table)
        target.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(joined := pa.concat_tables(kept), target, compression="zstd")
        counts[table] = joined.num_rows
    return counts


def _below_province(rows: pa.Table) -> Any:
    """Which rows are not about the province itself."""
    column = next((name for name in ("division", "code") if name in rows.column_names), None)
    if column is None:
        return pa.array([True] * rows.num_rows)
    return pc.fill_null(pc.not_equal(rows[column], PROVINCE[0]), True)


def _concatenate(parts: list[Path], target: Path) -> None:
    if not parts:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with pq.ParquetWriter(target, pq.read_schema(parts[0]), compression="zstd", compression_level=1) as out:
        for part in parts:
            for batch in pq.ParquetFile(part).iter_batches(1 << 17):
                out.write_batch(batch)


def _join_files(drafts: Path, folder: Path) -> None:
    """The registers as CSV, for `luoshi region import`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in region_files.COLUMNS:
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as out:
            for number, own in enumerate(_drafts(drafts)):
                with (own / "region" / f"{name}.csv").open(encoding="utf-8", newline="") as part:
                    out.writelines(_without_repeats(part, name) if number else part)


def _without_repeats(part: Iterator[str], name: str) -> Iterator[str]:
    """Lines but the header and those about the province."""
    columns = next(csv.reader([next(part)]))
    at = columns.index("division" if "division" in columns and name != "divisions" else "code") if (
        "division" in columns or "code" in columns
    ) else -1  # fmt: skip
    own = f",{PROVINCE[0]},"
    for line in part:  # few lines name the province at all, and only those are taken apart
        if at < 0 or own not in f",{line.rstrip()}," or next(csv.reader([line]))[at] != PROVINCE[0]:
            yield line


def _sum_truths(truths: list[dict[str, Any]], residents: int, seed: int) -> dict[str, Any]:
    """The truth of the province, its cities and their counties: sums add up."""
    first = truths[0]
    indicators: dict[str, Any] = {}
    for name, about in first["indicators"].items():
        cells: dict[str, list[Any]] = {}
        for told in truths:
            for code, pair in told["indicators"][name]["divisions"].items():
                sums = cells.setdefault(code, [0, 0])
                cells[code] = [None if a is None or b is None else a + b for a, b in zip(sums, pair, strict=True)]
        indicators[name] = {"period": about["period"], "divisions": cells}
    return {**first, "residents": residents, "seed": seed, "indicators": indicators}
