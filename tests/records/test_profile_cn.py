"""Our rules for China on top of R4."""

from __future__ import annotations

from typing import Any

import pytest

from luoshi.records.validate import Validator

CN, R4 = Validator(profile="cn"), Validator()
WOMAN = "11010519491231002X"  # born 1949-12-31


def patient(value: str = WOMAN, system: str = "urn:luoshi:cn:id:resident", **more: Any) -> dict[str, Any]:
    """A Patient with one identifier."""
    return {"resourceType": "Patient", "identifier": [{"system": system, "value": value}], **more}


def extension(url: str, **value: Any) -> dict[str, Any]:
    """A Patient with one extension of ours."""
    return {"resourceType": "Patient", "extension": [{"url": f"urn:luoshi:cn:ext:{url}", **value}]}


def organization(system: str, value: str) -> dict[str, Any]:
    """An Organization with one identifier."""
    return {"resourceType": "Organization", "identifier": [{"system": f"urn:luoshi:cn:id:{system}", "value": value}]}


@pytest.mark.parametrize(
    "resource",
    [
        patient(gender="female", birthDate="1949-12-31"),
        patient(birthDate="1949"),
        patient(gender="other"),
        patient("12345", "urn:hospital:mrn"),
        organization("uscc", "11370300MB2863168B"),
        organization("institution", "002590542"),
        extension("division", valueCode="990101001"),
        extension("zone", valueCode="rural"),
        extension("nation", valueCode="56"),
        extension("record-opened", valueDate="2020-02-29"),
        {"resourceType": "Patient"},
    ],
)
def test_right(resource: dict[str, Any]) -> None:
    assert CN.check(resource) == []


@pytest.mark.parametrize(
    ("resource", "path"),
    [
        (patient("110105194912310021"), "Patient.identifier[0].value"),
        (patient("110105194902310023"), "Patient.identifier[0].value"),
        (patient("123"), "Patient.identifier[0].value"),
        (patient(gender="male"), "Patient.identifier[0]"),
        (patient(birthDate="1949-12-30"), "Patient.identifier[0]"),
        (patient(birthDate="1950"), "Patient.identifier[0]"),
        (organization("uscc", "11370300MB2863168C"), "Organization.identifier[0].value"),
        (organization("institution", "002590543"), "Organization.identifier[0].value"),
        (extension("division", valueCode="99010"), "Patient.extension[0].valueCode"),
        (extension("division", valueString="990101"), "Patient.extension[0]"),
        (extension("zone", valueCode="town"), "Patient.extension[0].valueCode"),
        (extension("mode", valueCode="letter"), "Patient.extension[0].valueCode"),
        (extension("nation", valueCode="57"), "Patient.extension[0].valueCode"),
        (extension("record-opened", valueDate="2020"), "Patient.extension[0].valueDate"),
        ({"resourceType": "Patient", "birthDate": "2000-01-02", "deceasedDateTime": "2000-01-01"}, "Patient"),
    ],
)
def test_wrong_here_though_right_in_r4(resource: dict[str, Any], path: str) -> None:
    assert R4.check(resource) == []
    assert [(i.severity, i.path) for i in CN.check(resource)] == [("error", path)]


def test_an_old_number_is_a_warning() -> None:
    (issue,) = CN.check(patient("130503670401001"))
    assert issue.severity == "warning"
    assert CN.examine(patient("130503670401001")).valid


def test_inside_a_bundle() -> None:
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": patient("123")}]}
    (issue,) = CN.check(bundle)
    assert issue.path == "Bundle.entry[0].resource.identifier[0].value"
