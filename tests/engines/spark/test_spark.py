"""Spark over the synthetic region: every number, list and file as DuckDB gives them."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

from luoshi.engines import LakeDirectory, engine
from luoshi.engines.spark_session import spark_session
from luoshi.indicators import Catalogue
from luoshi.indicators.cases import disagreement, read_cases
from luoshi.kernel.clock import CHINA
from luoshi.kernel.errors import NotFound, UserError
from luoshi.kernel.period import Period
from luoshi.simulate import lake as simulated
from luoshi.simulate.city import invent

pytestmark = pytest.mark.slow

CATALOGUE = Catalogue.load()
YEAR = Period(date(2025, 1, 1), date(2025, 10, 31))


@pytest.fixture(scope="module")
def region():
    return invent(1000, seed=7, as_of=date(2025, 10, 31))


@pytest.fixture(scope="module")
def lake(region, tmp_path_factory: pytest.TempPathFactory) -> LakeDirectory:
    folder = tmp_path_factory.mktemp("spark") / "lake"
    simulated.write(region, folder)
    return LakeDirectory.open(folder)


@pytest.fixture(scope="module")
def cut_lake(region, tmp_path_factory: pytest.TempPathFactory) -> LakeDirectory:
    """The same in buckets of 256 persons, two of which are taken together."""
    folder = tmp_path_factory.mktemp("spark") / "lake"
    simulated.write(region, folder, bucket_size=256)
    return LakeDirectory.open(folder, chunk_persons=512)


def test_every_indicator_at_every_place_is_the_same(spark, running, lake):
    told = running.evaluate(lake, CATALOGUE, YEAR)
    found = spark.evaluate(lake, CATALOGUE, YEAR)
    counted = {name for (name, _, _), (above, below) in told.cells.items() if above or below}
    assert len(counted) > 0.8 * len(CATALOGUE.computed())  # some are of things too rare for so small a place
    apart = {key: (told.cells.get(key), found.cells.get(key)) for key in told.cells.keys() | found.cells.keys()
             if told.cells.get(key) != found.cells.get(key)}  # fmt: skip
    assert not apart
    assert (found.unplaced, found.parents, found.indicators) == (told.unplaced, told.parents, told.indicators)


def test_rows_are_kept_in_the_same_files(spark, running, cut_lake, tmp_path):
    names = ["htn-std", "ems-answer-10s", "tcm-hall"]  # cohorts of persons, of callers nobody knows, of a register
    told = running.evaluate(cut_lake, CATALOGUE, YEAR, names, keep_rows=tmp_path / "duckdb")
    found = spark.evaluate(cut_lake, CATALOGUE, YEAR, names, keep_rows=tmp_path / "spark")
    assert found.cells == told.cells
    _same_files(tmp_path / "duckdb", tmp_path / "spark")


def _same_files(one: Path, two: Path) -> None:
    """The rows behind the worklists: the same files with the same rows in the same order of division."""
    names = {file.relative_to(one) for file in one.rglob("*.parquet") if duckdb.read_parquet(str(file)).shape[0]}
    assert names == {file.relative_to(two) for file in two.rglob("*.parquet")}
    assert len(names) > 3
    for name in sorted(names):
        rows = [duckdb.read_parquet(str(root / name)).fetchall() for root in (one, two)]
        assert sorted(map(repr, rows[0])) == sorted(map(repr, rows[1])), name
        assert [row[2] for row in rows[0]] == [row[2] for row in rows[1]], name


def test_as_known_on_an_earlier_day(spark, running, lake):
    instant = datetime(2025, 8, 1, 12, tzinfo=CHINA)
    names = ["htn-std", "contract-rate"]
    told, found = (e.evaluate(lake, CATALOGUE, YEAR, names, known_at=instant) for e in (running, spark))
    assert found.cells == told.cells
    assert found.cells != running.evaluate(lake, CATALOGUE, YEAR, names).cells


def test_lists_and_what_stands_beside_the_sums(spark, running, lake):
    indicator = CATALOGUE.indicator("htn-std")
    for place in ({"division": "990102"}, {"division": "nowhere"}):
        told, found = (e.why(lake, CATALOGUE, indicator, YEAR, limit=7, offset=3, **place) for e in (running, spark))
        assert found == told
    assert told == ([], 0)
    one, two = (e.about(lake, CATALOGUE, YEAR.end) for e in (running, spark))
    assert (two.reach, two.missing, two.tree, two.over) == (one.reach, one.missing, one.tree, one.over)


def test_every_case_of_every_indicator(spark):
    cases = {i.id: read_cases(i, CATALOGUE.cohort_of(i)) for i in CATALOGUE.computed() if i.cases}
    answers = spark.answers_of(CATALOGUE, cases)
    wrong = [
        problem
        for name, rows in cases.items()
        for row, answer in zip(rows, answers[name], strict=True)
        if (problem := disagreement(CATALOGUE.indicator(name), row, answer))
    ]
    assert not wrong
    first = next(iter(cases))
    assert spark.answers(CATALOGUE, CATALOGUE.indicator(first), cases[first]) == answers[first]


def test_a_cluster_that_cannot_be_reached_is_said_so(monkeypatch):
    with pytest.raises(NotFound, match=r"no engine 'sparc'.*spark"):
        engine("sparc")
    import pyspark.sql

    def fails(*_: object) -> None:
        raise OSError("no java")

    monkeypatch.setattr(pyspark.sql.SparkSession.Builder, "getOrCreate", fails)
    with pytest.raises(UserError, match=r"does not start on 'spark://nowhere:7077'.*Java 17"):
        spark_session("spark://nowhere:7077", {})
