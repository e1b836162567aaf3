"""The reader against hand-made answers: the seeds' gold, and the answers kept here for the public plans."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import scoring

from luoshi.plans.read import read_file

ANSWERS = Path(__file__).parent / "answers"


@pytest.mark.shared
@pytest.mark.parametrize("seed", ["000", "001", "002", "003", "004"])
def test_seeds(shared_dir: Path, seed: str) -> None:
    answers = scoring.load(shared_dir / "gold" / f"{seed}.json")
    document, plan = read_file(shared_dir / "seeds" / answers["source"])
    result = scoring.score(seed, document.text, plan.targets, answers)
    assert result.f1 >= 0.97, (result.missed, result.false, result.wrong)
    assert result.deadlines >= 0.95, result.misdated


@pytest.mark.shared
@pytest.mark.parametrize("path", sorted(ANSWERS.glob("*.json")), ids=lambda p: p.stem[:20])
def test_public_plans(shared_dir: Path, path: Path) -> None:
    answers = scoring.load(path)
    document, plan = read_file(shared_dir / "plans" / answers["source"])
    result = scoring.score(path.stem, document.text, plan.targets, answers)
    assert result.f1 >= 0.97, (result.missed, result.false, result.wrong)
    assert result.deadlines >= 0.95, result.misdated


def test_the_scorer_punishes_and_forgives() -> None:
    text = "产前筛查率达75%以上。新建卫生室3家。听力筛查率达90%。"
    answers = {
        "targets": [
            {"id": "G1", "span": "产前筛查率达75%以上", "op": ">=", "value": 75, "unit": "%", "deadline": "2024"},
            {"id": "G2", "span": "听力筛查率达90%", "op": ">=", "value": 90, "unit": "%", "deadline": "2024"},
        ],
        "doubtful_targets": [
            {"id": "D1", "span": "新建卫生室3家", "op": "=", "value": 3, "unit": "家", "deadline": "2024"}
        ],
    }
    from luoshi.plans.targets import find_targets

    found = find_targets(text, offset_of=lambda i: i, year=2024, plan_years=(2024, 2024))
    right = scoring.score("all", text, found, answers)
    assert (right.f1, right.deadlines, right.read) == (1.0, 1.0, 2)
    assert scoring.score("one missed", text, found[1:], answers).recall == 0.5
    found[0].op = "<="
    assert scoring.score("one wrong", text, found, answers).right == 1
    found[0].op, found[0].start, found[0].end = ">=", 0, 1
    found[0].value = 76
    assert scoring.score("one false", text, found, answers).precision == 0.5
