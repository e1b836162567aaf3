"""The catalogue we ship: complete, consistent, and right on its own cases."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from luoshi.catalog.loader import CATALOG
from luoshi.engines import engine
from luoshi.indicators import Catalogue
from luoshi.indicators.cases import disagreement, read_cases
from luoshi.indicators.plan import reads_columns

CATALOGUE = Catalogue.load()


@pytest.fixture(scope="module")
def running():
    return engine("duckdb", threads=1)


SUMMED = [i for i in CATALOGUE.measured() if i.kind != "method"]


@pytest.mark.parametrize("name", [i.id for i in SUMMED])
def test_every_computed_indicator_answers_its_cases(name, running):
    indicator = CATALOGUE.indicator(name)
    rows = read_cases(indicator, CATALOGUE.cohort_of(indicator))
    answers = running.answers(CATALOGUE, indicator, rows)
    assert [p for row, answer in zip(rows, answers, strict=True) if (p := disagreement(indicator, row, answer))] == []


@pytest.mark.parametrize("name", [i.id for i in SUMMED if i.kind == "ratio"])
def test_cases_show_a_counted_subject_and_every_reason(name):
    indicator = CATALOGUE.indicator(name)
    rows = read_cases(indicator, CATALOGUE.cohort_of(indicator))
    answers = [row.answer for row in rows]
    if not indicator.lists_counted:
        assert "counted" in answers, "no case of a subject that counts"
    reasons = [a for a in answers if a not in ("counted", "out", "not")]
    assert len({*reasons}) >= len(indicator.reasons), "a reason that no case shows"


def test_the_catalogue_covers_the_field():
    computed = CATALOGUE.measured()
    assert len(computed) >= 150
    assert len({i.cohort for i in computed}) >= 25
    assert all(cohort in {i.cohort for i in computed} for cohort in CATALOGUE.cohorts), "a cohort nobody measures"
    kinds = Counter(i.kind for i in CATALOGUE.indicators.values())
    assert {"register", "deliverable", "report"} <= kinds.keys()


@pytest.mark.parametrize("indicator", CATALOGUE.indicators.values(), ids=lambda i: i.id)
def test_every_indicator_says_where_it_comes_from_in_both_languages(indicator):
    assert indicator.source
    assert indicator.confidence in ("high", "medium", "low")
    assert any("一" <= c <= "鿿" for c in indicator.name)
    assert indicator.name_en.isascii()
    for reason in indicator.reasons:
        assert any("一" <= c <= "鿿" for c in reason.say)
        assert reason.say_en


def test_every_expression_reads_a_column_of_its_cohort():
    for indicator in SUMMED:
        cohort = CATALOGUE.cohort_of(indicator)
        trivial = (
            indicator.kind in ("per-population", "count")
            and indicator.population == "true"
            and indicator.weight is None
        )
        assert trivial or reads_columns(cohort, [indicator]), indicator.id


def test_files_are_named_after_what_they_define():
    for path in (CATALOG / "indicators").rglob("*.yaml"):
        assert path.stem in CATALOGUE.indicators
    for path in (CATALOG / "cohorts").glob("*.yaml"):
        assert path.with_suffix(".sql").exists()


def test_definitions_in_words_name_every_computed_indicator(root: Path):
    words = (root / "docs/explanation/definitions.md").read_text("utf-8")
    assert [i.id for i in CATALOGUE.measured() if f"`{i.id}`" not in words] == []


def test_sources_look_through_shared_queries():
    assert CATALOGUE.sources(CATALOGUE.cohorts["hypertension"]) == {"episode", "observation", "person", "visit"}
