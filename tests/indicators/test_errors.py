"""A wrong definition is an error that names the place and the nearest right name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlglot import exp

from luoshi.catalog.loader import CATALOG, parse_entry
from luoshi.indicators import Catalogue, Indicator
from luoshi.indicators.catalogue import check_indicator
from luoshi.indicators.expressions import parse_expression, parse_query
from luoshi.indicators.tables import TABLES
from luoshi.kernel.errors import CatalogError, NotFound

COLUMNS = {"visits": "integer", "visits_due": "integer", "status": "text"}
GOOD = {
    "id": "a-b", "name": "名称", "name_en": "Name", "cohort": "hypertension", "numerator": "visits >= 1",
    "not_counted": [{"when": "visits < 1", "say": "无随访", "say_en": "none"}], "unit": "percent",
    "period": "calendar-year-to-date", "source": "出处", "confidence": "high", "cases": "visits | answer\n1 | counted",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("visit >= 1", "'visits'"),
        ("flor(visits) = 1", "'floor'"),
        ("list_sum(visits) > 1", "every engine"),
        ("sum(visits) > 1", "no sums"),
        ("visits > (SELECT 1)", "no queries"),
        ("visits >", "cannot be read"),
        ("v.visits > 1", "unknown column"),
        ("1; SELECT 2", "exactly one"),
    ],
)
def test_expressions(text: str, says: str):
    with pytest.raises(CatalogError, match=says):
        parse_expression(text, COLUMNS, where="here")


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("SELECT persn FROM person", "'person'"),
        ("SELECT person FROM vist", "'visit'"),
        ("SELECT person FROM visit WHERE day > :begin", ":start and :end"),
        ("SELECT regexp_matches(id, 'x') AS a FROM visit", "regexp"),
        ("SELECT v.dya FROM visit AS v", "dya"),
        ("DELETE FROM visit", "one SELECT"),
        ("SELECT read_text('/etc/passwd') AS a", "read_text"),
    ],
)
def test_cohort_queries(sql: str, says: str):
    with pytest.raises(CatalogError, match=says):
        parse_query(sql, TABLES, where="here")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"numerater": "x"}, "'numerator'"),
        ({"unit": "percents"}, "unknown unit"),
        ({"numerator": None}, "also needs numerator"),
        ({"kind": "per-population"}, "also needs per"),
        ({"kind": "register"}, "also needs missing"),
        ({"not_counted": []}, "say why"),
        ({"better": "lower"}, "`counted`"),
        ({"seasonal_pace": [0.5] * 12}, "add up to 1"),
        ({"id": "Not An Id"}, "pattern"),
    ],
)
def test_definitions(change: dict, says: str):
    with pytest.raises(CatalogError, match=says):
        parse_entry(GOOD | change, Indicator, where="here")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"cohort": "hypertensoin"}, "'hypertension'"),
        ({"numerator": "visitz >= 1"}, "'visits'"),
        ({"not_counted": [{"when": "visits < 1", "say": "{visitz} 次", "say_en": "x"}]}, "'visits'"),
        ({"not_counted": [{"when": "visits < 1", "say": "{visits 次", "say_en": "x"}]}, "do not close"),
    ],
)
def test_definitions_against_their_cohort(change: dict, says: str):
    indicator = parse_entry(GOOD | change, Indicator, where="here")
    with pytest.raises(CatalogError, match=says):
        check_indicator(indicator, Catalogue.load().cohorts, where="here")


def test_a_name_that_does_not_exist_is_answered_with_the_nearest():
    with pytest.raises(NotFound, match="'htn-std'"):
        Catalogue.load().indicator("htn-sdt")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for folder in ("cohorts", "indicators"):
        shutil.copytree(CATALOG / folder, tmp_path / folder)
    return tmp_path


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_a_cohort_must_give_what_it_declares(copy: Path):
    _replace(copy / "cohorts/diabetes.sql", "  e.status,\n", "  e.status AS stat,\n")
    with pytest.raises(CatalogError, match=r"'stat'.*'status'"):
        Catalogue.load(copy)


def test_a_cohort_must_declare_what_it_gives(copy: Path):
    _replace(copy / "cohorts/place.sql", "  d.level = 3 AS county,\n", "")
    with pytest.raises(CatalogError, match="does not give county"):
        Catalogue.load(copy)


def test_an_id_is_used_once(copy: Path):
    (copy / "indicators/others").mkdir(exist_ok=True)
    shutil.copy(copy / "indicators/chronic/htn-std.yaml", copy / "indicators/others/htn-std.yaml")
    with pytest.raises(CatalogError, match="used twice"):
        Catalogue.load(copy)


def test_a_schedule_row_has_a_value_for_each_column(copy: Path):
    _replace(copy / "cohorts/schedules/vaccine_schedule.yaml", "[BCG, 1, 0,", "[BCG, 1,")
    with pytest.raises(CatalogError, match="has 5 values, not 6"):
        Catalogue.load(copy)


def test_the_bounds_of_all_periods_are_no_parameters_of_one():
    tree, _, _ = parse_query("SELECT person FROM visit WHERE day BETWEEN :earliest AND :end", TABLES, where="here")
    assert [placeholder.name for placeholder in tree.find_all(exp.Placeholder)] == ["end"]
    assert tree.sql("duckdb").endswith("BETWEEN $earliest AND $end")
