"""Child growth against the standard of the World Health Organization: z-scores from the LMS tables.

Source: WHO Multicentre Growth Reference Study Group, "WHO Child Growth Standards: Length/height-for-age, weight-for-age,
weight-for-length, weight-for-height and body mass index-for-age: Methods and development", Geneva 2006, chapter 7: the
z-score is ((y/M)^L - 1) / (S L); for measures of weight, one beyond three standard deviations is continued by the distance
between the second and the third. The tables are the published standard (`catalog/codes/who-growth.json`: L, M and S by
day of age, or by tenth of a centimetre). Children under 731 days are measured lying, older ones standing; a child
measured the other way differs by 0.7 cm. The tests hold it against the field tables printed by WHO (a boy of 24 months:
median 87.1 cm, -2 SD 81.0 cm standing; a girl of 12 months: median 8.9 kg, -2 SD 7.0 kg).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from luoshi.catalog.loader import CATALOG
from luoshi.indicators.methods.inputs import MethodError, Numbers

Measure = Literal["length-for-age", "weight-for-age", "weight-for-length", "weight-for-height", "bmi-for-age"]
LYING_UNTIL = 731
"""First day of age at which a child is measured standing."""
LAST_DAY = 1826
# z-scores further out than these are held to be errors of measurement (WHO Anthro, flags).
PLAUSIBLE: dict[str, tuple[float, float]] = {
    "length-for-age": (-6, 6), "weight-for-age": (-6, 5), "weight-for-length": (-5, 5), "weight-for-height": (-5, 5),
    "bmi-for-age": (-5, 5),
}  # fmt: skip


@dataclass(frozen=True)
class Table:
    """L, M and S of one measure and sex; row 0 is at `first` (days, or tenths of a centimetre)."""

    first: int
    power: Numbers
    median: Numbers
    spread: Numbers


@cache
def tables() -> dict[tuple[str, str], Table]:
    """(measure, sex) → table."""
    data = json.loads((CATALOG / "codes" / "who-growth.json").read_text("utf-8"))
    return {
        (measure, sex): Table(
            held["first"], np.array(held["l"], np.float64), np.array(held["m"], np.float64), np.array(held["s"], np.float64)
        )
        for measure, sexes in data["tables"].items()
        for sex, held in sexes.items()
    }  # fmt: skip


def z_scores(measure: Measure, sex: ArrayLike, at: ArrayLike, value: ArrayLike) -> Numbers:
    """The z-score of each child: `sex` male or female, `at` the age in days (for the two measures of weight by size: the
    length or height in cm), `value` in cm, kg or kg/m². Not a number where age or size lie outside the standard.

    Raises `MethodError` for an unknown measure or sex.
    """
    sexes = np.asarray(sex)
    places, values = np.asarray(at, dtype=np.float64), np.asarray(value, dtype=np.float64)
    if measure not in PLAUSIBLE:
        raise MethodError(f"There is no growth table {measure!r}.", todo=f"There are {', '.join(PLAUSIBLE)}.")
    if not np.isin(sexes, ["male", "female"]).all():
        raise MethodError("The standard is for boys (male) and girls (female) only.")
    by_size = measure in ("weight-for-length", "weight-for-height")
    found = np.full(values.shape, np.nan)
    for name in ("male", "female"):
        table = tables()[measure, name]
        row = np.round(places * 10).astype(np.int64) if by_size else np.floor(places).astype(np.int64)
        row = row - table.first
        fits = (sexes == name) & (row >= 0) & (row < table.median.size) & (values > 0)
        found[fits] = _z(values[fits], table, row[fits], restricted=measure != "length-for-age")
    return found


def _z(value: Numbers, table: Table, row: NDArray[np.int64], *, restricted: bool) -> Numbers:
    power, median, spread = table.power[row], table.median[row], table.spread[row]
    z = ((value / median) ** power - 1) / (spread * power)
    if not restricted:
        return np.asarray(z, dtype=np.float64)

    def at(deviations: float) -> Numbers:
        return np.asarray(median * (1 + power * spread * deviations) ** (1 / power), dtype=np.float64)

    above, below = 3 + (value - at(3)) / (at(3) - at(2)), -3 + (value - at(-3)) / (at(-2) - at(-3))
    return np.asarray(np.where(z > 3, above, np.where(z < -3, below, z)), dtype=np.float64)


def limit(measure: Measure, sex: str, at: float, deviations: float) -> float:
    """The value at so many standard deviations (-3 to 3), as printed in the field tables."""
    table = tables()[measure, sex]
    by_size = measure in ("weight-for-length", "weight-for-height")
    row = (round(at * 10) if by_size else int(at)) - table.first
    power, median, spread = table.power[row], table.median[row], table.spread[row]
    return float(median * (1 + power * spread * deviations) ** (1 / power))
