"""What a sentence that a person picked is offered as: the reader's reading, or the number at its word."""

from __future__ import annotations

from luoshi.plans.suggestion import suggest


def test_a_sentence_the_reader_understands() -> None:
    found = suggest("到2027年，规范管理率由60%提高到72%以上", year=2025, plan_years=(2025, 2027))
    assert found is not None
    assert (found.metric, found.op, found.value, found.unit) == ("规范管理率", ">=", 72, "%")
    assert (found.deadline, found.baseline) == ("2027", 60)


def test_a_number_the_reader_would_refuse_is_taken_at_its_word() -> None:
    found = suggest("全省29个流行县（市、区）达到阻断标准", year=2025, plan_years=(None, 2030))
    assert found is not None
    assert (found.metric, found.value, found.unit) == ("流行县（市、区）达到阻断标准数", 29, "个")
    assert (found.kind, found.deadline, found.rule) == ("count", "2030", "picked")


def test_words_without_a_number() -> None:
    assert suggest("做好组织领导工作", year=2025) is None
