"""After random changes the results brought up to date are those of reading the whole lake."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from luoshi.engines import ResultStore
from luoshi.engines.cells import TOP
from luoshi.indicators import Catalogue
from luoshi.kernel import lake_layout as layout
from luoshi.platform.lake import changes
from luoshi.platform.lake.refresh import refresh
from luoshi.simulate import lake as simulated
from luoshi.simulate.city import invent

CATALOGUE = Catalogue.load()
SIZE = 256
AS_OF = date(2025, 10, 31)


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pristine") / "lake"
    simulated.write(invent(500, seed=5, as_of=AS_OF), folder, bucket_size=SIZE)
    refresh(folder, trend_months=2)
    return folder


def rewrite(lake: Path, bucket: int, change: str, persons: list[int], *, tables: int = 99) -> None:
    """Write the files of a bucket again with something different for `persons`."""
    listed = ", ".join(map(str, persons)) or "-99"
    for table in list(layout.PERSON_TABLES)[:tables]:
        path = layout.table_path(lake, table, bucket)
        if not path.exists():
            continue
        about = f"person IN ({listed})" if bucket >= 0 else "true"
        day = f'"{layout.DAY_COLUMN[table]}"'
        source = f"read_parquet('{path}', hive_partitioning = false)"
        others = f"SELECT * FROM {source} WHERE NOT coalesce({about}, false)"
        mine = {
            "delete": f"SELECT * FROM {source} WHERE {about} AND hash(id) % 3 <> 0",
            "late": f"SELECT * REPLACE ({day} - INTERVAL 45 DAY AS {day}) FROM {source} WHERE {about}",
            "insert": f"SELECT * FROM {source} WHERE {about} UNION ALL SELECT * REPLACE (id || 'x' AS id) FROM {source} "
                      f"WHERE {about} AND '{table}' <> 'person'",
            "unborn": f"SELECT * FROM {source} WHERE {about} AND NOT ('{table}' = 'visit' AND "
                      f"{'service' if table == 'visit' else 'NULL'} IS NOT DISTINCT FROM 'birth')",
            "delete all": f"SELECT * FROM {source} WHERE false",
            "merge": f"SELECT * REPLACE ({persons[0] if persons else 0} AS person) FROM {source} WHERE {about} "
                     f"AND ('{table}' <> 'person' OR person = {persons[0] if persons else 0})",
        }[change]  # fmt: skip
        columns = ", ".join(f'CAST("{n}" AS {kind}) AS "{n}"' for n, kind in layout.columns(table).items())
        part = path.with_suffix(".new")
        duckdb.sql(
            f"COPY (SELECT {columns} FROM ({others} UNION ALL {mine}) ORDER BY person, {day}) TO '{part}' (FORMAT parquet)"
        )
        part.replace(path)


def of_births(lake: Path) -> list[int]:
    """Some who were born within the periods: without that visit their mothers' deliveries are others."""
    visits = f"read_parquet('{layout.table_glob(lake, 'visit')}')"
    return [p for (p,) in duckdb.sql(
        f"SELECT DISTINCT person FROM {visits} WHERE service = 'birth' AND part_of IS NOT NULL AND person IS NOT NULL "
        "AND day >= DATE '2025-01-01' ORDER BY person LIMIT 3"
    ).fetchall()]  # fmt: skip


def of_a_village(lake: Path) -> list[int]:
    """Everybody of the smallest village."""
    people = f"read_parquet('{layout.table_glob(lake, 'person')}')"
    return duckdb.sql(
        f"SELECT list(DISTINCT person) FROM {people} WHERE division IS NOT NULL GROUP BY division ORDER BY count(*), division"
    ).fetchall()[0][0]


def said(lake: Path) -> dict[str, Any]:
    """Every value, every list, and what a few persons are asked about."""
    reading = ResultStore(layout.results_folder(lake)).reading(CATALOGUE)
    told: dict[str, Any] = {}
    for label, stored in reading.periods.items():
        for name in sorted(stored.indicators):
            indicator = CATALOGUE.indicator(name)
            for places, are_institutions in ((list(reading.tree), False), (list(reading.ground.institutions[0]), True)):
                told[f"{label} {name} {are_institutions}"] = reading.cells(
                    stored, indicator, places, institution=are_institutions
                )
            top = [code for code in reading.tree if reading.tree[code][0] <= TOP]
            told[f"{label} {name} top"] = reading.cells(stored, indicator, top)
        if stored.has_rows:
            for name in ("htn-std", "contract-rate", "child-mgmt", "facility-birth", "ems-answer-10s"):
                if name in stored.indicators:
                    rows, total = reading.page(stored, CATALOGUE.indicator(name), limit=1000)
                    told[f"{label} {name}"] = (total, [(r.subject, r.person, r.reason, r.columns) for r in rows])
            for person in range(0, 400, 37):
                told[f"{label} {person}"] = sorted(
                    (i.id, counted) for i, counted, _ in reading.of_person(person, person // (1 << 20), stored)
                )
    return told


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["delete", "late", "insert", "merge"]), st.sampled_from([0, 1, -1]),
        st.lists(st.integers(0, SIZE - 1), min_size=1, max_size=9, unique=True),
    ),
    min_size=2, max_size=3,
)  # fmt: skip


@settings(
    max_examples=1, deadline=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
@given(steps=st.lists(CHANGES, min_size=2, max_size=2), crash=st.booleans())
def test_brought_up_to_date_equals_read_anew(pristine, tmp_path_factory, steps, crash):
    lake = tmp_path_factory.mktemp("changed") / "lake"
    shutil.copytree(pristine, lake)
    for number, changed in enumerate(steps):
        for change, bucket, persons in changed:
            here = sorted({bucket * SIZE + p for p in persons}) if bucket >= 0 else []
            if crash and number == 0:  # a first attempt dies after two files
                changes.note(lake, {bucket: here} if here else {}, [] if here else [bucket])
                rewrite(lake, bucket, change, here, tables=2)
            changes.note(lake, {bucket: here} if here else {}, [] if here else [bucket])
            rewrite(lake, bucket, change, here)
        made = refresh(lake, trend_months=2)
        assert not made.whole
    births, village = of_births(lake), of_a_village(lake)
    for change, persons in (("unborn", births), ("delete all", village)):
        by_bucket = {bucket: [p for p in persons if p // SIZE == bucket] for bucket in {p // SIZE for p in persons}}
        changes.note(lake, by_bucket, [])
        for bucket, here in by_bucket.items():
            rewrite(lake, bucket, change, here)
        assert not refresh(lake, trend_months=2).whole
    folder = ResultStore(layout.results_folder(lake)).reading(CATALOGUE)
    assert folder.ground.folder.exists()
    assert folder.ground.folder != folder.folder
    found = said(lake)
    assert refresh(lake, trend_months=2, whole=True).whole
    expected = said(lake)
    assert found.keys() == expected.keys()
    assert [key for key in found if found[key] != expected[key]] == []


def test_what_a_refresh_that_died_had_taken_is_read_anew(pristine, tmp_path):
    lake = tmp_path / "lake"
    shutil.copytree(pristine, lake)
    changes.note(lake, {0: [1, 2]}, [])
    assert changes.take(lake).persons == (1, 2)  # and nothing came of it
    assert refresh(lake, trend_months=2).whole
    changes.note(lake, {0: [1]}, [])
    assert not refresh(lake, trend_months=2).whole
    assert moved(lake) == set()  # nothing about them is other than it was
    changes.note(lake, {0: list(range(100))}, [])
    rewrite(lake, 0, "delete", list(range(100)))
    assert not refresh(lake, trend_months=2).whole
    assert "2025" in moved(lake)
    periods = ResultStore(layout.results_folder(lake)).reading(CATALOGUE).periods
    assert moved(lake) != periods.keys()  # some periods hold only what these persons are not in


def moved(lake: Path) -> set[str]:
    """The periods to whose values something is added."""
    folder = ResultStore(layout.results_folder(lake)).reading(CATALOGUE).folder / "moved"
    return {path.parent.name for path in folder.glob("*/*.parquet")}


def test_two_evaluations_of_one_instant_have_a_folder_each(tmp_path):
    store, now = ResultStore(tmp_path), datetime(2025, 11, 3, 12, 0, tzinfo=UTC)
    assert len({store.begin(now) for _ in range(3)}) == 3


def test_what_is_unchanged_is_not_read_again(pristine, tmp_path, monkeypatch):
    lake = tmp_path / "lake"
    shutil.copytree(pristine, lake)
    store = ResultStore(layout.results_folder(lake))
    before = store.reading(CATALOGUE)
    before.warm()
    changes.note(lake, {0: [3]}, [])
    rewrite(lake, 0, "delete all", [3])
    assert not refresh(lake, trend_months=2).whole
    opened: list[str] = []
    monkeypatch.setattr("luoshi.engines.cells._File", lambda path: opened.append(path.parts[-3]))
    after = store.reading(CATALOGUE)
    assert after is not before
    assert after.tree is before.tree
    for label in after.periods:
        after.ground.values.read(label)
    assert opened == []


def test_files_keep_their_first_content(tmp_path):
    path = layout.table_path(tmp_path, "visit", 0)
    path.parent.mkdir(parents=True)
    for number, content in enumerate(("one", "two", "three")):
        changes.note(tmp_path, {0: [number]}, [])
        part = path.with_suffix(".new")
        part.write_text(content)
        part.replace(path)
    taken = changes.take(tmp_path)
    assert taken.persons == (0, 1, 2)
    assert not layout.table_path(taken.folder, "visit", 0).exists()  # it was not there before the first
    changes.forget(tmp_path)
    changes.note(tmp_path, {0: [7]}, [])
    path.unlink()
    assert layout.table_path(changes.take(tmp_path).folder, "visit", 0).read_text() == "three"
    changes.note_everything(tmp_path)
    assert changes.take(tmp_path).everything
