"""Views on Spark: every public case of SQL on FHIR v2, and random patients, give what DuckDB gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlglot import exp
from tests.records.views.test_conformance import FOLDER, cases, comparable
from tests.records.views.test_same_answer import COLLECTION_PATHS, PATIENTS, SINGLE_PATHS

from luoshi.catalog.loader import files
from luoshi.cli.view import group
from luoshi.kernel.errors import InvalidValue, UnreadableFile, UserError
from luoshi.records import views
from luoshi.records.views import spark as on_spark
from luoshi.records.views.spark_dialect import GAPS

pytestmark = pytest.mark.slow

Resources = list[dict[str, Any]]


def _lines(spark: Any, resources: Resources) -> Any:
    """Resources as a relation inside the query: no file and no worker of Python, which cost more than the cases."""
    return _bodies(spark, [json.dumps(r, ensure_ascii=False) for r in resources])


def _bodies(spark: Any, texts: list[str]) -> Any:
    values = ", ".join(f"({exp.Literal.string(text).sql('spark')})" for text in texts)
    return spark.spark.sql(f"SELECT * FROM VALUES {values} AS t(body)")


def _rows(spark: Any, view: dict[str, Any], resources: Resources) -> list[dict[str, Any]]:
    compiled = views.compile_view(view)
    return views.rows(on_spark.relation(compiled, _lines(spark, resources)), compiled)


@pytest.mark.shared
@pytest.mark.parametrize(("resources", "case"), cases())
def test_case(spark: Any, resources: Resources, case: dict[str, Any] | None, shared_dir: Path) -> None:
    if case is None:
        pytest.skip(f"no cases at {FOLDER}")
    if case.get("expectError"):
        with pytest.raises(UserError):
            _rows(spark, case["view"], resources)
        return
    if case["title"] in ("decimal lowBoundary", "decimal highBoundary"):
        pytest.skip(GAPS[0].reason)
    rows = _rows(spark, case["view"], resources)
    if "expectCount" in case:
        assert len(rows) == case["expectCount"]
    if "expect" in case:
        assert comparable(rows) == comparable(case["expect"])
    if "expectColumns" in case:
        assert list(rows[0]) == case["expectColumns"]


def _both(spark: Any, view: dict[str, Any], resources: Resources) -> tuple[list[Any], list[Any]]:
    compiled = views.compile_view(view)
    bodies = pa.table({"body": [json.dumps(each, ensure_ascii=False) for each in resources]})
    told = views.rows(views.run_view(compiled, bodies), compiled)
    return told, views.rows(on_spark.relation(compiled, _lines(spark, resources)), compiled)


@pytest.mark.parametrize("version", ["4.0.1", "6.0.0"])
@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(people=st.lists(PATIENTS, min_size=40, max_size=60))
def test_random_patients(spark: Any, version: str, people: Resources) -> None:
    """Every path of the random views at once; of untyped reading, whose queries are many times as long, some."""
    step = 1 if version == "4.0.1" else 9
    columns: list[dict[str, Any]] = [{"name": f"s{n}", "path": path} for n, path in enumerate(SINGLE_PATHS[::step])]
    columns += [{"name": f"c{n}", "path": path, "collection": True} for n, path in enumerate(COLLECTION_PATHS[::step])]
    columns += [{"name": f"n{n}", "path": f"{path}.count()"} for n, path in enumerate(COLLECTION_PATHS[1::step])]
    inner = [{"name": "x", "path": "$this"}, {"name": "n", "path": "%rowIndex", "type": "integer"}]
    outer = [{"name": "y", "path": "language.coding.code.first()"}]
    view = {
        "resource": "Patient",
        "fhirVersion": [version],
        "select": [
            {"column": columns},
            {"forEach": "name.where(given.exists())", "column": inner},
            {"forEachOrNull": "communication", "column": outer},
        ],
        "where": [{"path": "name.exists() or active"}],
    }
    told, found = _both(spark, view, people)
    assert found == told


@pytest.mark.parametrize("gap", GAPS, ids=lambda gap: gap.path)
def test_a_gap_is_still_one(spark: Any, gap: Any) -> None:
    column = {"name": "x", "path": gap.path, "type": gap.type}
    told, found = _both(spark, {"resource": "Observation", "select": [{"column": [column]}]}, [gap.resource])
    assert told != found, f"{gap.path} has closed: take it out of GAPS"


def test_views_of_the_lake_are_carried() -> None:
    for file in files("views", ".json"):
        assert "explode(" in (made := views.spark_sql(views.catalog_view(file.stem), "t")) or made.startswith("SELECT")


def test_what_does_not_fit_is_told_without_the_record(spark: Any) -> None:
    several = {"resource": "Patient", "select": [{"column": [{"name": "g", "path": "name.family"}]}]}
    patient = {"resourceType": "Patient", "id": "p", "name": [{"family": "secret"}, {"family": "hidden"}]}
    with pytest.raises(InvalidValue, match="more than one value") as caught:
        _rows(spark, several, [patient])
    assert "secret" not in str(caught.value)
    torn = _bodies(spark, ['{"resourceType": "Patient", "secret'])
    with pytest.raises(InvalidValue, match="malformed JSON") as caught:
        on_spark.relation(views.compile_view(several), torn)
    assert "secret" not in str(caught.value)


def test_the_command(spark: Any, tmp_path: Path) -> None:
    view, resources = tmp_path / "v.json", tmp_path / "r.ndjson"
    columns = [{"name": "id", "path": "id", "type": "id"}, {"name": "given", "path": "name.given", "collection": True},
               {"name": "born", "path": "birthDate", "tag": [{"name": "ansi/type", "value": "DATE"}]},
               {"name": "marital", "path": "maritalStatus"}]  # fmt: skip
    view.write_text(json.dumps({"resource": "Patient", "select": [{"column": columns}]}), "utf-8")
    people = [{"resourceType": "Patient", "id": "甲", "name": [{"given": ["a", "b"]}], "birthDate": "1950"},
              {"resourceType": "Observation", "id": "o"},
              {"resourceType": "Patient", "id": "乙", "maritalStatus": {"text": "x"}}]  # fmt: skip
    resources.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in people) + "\n", "utf-8")
    told = ["run", "--view", str(view), "--resources", str(resources)]
    spark_too = [*told, "--engine", "spark", "--master", "local[2]"]
    for form in ("json", "csv"):
        asked = [CliRunner().invoke(group, [*options, "--format", form]) for options in (told, spark_too)]
        assert asked[0].output == asked[1].output, asked[1].exception
    folder = tmp_path / "rows"
    made = CliRunner().invoke(group, [*spark_too, "--format", "parquet", "--out", str(folder)])
    assert made.exit_code == 0, made.exception
    assert [row[0] for row in duckdb.read_parquet(f"{folder}/*.parquet").fetchall()] == ["甲", "乙"]
    again = CliRunner().invoke(group, [*spark_too, "--format", "parquet", "--out", str(folder)])
    assert isinstance(again.exception, InvalidValue)
    assert isinstance(CliRunner().invoke(group, [*told, "--master", "yarn"]).exception, InvalidValue)
    with pytest.raises(UnreadableFile):
        on_spark.read(spark.spark, str(tmp_path / "absent.ndjson"))
