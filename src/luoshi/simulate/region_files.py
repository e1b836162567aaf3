"""Writes the registers as the CSV files `luoshi region import` reads, named as in the record guide."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from luoshi.simulate.city import Region

COLUMNS: dict[str, Sequence[str]] = {
    "divisions": ("code", "name", "level", "parent", "kind", "urban", "valid_from", "valid_to", "successor"),
    "institutions": (
        "code", "name", "type", "level", "parent", "division", "uscc", "public", "valid_from", "valid_to",
    ),
    "departments": ("code", "name", "level", "division", "aliases"),
    "titles": ("institution", "division", "title", "granted", "revoked"),
    "staff": ("institution", "role", "count", "as_of"),
    "beds": ("institution", "kind", "count", "as_of"),
    "population": ("division", "year", "kind", "sex", "age_from", "age_to", "value", "source", "version"),
    "units": (
        "code", "name", "kind", "division", "public", "affordable", "places", "enrolled", "filed", "award", "awarded",
        "valid_from", "valid_to", "as_of",
    ),
    "events": ("code", "kind", "division", "institution", "day", "done_day", "published", "result"),
    "statistics": ("institution", "division", "item", "day", "value"),
    "answers": (
        "survey", "respondent", "division", "stratum", "cluster", "clusters", "weight", "sex", "age", "question", "value",
        "day",
    ),
}  # fmt: skip


def rows_of(region: Region) -> dict[str, list[dict[str, Any]]]:
    """File name without suffix -> rows, truth values as `true` and `false`."""
    book, where = region.registers, region.where
    return {
        "divisions": [_plain(vars(d)) for d in where.divisions],
        "institutions": [_plain(vars(i)) for i in where.institutions],
        "departments": list(book.departments),
        "titles": list(book.title),
        "staff": list(book.staff),
        "beds": list(book.bed),
        "population": list(book.population),
        "units": list(book.unit),
        "events": list(book.event),
        "statistics": list(book.statistic),
        "answers": list(book.answer),
    }


def write(region: Region, folder: Path) -> dict[str, int]:
    """Write the files below `folder` (made if absent), in UTF-8. Answers file -> number of rows."""
    folder.mkdir(parents=True, exist_ok=True)
    counts = {}
    for name, rows in rows_of(region).items():
        _write(folder / f"{name}.csv", COLUMNS[name], rows)
        counts[name] = len(rows)
    return counts


def _write(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([*map(row.get, columns)] for row in rows)  # None is written as an empty field


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {k: ("true" if v else "false") if isinstance(v, bool) else v for k, v in row.items()}
