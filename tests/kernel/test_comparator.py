"""Comparators: 以上 and 以下 include the number; a bare 达 X is kept by overshooting in the better direction."""

from __future__ import annotations

import pytest

from luoshi.kernel.comparator import Threshold
from luoshi.kernel.errors import InvalidValue


@pytest.mark.parametrize(
    ("threshold", "value", "better", "met"),
    [
        (Threshold(">=", 62), 62, "higher", True),
        (Threshold(">=", 62), 61.99, "higher", False),
        (Threshold("<=", 12), 12, "lower", True),
        (Threshold(">", 50), 50, "higher", False),
        (Threshold("<", 5), 4.9, "lower", True),
        (Threshold("=", 62), 70, "higher", True),
        (Threshold("=", 3.5), 3.0, "lower", True),
        (Threshold("=", 3.5), 3.0, "band", False),
        (Threshold("between", 10, 20), 20, "band", True),
        (Threshold("between", 10, 20), 21, "band", False),
        (Threshold(">=", 90), 100 * 9 / 10, "higher", True),
        (Threshold(">=", 28.7), 100 * 287 / 1000, "higher", True),
    ],
)
def test_met_by(threshold: Threshold, value: float, better: str, met: bool) -> None:
    assert threshold.met_by(value, better=better) is met


def test_between_needs_both_ends() -> None:
    with pytest.raises(InvalidValue):
        Threshold("between", 1)
    with pytest.raises(InvalidValue):
        Threshold(">=", 1, 2)
