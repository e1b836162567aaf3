"""The view language on data of our own: one small person, every construct."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from luoshi.kernel.errors import UserError
from luoshi.records import fhirpath, views

PERSON = {
    "resourceType": "Patient",
    "id": "p1",
    "active": True,
    "gender": "female",
    "birthDate": "1961-07",
    "deceasedDateTime": "2026-01-31T23:30:00Z",
    "multipleBirthInteger": 2,
    "name": [
        {"use": "official", "family": "某", "given": ["甲", "乙"], "period": {"start": "2001"}},
        {"use": "nickname", "text": "O'某"},
    ],
    "telecom": [{"system": "phone", "value": "1", "rank": 2}, {"system": "email", "value": "2", "rank": 1}],
    "address": [{"city": "某市", "extension": [{"url": "urn:x:zone", "valueCode": "rural"}]}],
    "managingOrganization": {"reference": "Organization/H1"},
    "generalPractitioner": [
        {"reference": "https://example.org/fhir/Practitioner/d7/_history/3"},
        {"reference": "urn:uuid:5a"},
        {"reference": "Practitioner?identifier=1"},
    ],
    "contact": [{"name": {"family": "李"}, "telecom": [{"value": "3"}, {"value": "4"}]}, {"gender": "male"}],
}


def run(view: dict[str, Any], tmp_path: Path, *resources: dict[str, Any]) -> list[dict[str, Any]]:
    file = tmp_path / "in.ndjson"
    file.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in resources or (PERSON,)), "utf-8")
    compiled = views.compile_view(view)
    return views.rows(views.run_view(compiled, file), compiled)


def value(path: str, tmp_path: Path, *, kind: str | None = None, r4: bool = True, **more: Any) -> Any:
    column = {"name": "v", "path": path, **({"type": kind} if kind else {}), **more}
    view = {"resource": "Patient", "fhirVersion": ["4.0.1" if r4 else "5.0.0"], "select": [{"column": [column]}]}
    (row,) = run(view, tmp_path)
    return row["v"]


@pytest.mark.parametrize("r4", [True, False], ids=["typed", "untyped"])
@pytest.mark.parametrize(
    ("path", "kind", "expected"),
    [
        ("name.first().family", "string", "某"),
        ("name[1].text", "string", "O'某"),
        ("name.where(text = 'O\\'某').use", "code", "nickname"),
        ("name.where(use = 'official' and given.count() = 2).exists()", "boolean", True),
        ("name.exists(use = 'old')", "boolean", False),
        ("name.all(use.exists())", "boolean", True),
        ("name.given.join('·')", "string", "甲·乙"),
        ("name.given.last()", "string", "乙"),
        ("telecom.where(rank > 1).value", "string", "1"),
        ("telecom.rank.count()", "integer", 2),
        ("telecom[0].rank + telecom[1].rank * 2", "integer", 4),
        ("(telecom[0].rank - telecom[1].rank) / 4", "decimal", 0.25),
        ("7 div 2 + 7 mod 2", "integer", 4),
        ("-telecom[0].rank", "integer", -2),
        ("multipleBirth.ofType(integer)", "integer", 2),
        ("multipleBirth.ofType(boolean)", "boolean", None),
        ("(deceased as dateTime).exists()", "boolean", True),
        ("deceased.ofType(dateTime) > @2026-02-01T00:00:00+08:00", "boolean", True),
        ("birthDate < @1970-01-01", "boolean", True),
        ("birthDate = @1961-07-15", "boolean", None),
        ("gender in ('male' | 'female')", "boolean", True),
        ("gender = 'male' or {}", "boolean", None),
        ("gender = 'male' and {}", "boolean", False),
        ("gender = 'male' implies active", "boolean", True),
        ("active xor (gender = 'female')", "boolean", False),
        ("active.not()", "boolean", False),
        ("photo.empty()", "boolean", True),
        ("iif(active, 'yes', 'no')", "string", "yes"),
        ("gender & '/' & language", "string", "female/"),
        ("gender.upper().substring(0, 3)", "string", "FEM"),
        ("gender.startsWith('fe') and gender.length() = 6", "boolean", True),
        ("gender.matches('^f.*e$')", "boolean", True),
        ("gender ~ 'FEMALE'", "boolean", True),
        ("gender != 'female'", "boolean", False),
        ("address.extension('urn:x:zone').value.ofType(code)", "code", "rural"),
        ("managingOrganization.getReferenceKey(Organization)", "string", "H1"),
        ("managingOrganization.getReferenceKey(Practitioner)", "string", None),
        ("generalPractitioner[0].getReferenceKey()", "string", "d7"),
        ("generalPractitioner[0].getReferenceKey(Practitioner)", "string", "d7"),
        ("generalPractitioner[1].getReferenceKey()", "string", "urn:uuid:5a"),
        ("generalPractitioner[2].getReferenceKey(Practitioner)", "string", None),
        ("getResourceKey()", "string", "p1"),
        ("contact.telecom.value.first()", "string", "3"),
        ("contact[0].telecom[1].value", "string", "4"),
        ("name.period.start.first()", "dateTime", "2001"),
        ("%resource.gender", "code", "female"),
        ("`gender` // a comment", "code", "female"),
        ("(birthDate | deceased.ofType(dateTime)).count()", "integer", 2),
        ("(language | gender).first()", "code", "female"),
        ("active.toInteger()", "integer", 1),
    ],
)
def test_expression(path: str, kind: str, expected: Any, r4: bool, tmp_path: Path) -> None:
    if not r4 and path == "active.toInteger()":
        pytest.skip("needs the type")
    assert value(path, tmp_path, kind=kind, r4=r4) == expected


@pytest.mark.parametrize(
    ("path", "kind", "expected"),
    [
        ("birthDate.lowBoundary()", "date", "1961-07-01"),
        ("birthDate.highBoundary()", "date", "1961-07-31"),
        ("name.period.start.first().highBoundary()", "dateTime", "2001-12-31T23:59:59.999-12:00"),
        ("deceased.ofType(dateTime).lowBoundary()", "dateTime", "2026-01-31T23:30:00.000Z"),
    ],
)
def test_boundaries(path: str, kind: str, expected: str, tmp_path: Path) -> None:
    assert value(path, tmp_path, kind=kind) == expected


@pytest.mark.parametrize(
    ("path", "sql_type", "expected"),
    [
        ("deceased.ofType(dateTime)", "DATE", "2026-02-01"),  # 23:30 Z is the next day in China
        ("deceased.ofType(dateTime)", "TIMESTAMP", "2026-02-01T07:30:00"),
        ("birthDate", "DATE", "1961-07-01"),
        ("name.period.start.first()", "TIMESTAMP", "2001-01-01T00:00:00"),
        ("gender", "DATE", None),
    ],
)
def test_tagged_times_are_chinese(path: str, sql_type: str, expected: str | None, tmp_path: Path) -> None:
    tag = [{"name": "ansi/type", "value": sql_type}]
    assert value(path, tmp_path, kind="dateTime", tag=tag) == expected


def test_a_column_without_type_keeps_the_json_value(tmp_path: Path) -> None:
    assert value("telecom[0].rank", tmp_path) == 2
    assert value("name.given", tmp_path, collection=True) == ["甲", "乙"]
    assert value("contact[1]", tmp_path) == {"gender": "male"}
    assert value("photo", tmp_path, collection=True) == []


def test_iteration_multiplies_and_unions(tmp_path: Path) -> None:
    view = {
        "resource": "Patient",
        "select": [
            {"column": [{"name": "id", "path": "id", "type": "id"}]},
            {"forEach": "name", "column": [{"name": "n", "path": "%rowIndex", "type": "integer"}]},
            {
                "unionAll": [
                    {"forEach": "telecom", "column": [{"name": "t", "path": "value", "type": "string"}]},
                    {"forEachOrNull": "photo", "column": [{"name": "t", "path": "title", "type": "string"}]},
                ]
            },
        ],
    }
    found = [(row["id"], row["n"], row["t"]) for row in run(view, tmp_path)]
    assert found == [("p1", n, t) for n in (0, 1) for t in ("1", "2", None)]


def test_repeat_goes_down_in_document_order(tmp_path: Path) -> None:
    def item(key: str, *below: dict[str, Any]) -> dict[str, Any]:
        return {"linkId": key, **({"item": list(below)} if below else {})}

    deep = item("end")
    for level in range(20):
        deep = item(f"d{level}", deep)
    answers = {"resourceType": "QuestionnaireResponse", "id": "q", "item": [item("1", item("1.1"), item("1.2")), deep]}
    view = {
        "resource": "QuestionnaireResponse",
        "select": [{"repeat": ["item"], "column": [{"name": "link", "path": "linkId", "type": "string"}]}],
    }
    expected = ["1", "1.1", "1.2", *(f"d{level}" for level in reversed(range(20))), "end"]
    assert [row["link"] for row in run(view, tmp_path, answers)] == expected


def test_repeat_without_end_is_refused(tmp_path: Path) -> None:
    deep: dict[str, Any] = {"linkId": "end"}
    for _ in range(70):
        deep = {"item": [deep]}
    answers = {"resourceType": "QuestionnaireResponse", "id": "q", **deep}
    view = {
        "resource": "QuestionnaireResponse",
        "select": [{"repeat": ["item"], "column": [{"name": "link", "path": "linkId", "type": "string"}]}],
    }
    with pytest.raises(UserError, match="deeper than 64"):
        run(view, tmp_path, answers)


def test_several_values_in_one_cell_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"column\[0\] \(name.use\) gives more than one value"):
        value("name.use", tmp_path, kind="code")


def _with(**more: Any) -> dict[str, Any]:
    return {"resource": "Patient", "select": [{"column": [{"name": "id", "path": "id"}]}], **more}


@pytest.mark.parametrize(
    ("view", "message"),
    [
        ([], "must be a JSON object"),
        ({"select": []}, "`resource` must name"),
        ({"resource": "Patient"}, "`select` must be a list with at least one entry"),
        (_with(wher=[]), "Did you mean 'where'"),
        (_with(select=[{"columns": []}]), "Did you mean 'column'"),
        (_with(select=[{}]), "selects nothing"),
        (_with(select=[{"column": [{"name": "1a", "path": "id"}]}]), "beginning with a letter"),
        (_with(select=[{"column": [{"name": "a", "path": "id"}, {"name": "A", "path": "id"}]}]), "given twice"),
        (_with(select=[{"forEach": "name", "repeat": ["name"], "column": []}]), "only one is allowed"),
        (_with(select=[{"column": [{"name": "a", "path": "birthdate"}]}]), "Did you mean 'birthDate'"),
        (_with(select=[{"column": [{"name": "a", "path": "name.exist()"}]}]), "Did you mean 'exists'"),
        (_with(select=[{"column": [{"name": "a", "path": "id.first(1)"}]}]), "takes 0 arguments, not 1"),
        (_with(select=[{"column": [{"name": "a", "path": "%use"}]}]), "%use is not defined"),
        (_with(select=[{"column": [{"name": "a", "path": "name..use"}]}]), "at character 6"),
        (_with(select=[{"column": [{"name": "a", "path": "name.where(use='x'"}]}]), "expected '\\)'"),
        (_with(where=[{"path": "gender"}]), "gives a code, not a boolean"),
        (_with(constant=[{"name": "a", "valueString": "x", "valueCode": "y"}]), "exactly one value"),
        (_with(constant=[{"name": "a", "valueBoolean": "true"}]), "is not a boolean"),
        (_with(select=[{"column": [{"name": "a", "path": "id", "tag": [{"name": "ansi/type", "value": "X"}]}]}]), "must be one of"),
    ],
)  # fmt: skip
def test_a_wrong_view_is_explained(view: Any, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        views.compile_view(view, where="v.json")
    assert "v.json" in str(caught.value)


def test_parsing_keeps_precedence() -> None:
    assert fhirpath.parse("a or b and c = 1 + 2 * 3") == fhirpath.parse("a or (b and (c = (1 + (2 * 3))))")
    assert fhirpath.parse("a.b[0].c(1)") == fhirpath.parse("((a.b)[0]).c(1)")
    assert len(fhirpath.walk(fhirpath.parse("a.where(b = -1)"))) == 8


def test_sql_stands_alone_and_keeps_columns() -> None:
    import duckdb

    compiled = views.compile_view(_with())
    query = compiled.sql('(SELECT \'{"resourceType": "Patient", "id": "x"}\' AS body, 7 AS n)', keep=["n"])
    assert duckdb.sql(query).fetchall() == [(7, '"x"')]


def test_a_value_that_does_not_fit_its_column_is_no_value(tmp_path: Path) -> None:
    big = {**PERSON, "telecom": [{"rank": 12345678901}]}
    column = {"name": "v", "path": "telecom.rank.first() * 1.0", "type": "integer"}
    view = {"resource": "Patient", "fhirVersion": ["5.0.0"], "select": [{"column": [column]}]}
    assert run(view, tmp_path, big) == [{"v": None}]
