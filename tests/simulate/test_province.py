"""A province: cities side by side in one lake, each the same whoever writes it."""

from __future__ import annotations

import csv
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest

from luoshi.engines import LakeDirectory, engine
from luoshi.indicators import Catalogue
from luoshi.kernel import lake_layout as layout
from luoshi.kernel.errors import InvalidValue
from luoshi.kernel.period import Period
from luoshi.simulate import lake, province
from luoshi.simulate.city import invent
from luoshi.simulate.parts import Shift

AS_OF = date(2025, 10, 31)
SIZE = 512


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("province")
    records, truth = province.write(1300, 4, AS_OF, folder, bucket_size=SIZE, largest=650)
    return folder, records, truth


def rows(folder: Path, table: str, what: str):
    return duckdb.sql(
        f"SELECT {what} FROM read_parquet('{layout.table_glob(folder / 'lake', table)}', hive_partitioning = false)"
    )


def test_numbers_and_codes_meet_nowhere(made):
    folder, records, _ = made
    counted = 0
    for table in layout.PERSON_TABLES:
        number, ids = rows(folder, table, "count(*), count(DISTINCT (id, id))").fetchall()[0]
        counted += number
        if table != "observation":  # the components of one observation share its id
            assert number == ids, table
    assert counted == records
    for table in ("division", "institution"):
        number, codes = rows(folder, table, "count(*), count(DISTINCT code)").fetchall()[0]
        assert number == codes, table
    cities = rows(folder, "division", "code, name").filter("length(code) = 4").fetchall()
    assert [code for code, _ in sorted(cities)] == ["9901", "9902"]
    assert len({name for _, name in cities}) == 2
    with (folder / "region" / "divisions.csv").open(encoding="utf-8") as file:
        told = [row["code"] for row in csv.DictReader(file)]
    assert sorted(told) == sorted(code for (code,) in rows(folder, "division", "code").fetchall())


def test_registers_of_all_cities_can_be_imported_together(made):
    folder, _, _ = made
    keys = {"units": ["code"], "events": ["code"], "answers": ["survey", "respondent", "question"]}
    for name, columns in keys.items():
        with (folder / "region" / f"{name}.csv").open(encoding="utf-8") as file:
            told = list(csv.DictReader(file))
        assert len({tuple(row[c] for c in columns) for row in told}) == len(told) > 0, name
        assert {row["division"][:4] for row in told} == {"9901", "9902"}, name
    # A stratum lies in one county: what is drawn in two cities is never pooled.
    assert {row["stratum"][:6] for row in told} == {row["division"][:6] for row in told}
    assert all(row["stratum"][:6] == row["division"][:6] for row in told)
    lake_strata = rows(
        folder, "answer", "count(DISTINCT stratum), count(DISTINCT (stratum, left(division, 6)))"
    ).fetchall()[0]
    assert lake_strata[0] == lake_strata[1]


def test_a_city_is_the_same_whoever_writes_it(made, tmp_path):
    folder, _, _ = made
    plan = province.cut(1300, SIZE, 650)
    region = province.relocated(invent(plan.residents[1], 4 + (1 << 32), AS_OF), 1)
    shift = Shift(plan.first_person[1], 100_000_000)
    written = lake.write_persons(region, tmp_path / "alone", bucket_size=SIZE, shift=shift)
    for table in layout.PERSON_TABLES:
        for bucket in sorted(written.buckets - {layout.NO_PERSON}):
            alone = layout.table_path(tmp_path / "alone", table, bucket)
            if alone.exists():
                assert alone.read_bytes() == layout.table_path(folder / "lake", table, bucket).read_bytes()


def test_one_process_makes_any_number_of_cities(tmp_path):
    made = "from datetime import date; from pathlib import Path; from luoshi.simulate import province; "
    made += f"province.write(4500, 1, date(2025, 10, 31), Path({str(tmp_path)!r}), truth=False, bucket_size=1024, "
    made += "processes=1, largest=500)"
    subprocess.run([sys.executable, "-c", made], check=True)
    assert rows(tmp_path, "division", "code").filter("length(code) = 4").aggregate("count(*)").fetchall() == [(9,)]


def test_the_truth_of_the_province_is_what_is_measured(made):
    folder, _, truth = made
    catalogue = Catalogue.load()
    names = ["htn-std", "contract-rate", "ems-answer-10s", "facility-birth", "qsi-basic"]
    directory = LakeDirectory.open(folder / "lake")
    for name in names:
        told = truth["indicators"][name]
        period = Period.parse(told["period"]).to_date(AS_OF)
        results = engine(threads=1).evaluate(directory, catalogue, period, [name])
        for code in ("99", "9901", "9902", "990202"):
            assert list(results.cell(catalogue.indicator(name), division=code)) == told["divisions"][code], (name, code)
        assert results.unplaced == {}


def test_what_is_no_province():
    assert province.cut(1_000_000, 65_536).residents == (500_000, 500_000)
    assert len(province.cut(38_000_000, 65_536).residents) == 76
    for residents in (100, 60_000_000):
        with pytest.raises(InvalidValue):
            province.cut(residents, 65_536)
    assert not province.is_province(500_000)


def test_writers_end_with_whoever_began_them(tmp_path: Path):
    command = [sys.executable, "-m", "luoshi.cli.main", "simulate", "--residents", "600000", "--format", "lake"]
    with subprocess.Popen([*command, "--no-truth", "--out", str(tmp_path)], stdout=subprocess.DEVNULL) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        until(lambda: len(writers(children)) == 2)
        found = writers(children)
        process.kill()
    until(lambda: not any(is_at_work(child) for child in found))


def writers(children: Path) -> list[str]:
    """The processes that write cities; beside them there is one that keeps count of what is shared."""
    return [
        child for child in children.read_text().split() if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


def is_at_work(child: str) -> bool:
    try:
        state = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)
