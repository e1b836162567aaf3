"""Planted inventions are found, honest oddities are not, and without planting nothing changes."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from datetime import date
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from luoshi.kernel.errors import InvalidValue
from luoshi.services.quality import signs
from luoshi.simulate import lake as writer
from luoshi.simulate import output
from luoshi.simulate.city import invent
from luoshi.simulate.planting import HABITS, SCHEMES, plant

AS_OF = date(2025, 10, 31)


def _bench() -> ModuleType:
    """The bench lies beside the package, not in it."""
    path = Path(__file__).resolve().parents[3] / "bench" / "authenticity.py"
    spec = importlib.util.spec_from_file_location("bench_authenticity", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


BENCH = _bench()


@pytest.fixture(scope="module")
def found() -> dict:
    """Both rates over two regions; `docs/explanation/authenticity.md` tells them over many."""
    return BENCH.measure(20_000, 2, first=101)


def test_most_planted_units_are_found_and_honest_ones_left_alone(found: dict):
    planted, shown = sum(found["planted"].values()), sum(found["found"].values())
    honest, accused = sum(found["honest"].values()), sum(found["accused"].values())
    assert planted >= 12
    assert shown / planted >= 0.6
    assert honest >= 150
    assert accused / honest <= 0.02


def test_every_sign_has_its_rows_and_words(tmp_path: Path):
    region, planted = plant(invent(12_000, 5, AS_OF), 0.3)
    writer.write(region, tmp_path / "lake")
    examined = signs.examine(tmp_path / "lake")
    assert examined.shown
    for sign in examined.shown:
        assert sign.rows
        assert sign.q_value < signs.rules().q
        assert 0 < sign.effect <= 1
        assert sign.observed >= sign.expected
        assert all(len(row) == 5 for row in sign.rows)
    by_scheme = {"carried-forward": "repeated-readings", "at-night": "at-night", "shared-phones": "shared-phones",
                 "ghosts": "after-death", "sunday-piles": "weekend-batches"}  # fmt: skip
    for sign in examined.shown:
        scheme = planted.schemes.get(sign.unit)
        if scheme in by_scheme and sign.method in by_scheme.values():
            assert sign.method == by_scheme[scheme]


def test_an_empty_lake_says_nothing(tmp_path: Path):
    lake = tmp_path / "lake"
    writer.write(invent(500, 1, AS_OF), lake)
    for file in (lake / "tables").glob("*/bucket=*/part.parquet"):
        file.unlink()
    examined = signs.examine(lake)
    assert (examined.signs, examined.shown, examined.units) == ((), (), 0)


def test_the_words_never_say_fraud():
    for method in signs.rules().methods.values():
        for text in (method.name, method.ask, method.name_en, method.ask_en):
            assert not any(word in text.lower() for word in ("造假", "作假", "fraud", "fake", "伪造"))


def test_honest_output_is_the_same_without_planting():
    region = invent(600, 2, AS_OF)
    same, planted = plant(region, 0.0)
    assert not planted.schemes
    for table in ("visit", "pressure", "observation"):
        for name, column in region.journal.columns(table).items():
            assert np.array_equal(column, same.journal.columns(table)[name], equal_nan=column.dtype.kind == "f")
    assert np.array_equal(region.people.phone, same.people.phone)


def test_planting_is_the_same_every_time_and_told(tmp_path: Path):
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        output.write(4_000, 2, AS_OF, folder, form="lake", truth=False, planted=0.5)
    one, two = ((folder / "planted.json").read_bytes() for folder in folders)
    assert one == two
    told = json.loads(one)
    assert set(told["schemes"].values()) <= set(SCHEMES)
    assert set(told["habits"].values()) <= set(HABITS)
    assert told["schemes"]
    assert not set(told["schemes"]) & set(told["habits"])
    files = ["tables/visit/bucket=0/part.parquet", "tables/observation/bucket=0/part.parquet"]
    for file in files:
        sums = [hashlib.sha256((folder / "lake" / file).read_bytes()).hexdigest() for folder in folders]
        assert sums[0] == sums[1]


@pytest.mark.parametrize(("share", "habits"), [(-0.1, 0), (1.1, 0), (0.6, 0.6)])
def test_impossible_shares_are_refused(share: float, habits: float):
    with pytest.raises(InvalidValue):
        plant(invent(500, 1, AS_OF), share, habits=habits)


def test_an_interval_in_words():
    assert BENCH.interval(0, 0) == "–"
    assert BENCH.interval(1, 2).startswith("50.0 % (1/2;")
