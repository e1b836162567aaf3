"""The library of checks: read strictly, each with cases that run, over a lake whole and bucket by bucket."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from luoshi.catalog.loader import CATALOG
from luoshi.kernel.errors import CatalogError, NotFound
from luoshi.services.quality import checks as library_of
from luoshi.services.quality import running

LIBRARY = library_of.library()
CHECKS = list(LIBRARY.checks.values())
# What a row of a case holds when the case does not say.
PLAIN: dict[str, dict[str, Any]] = {
    "person": {"sex": "female", "birth_date": "1955-05-05", "division": "V1", "institution": "H1", "active": True},
    "visit": {
        "service": "htn-visit", "class": "AMB", "day": "2025-03-01", "end_day": "2025-03-01",
        "started_at": "2025-03-01 09:00:00", "institution": "H1", "status": "finished",
    },
    "episode": {"program": "hypertension", "start_day": "2024-01-01", "status": "active", "institution": "H1"},
    "observation": {"code": "8480-6", "value": 131.0, "day": "2025-03-01", "institution": "H1"},
    "condition": {"code": "I10", "day": "2024-01-01"},
    "procedure": {"code": "tcm-advice", "day": "2025-03-01", "institution": "H1", "status": "completed"},
    "immunization": {"vaccine": "MMR", "dose": 1, "day": "2025-03-01", "status": "completed", "institution": "H1"},
    "contract": {"start_day": "2025-01-01", "end_day": "2025-12-31", "status": "active", "institution": "H1"},
    "milestone": {"code": "answered", "at": "2025-03-01 09:00:00", "institution": "H1"},
}  # fmt: skip
REGISTERS = {
    "division": [{"code": "V1", "name": "某村", "level": 5, "l2": "C", "l3": "CC", "valid_from": "2000-01-01"}],
    "institution": [{"code": "H1", "name": "某院", "division": "V1"}, {"code": "H2", "name": "另院", "division": "V1"}],
}


def tiny_lake(case: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    tables: dict[str, list[dict[str, Any]]] = {}
    for table, rows in case.items():
        if table != "fails":
            known = {"person": 1, "source": "a", "known_from": "2025-03-03 10:00:00"}
            tables[table] = [{"id": f"{table}{n}", **known, **PLAIN[table], **row} for n, row in enumerate(rows)]
    return tables | REGISTERS


def test_the_library_is_wide_enough():
    assert len(CHECKS) >= 30
    assert len({check.kind for check in CHECKS}) >= 24
    assert len(LIBRARY.families) == 9
    for check in CHECKS:
        assert check.touches
        assert check.source
        assert not any("一" <= letter <= "鿿" for letter in check.name_en + check.say_en), check.id


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_the_cases_of_each_check(check: library_of.Check):
    for case in check.cases:
        found = running.examine(tiny_lake(case), check)
        assert len(found) == case["fails"], case
        for row in found:
            said = library_of.words(check.say, json.loads(row["said"]))
            assert "{" not in said


def broken(tmp_path: Path, change: dict[str, Any]) -> Path:
    plain = yaml.safe_load((CATALOG / "checks/validity.yaml").read_text("utf-8"))
    plain["checks"][0] |= change
    plain["checks"] = plain["checks"][:1]
    (tmp_path / "validity.yaml").write_text(yaml.safe_dump(plain, allow_unicode=True), "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "unknown-cod"}, "unknown-code"),
        ({"table": "visits"}, "'visit'"),
        ({"fails": "servce IS NULL"}, "'service'"),
        ({"fails": "read_text('/etc/passwd') IS NULL"}, "not allowed"),
        ({"fails": "EXISTS (SELECT 1 FROM person)"}, "one expression"),
        ({"fails": "service IS NULL; DROP TABLE x"}, "one expression"),
        ({"rows": "((("}, "cannot be read"),
        ({"say": "{nothing}"}, "nothing"),
        ({"say": "{"}, "braces"),
        ({"touches": ["visit.colour"]}, "visit.colour"),
        ({"severity": "fatal"}, "severity"),
        ({"colour": "red"}, "colour"),
        ({"cases": [{"fails": 0, "visit": []}, {"fails": 0, "visit": []}]}, "must fail"),
        ({"related": {"n": {"table": "nowhere", "key": "id"}}}, "nowhere"),
        ({"compare": {"n": {"by": ["colour"], "columns": {"k": "count(*)"}}}}, "colour"),
        ({"window": {"service": "count(*) OVER ()"}}, "column of the table"),
    ],
)
def test_a_wrong_check_is_refused_in_words(tmp_path: Path, change: dict[str, Any], words: str):
    with pytest.raises(CatalogError, match=words.replace("(", r"\(")) as error:
        library_of.library(broken(tmp_path, change))
    assert "validity.yaml" in str(error.value)


def test_an_unknown_check_names_the_nearest():
    with pytest.raises(NotFound, match="systolic-range"):
        LIBRARY.check("systolic-rang")


def test_words_of_values():
    assert library_of.words("{value} {gone}", {"value": 130.0, "gone": None}) == "130 —"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from datetime import date

    from luoshi.simulate import lake as writer
    from luoshi.simulate.city import invent

    folder = tmp_path_factory.mktemp("quality") / "lake"
    writer.write(invent(800, 4, date(2025, 10, 31)), folder, bucket_size=200)
    return folder


def _results(folder: Path) -> list[Any]:
    import duckdb

    return [
        duckdb.sql(f"FROM read_parquet('{running.folder_of(folder)}/{name}/*.parquet') ORDER BY ALL").fetchall()
        for name in ("cells", "failing")
    ]


def test_only_what_changed_is_read_again_and_gives_the_same(lake: Path, tmp_path: Path):
    import duckdb

    here = tmp_path / "lake"
    shutil.copytree(lake, here)
    first = running.run(here)
    assert first.looked_at == first.buckets > 3
    assert first.rows > 10_000
    again = running.run(here)
    assert (again.looked_at, again.rows, again.failing) == (0, first.rows, first.failing)
    # One resident's pressure becomes impossible: one bucket is read again, and every comparison.
    path = here / "tables/observation/bucket=1/part.parquet"
    first_id = f"(SELECT min(id) FROM read_parquet('{path}') WHERE code = '8480-6')"
    value = f"CASE WHEN code = '8480-6' AND id = {first_id} THEN 999 ELSE value END AS value"
    table = duckdb.sql(f"SELECT * REPLACE ({value}) FROM read_parquet('{path}')").to_arrow_table()
    import pyarrow.parquet as pq

    pq.write_table(table, path)
    later = running.run(here)
    assert later.looked_at == 1
    kept = _results(here)
    whole = running.run(here, whole=True)
    assert whole.looked_at == whole.buckets
    assert _results(here) == kept
    bad = [row for row in kept[1] if row[0] == "systolic-range"]
    assert [row[9] for row in bad] == ['{"value":999.0}']


def test_a_changed_library_runs_anew(lake: Path, tmp_path: Path):
    here = tmp_path / "lake"
    shutil.copytree(lake, here)
    fewer = library_of.Library(LIBRARY.families[:1])
    assert running.run(here, checks=fewer).looked_at > 0
    assert running.run(here).looked_at > 0
    assert running.run(here).looked_at == 0
