"""The heart's own check: every indicator of a synthetic region equals what the simulator knows to be true.

The simulator counts its answers from its own arrays; the engine counts them with SQL from the lake. They share nothing
but `docs/explanation/definitions.md`, and must agree in every division and institution, to the last person.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from luoshi.engines import engine
from luoshi.engines.base import Request, Results
from luoshi.engines.lake import LakeDirectory
from luoshi.indicators import Catalogue, Indicator
from luoshi.kernel.period import Period
from luoshi.services.chronic.rules import diseases
from luoshi.services.contracts import rates
from luoshi.services.contracts.catalogue import items
from luoshi.services.referral import book
from luoshi.simulate import lake, output
from luoshi.simulate.arrival import believed
from luoshi.simulate.children import doses
from luoshi.simulate.city import Region, invent
from luoshi.simulate.truth import answers

pytestmark = pytest.mark.slow

Pair = tuple[float, float | None]

# Days chosen for what they hold: the demonstration's; a leap day; the last day of a half-year inside the maternal-child
# year; the last day of a year. Rare deaths are made common, so that they are counted too.
REGIONS = {
    "autumn": (3_000, 11, date(2025, 10, 31), 40.0),
    "leap-day": (2_000, 12, date(2024, 2, 29), 60.0),
    "half-year": (2_000, 13, date(2025, 6, 30), 60.0),
    "new-year": (2_000, 14, date(2025, 12, 31), 60.0),
}


def differences(folder: Path, truth: dict[str, Any], known_at: datetime | None = None) -> list[str]:
    """One line per value of the engine that is not the true one, or of a place the truth does not know."""
    catalogue, as_of = Catalogue.load(), date.fromisoformat(truth["as_of"])
    labels = sorted({answer["period"] for answer in truth["indicators"].values()})
    asked = [[name for name, answer in truth["indicators"].items() if answer["period"] == label] for label in labels]
    requests = [Request(Period.parse(label).to_date(as_of), names) for label, names in zip(labels, asked, strict=True)]
    found = engine("duckdb", threads=1).evaluate_many(LakeDirectory.open(folder), catalogue, requests, known_at)
    wrong = []
    for names, results in zip(asked, found, strict=True):
        assert not results.unplaced
        for name in names:
            wrong += _compare(catalogue.indicator(name), truth["indicators"][name], results)
    return wrong


def _compare(indicator: Indicator, answer: dict[str, Any], results: Results) -> list[str]:
    wrong = []
    for kind, key in (("divisions", "division"), ("institutions", "institution")):
        if kind not in answer:
            continue  # a denominator from the register of population has no institution
        told = answer[kind]
        found = {
            cell[1] or cell[2]
            for cell in results.cells
            if cell[0] == indicator.id and bool(cell[1]) == (key == "division")
        }
        for code in sorted(set(told) | {c for c in found if c}):
            true: Pair = tuple(told.get(code, (0, 0)))
            said = results.cell(indicator, **{key: code})
            if not _same(indicator, true, said):
                wrong.append(f"{indicator.id} {key} {code}: true {true}, engine {said}")
    return wrong


def _same(indicator: Indicator, true: Pair, said: Pair) -> bool:
    if true[1] is None:
        return said[0] == true[0] and not said[1]
    if (said[1] or 0) != true[1]:
        return False
    if indicator.kind != "mean":
        return said[0] == true[0]
    # Means carry their sum in the units of the cohort (milliseconds); the truth in those of the indicator.
    return said[0] * indicator.factor == pytest.approx(true[0], abs=1e-4)


@pytest.fixture(scope="module", params=sorted(REGIONS))
def region(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A region as a lake, with its truth beside it."""
    residents, seed, as_of, hardship = REGIONS[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    output.write(residents, seed, as_of, folder, form="lake", hardship=hardship)
    return folder


def test_every_value_of_every_place_is_the_true_one(region: Path) -> None:
    truth = orjson.loads((region / "truth.json").read_bytes())
    wrong = differences(region / "lake", truth)
    assert not wrong, f"{len(wrong)} values differ:\n" + "\n".join(wrong[:20])


@pytest.fixture(scope="module")
def looked_back(tmp_path_factory: pytest.TempPathFactory) -> tuple[Region, Path]:
    """A region, and its lake cut into more than one bucket."""
    region, folder = invent(2_500, 15, date(2025, 10, 31), hardship=40.0), tmp_path_factory.mktemp("back") / "lake"
    lake.write(region, folder, bucket_size=1 << 10)
    return region, folder


@pytest.mark.parametrize("day", [date(2024, 2, 29), date(2024, 12, 31), date(2025, 3, 30), date(2025, 9, 15)])
def test_an_earlier_day_is_true_too(looked_back: tuple[Region, Path], day: date) -> None:
    """The same lake, asked for an earlier day: nothing after that day may be seen."""
    region, folder = looked_back
    wrong = differences(folder, answers(region, day))
    assert not wrong, f"{len(wrong)} values differ:\n" + "\n".join(wrong[:20])


@pytest.fixture(scope="module")
def often_late(tmp_path_factory: pytest.TempPathFactory) -> tuple[Region, Path]:
    """Another region, and its lake."""
    region, folder = invent(2_500, 16, date(2025, 10, 31), hardship=40.0), tmp_path_factory.mktemp("late") / "lake"
    lake.write(region, folder)
    return region, folder


@pytest.mark.parametrize("moment", ["2025-10-05T20:00:00+08:00", "2025-01-10T00:00:00+08:00"])
def test_an_old_bulletin_comes_out_as_it_was(often_late: tuple[Region, Path], moment: str) -> None:
    """What was known at a moment, of the month end before it: records that came later are not believed yet."""
    (region, folder), known_at = often_late, datetime.fromisoformat(moment)
    day = known_at.date().replace(day=1) - timedelta(days=1)
    then = answers(believed(region, known_at), day)
    wrong = differences(folder, then, known_at=known_at)
    assert not wrong, f"{len(wrong)} values differ:\n" + "\n".join(wrong[:20])
    assert then["indicators"] != answers(region, day)["indicators"]  # late records did make a difference


def test_the_simulator_knows_the_truth_of_every_computed_indicator(region: Path) -> None:
    """An indicator added to the catalogue without its truth would go unchecked."""
    truth = orjson.loads((region / "truth.json").read_bytes())
    assert {i.id for i in Catalogue.load().computed()} == set(truth["indicators"])


def test_what_the_services_are_judged_by_has_a_truth():
    """Contracts, chronic care, referral and recognition: every indicator they show is computed, so it is among those held
    against the truth above, or comes from a register or a return and says so."""
    contracts = {*rates.THREE, *rates.BESIDE, *(i for g in items().groups.values() for i in g.indicators)}
    chronic = {d.indicator for d in diseases().diseases.values() if d.indicator}
    declared = book.alliance()
    alliances = {name for item in (*declared.items, *declared.beside) for name in (item.indicator, item.also) if name}
    catalogue = Catalogue.load()
    computed = {i.id for i in catalogue.computed()}
    told = {i.id for i in catalogue.indicators.values() if i.kind in ("register", "report", "deliverable")}
    methods = {i.id for i in catalogue.indicators.values() if i.kind == "method"}
    assert contracts | chronic | {"recog-rate", "remote-reads", "down-referral", "county-visit-rate"} <= computed
    assert alliances <= computed | told | methods


@pytest.mark.parametrize("birth", [date(2018, 5, 1), date(2024, 12, 31), date(2025, 1, 1), date(2025, 9, 30)])
def test_both_readings_of_the_immunisation_schedule_agree(birth: date) -> None:
    """The simulator's schedule and the one the cohort counts by are two files; a dose changed in one must be in both."""
    day = (birth - date(1970, 1, 1)).days
    ours = {(vaccine, dose, age) for low, high, vaccine, dose, age in doses() if low <= day <= high}
    schedule = Catalogue.load().schedules["vaccine_schedule"]
    theirs = {tuple(row[:3]) for row in schedule.rows if row[3] <= birth < row[4]}
    assert ours == theirs
