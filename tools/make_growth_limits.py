"""Write the limits of child growth that the cohorts read, from the standard in `catalog/codes/who-growth.json`.

Run it when the standard or the limits change: `python tools/make_growth_limits.py`. A test compares the files with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from luoshi.catalog.loader import CATALOG
from luoshi.indicators.methods.growth import LAST_DAY, PLAUSIBLE, limit, tables

FOLDER = CATALOG / "cohorts" / "schedules"
BY_AGE = ("sex", "age_days", "length_least", "length_low", "length_most", "weight_least", "weight_low", "weight_most")
BY_SIZE = ("sex", "lying", "tenths", "least", "low", "high", "most")


def by_age() -> Iterator[tuple[str, ...]]:
    """One line for each sex and day of age: -2 SD of height and of weight, and the outer limits of what is plausible."""
    for sex in ("male", "female"):
        for day in range(LAST_DAY + 1):
            line = [sex, str(day)]
            for measure in ("length-for-age", "weight-for-age"):
                low, high = PLAUSIBLE[measure]
                line += [f"{limit(measure, sex, day, sd):.4f}" for sd in (low, -2, high)]  # type: ignore[arg-type]
            yield tuple(line)


def by_size() -> Iterator[tuple[str, ...]]:
    """One line for each sex, way of measuring and tenth of a centimetre: -2 and +2 SD of weight, and the outer limits."""
    for sex in ("male", "female"):
        for lying, measure in (("true", "weight-for-length"), ("false", "weight-for-height")):
            table, (low, high) = tables()[measure, sex], PLAUSIBLE[measure]
            for row in range(table.median.size):
                tenths = table.first + row
                ends = [f"{limit(measure, sex, tenths / 10, sd):.4f}" for sd in (low, -2, 2, high)]  # type: ignore[arg-type]
                yield (sex, lying, str(tenths), *ends)


FILES = {"growth_by_age.csv": (BY_AGE, by_age), "growth_by_size.csv": (BY_SIZE, by_size)}


def text(name: str) -> str:
    """The content of one file."""
    header, rows = FILES[name]
    return "\n".join([",".join(header), *(",".join(row) for row in rows())]) + "\n"


def main() -> None:
    """Write both files."""
    for name in FILES:
        Path(FOLDER / name).write_text(text(name), "utf-8")


if __name__ == "__main__":
    main()
