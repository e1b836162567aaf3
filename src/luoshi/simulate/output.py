"""Everything `luoshi simulate` writes, in one call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import orjson

from luoshi.kernel.errors import UnreadableFile
from luoshi.simulate import province


def write(
    residents: int, seed: int, as_of: date, folder: Path, *, form: str = "fhir", truth: bool = True,
    hardship: float = 1.0, planted: float = 0.0, say: Callable[[str], object] = lambda line: None,
) -> int:  # fmt: skip
    """Invent the region and write it below `folder`: `region/*.csv`, `fhir/*.ndjson` and/or `lake/`, `truth.json`.

    `form` is `fhir`, `lake` or `both`; `planted`: the share of units that invent records, told in `planted.json` (as many
    again get an honest but unusual habit); a lake of more residents than fit one city is a province of several, in which
    nothing is planted; `say` hears one line a file. Answers the number of records written. Raises
    `InvalidValue` for impossible sizes and `UnreadableFile` when the folder cannot be written.
    """
    if form == "lake" and province.is_province(residents) and not planted:
        return _province(residents, seed, as_of, folder, truth=truth, hardship=hardship, say=say)
    from luoshi.simulate import fhir, lake, region_files  # which take a process a while to load
    from luoshi.simulate.city import invent
    from luoshi.simulate.planting import plant
    from luoshi.simulate.truth import answers

    region = invent(residents, seed, as_of, hardship=hardship)
    told_of = None
    if planted:
        region, told_of = plant(region, planted, habits=min(planted, 1 - planted))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, count in region_files.write(region, folder / "region").items():
            say(f"region/{name}.csv: {count} rows")
        records = len(region.people) + sum(region.journal.count(t) for t in fhir.TABLES)
        if form in ("fhir", "both"):
            fhir.write(region, folder / "fhir", told=lambda kind, count: say(f"fhir/{kind}.ndjson: {count} resources"))
        if form in ("lake", "both"):
            lake.write(region, folder / "lake", told=lambda table, count: say(f"lake/{table}: {count} rows"))
        if told_of is not None:
            (folder / "planted.json").write_bytes(orjson.dumps(told_of.plain(), option=orjson.OPT_INDENT_2) + b"\n")
            say(f"planted.json: {len(told_of.schemes)} units invent records")
        if truth:
            told = answers(region)
            (folder / "truth.json").write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2) + b"\n")
            say(f"truth.json: {len({name.split('-part-')[0] for name in told['indicators']})} indicators")
        return records
    except OSError as error:
        raise UnreadableFile(f"cannot be written ({error.strerror}).", where=str(folder)) from error


def _province(
    residents: int, seed: int, as_of: date, folder: Path, *, truth: bool, hardship: float, say: Callable[[str], object]
) -> int:
    try:
        records, told = province.write(residents, seed, as_of, folder, truth=truth, hardship=hardship, say=say)
        if told is not None:
            (folder / "truth.json").write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2) + b"\n")
            say(f"truth.json: {len(told['indicators'])} indicators, down to counties")
        return records
    except OSError as error:
        raise UnreadableFile(f"cannot be written ({error.strerror}).", where=str(folder)) from error
