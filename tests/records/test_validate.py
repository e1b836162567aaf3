"""R4 validation: what is right passes, and whatever is done to it that R4 forbids is refused, with the place."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from luoshi.kernel.errors import InvalidValue
from luoshi.records.structure import Type, TypeRef, resource_types, types, value_sets
from luoshi.records.structure_primitives import PRIMITIVES
from luoshi.records.structure_schema import validator
from luoshi.records.validate import Validator, has_duplicate_keys
from luoshi.records.validate_explain import explain

VALID = [line for line in (Path(__file__).parent / "valid.ndjson").read_bytes().splitlines() if line]
R4 = Validator()
PRIMITIVE_SAMPLES: dict[str, Any] = {
    "base64Binary": "QUJD",
    "boolean": True,
    "canonical": "http://example.org/a|1",
    "code": "a code",
    "date": "2024-02-29",
    "dateTime": "2024-02-29T08:00:00+08:00",
    "decimal": 1.5,
    "id": "a-1",
    "instant": "2024-02-29T08:00:00.5Z",
    "integer": -3,
    "markdown": "*文*",
    "oid": "urn:oid:1.2.3",
    "positiveInt": 1,
    "string": "文",
    "time": "08:00:00",
    "unsignedInt": 0,
    "uri": "urn:x",
    "url": "http://example.org",
    "uuid": "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0",
    "xhtml": '<div xmlns="http://www.w3.org/1999/xhtml">a</div>',
}
# What the invariants of R4 ask for beyond the required elements.
COMPLETIONS: dict[str, dict[str, Any]] = {
    "AllergyIntolerance": {
        "clinicalStatus": {
            "coding": [
                {"system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "code": "active"}
            ]
        }
    },
    "Appointment": {"start": "2024-01-01T08:00:00Z", "end": "2024-01-01T09:00:00Z"},
    "Appointment.participant": {"actor": {"reference": "Patient/1"}},
    "AppointmentResponse": {"actor": {"reference": "Patient/1"}},
    "CapabilityStatement": {"kind": "requirements", "rest": [{"mode": "server"}], "description": "x"},
    "Consent": {"policyRule": {"text": "x"}},
    "CoverageEligibilityResponse.insurance.item": {"category": {"text": "x"}},
    "Extension": {"valueString": "x"},
    "ImmunizationRecommendation.recommendation": {"targetDisease": {"text": "x"}},
    "InsurancePlan": {"name": "x"},
    "Linkage": {
        "item": [
            {"type": "source", "resource": {"reference": "Patient/1"}},
            {"type": "alternate", "resource": {"reference": "Patient/2"}},
        ]
    },
    "MolecularSequence": {"coordinateSystem": 1},
    "NamingSystem": {"kind": "identifier"},
    "Organization": {"name": "x"},
    "StructureDefinition": {
        "type": "Patient",
        "abstract": True,
        "differential": {"element": [{"id": "Patient", "path": "Patient"}]},
    },
    "TerminologyCapabilities": {"kind": "requirements", "description": "x"},
    "Quantity": {"value": 1},
    "Age": {"value": 1, "system": "http://unitsofmeasure.org", "code": "a"},
    "Duration": {"value": 1, "unit": "d"},
    "Ratio": {"numerator": {"value": 1}, "denominator": {"value": 1}},
    "Bundle": {"type": "collection"},
    "ConceptMap.group.element.target": {"equivalence": "equal"},
    "TriggerDefinition": {"type": "named-event", "name": "x"},
    "Parameters.parameter": {"valueString": "x"},
    "TestScript.setup.action": {"operation": {"encodeRequestUrl": True, "params": "x"}},
    "TestScript.test.action": {"operation": {"encodeRequestUrl": True, "params": "x"}},
    "TestScript.teardown.action": {"operation": {"encodeRequestUrl": True, "params": "x"}},
    "TestReport.setup.action": {"operation": {"result": "pass"}},
    "TestReport.test.action": {"operation": {"result": "pass"}},
}


def sample(ref: TypeRef, value_set: str, depth: int = 0) -> Any:
    """A small valid value of one type."""
    if value_set == "mimetypes":
        return "text/plain"
    if value_set == "currencies":
        return "CNY"
    if value_set and ref.primitive:
        return next(code for codes in value_sets()[value_set].values() for code in codes)
    if value_set:
        system, codes = next(iter(value_sets().get(value_set, {"http://unitsofmeasure.org": ["1"]}).items()))
        return {"coding": [{"system": system, "code": codes[0]}]}
    if ref.primitive:
        return PRIMITIVE_SAMPLES[ref.name]
    if ref.name == "Reference":
        return {"reference": f"{(ref.targets or ('Patient',))[0]}/1"}
    if ref.name == "Resource":
        return {"resourceType": "Basic", "id": "b", "code": {"text": "#b"}}
    return least(types()[ref.name], depth + 1)


def least(kind: Type, depth: int = 0) -> dict[str, Any]:
    """The smallest valid object of a type: what is required, or else its first element."""
    made: dict[str, Any] = {"resourceType": kind.name} if kind.kind == "resource" else {}
    for element in kind.elements.values():
        if element.minimum:
            name, ref = element.properties[0]
            value = sample(ref, element.value_set, depth)
            made[name] = [value] if element.many else value
    made.update(copy.deepcopy(COMPLETIONS.get(kind.name, {})))
    if not made:
        for element in kind.elements.values():
            name, ref = element.properties[0]
            if element.name not in ("id", "extension", "modifierExtension") and depth < 6:
                value = sample(ref, element.value_set, depth)
                return {name: [value] if element.many else value}
        return {"extension": [{"url": "urn:x", "valueString": "x"}]}
    return made


def errors(resource: Any) -> list[str]:
    """Paths and texts of the errors in one resource."""
    raw = resource if isinstance(resource, bytes) else orjson.dumps(resource)
    return [f"{i.path}: {i.text}" for i in R4.check(raw) if i.severity == "error"]


@pytest.mark.parametrize("line", VALID, ids=lambda line: orjson.loads(line)["resourceType"])
def test_valid_resources_pass(line: bytes) -> None:
    assert errors(line) == []


@pytest.mark.parametrize("name", resource_types())
def test_the_smallest_of_every_type_passes_and_needs_all_it_has(name: str) -> None:
    resource = least(types()[name])
    assert errors(resource) == []
    for element in types()[name].elements.values():
        if element.minimum:
            without = {k: v for k, v in resource.items() if k != element.properties[0][0]}
            assert errors(without), f"{name} without {element.name}"


@pytest.mark.parametrize("name", resource_types())
def test_every_element_of_every_type_is_known(name: str) -> None:
    """Adding one optional element at a time is refused by an invariant at most, never by the structure."""
    for element in types()[name].elements.values():
        for prop, ref in element.properties:
            value = sample(ref, element.value_set)
            resource = least(types()[name])
            if element.choice and any(p in resource for p, _ in element.properties):
                resource = {k: v for k, v in resource.items() if k not in {p for p, _ in element.properties}}
            resource[prop] = [value] if element.many else value
            issues = [i for i in R4.check(resource) if i.severity == "error" and i.code != "invariant"]
            assert issues == [], f"{name}.{prop}"


def nodes(value: Any, kind: Type, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any, TypeRef, Any]]:
    """Every typed node of a resource: where it is, its value, its type, its element. Inner resources are skipped."""
    for key, content in value.items():
        known = kind.properties.get(key)
        if known is None:
            continue
        element, ref = known
        yield (*path, key), content, ref, element
        for i, item in enumerate(content if isinstance(content, list) else [content]):
            if isinstance(item, dict) and ref.name != "Resource":
                yield from nodes(item, types()[ref.name], (*path, key, i) if element.many else (*path, key))


def changed(resource: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """A copy with one place replaced."""
    made = copy.deepcopy(resource)
    at: Any = made
    for part in path[:-1]:
        at = at[part]
    at[path[-1]] = value
    return made


def mutations(resource: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What may never pass, done to every node."""
    yield "an unknown element", {**resource, "foo": 1}
    yield "an unknown sibling", {**resource, "_foo": {"id": "x"}}
    seen: set[tuple[Any, ...]] = set()
    for path, value, ref, element in nodes(resource, types()[resource["resourceType"]]):
        where = ".".join(map(str, path))
        kind = tuple(part for part in path if isinstance(part, str))
        if kind in seen:
            continue
        seen.add(kind)
        for bad in (None, [], {}):
            yield f"{where} = {bad}", changed(resource, path, bad)
        if element.many:
            yield f"{where} not an array", changed(resource, path, value[0] if value[0] is not None else value[1])
            for bad in ([], {}):
                yield f"{where}[0] = {bad}", changed(resource, (*path, 0), bad)
            yield f"{where} with null", changed(resource, path, [*value, None])
        else:
            yield f"{where} in an array", changed(resource, path, [value])
        single, place = (value[0], (*path, 0)) if element.many else (value, path)
        if single is None:
            continue
        if ref.primitive:
            wrong: list[Any] = {
                "string": ["", 7, True],
                "boolean": ["true", 1, ""],
                "integer": ["1", 1.5, True, 2**31],
            }.get(PRIMITIVES[ref.name].json, ["1.0", True, ""])
            if PRIMITIVES[ref.name].json == "integer":
                wrong.append(float(single))
            if ref.name in ("date", "dateTime", "instant"):
                wrong += ["2023-02-29", "2024-13-01", "01/02/2024", "2024-02-30", "2024-01-01T25:00:00Z", "2024-1-1"]
            if ref.name in ("code", "id", "uri", "url", "canonical", "oid", "uuid"):
                wrong += [" x", "x  y"]
            if element.value_set:
                wrong += ["no-such-code-"]
            for bad in wrong:
                yield f"{where} = {bad!r}", changed(resource, place, bad)
        elif isinstance(single, dict) and ref.name != "Resource":
            yield f"{where} a string", changed(resource, place, "x")
            yield f"{where} with an unknown element", changed(resource, place, {**single, "foo": "x"})
            yield f"{where} with an id alone", changed(resource, place, {"id": "x"})
            if ref.name == "Reference" and ref.targets:
                other = next(t for t in resource_types() if t not in ref.targets)
                yield f"{where} to {other}", changed(resource, place, {"reference": f"{other}/1"})
                yield f"{where} to an unknown type", changed(resource, place, {"reference": "Foo/1"})
                yield f"{where} of type {other}", changed(resource, place, {"type": other, "display": "x"})
        if element.choice:
            present = path[-1]
            other_name, other_ref = next((p, r) for p, r in element.properties if p != present)
            made = changed(resource, (*path[:-1], other_name), sample(other_ref, ""))
            yield f"{where} and {other_name}", made


@pytest.mark.parametrize("line", VALID, ids=lambda line: orjson.loads(line)["resourceType"])
def test_no_mutation_passes(line: bytes) -> None:
    """Refused by the whole check, and (but for what it refuses on purpose) explained by the walk, not by the schema."""
    resource = orjson.loads(line)
    whole = resource["resourceType"] not in ("Bundle", "Parameters") and "contained" not in resource
    passed, unexplained, disagree = [], [], []
    for what, mutant in mutations(resource):
        found = R4.examine(orjson.dumps(mutant))
        if found.valid:
            passed.append(what)
        if any(i.text == "Does not fit the structure of R4." for i in found.issues):
            unexplained.append(what)
        if whole and validator(mutant["resourceType"]).is_valid(mutant) and explain(mutant, "x").issues:
            disagree.append(what)
    assert (passed, unexplained, disagree) == ([], [], [])


@pytest.mark.parametrize("name", resource_types())
def test_no_mutation_of_the_smallest_passes(name: str) -> None:
    resource = least(types()[name])
    passed = [what for what, mutant in mutations(resource) if R4.is_valid_fast(orjson.dumps(mutant))]
    assert passed == []


OBSERVATION = '"resourceType":"Observation","status":"final","code":{"text":"x"}'
PATIENT = '"resourceType":"Patient"'
BAD = [
    # JSON itself
    ('{"resourceType":"Patient"', "", "Not JSON"),
    ("[]", "", "a JSON object"),
    ('"x"', "", "a JSON object"),
    ('{"resourceType":"Patient","active":tru}', "", "Not JSON"),
    ('{"id":"x"}', "resourceType", "required"),
    ('{"resourceType":"Patiant"}', "resourceType", "Did you mean 'Patient'"),
    ('{"resourceType":7}', "resourceType", "Not a resource type"),
    ('{"resourceType":"DomainResource"}', "resourceType", "Not a resource type"),
    ('{"resourceType":"SubscriptionStatus"}', "resourceType", "Not a resource type"),
    (f'{{{PATIENT},"active":true,"active":false}}', "Patient", "twice"),
    (f'{{{PATIENT},"name":[{{"text":"a","text":"b"}}]}}', "Patient", "twice"),
    (f'{{{PATIENT}, "name" : [{{"text" :"a", "text" : "b"}}]}}', "Patient", "twice"),
    (f'{{{PATIENT},"name":[{{"te\\u0078t":"a","text":"b"}}]}}', "Patient", "twice"),
    (f'{{{PATIENT},"name":[{{"text":"\\u0022:","text":"b"}}]}}', "Patient", "twice"),
    # primitives
    (f'{{{PATIENT},"id":"{"x" * 65}"}}', "Patient.id", "id"),
    (f'{{{PATIENT},"id":"a b"}}', "Patient.id", "id"),
    (f'{{{PATIENT},"birthDate":"0000-01-01"}}', "Patient.birthDate", "date"),
    (f'{{{PATIENT},"birthDate":"1900-02-29"}}', "Patient.birthDate", "date"),
    (f'{{{PATIENT},"birthDate":"2024-01-01T00:00:00Z"}}', "Patient.birthDate", "date"),
    (f'{{{PATIENT},"deceasedDateTime":"2024-01-01T00:00:00"}}', "Patient.deceasedDateTime", "dateTime"),
    (f'{{{PATIENT},"deceasedDateTime":"2024-01-01T00:00Z"}}', "Patient.deceasedDateTime", "dateTime"),
    (f'{{{PATIENT},"deceasedDateTime":"2024-01-01T24:00:00Z"}}', "Patient.deceasedDateTime", "dateTime"),
    (f'{{{PATIENT},"birthDate":"2024-01-01\\n"}}', "Patient.birthDate", "date"),
    (f'{{{PATIENT},"implicitRules":"a b"}}', "Patient.implicitRules", "uri"),
    (f'{{{PATIENT},"photo":[{{"contentType":"image/png","data":"A"}}]}}', "Patient.photo[0].data", "base64Binary"),
    (f'{{{PATIENT},"photo":[{{"contentType":"image/png","data":"===="}}]}}', "Patient.photo[0].data", "base64Binary"),
    (f'{{{PATIENT},"telecom":[{{"rank":0}}]}}', "Patient.telecom[0].rank", "between"),
    (f'{{{PATIENT},"telecom":[{{"rank":1.0}}]}}', "Patient.telecom[0].rank", "whole number"),
    (f'{{{PATIENT},"name":[{{"text":"a\\u0000b"}}]}}', "Patient.name[0].text", "control"),
    (f'{{{OBSERVATION},"valueInteger":2147483648}}', "Observation.valueInteger", "between"),
    (f'{{{OBSERVATION},"valueQuantity":{{"value":"5"}}}}', "Observation.valueQuantity.value", "a number"),
    # nulls and siblings
    (f'{{{PATIENT},"name":[{{"given":["a",null]}}]}}', "Patient.name[0].given[1]", "null"),
    (f'{{{PATIENT},"name":[{{"given":[null],"_given":[null]}}]}}', "Patient.name[0].given[0]", "null"),
    (f'{{{PATIENT},"name":[{{"given":["a"],"_given":[null,null]}}]}}', "Patient.name[0]._given[1]", "null"),
    (f'{{{PATIENT},"_name":[{{"id":"x"}}]}}', "Patient._name", "no such element"),
    (f'{{{PATIENT},"_birthDate":{{"id":"x"}}}}', "Patient._birthDate", "ele-1"),
    (f'{{{PATIENT},"_birthDate":"x"}}', "Patient._birthDate", "an object"),
    (f'{{{PATIENT},"_birthDate":{{"extension":[]}}}}', "Patient._birthDate.extension", "empty"),
    (f'{{{PATIENT},"_birthDate":{{"value":"x"}}}}', "Patient._birthDate.value", "no such element"),
    # choices
    (f'{{{OBSERVATION},"valueString":"x","valueInteger":1}}', "Observation.value[x]", "one type"),
    (
        f'{{{OBSERVATION},"valueString":"x","_valueInteger":{{"extension":[{{"url":"a","valueCode":"b"}}]}}}}',
        "Observation.value[x]",
        "one type",
    ),
    (f'{{{OBSERVATION},"valueMarkdown":"x"}}', "Observation.valueMarkdown", "no such element"),
    (f'{{{OBSERVATION},"value":"x"}}', "Observation.value", "no such element"),
    # bindings
    (f'{{{PATIENT},"gender":"Female"}}', "Patient.gender", "administrative-gender"),
    (
        '{"resourceType":"Condition","subject":{"reference":"Patient/1"},"clinicalStatus":{"coding":[{"code":"active"}]}}',
        "Condition.clinicalStatus",
        "condition-clinical",
    ),
    (
        '{"resourceType":"Condition","subject":{"reference":"Patient/1"},"clinicalStatus":{"text":"active"}}',
        "Condition.clinicalStatus",
        "condition-clinical",
    ),
    (
        '{"resourceType":"Coverage","status":"active","beneficiary":{"reference":"Patient/1"},"payor":[{"display":"x"}],'
        '"costToBeneficiary":[{"valueMoney":{"value":1,"currency":"RMB"}}]}',
        "Coverage.costToBeneficiary[0].valueMoney.currency",
        "ISO 4217",
    ),
    ('{"resourceType":"Binary","contentType":"pdf"}', "Binary.contentType", "MIME"),
    # references
    (f'{{{OBSERVATION},"subject":{{"reference":"Encounter/1"}}}}', "Observation.subject.reference", "not allowed here"),
    (
        f'{{{OBSERVATION},"subject":{{"reference":"http://example.org/fhir/Encounter/1"}}}}',
        "Observation.subject.reference",
        "not allowed here",
    ),
    (
        f'{{{OBSERVATION},"subject":{{"reference":"Encounter?identifier=1"}}}}',
        "Observation.subject.reference",
        "not allowed",
    ),
    (f'{{{OBSERVATION},"subject":{{"reference":"Patient"}}}}', "Observation.subject.reference", "Type/id"),
    (f'{{{OBSERVATION},"subject":{{"reference":"#none"}}}}', "Observation.subject.reference", "ref-1"),
    (
        f'{{{OBSERVATION},"contained":[{{"resourceType":"Encounter","id":"e","status":"planned",'
        '"class":{"code":"AMB"}}],"subject":{"reference":"#e"}}',
        "Observation.subject.reference",
        "contained Encounter",
    ),
    # contained
    (
        f'{{{PATIENT},"contained":[{{"resourceType":"Basic","id":"b","code":{{"text":"x"}}}}]}}',
        "Patient.contained[0]",
        "dom-3",
    ),
    (
        f'{{{PATIENT},"managingOrganization":{{"reference":"#o"}},"contained":[{{"resourceType":"Organization","id":"o",'
        '"name":"x","meta":{"versionId":"1"}}]}',
        "Patient.contained[0].meta",
        "dom-4",
    ),
    (
        f'{{{PATIENT},"managingOrganization":{{"reference":"#o"}},"contained":[{{"resourceType":"Organization","id":"o"}}]}}',
        "Patient.contained[0]",
        "org-1",
    ),
    (
        f'{{{PATIENT},"managingOrganization":{{"reference":"#o"}},"contained":[{{"resourceType":"Organisation","id":"o"}}]}}',
        "Patient.contained[0].resourceType",
        "Organization",
    ),
    # invariants
    (f'{{{PATIENT},"name":[{{"period":{{"start":"2024-02","end":"2024-01"}}}}]}}', "Patient.name[0].period", "per-1"),
    (
        f'{{{OBSERVATION},"effectivePeriod":{{"start":"2024-01-01T08:00:00+08:00","end":"2023-12-31T23:59:59Z"}}}}',
        "Observation.effectivePeriod",
        "per-1",
    ),
    (f'{{{OBSERVATION},"valueRange":{{"low":{{"value":2}},"high":{{"value":1}}}}}}', "Observation.valueRange", "rng-2"),
    (f'{{{OBSERVATION},"valueString":"x","dataAbsentReason":{{"text":"x"}}}}', "Observation", "obs-6"),
    (
        '{"resourceType":"Observation","status":"final","code":{"coding":[{"code":"a"}]},"valueString":"x",'
        '"component":[{"code":{"coding":[{"code":"a"}]}}]}',
        "Observation.component[0].code",
        "obs-7",
    ),
    (
        f'{{{OBSERVATION},"referenceRange":[{{"age":{{"low":{{"value":1}}}}}}]}}',
        "Observation.referenceRange[0]",
        "obs-3",
    ),
    (f'{{{OBSERVATION},"valueQuantity":{{"value":1,"code":"mm"}}}}', "Observation.valueQuantity", "qty-3"),
    (
        f'{{{OBSERVATION},"referenceRange":[{{"low":{{"value":1,"comparator":"<"}}}}]}}',
        "Observation.referenceRange[0].low",
        "sqty-1",
    ),
    (f'{{{PATIENT},"contact":[{{"gender":"male"}}]}}', "Patient.contact[0]", "pat-1"),
    (f'{{{PATIENT},"telecom":[{{"value":"1"}}]}}', "Patient.telecom[0]", "cpt-2"),
    (f'{{{PATIENT},"extension":[{{"url":"a"}}]}}', "Patient.extension[0]", "ext-1"),
    (f'{{{PATIENT},"extension":[{{"url":"a","id":"b"}}]}}', "Patient.extension[0]", "ext-1"),
    (
        f'{{{PATIENT},"extension":[{{"url":"a","valueCode":"b","extension":[{{"url":"c","valueCode":"d"}}]}}]}}',
        "Patient.extension[0]",
        "ext-1",
    ),
    (
        f'{{{PATIENT},"extension":[{{"url":"a","valueCode":"b","valueString":"c"}}]}}',
        "Patient.extension[0].value[x]",
        "one type",
    ),
    (f'{{{PATIENT},"extension":[{{"valueCode":"b"}}]}}', "Patient.extension[0].url", "required"),
    (f'{{{PATIENT},"text":{{"status":"generated","div":"<div>x</div>"}}}}', "Patient.text.div", "txt-1"),
    (
        f'{{{PATIENT},"text":{{"status":"generated","div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\"><script/>x</div>"}}}}',
        "Patient.text.div",
        "txt-1",
    ),
    (
        f'{{{PATIENT},"text":{{"status":"generated","div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\"> </div>"}}}}',
        "Patient.text.div",
        "txt-2",
    ),
    (
        f'{{{PATIENT},"text":{{"status":"generated","div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\"><p>x</div>"}}}}',
        "Patient.text.div",
        "txt-1",
    ),
    (f'{{{PATIENT},"text":{{"status":"generated","div":"x"}}}}', "Patient.text.div", "xhtml"),
    ('{"resourceType":"Organization","active":true}', "Organization", "org-1"),
    ('{"resourceType":"Organization","name":"x","telecom":[{"system":"phone","use":"home"}]}', "Organization", "org-3"),
    (
        '{"resourceType":"Appointment","status":"booked","participant":[{"actor":{"display":"x"},"status":"accepted"}]}',
        "Appointment",
        "app-3",
    ),
    ('{"resourceType":"Bundle","type":"collection","total":1}', "Bundle", "bdl-1"),
    (
        '{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Patient"}}]}',
        "Bundle",
        "bdl-3",
    ),
    (
        '{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"urn:a","resource":{"resourceType":"Patient"}},'
        '{"fullUrl":"urn:a","resource":{"resourceType":"Patient"}}]}',
        "Bundle.entry[1].fullUrl",
        "bdl-7",
    ),
    ('{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"urn:a"}]}', "Bundle.entry[0]", "bdl-5"),
    (
        '{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","gender":"x"}}]}',
        "Bundle.entry[0].resource.gender",
        "administrative-gender",
    ),
    (
        '{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"urn:uuid:1","resource":{"resourceType":"Basic",'
        '"code":{"text":"x"}}},{"resource":{"resourceType":"Observation","status":"final","code":{"text":"x"},'
        '"subject":{"reference":"urn:uuid:1"}}}]}',
        "Bundle.entry[1].resource.subject.reference",
        "Basic",
    ),
    (
        '{"resourceType":"Parameters","parameter":[{"name":"a","part":[{"name":"b","resource":{"resourceType":"Observation"}}]}]}',
        "Parameters.parameter[0].part[0].resource.status",
        "required",
    ),
    (
        '{"resourceType":"Questionnaire","status":"draft","item":[{"linkId":"1","type":"string"},{"linkId":"1","type":"string"}]}',
        "Questionnaire",
        "que-2",
    ),
]


@pytest.mark.parametrize(("text", "path", "words"), BAD, ids=range(len(BAD)))
def test_what_is_wrong_is_named(text: str, path: str, words: str) -> None:
    issues = [i for i in R4.check(text.encode()) if i.severity == "error"]
    assert any(i.path == path and words in i.text for i in issues), issues
    assert not R4.is_valid_fast(text.encode())


@pytest.mark.parametrize(
    ("start", "end", "right"),
    [
        ("2024-01-01", "2024-01-01", True),
        ("2024-01-01T10:00:00+08:00", "2024-01-01T02:00:00Z", True),
        ("2024-01-01T10:00:01+08:00", "2024-01-01T02:00:00Z", False),
        ("2024-06-30", "2024", True),
        ("2024-06-30", "2024-05", False),
        ("2024-01-01T00:00:00+08:00", "2023-12-31", True),  # the same moment, if the day is that of Greenwich
        ("2024-01-03T00:00:00+08:00", "2023-12-31", False),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z", False),
        ("2024-01-01T00:00:00.2Z", "2024-01-01T00:00:00.1Z", False),
    ],
)
def test_a_period_ends_no_earlier_than_it_starts(start: str, end: str, right: bool) -> None:
    period = {"resourceType": "Patient", "name": [{"text": "x", "period": {"start": start, "end": end}}]}
    assert R4.is_valid_fast(orjson.dumps(period)) is right
    turned = {"resourceType": "Patient", "name": [{"text": "x", "period": {"end": end, "start": start}}]}
    assert R4.is_valid_fast(orjson.dumps(turned)) is right


def test_issues_never_repeat_values_of_the_record() -> None:
    text = json.dumps(
        {"resourceType": "Patient", "birthDate": "31.12.1949secret", "gender": "secret", "active": "secret"}
    )
    issues = R4.check(text)
    assert len(issues) == 3
    assert not any("secret" in i.text + i.path for i in issues)


def test_a_file_in_another_encoding_is_told_so() -> None:
    (issue,) = R4.check('{"resourceType":"Patient","name":[{"text":"张三"}]}'.encode("gb18030"))
    assert "UTF-8" in issue.text


def test_deep_nesting_is_refused_not_crashed_on() -> None:
    extension: dict[str, Any] = {"url": "a", "valueCode": "b"}
    for _ in range(400):
        extension = {"url": "a", "extension": [extension]}
    text = json.dumps({"resourceType": "Patient", "extension": [extension], "foo": 1})
    assert R4.check(text)
    assert R4.check("[" * 100_000 + "]" * 100_000)


def test_equal_keys_in_different_objects_are_no_duplicates() -> None:
    for text in ('{"a":{"b":1},"c":{"b":"x \\":"}}', '{ "a" : "\\u0022:" , "b" : 1e2 }', '{"a":"a :b"}'):
        assert not has_duplicate_keys(text.encode(), orjson.loads(text))


def test_an_unknown_profile_is_told_so() -> None:
    with pytest.raises(InvalidValue, match="cn"):
        Validator(profile="cnn")


@pytest.mark.shared
def test_the_public_sample_passes_and_its_mutations_do_not(shared_dir: Path) -> None:
    for file in sorted((shared_dir / "fhir-sample").glob("*.ndjson")):
        lines = file.read_bytes().splitlines()
        assert [errors(line) for line in lines if errors(line)] == [], file.name
        resource = orjson.loads(min(lines, key=len))
        assert [what for what, mutant in mutations(resource) if R4.is_valid_fast(orjson.dumps(mutant))] == [], file.name
