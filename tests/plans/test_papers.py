"""Whole papers made in the genre, with answers written before the reader saw them; and what every field says of itself."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import paper_scoring

from luoshi.plans.model import Plan
from luoshi.plans.read import read, read_file

ANSWERS = sorted(paper_scoring.PAPERS.glob("*.yaml"))


@pytest.fixture(scope="module")
def results() -> dict[str, tuple[paper_scoring.Result, Plan]]:
    return {path.stem: paper_scoring.score(path) for path in ANSWERS}


def test_papers_are_read_as_answered(results: dict[str, tuple[paper_scoring.Result, Plan]]) -> None:
    totals = {kind: paper_scoring.Tally() for kind in paper_scoring.KINDS}
    for result, _ in results.values():
        for kind, tally in result.tallies.items():
            totals[kind].add(tally.wanted, tally.read, tally.right)
    errors = [f"{name}: {error}" for name, (result, _) in results.items() for error in result.errors]
    floors = {"targets": 0.985, "deadlines": 0.985, "tasks": 0.985, "numbers": 0.98, "units": 0.985, "leads": 0.98,
              "dues": 0.97, "head": 0.95}  # fmt: skip
    assert {kind: totals[kind].f1 >= floor for kind, floor in floors.items()} == dict.fromkeys(floors, True), errors


def test_every_field_has_its_place_rule_and_confidence(results: dict[str, tuple[paper_scoring.Result, Plan]]) -> None:
    for path in ANSWERS:
        plan = results[path.stem][1]
        text = read_file(paper_scoring.source_of(path))[0].text
        holders = [plan.plan, *plan.actions, *plan.tasks, *plan.safeguards, *plan.targets]
        for holder in holders:
            for entry in holder.evidence:
                assert entry.rule, (path.stem, entry)
                assert 0 < entry.confidence <= 1, (path.stem, entry)
                if entry.start is None:
                    assert entry.flags or entry.rule in ("time limit", "column of the task table"), (path.stem, entry)
                else:
                    assert 0 <= entry.start < (entry.end or 0) <= len(text), (path.stem, entry)
        head = {entry.field for entry in plan.plan.evidence}
        for name in ("title", "issuer", "region", "doc_number", "published", "period_start", "period_end"):
            assert (name in head) == bool(getattr(plan.plan, name)), (path.stem, name)
        for task in plan.tasks:
            told = [entry.value for entry in task.evidence if entry.field == "units"]
            assert sorted(told) == sorted(task.units), (path.stem, task.number)
            assert [e.value for e in task.evidence if e.field == "deadline"] == [task.deadline] * bool(task.deadline)
        for target in plan.targets:
            told_fields = {entry.field for entry in target.evidence}
            assert {"metric", "value", "op"} <= told_fields or target.rule == "flattened-table", (path.stem, target)


def test_units_lead_to_entries_of_the_directory(results: dict[str, tuple[paper_scoring.Result, Plan]]) -> None:
    plan = results["r1-01-provincial-health-actions"][1]
    entries = {e.value: e.entry for task in plan.tasks for e in task.evidence if e.field == "units"}
    assert entries["省卫生健康委"] == "health/province"
    assert entries["省教育厅"] == "education/province"


def test_an_order_set_by_hand_is_followed(tmp_path: Path) -> None:
    from luoshi.documents import open_document

    parts = ["某市2024年工作要点\n一、医疗\n1.建设医院2家。\n", "2.建设药房3个。\n", "3.建设中心4个。\n"]
    path = tmp_path / "a.txt"
    path.write_text(parts[0] + parts[2] + parts[1], "utf-8")
    document = open_document(path)
    first, third = len(parts[0]), len(parts[0]) + len(parts[2])
    plan = read(document, page_order=[(0, first), (third, len(document.text)), (first, third)])
    assert [task.number for task in plan.tasks] == ["1", "2", "3"]
    assert len(plan.page_order) == 3


def test_a_text_that_breaks_off_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("某市2024年工作要点\n1.建设医院2家，推进县域医疗中心建设和基层服务能力提升，进一步完善", "utf-8")
    assert any("ends in the middle" in note for note in read_file(path)[1].notes)


def test_big5_in_a_few_words(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("衛生局2024年工作計劃\n1.建設醫院2家。".encode("big5"))
    document, plan = read_file(path)
    assert "衛生局" in document.text
    assert [target.value for target in plan.targets] == [2]
