"""A referral as FHIR: valid R4 in every state, and the same picture when it is read again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luoshi.kernel.clock import CHINA
from luoshi.kernel.errors import InvalidValue
from luoshi.records.validate import Validator
from luoshi.services.referral import rules
from luoshi.services.referral.exchange import mapping
from luoshi.services.referral.exchange.mapping import Picture

NOON = datetime(2025, 11, 3, 12, tzinfo=CHINA)
SUBJECT = {"name": "周远山", "sex": "male", "birth_date": "1960-02-03", "system": "urn:luoshi:cn:id:resident",
           "value": "990102198104070024"}  # fmt: skip
ATTACHED = {
    "resourceType": "Bundle",
    "type": "collection",
    "entry": [{"resource": {"resourceType": "Condition", "id": "k1"}}],
}


def picture(**more: Any) -> Picture:
    told: dict[str, Any] = {
        "uid": "00000000-0000-4000-8000-000000000001", "version": 3, "base": 2, "state": "submitted", "asked": True,
        "sender": "C1", "sender_name": "城关镇卫生院", "receiver": "H1", "receiver_name": "东溪区人民医院",
        "diagnosis": "原发性高血压", "reason": "连续两次未控制", "criteria": ("htn-uncontrolled",), "categories": ("general",),
        "said": {"department": "心内科", "tests": "心电图正常", "consent": "patient"}, "subject": SUBJECT, "attached": ATTACHED,
        "at": NOON,
    }  # fmt: skip
    return Picture(**(told | more))


def back(made: Picture) -> Picture:
    entries = mapping.bundle(made)["entry"]
    return mapping.read({e["resource"]["resourceType"]: e["resource"] for e in entries if "resource" in e})


def errors(made: Picture) -> list[str]:
    found = Validator(None).check(orjson.dumps(mapping.bundle(made)))
    return [f"{i.path}: {i.text}" for i in found if i.severity == "error"]


@given(
    st.sampled_from(sorted(rules.MACHINE.states)), st.booleans(), st.sampled_from(["up", "down"]),
    st.sampled_from(["emergency", "urgent", "routine"]), st.booleans(), st.text(min_size=1, max_size=20), st.integers(0, 2**31 - 1),
)  # fmt: skip
@settings(max_examples=40)
def test_it_is_valid_and_comes_back(state, asked, direction, priority, named, words, version):
    words = f"{words}。"  # pasted control characters and all
    summary = {"diagnosis": "高血压2级", "treatment": words} if state in ("summarised", "closed") else {}
    made = picture(
        state=state, asked=asked, direction=direction, priority=priority, version=version,
        subject=SUBJECT if named else {"name": "周远山", "sex": "male"}, arrive_on=None if asked else NOON, summary=summary,
    )  # fmt: skip
    assert errors(made) == []
    read = back(made)
    assert read.summary == mapping.clean(made.summary)
    for name in ("uid", "version", "base", "state", "asked", "arrive_on"):
        assert getattr(read, name) == getattr(made, name), name
    if asked:
        for name in ("direction", "priority", "sender", "receiver", "diagnosis", "reason", "criteria", "categories"):
            assert getattr(read, name) == getattr(made, name), name
        assert read.subject["name"] == "周远山"
        assert read.said["tests"] == "心电图正常"
        # the attached record goes with what is open, and is taken back at the end
        ended = state in rules.MACHINE.final
        assert (read.attached is None) == ended
        urls = [e["request"]["url"] for e in mapping.bundle(made)["entry"] if e["request"]["method"] == "DELETE"]
        assert urls == ([f"DocumentReference/refdoc-{made.uid}"] if ended else [])


@pytest.mark.parametrize("broken", [
    {"businessStatus": {}}, {"extension": []}, {"businessStatus": {"coding": [{"system": mapping.STATE, "code": "lost"}]}},
    {"extension": [{"url": mapping.EXT + "version", "valueInteger": -1}]},
])  # fmt: skip
def test_what_does_not_say_where_it_stands_is_refused(broken):
    task = next(e["resource"] for e in mapping.bundle(picture())["entry"] if e["resource"]["resourceType"] == "Task")
    with pytest.raises(InvalidValue):
        mapping.read({"Task": task | broken})


def test_a_request_without_a_place_is_refused():
    found = {e["resource"]["resourceType"]: e["resource"] for e in mapping.bundle(picture())["entry"]}
    with pytest.raises(InvalidValue):
        mapping.read(found | {"ServiceRequest": {**found["ServiceRequest"], "performer": []}})
    broken = {**found["DocumentReference"], "content": [{"attachment": {"data": "no base64!"}}]}
    with pytest.raises(InvalidValue):
        mapping.read(found | {"DocumentReference": broken})
