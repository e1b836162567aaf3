"""Why a record was not taken: in Chinese for whoever reads Chinese, as the validator said it for the others."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.utils import translation

from luoshi.records.validate import Validator
from luoshi.services.sources import reasons

HAN = re.compile(r"[\u4e00-\u9fff]")
PATIENT = {"resourceType": "Patient", "id": "p"}
OBSERVATION = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
RESIDENT = {"system": "urn:luoshi:cn:id:resident"}
EXT = "urn:luoshi:cn:ext:"


@pytest.mark.parametrize(
    "broken",
    [
        b'{"resourceType": "Patient"',
        b"[]",
        b'\xef\xbb\xbf{"resourceType":"Patient"}',
        "姓名".encode("gb18030"),
        b'{"resourceType":"Patient","active":true,"active":true}',
        {"resourceType": "Pationt"},
        {"id": "p"},
        PATIENT | {"gendre": "male"},
        PATIENT | {"gender": "m"},
        PATIENT | {"gender": ""},
        PATIENT | {"active": "yes"},
        PATIENT | {"active": None},
        PATIENT | {"name": {"text": "x"}},
        PATIENT | {"name": []},
        PATIENT | {"name": ["x"]},
        PATIENT | {"maritalStatus": "x"},
        PATIENT | {"birthDate": "2023-02-30"},
        PATIENT | {"deceasedBoolean": True, "deceasedDateTime": "2020"},
        PATIENT | {"contact": [{"gender": "male"}]},
        PATIENT | {"managingOrganization": {"reference": "Patient/1"}},
        PATIENT | {"managingOrganization": {"reference": "#x"}},
        PATIENT | {"text": {"status": "generated", "div": "<div>x</div>"}},
        PATIENT | {"telecom": [{"value": "1"}]},
        PATIENT | {"multipleBirthInteger": 2**40},
        PATIENT | {"extension": [{"url": "x"}]},
        PATIENT | {"extension": [{"url": EXT + "nation", "valueCode": "57"}]},
        PATIENT | {"extension": [{"url": EXT + "division", "valueCode": "1"}]},
        PATIENT | {"identifier": [RESIDENT | {"value": "110105194912310021"}]},
        PATIENT | {"identifier": [RESIDENT | {"value": "1"}]},
        PATIENT | {"birthDate": "1950-01-01", "identifier": [RESIDENT | {"value": "11010519491231002X"}]},
        PATIENT | {"birthDate": "2020-01-01", "deceasedDateTime": "2019-01-01"},
        {"resourceType": "Observation"},
        OBSERVATION | {"status": "done"},
        OBSERVATION | {"effectivePeriod": {"start": "2020-02-02", "end": "2020-01-01"}},
        OBSERVATION | {"valueQuantity": {"value": 1, "code": "mm"}},
        OBSERVATION | {"referenceRange": [{}]},
        OBSERVATION | {"valueString": "a\u0001b"},
    ],
)
def test_every_reason_has_words_in_both_languages(broken: bytes | dict[str, Any]) -> None:
    raw = broken if isinstance(broken, bytes) else json.dumps(broken).encode()
    issues = [issue for issue in Validator("cn").check(raw) if issue.severity == "error"]
    assert issues
    for issue in issues:
        with translation.override("zh-hans"):
            said = reasons.text(issue.text, issue.code)
            assert reasons.chinese(issue.text), issue.text
            assert HAN.search(said), said
            assert "{" not in said
            assert HAN.search(reasons.code(issue.code)), issue.code
        with translation.override("en"):
            assert reasons.text(issue.text, issue.code) == issue.text
            assert reasons.code(issue.code) == issue.code


def test_what_the_record_says_stays_in_the_reason() -> None:
    assert reasons.chinese("boolean must be true or false in JSON, not a string.") == (
        "boolean 在 JSON 里应当是true 或 false，不是文本。"
    )
    assert "tim-6" in reasons.chinese("tim-6: periodMax needs period.")


def test_a_sentence_nobody_knows_keeps_its_words() -> None:
    with translation.override("zh-hans"):
        assert reasons.text("Something new.", "value") == "值不对 Something new."
