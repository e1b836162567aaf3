"""`/api/plans/`: the same answers as the pages, for the same people."""

from __future__ import annotations

import json

import pytest

from luoshi.platform.access.scope import Scope
from luoshi.services.plan_desk import actions, alignment
from luoshi.services.plan_desk.models import Status

from .conftest import TEXT

ADDRESSES = ("/api/plans/", "/api/plans/{plan}", "/api/plans/{plan}/targets", "/api/plans/{plan}/compare/{plan}")


@pytest.fixture
def api(client):
    """Ask as a signed-in account; answers the status and the data."""

    def ask(address: str, user=None):
        if user:
            client.force_login(user)
        response = client.get(address)
        if response.status_code >= 400:
            assert response.headers["Content-Type"] == "application/problem+json"
        return response.status_code, json.loads(response.content)

    return ask


def test_the_description_names_every_address(api, officer):
    status, description = api("/api/openapi.json", officer)
    assert status == 200
    ours = {path: methods for path, methods in description["paths"].items() if path.startswith("/api/plans/")}
    assert {path.replace("{other}", "{plan}") for path in ours} == set(ADDRESSES)
    assert all(list(methods) == ["get"] for methods in ours.values())
    assert "openapi" in description


@pytest.mark.parametrize("address", ADDRESSES)
class TestWhoMay:
    def test_right(self, address, api, plan, officer):
        assert api(address.format(plan=plan.pk), officer)[0] == 200

    def test_stranger(self, address, api, plan):
        status, problem = api(address.format(plan=plan.pk))
        assert (status, problem["status"]) == (401, 401)

    def test_wrong_role(self, address, api, plan, make_user):
        status, problem = api(address.format(plan=plan.pk), make_user("audit-admin", division="9901"))
        assert (status, problem["title"]) == (403, "没有这项权限")

    def test_foreign(self, address, api, officer, make_user, small_region):
        county = small_region.division("990101")
        scope = Scope.of(officer)
        other = actions.load(content=TEXT.encode(), name="c.txt", by=officer, scope=scope, division=county).plan
        status, data = api(address.format(plan=other.pk), make_user("plan-officer", division="990102"))
        assert (status, data) == (200, []) if address == "/api/plans/" else status == 404

    def test_only_reading(self, address, client, plan, officer):
        client.force_login(officer)
        for method in (client.post, client.put, client.delete):
            assert method(address.format(plan=plan.pk)).status_code == 405


def test_no_such_plan_and_no_number(api, officer):
    assert api("/api/plans/999", officer)[0] == 404
    assert api("/api/plans/abc")[0] == 404


def test_list(api, plan, officer):
    target = plan.targets.first()
    actions.judge(target=target, status=Status.REJECTED, by=officer)
    [line] = api("/api/plans/", officer)[1]
    assert line["id"] == plan.pk
    assert line["division"] == "9901"
    assert (line["tasks"], line["targets"], line["open"]) == (4, 6, 6)
    assert (line["status"], line["amends"]) == ("loaded", None)


def test_a_plan_has_the_shape_of_the_command(api, plan, officer, tmp_path):
    from luoshi.plans.read import read_file

    path = tmp_path / "要点.txt"
    path.write_text(TEXT, "utf-8")
    read = json.loads(json.dumps(read_file(path)[1].to_json()))
    data = api(f"/api/plans/{plan.pk}", officer)[1]
    assert data.keys() == read.keys()
    assert data["plan"] == read["plan"]
    for part in ("actions", "tasks", "targets"):
        assert [sorted(row) for row in data[part]] == [sorted(row) for row in read[part]]
        assert [row["id"] for row in data[part]] == [row["id"] for row in read[part]]
    assert [t["value"] for t in data["targets"]] == [t["value"] for t in read["targets"]]


def test_targets_with_their_bindings(api, plan, target, officer):
    actions.correct_target(target=target, by=officer, value=65.0)
    actions.bind(target=target, kind="report", verdict="not", missing="无台账", by=officer)
    first = api(f"/api/plans/{plan.pk}/targets", officer)[1][0]
    assert (first["id"], first["value"], first["status"]) == (target.pk, 65, "corrected")
    assert first["binding"] == {
        "kind": "report", "indicator": "", "verdict": "not", "missing": "无台账", "reason": "人工选定", "confirmed": True,
    }  # fmt: skip
    assert plan.text[first["start"] : first["end"]] == first["quote"]


def test_compare_says_what_the_page_says(api, plan, officer, small_region):
    county = small_region.division("990101")
    text = TEXT.replace("达到60%以上", "达到55%以上")
    scope = Scope.of(officer)
    own = actions.load(content=text.encode(), name="c.txt", by=officer, scope=scope, division=county).plan
    data = api(f"/api/plans/{own.pk}/compare/{plan.pk}", officer)[1]
    assert data["relation"] == "above"
    assert data["counts"]["weaker"] == 1
    expected = alignment.of_plans(own, plan)
    assert [row["words"] for row in data["rows"]] == [row.words for row in expected.alignment.rows]
    weaker = data["rows"][0]
    assert weaker["ours"] == own.targets.get(metric__contains="家庭医生签约服务覆盖率").pk
    assert weaker["reference"] == plan.targets.get(metric__contains="家庭医生签约服务覆盖率").pk


@pytest.mark.parametrize(("address", "count"), [("", 5), ("{plan}", 8), ("{plan}/targets", 6)])
def test_queries_do_not_grow(address, count, client, plan, officer, django_assert_num_queries):
    client.force_login(officer)
    client.get("/plans/")
    with django_assert_num_queries(count):
        client.get(f"/api/plans/{address.format(plan=plan.pk)}")
