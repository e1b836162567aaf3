"""Child growth against the field tables printed by the World Health Organization, and the limits made from the standard."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from luoshi.catalog.loader import CATALOG
from luoshi.indicators.methods.growth import Measure, limit, z_scores
from luoshi.indicators.methods.inputs import MethodError

# WHO Child Growth Standards, printed z-score tables (2006): measure, sex, day of age or size in cm, SD, printed value.
PRINTED: list[tuple[Measure, str, float, float, float]] = [
    ("length-for-age", "male", 0, 0, 49.9), ("length-for-age", "male", 0, -2, 46.1),
    ("length-for-age", "male", 365, 0, 75.7), ("length-for-age", "male", 731, 0, 87.1),
    ("length-for-age", "male", 731, -2, 81.0), ("length-for-age", "female", 731, 0, 85.7),
    ("length-for-age", "male", 1826, 0, 110.0), ("length-for-age", "male", 1826, -2, 100.7),
    ("weight-for-age", "female", 365, 0, 8.9), ("weight-for-age", "female", 365, -2, 7.0),
    ("weight-for-age", "male", 365, 0, 9.6), ("weight-for-age", "male", 1826, 0, 18.3),
    ("weight-for-height", "male", 100, 0, 15.4), ("weight-for-height", "male", 100, 2, 18.2),
    ("weight-for-length", "male", 70, 0, 8.4),
]  # fmt: skip


@pytest.mark.parametrize(("measure", "sex", "at", "deviations", "printed"), PRINTED)
def test_the_printed_tables_come_out(measure: Measure, sex: str, at: float, deviations: float, printed: float) -> None:
    assert round(limit(measure, sex, at, deviations), 1) == pytest.approx(printed, abs=0.051)


def test_a_value_at_a_limit_has_that_score() -> None:
    for measure, at in (("length-for-age", 500.0), ("weight-for-age", 500.0), ("weight-for-height", 95.3)):
        for sex in ("male", "female"):
            for deviations in (-3, -2, -1, 0, 1, 2, 3):
                value = limit(measure, sex, at, deviations)  # type: ignore[arg-type]
                assert z_scores(measure, [sex], [at], [value])[0] == pytest.approx(deviations, abs=1e-9)  # type: ignore[arg-type]


def test_weights_far_out_go_on_by_the_distance_between_the_second_and_the_third_deviation() -> None:
    two, three = (limit("weight-for-age", "female", 400, d) for d in (2, 3))
    heavy = three + 2 * (three - two)
    assert z_scores("weight-for-age", ["female"], [400], [heavy])[0] == pytest.approx(5)
    low, lower = (limit("weight-for-age", "female", 400, d) for d in (-2, -3))
    assert z_scores("weight-for-age", ["female"], [400], [lower - (low - lower)])[0] == pytest.approx(-4)


def test_outside_the_standard_there_is_no_score() -> None:
    found = z_scores("length-for-age", ["male", "male", "male"], [-1, 5000, 10], [50, 120, 0])
    assert np.isnan(found).all()
    assert np.isnan(z_scores("weight-for-height", ["female"], [200], [50])[0])


def test_unknown_measures_and_sexes_are_refused() -> None:
    with pytest.raises(MethodError, match="no growth table"):
        z_scores("arm-for-age", ["male"], [10], [10])  # type: ignore[arg-type]
    with pytest.raises(MethodError, match="boys"):
        z_scores("length-for-age", ["other"], [10], [50])


def test_the_limits_the_cohorts_read_are_those_of_the_standard(root: Path) -> None:
    spec = importlib.util.spec_from_file_location("make_growth_limits", root / "tools/make_growth_limits.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    for name in tool.FILES:
        assert (CATALOG / "cohorts/schedules" / name).read_text("utf-8") == tool.text(name), f"run {spec.origin}"
