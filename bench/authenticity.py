"""How many invented records the authenticity desk finds, and how many honest workers it asks about.

`python -m bench.authenticity --seeds 20` invents as many regions, makes a tenth of the units invent records and gives
three tenths an honest but unusual habit, runs the methods of the desk, and prints both rates with their intervals:
sensitivity for each scheme, false accusations among honest units (with and without a habit), and the share of false
alarms among all that was shown.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import click
from scipy import stats

from luoshi.services.quality import signs
from luoshi.simulate import lake as writer
from luoshi.simulate.city import invent
from luoshi.simulate.planting import plant

AS_OF = date(2025, 10, 31)


def trial(residents: int, seed: int, *, share: float, habits: float, folder: Path) -> dict[str, Any]:
    """One region: units planted and found by scheme, honest units and those shown, by habit."""
    region, planted = plant(invent(residents, seed, AS_OF), share, habits=habits)
    lake = folder / "lake"
    writer.write(region, lake)
    examined = signs.examine(lake)
    shutil.rmtree(lake)
    shown = {sign.unit for sign in examined.shown}
    units = {sign.unit for sign in examined.signs}
    honest = units - planted.schemes.keys()
    return {
        "planted": Counter(planted.schemes.values()),
        "found": Counter(name for code, name in planted.schemes.items() if code in shown),
        "honest": Counter(planted.habits.get(code, "ordinary") for code in honest),
        "accused": Counter(planted.habits.get(code, "ordinary") for code in honest & shown),
        "methods": Counter(sign.method for sign in examined.shown if sign.unit in honest),
        "shown": len(shown),
    }


def measure(residents: int, seeds: int, *, share: float = 0.1, habits: float = 0.3, first: int = 1) -> dict[str, Any]:
    """`trial` over many seeds, added up."""
    names = ("planted", "found", "honest", "accused", "methods")
    sums: dict[str, Counter[str]] = {name: Counter() for name in names}
    shown = 0
    with tempfile.TemporaryDirectory() as name:
        for seed in range(first, first + seeds):
            one = trial(residents, seed, share=share, habits=habits, folder=Path(name))
            for part in names:
                sums[part] += one[part]
            shown += one["shown"]
    return {part: dict(sums[part]) for part in names} | {"shown": shown}


def interval(k: int, n: int) -> str:
    """A share with its 95 % interval (Clopper-Pearson), in percent."""
    if not n:
        return "–"
    low, high = stats.binomtest(k, n).proportion_ci()
    return f"{100 * k / n:.1f} % ({k}/{n}; {100 * low:.1f}–{100 * high:.1f})"


@click.command()
@click.option("--residents", default=20_000, show_default=True)
@click.option("--seeds", default=10, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Write the sums as JSON too.")
def main(residents: int, seeds: int, out: Path | None) -> None:
    """Print both rates."""
    found = measure(residents, seeds)
    planted, accused = found["planted"], found["accused"]
    print(f"{seeds} regions of {residents:,} residents")
    print(f"found, all schemes: {interval(sum(found['found'].values()), sum(planted.values()))}")
    for scheme, count in sorted(planted.items()):
        print(f"  {scheme}: {interval(found['found'].get(scheme, 0), count)}")
    print(f"honest units asked about: {interval(sum(accused.values()), sum(found['honest'].values()))}")
    for habit, count in sorted(found["honest"].items()):
        print(f"  {habit}: {interval(accused.get(habit, 0), count)}")
    print(f"false among all shown: {interval(sum(accused.values()), found['shown'])}")
    print(f"by method: {found['methods']}")
    if out:
        out.write_text(json.dumps(found, indent=1), "utf-8")


if __name__ == "__main__":
    main()
