"""Every public conformance case of SQL on FHIR v2, one test each, over typed and over untyped reading."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import pytest

from luoshi.kernel.errors import UserError
from luoshi.records import views

FOLDER = Path(os.environ.get("LUOSHI_SHARED", Path(__file__).parents[4] / "shared")) / "sql-on-fhir-tests"


def cases() -> list[Any]:
    cases = []
    for file in sorted(FOLDER.glob("*.json")):
        content = json.loads(file.read_text("utf-8"))
        for case in content["tests"]:
            tag = "experimental-" if "experimental" in case.get("tags", []) else ""
            cases.append(pytest.param(content["resources"], case, id=f"{file.stem}-{tag}{case['title']}"))
    return cases or [pytest.param([], None, id="absent")]


def comparable(rows: list[dict[str, Any]]) -> list[str]:
    """Rows without order (a view promises none), 5 and 5.0 alike."""
    return sorted(json.dumps(row, sort_keys=True) for row in json.loads(json.dumps(rows), parse_int=float))


def _check(resources: list[Any], case: dict[str, Any], tmp_path: Path, view: dict[str, Any]) -> None:
    file = tmp_path / "resources.ndjson"
    file.write_text("".join(json.dumps(resource) + "\n" for resource in resources), "utf-8")

    def run() -> list[dict[str, Any]]:
        compiled = views.compile_view(view)
        return views.rows(views.run_view(compiled, file), compiled)

    if case.get("expectError"):
        with pytest.raises(UserError):
            run()
        return
    rows = run()
    if "expectCount" in case:
        assert len(rows) == case["expectCount"]
    if "expect" in case:
        assert comparable(rows) == comparable(case["expect"])
    if "expectColumns" in case:
        assert list(rows[0]) == case["expectColumns"]


@pytest.mark.shared
@pytest.mark.parametrize(("resources", "case"), cases())
def test_case(resources: list[Any], case: dict[str, Any] | None, tmp_path: Path, shared_dir: Path) -> None:
    if case is None:
        pytest.skip(f"no cases at {FOLDER}")
    _check(resources, case, tmp_path, case["view"])


@pytest.mark.shared
@pytest.mark.parametrize(("resources", "case"), cases())
def test_case_without_element_table(
    resources: list[Any], case: dict[str, Any] | None, tmp_path: Path, shared_dir: Path
) -> None:
    """The answer does not depend on knowing the types beforehand (experimental boundary functions need them)."""
    if case is None:
        pytest.skip(f"no cases at {FOLDER}")
    if "Boundary" in json.dumps(case["view"]):
        pytest.skip("boundaries need a known type")
    view = copy.deepcopy(case["view"])
    if "resource" in view:
        view["fhirVersion"] = ["6.0.0"]
    _check(resources, case, tmp_path, view)
