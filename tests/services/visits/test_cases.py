"""The worked cases of the norms: every one, by its programme, and that there are enough to trust the interpreter."""

from __future__ import annotations

import pytest

from luoshi.kernel.errors import CatalogError
from luoshi.services.visits import cases
from luoshi.services.visits.rulebook import programmes

ALL = [(name, case) for name, programme in programmes().items() for case in programme.cases]


@pytest.mark.parametrize(("name", "case"), ALL, ids=[f"{name}: {case['says']}" for name, case in ALL])
def test_case(name, case):
    assert cases.run(programmes()[name], case) == []


def test_there_are_enough():
    assert len(ALL) >= 60
    assert {name for name, _ in ALL} == set(programmes())


def test_a_wrong_answer_shows():
    programme = programmes()["hypertension"]
    wrong = {**programme.cases[0], "do": "refer"}
    assert cases.run(programme, wrong) == [f"hypertension: {wrong['says']}: do is continue, not refer"]
    with pytest.raises(CatalogError):
        cases.run(programme, {**programme.cases[0], "dew": "refer"})
