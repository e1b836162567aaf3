"""Knowing the types of R4 beforehand changes the speed of a view, never its rows."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from luoshi.records import views

TEXT = st.sampled_from(["a", "b", "某", "O'x", '"', "\\", ""])


def some(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with any of the members; FHIR has no empty ones."""
    return st.fixed_dictionaries({}, optional=members).filter(bool)


def several(of: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(of, min_size=1, max_size=3)


CODED = some(coding=several(some(system=TEXT, code=TEXT)), text=TEXT)
EXTENSIONS = several(some(url=TEXT, valueCode=TEXT, valueInteger=st.integers(-3, 3)))
NAMES = several(some(use=TEXT, family=TEXT, given=several(TEXT), extension=EXTENSIONS))
PATIENTS = st.fixed_dictionaries(
    {"resourceType": st.just("Patient"), "id": TEXT},
    optional={
        "active": st.booleans(),
        "gender": TEXT,
        "birthDate": st.sampled_from(["1950", "1950-02", "1950-02-03", "2001-01-01"]),
        "deceasedBoolean": st.booleans(),
        "multipleBirthInteger": st.integers(-3, 3),
        "name": NAMES,
        "maritalStatus": CODED,
        "communication": several(some(language=CODED, preferred=st.booleans())),
        "managingOrganization": some(reference=st.sampled_from(["Organization/a", "Patient/b", "urn:c", "x"])),
        "extension": EXTENSIONS,
    },
)
COLLECTION_PATHS = [
    "name", "name.given", "name.where(use = 'a')", "name.where(given.exists()).family", "communication",
    "communication.language.coding", "communication.language.coding.where(system = 'a' or code = 'b').code",
    "extension('a').value.ofType(integer)", "name.extension('b').value.ofType(code)", "maritalStatus.coding.code",
    "communication.where(preferred)", "communication.where(preferred.not()).language.text", "name[1].given",
    "(maritalStatus.coding | communication.language.coding).code",
]  # fmt: skip
SINGLE_PATHS = [
    "name.first().family", "name[0].given[1]", "name.given.first() = name.family.first()", "name.family = 'a'",
    "active and gender = 'a'", "active or deceased.ofType(boolean)", "deceased.ofType(boolean).not()",
    "birthDate < @1950-02-03", "birthDate >= @1950", "multipleBirth.ofType(integer) * 2 > 3",
    "managingOrganization.getReferenceKey(Organization)", "managingOrganization.getReferenceKey()",
    "name.given.join('|')", "gender in name.given", "(gender | name.family).first()", "gender & 'x'",
    "iif(active, 'y', 'n')", "maritalStatus.coding.code contains 'a'", "name.exists(use = 'a' and family = 'b')",
    "name.all(given.exists())",
]  # fmt: skip
COLLECTIONS = st.sampled_from(COLLECTION_PATHS)
SINGLES = st.one_of(
    COLLECTIONS.map(lambda path: f"{path}.exists()"),
    COLLECTIONS.map(lambda path: f"{path}.empty()"),
    COLLECTIONS.map(lambda path: f"{path}.count()"),
    st.sampled_from(SINGLE_PATHS),
)


@settings(max_examples=60, deadline=None)
@given(
    resources=st.lists(PATIENTS, min_size=1, max_size=4),
    singles=st.lists(SINGLES, min_size=1, max_size=4),
    each=COLLECTIONS.filter(lambda path: path in ("name", "communication", "name.where(use = 'a')")),
    or_null=st.booleans(),
    condition=st.sampled_from([None, "active", "name.exists()", "gender = 'a' or active"]),
)
def test_typed_and_untyped_agree(
    resources: list[dict[str, Any]], singles: list[str], each: str, or_null: bool, condition: str | None
) -> None:
    columns = [{"name": f"c{n}", "path": path} for n, path in enumerate(singles)]
    inner = [{"name": "x", "path": "$this"}, {"name": "n", "path": "%rowIndex", "type": "integer"}]
    view: dict[str, Any] = {
        "resource": "Patient",
        "select": [{"column": columns}, {"forEachOrNull" if or_null else "forEach": each, "column": inner}],
        "where": [{"path": condition}] if condition else [],
    }
    bodies = pa.table({"body": [json.dumps(each, ensure_ascii=False) for each in resources]})

    def run(version: str) -> list[dict[str, Any]]:
        compiled = views.compile_view({**view, "fhirVersion": [version]})
        return views.rows(views.run_view(compiled, bodies), compiled)

    assert run("4.0.1") == run("6.0.0")
