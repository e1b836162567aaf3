"""What comes in is matched: joined where certain and allowed, asked where likely, never guessed silently."""

from __future__ import annotations

import json
from typing import Any

import pytest

from luoshi.kernel.errors import Refused
from luoshi.kernel.identifiers import resident_id_check_character
from luoshi.platform.audit.models import Entry
from luoshi.platform.identity import actions, arrivals, links
from luoshi.platform.identity.models import Case, Key, Link, Record, State
from luoshi.platform.store import sets
from luoshi.platform.store.models import Source
from luoshi.platform.store.preparing import prepare
from luoshi.platform.store.writing import commit
from luoshi.records.matching import Matcher, Model, scheme
from luoshi.simulate.identities import labelled

CN = "urn:luoshi:cn:"


def as_patient(key: str, row: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A Patient of the raw texts."""
    made: dict[str, Any] = {"resourceType": "Patient", "id": key, "gender": row.get("sex") or "unknown", **more}
    if row.get("name"):
        made["name"] = [{"use": "official", "text": row["name"]}]
    if row.get("birth"):
        made["birthDate"] = row["birth"]
    made["identifier"] = [
        {"system": f"{CN}id:{kind}", "value": row[column]}
        for kind, column in (("resident", "resident_id"), ("ehr-no", "record_number"), ("household", "household"))
        if row.get(column)
    ]
    if not made["identifier"]:
        del made["identifier"]
    if row.get("phone"):
        made["telecom"] = [{"system": "phone", "value": row["phone"]}]
    if row.get("division"):
        made["address"] = [
            {
                "text": row.get("address") or "无",
                "extension": [{"url": f"{CN}ext:division", "valueCode": row["division"]}],
            }
        ]
    return made


def send(*patients: dict[str, Any], source: str = "hospital") -> None:
    sender, _ = Source.objects.get_or_create(name=source)
    prepared = prepare("\n".join(map(json.dumps, patients)).encode(), 1, False)
    assert not prepared.refused, prepared.refused[0].text
    commit(prepared, source=sender, by="test")


def person(key: str) -> int:
    return int(sets.one("SELECT person FROM store_resource WHERE type = 'Patient' AND key = %s", key))


def resident_id(first17: str) -> str:
    """With its check character."""
    return first17 + resident_id_check_character(first17)


LI = {"name": "李志明", "sex": "male", "birth": "1980-03-05", "phone": "13900001111", "division": "990103101201",
      "address": "3组12号", "resident_id": resident_id("99010319800305001")}  # fmt: skip


@pytest.fixture(scope="module")
def model() -> Model:
    """Weights learned from a synthetic population, once."""
    return Matcher(scheme()).learn_from(labelled(800, difficulty="medium", seed=5).rows)


@pytest.fixture
def learned(db: None, model: Model) -> None:
    """An installation that has learned and joins what is certain by itself."""
    actions.set_mode("auto", by="test")
    State.objects.filter(pk=1).update(model=model.to_json())


def without(row: dict[str, Any], *names: str, **more: Any) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names} | more


@pytest.mark.usefixtures("learned")
def test_the_certain_are_joined_the_likely_asked_the_rest_left() -> None:
    send(as_patient("a", LI))
    send(
        as_patient("b", without(LI, "resident_id")),  # no number
        as_patient("c", without(LI, "resident_id", "phone", "division", birth="1980-03-28", sex="male")),
        as_patient("d", {"name": "赵芳", "sex": "female", "birth": "1991-11-11", "phone": "13512341234"}),
        source="clinic",
    )
    settled = arrivals.settle()
    assert (settled.indexed, settled.compared, settled.joined) == (4, 4, 1), list(Case.objects.values())
    assert links.root(person("b")) == person("a")
    link = Link.objects.get()
    assert (link.basis, link.by) == ("auto", "identity")
    assert "bit" in link.reason
    assert Entry.objects.filter(action="identity.merge").exists()
    cases = Case.objects.filter(state="open")
    assert {links.root(p) for case in cases for p in (case.left, case.right)} == {person("a"), person("c")}
    case = cases.first()
    assert case is not None
    assert {f["field"]: f["level"] for f in case.evidence}["birth"] == "lunar"
    before = list(Case.objects.values_list("pk", flat=True)), Record.objects.count(), Key.objects.count()
    again = arrivals.settle()
    assert (again.indexed, again.compared, again.joined, again.cases) == (1, 0, 0, 0), (
        "only the one moved is seen again"
    )
    assert before == (list(Case.objects.values_list("pk", flat=True)), Record.objects.count(), Key.objects.count())


@pytest.mark.usefixtures("learned")
def test_two_valid_numbers_and_twins_are_never_joined_by_a_machine() -> None:
    send(as_patient("a", LI), as_patient("b", without(LI, resident_id=resident_id("99010319800305003"))))
    assert arrivals.settle().joined == 0
    twin = without(LI, "resident_id", name="李思雨", birth="2024-01-05", sex="female")
    send(
        as_patient("t1", twin, multipleBirthInteger=1),
        as_patient("t2", {**twin, "name": "李思雪"}, multipleBirthInteger=2),
    )
    arrivals.settle()
    assert person("t1") != person("t2")


@pytest.mark.django_db
def test_nothing_is_joined_before_anything_was_learned_or_in_review() -> None:
    actions.set_mode("auto", by="test")
    send(as_patient("a", LI), as_patient("b", without(LI, "resident_id")))
    assert arrivals.settle().joined == 0
    assert Case.objects.filter(state="open").count() == 1
    with pytest.raises(Refused):
        arrivals.learn(by="test")


@pytest.mark.usefixtures("learned")
def test_an_answer_is_final_until_taken_back() -> None:
    actions.set_mode("review", by="test")
    send(as_patient("a", LI), as_patient("b", without(LI, "resident_id")))
    arrivals.settle()
    case = Case.objects.get()
    actions.answer(case.pk, answer="same", by="one", revision=case.revision)
    assert person("a") == person("b")
    with pytest.raises(Refused):
        actions.answer(case.pk, answer="different", by="two", revision=case.revision)
    with pytest.raises(Refused):
        actions.answer(case.pk, answer="different", by="two")
    actions.take_back(case.pk, by="two")
    assert person("a") != person("b")
    actions.answer(case.pk, answer="different", by="two")
    actions.set_mode("auto", by="test")
    send(as_patient("b", without(LI, "resident_id", address="3组12号 2楼")))
    assert arrivals.settle().joined == 0, "a human said they are two"
    assert Case.objects.get().state == "different"


@pytest.mark.usefixtures("learned")
def test_the_sender_says_so() -> None:
    row = {"name": "王一", "sex": "male", "birth": "1970-01-01"}
    send(as_patient("x", row), as_patient("y", {**row, "name": "孙二", "birth": "1999-09-09"}))
    sender = Source.objects.get(name="hospital")
    link = actions.merge_patients(source=sender, keep="x", other="y", by="adt", reason="A40")
    assert link is not None
    assert link.basis == "source"
    assert person("y") == person("x")
    assert actions.unmerge_patients(source=sender, keep="x", other="y", by="adt", reason="A37") is not None
    assert person("y") != person("x")
    send(as_patient("z", row, link=[{"other": {"reference": "Patient/x"}, "type": "replaced-by"}]))
    arrivals.settle()
    assert person("z") == person("x")


@pytest.mark.usefixtures("learned")
def test_a_newborn_becomes_who_they_are() -> None:
    """Written down before the name, under the mother's number; then registered with a number of its own."""
    mother = {"extension": [{"url": f"{CN}ext:mother-id", "valueString": resident_id("99010319950707002")},
                            {"url": f"{CN}ext:mother-name", "valueString": "陈静"}]}  # fmt: skip
    born = {
        "sex": "female",
        "birth": "2025-05-06",
        "phone": "13700002222",
        "division": "990103101201",
        "address": "1组2号",
    }
    send(as_patient("n1", {**born, "name": "陈静之女"}, multipleBirthInteger=1, **mother))
    send(
        as_patient(
            "n2",
            {**born, "name": "周可欣", "resident_id": resident_id("99010320250506002")},
            multipleBirthInteger=1,
            **mother,
        )
    )
    settled = arrivals.settle()
    assert settled.joined + settled.cases == 1
    if settled.cases:
        actions.answer(Case.objects.get().pk, answer="same", by="nurse")
    assert person("n1") == person("n2")


@pytest.mark.usefixtures("learned")
def test_arrivals_find_what_the_batch_finds(model: Model) -> None:
    made = labelled(120, difficulty="hard", seed=11)
    table = made.rows.to_pylist()
    actions.set_mode("review", by="test")
    send(*[as_patient(f"p{row['rid']}", {k: v for k, v in row.items() if k not in ("mother_id", "mother_name")})
           for row in table[:200]])  # fmt: skip
    arrivals.settle()
    kept = [(r, json.loads(raw)) for r, raw in Record.objects.values_list("resource", "raw")]
    from luoshi.records.matching.prepare import as_table

    batch = Matcher(scheme(), model).within(as_table([raw for _, raw in kept], [r for r, _ in kept], scheme()))
    origins = links.origins([r for r, _ in kept])
    people = dict(sets.rows("SELECT id, person FROM store_resource WHERE type = 'Patient'"))
    wanted: dict[tuple[int, int], float] = {}
    for row in batch.to_pylist():
        pair = tuple(sorted(origins.get(r, people[r]) for r in (row["left"], row["right"])))
        if pair[0] != pair[1]:
            wanted[pair] = max(wanted.get(pair, 0.0), row["probability"])  # type: ignore[index]
    found = {(c.left, c.right): c.probability for c in Case.objects.all()}
    assert found == pytest.approx(wanted)
    assert len(found) > 10
