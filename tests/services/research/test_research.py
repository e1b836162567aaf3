"""De-identified data: nobody can be told apart, two people approve, who took what is kept, the key is destroyed."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from luoshi.kernel import clock
from luoshi.kernel import lake_layout as layout
from luoshi.kernel.errors import InvalidValue, Refused
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.audit.models import Entry
from luoshi.services.research import actions, pages, public, queries, rules
from luoshi.services.research.blurring import Blurred, Wanted, pseudonym
from luoshi.services.research.models import Project, Taking

from ..conftest import USERS

AsUser = Callable[[str], Client]
START, END = date(2024, 1, 1), date(2025, 12, 31)


def tiny_lake(folder: Path, people: list[dict[str, Any]]) -> Path:
    """A lake of residents, each with one diagnosis."""
    manifest = layout.Manifest(buckets=(0,))
    tables = {
        "person": [{"id": f"p{n}", "person": n, "active": True, **p} for n, p in enumerate(people)],
        "condition": [
            {"id": f"c{n}", "person": n, "code": p.get("code", "I10"), "day": date(2025, 3, 1), "clinical_status": "active"}
            for n, p in enumerate(people)
        ],
        "division": [{"code": "V1", "l2": "C", "l3": "CC", "l4": "T", "l5": "V1", "level": 5}],
        "institution": [],
    }  # fmt: skip
    kinds = {"VARCHAR": pa.string(), "BIGINT": pa.int64(), "INTEGER": pa.int32(), "DOUBLE": pa.float64(),
             "DATE": pa.date32(), "TIMESTAMP": pa.timestamp("us"), "BOOLEAN": pa.bool_()}  # fmt: skip
    for table, rows in tables.items():
        path = layout.table_path(folder, table, 0 if table in layout.PERSON_TABLES else None)
        path.parent.mkdir(parents=True, exist_ok=True)
        schema = pa.schema([(name, kinds[kind]) for name, kind in layout.columns(table).items()])
        plain = [{name: row.get(name) for name in layout.columns(table)} for row in rows]
        pq.write_table(pa.Table.from_pylist(plain, schema), path)
    layout.manifest_path(folder).write_text(manifest.to_json(), "utf-8")
    return folder


def wanted(table: str = "condition", k: int = 5, **columns: str) -> Wanted:
    return Wanted(table, columns, START, END, "", k)


def blurred(lake: Path, choice: Wanted) -> Blurred:
    return Blurred(lake, choice, on=date(2025, 11, 3))


residents = st.lists(
    st.fixed_dictionaries({
        "sex": st.sampled_from(["male", "female"]),
        "birth_date": st.dates(date(1930, 1, 1), date(2020, 1, 1)),
        "code": st.sampled_from(["I10", "E11", "B20"]),
        "division": st.sampled_from(["V1", "?"]),
    }),
    min_size=1, max_size=60,
)  # fmt: skip


@given(residents, st.sampled_from(["five-years", "ten-years", "broad-ages", "all"]), st.integers(5, 8))
@settings(max_examples=15, deadline=None)
def test_every_combination_that_leaves_is_shared_by_k(tmp_path_factory: pytest.TempPathFactory, people, step, k):
    lake = tiny_lake(tmp_path_factory.mktemp("lake"), people)
    made = blurred(lake, wanted(k=k, sex="exact", age=step, home="township", diagnosis=""))
    checked = made.check()
    table = made.table(b"k" * 32, package="P")
    made.close()
    rows = table.to_pylist()
    shared: dict[tuple[Any, ...], set[str]] = {}
    for row in rows:
        shared.setdefault((row["sex"], row["age"], row["home"]), set()).add(row["person"])
    assert all(len(people) >= k for people in shared.values())
    assert len(rows) == checked.rows - checked.rows_below
    assert checked.rows == len(people)
    assert checked.allowed == (checked.share_below <= rules.deidentification().left_out_at_most)
    for left in checked.coarser.values():
        assert left <= checked.rows_below
    # Nothing that names a resident or a record is in it.
    assert set(table.column_names) == {"person", "sex", "age", "home", "diagnosis"}


def test_pseudonyms_differ_between_projects_and_rows_are_shuffled(tmp_path: Path):
    people = [{"sex": "male", "birth_date": date(1960, 1, 1), "division": "V1"} for _ in range(40)]
    made = blurred(tiny_lake(tmp_path, people), wanted(sex="exact", diagnosis=""))
    one, again, other = (made.table(key, package=p).column("person").to_pylist() for key, p in
                         ((b"a" * 32, "P1"), (b"a" * 32, "P2"), (b"b" * 32, "P1")))  # fmt: skip
    assert set(one) == set(again) == {pseudonym(b"a" * 32, n) for n in range(40)}
    assert one != again  # the order tells the package
    assert not set(one) & set(other)


@given(residents)
@settings(max_examples=10, deadline=None)
def test_small_counts_cannot_be_reckoned(tmp_path_factory: pytest.TempPathFactory, people):
    lake = tiny_lake(tmp_path_factory.mktemp("lake"), people)
    made = blurred(lake, wanted("person", sex="exact", age="broad-ages"))
    cells = {(row, column): n for row, column, n in made.aggregate("age", "sex")}
    made.close()
    below = rules.deidentification().cells_below
    assert all(n is None or n == 0 or n >= below for n in cells.values())
    ages, sexes = ([*dict.fromkeys(key[side] for key in cells)] for side in (0, 1))
    # What is left of a line with one withheld count can be reckoned: it must not be a small one.
    lines = [[cells[age, sex] for sex in sexes] for age in ages] + [[cells[age, sex] for age in ages] for sex in sexes]
    for *parts, total in lines:
        if [*parts, total].count(None) == 1:
            known = sum(n for n in parts if n is not None)
            reckoned = known if total is None else total - known
            assert reckoned == 0 or reckoned >= below


@pytest.mark.parametrize(
    "columns", [{}, {"phone": ""}, {"sex": "blurry"}, {"value": "exact", "diagnosis": "month"}, {"birth_date": "exact"}]
)
def test_what_never_leaves_cannot_be_chosen(columns):
    with pytest.raises(InvalidValue):
        rules.check_choice("condition", columns)


def test_the_declared_rules_are_safe():
    declared = rules.deidentification()
    for table in declared.tables:
        for leaving in declared.columns(table).values():
            assert leaving.column not in ("id", "person", "phone", "worker", "visit", "source", "sent_at", "known_from")
            if leaving.column in ("birth_date", "day", "division", "institution", "start_day"):
                assert leaving.role == "quasi"
                assert "exact" not in leaving.steps
    with pytest.raises(InvalidValue):
        declared.columns("contract")


# Pages -----------------------------------------------------------------------------------------------------------------

FORM = {
    "table": "condition", "title": "慢病共病研究", "purpose": "研究高血压与糖尿病的共病情况", "ethics": "2025-1",
    "start": "2024-01-01", "end": "2025-12-31", "k": "5",
    "column": ["sex", "diagnosis", "age"], "step-sex": "exact", "step-age": "broad-ages",
}  # fmt: skip


@pytest.fixture
def root(city_db: Any, db: None) -> str:
    return Scope.of(User.objects.get(username="steward")).root_division()


@pytest.fixture
def asked(as_user: AsUser, root: str) -> Project:
    answer = as_user("steward").post("/research/new/", {**FORM, "division": root})
    assert answer.status_code == 302, answer.content.decode()
    return Project.objects.get()


def approve(as_user: AsUser, project: Project, *users: str) -> None:
    for user in users:
        as_user(user).post(f"/research/approvals/{project.pk}/decide/", {"decision": "yes"})
    project.refresh_from_db()


def test_every_page_has_a_guard():
    assert all(hasattr(page.callback, "permission") for page in pages.urlpatterns)


@pytest.mark.parametrize("user", USERS)
def test_who_sees_what(user: str, as_user: AsUser, asked: Project):
    browser = as_user(user)
    ask, decide = user == "steward", user in ("leader", "plan-officer")
    for address, allowed in (
        ("/research/", ask), ("/research/new/", ask), (f"/research/projects/{asked.pk}/", ask),
        ("/research/approvals/", decide), (f"/research/approvals/{asked.pk}/", decide), ("/research/register/", decide),
    ):  # fmt: skip
        assert browser.get(address).status_code == (200 if allowed else 403), address
    assert as_user("").get("/research/").status_code == 302


def test_the_whole_way(as_user: AsUser, asked: Project):
    steward, take = as_user("steward"), f"/research/projects/{asked.pk}/take/"
    assert steward.post(take, {"format": "csv"}).status_code == 302  # not approved yet
    assert public.waiting(scope=Scope.of(User.objects.get(username="leader"))) == 1
    approve(as_user, asked, "leader", "leader")
    assert (asked.state, asked.approvals.count()) == ("requested", 1)
    approve(as_user, asked, "plan-officer")
    assert (asked.state, len(bytes(asked.key or b""))) == ("approved", 32)
    assert asked.expires == clock.today() + timedelta(days=rules.deidentification().days_valid)
    answer = steward.post(take, {"format": "csv"})
    assert answer["Content-Type"] == "application/zip"
    box = zipfile.ZipFile(io.BytesIO(answer.content))
    taking = Taking.objects.get()
    text = box.read("README.txt").decode()
    assert taking.package in text
    assert "steward" in text
    rows = list(csv.DictReader(io.StringIO(box.read("data.csv").decode())))
    assert len(rows) == taking.rows > 0
    assert set(rows[0]) == {"person", "sex", "age", "diagnosis"}
    parquet = zipfile.ZipFile(io.BytesIO(steward.post(take, {"format": "parquet"}).content)).read("data.parquet")
    table = pq.read_table(io.BytesIO(parquet))
    assert table.schema.metadata[b"luoshi.by"] == b"steward"
    assert sorted(table.column("person").to_pylist()) == sorted(row["person"] for row in rows)
    assert Entry.objects.filter(action="research.take").count() == 2
    register = as_user("leader").get("/research/register/").content.decode()
    assert taking.package in register
    assert as_user("leader").get("/research/register/?format=xlsx").content[:2] == b"PK"
    counts = steward.get(f"/research/projects/{asked.pk}/counts/?rows=age&columns=sex")
    assert counts.status_code == 200
    for bad in ("rows=age&columns=age", "rows=age&columns=diagnosis", "rows=age&columns=phone", ""):
        assert steward.get(f"/research/projects/{asked.pk}/counts/?{bad}").status_code == 404
    steward.post(f"/research/projects/{asked.pk}/close/")
    asked.refresh_from_db()
    assert (asked.state, asked.key) == ("closed", None)
    assert steward.post(take, {"format": "csv"}).status_code == 302
    assert Taking.objects.count() == 2


def test_k_that_cannot_be_met_is_refused_with_numbers(as_user: AsUser, root: str):
    steward = as_user("steward")
    form = {**FORM, "division": root, "k": "200", "column": ["sex", "age", "home", "diagnosis"], "step-age": "five-years",
            "step-home": "township"}  # fmt: skip
    steward.post("/research/new/", form)
    project = Project.objects.get()
    approve(as_user, project, "leader", "plan-officer")
    user = User.objects.get(username="steward")
    with pytest.raises(Refused, match=r"k = 200：\d+ 行.*“居住地”粗化一级后剩 \d+ 行"):
        actions.take(number=project.pk, format_="csv", by=user, scope=Scope.of(user))
    page = steward.get(f"/research/projects/{project.pk}/").content.decode()
    assert "达不到 k = 200" in page
    assert "领取 CSV" not in page
    assert not Taking.objects.exists()


def test_nobody_approves_their_own(as_user: AsUser, asked: Project):
    Project.objects.update(applicant="leader")
    approve(as_user, asked, "leader")
    assert asked.approvals.count() == 0


def test_one_no_sends_it_back_and_needs_a_reason(as_user: AsUser, asked: Project):
    leader = as_user("leader")
    leader.post(f"/research/approvals/{asked.pk}/decide/", {"decision": "no", "note": ""})
    asked.refresh_from_db()
    assert asked.state == "requested"
    leader.post(f"/research/approvals/{asked.pk}/decide/", {"decision": "no", "note": "用途不清"})
    asked.refresh_from_db()
    assert (asked.state, asked.key) == ("rejected", None)


def test_an_approval_expires(as_user: AsUser, asked: Project):
    approve(as_user, asked, "leader", "plan-officer")
    Project.objects.update(expires=clock.today() - timedelta(days=1))
    user = User.objects.get(username="steward")
    with pytest.raises(Refused, match="到期"):
        actions.take(number=asked.pk, format_="csv", by=user, scope=Scope.of(user))


def test_another_place_does_not_exist(as_user: AsUser, asked: Project):
    Project.objects.update(division="88", applicant="somebody")
    for user, address in (("steward", "projects"), ("leader", "approvals")):
        assert as_user(user).get(f"/research/{address}/{asked.pk}/").status_code == 404
    assert as_user("leader").post(f"/research/approvals/{asked.pk}/decide/", {"decision": "yes"}).status_code == 404
    assert as_user("steward").post("/research/new/", {**FORM, "division": "88"}).status_code == 404
    assert queries.projects(scope=Scope.system()).count() == 1


@pytest.mark.parametrize(
    "change", [{"title": ""}, {"purpose": "短"}, {"start": "x"}, {"end": "2020-01-01"}, {"k": "2"}, {"column": []},
               {"step-age": "exact"}],
)  # fmt: skip
def test_a_wrong_request_is_refused_on_the_page(change, as_user: AsUser, root: str):
    answer = as_user("steward").post("/research/new/", {**FORM, "division": root, **change})
    assert answer.status_code == 400
    assert 'role="alert"' in answer.content.decode()
    assert not Project.objects.exists()
    assert as_user("steward").get("/research/new/?table=secrets").status_code == 404


def test_what_a_page_costs(as_user: AsUser, asked: Project):
    for user, address, most in (("steward", "/research/", 7), ("steward", f"/research/projects/{asked.pk}/", 9),
                                ("leader", "/research/approvals/", 7), ("leader", "/research/register/", 7)):  # fmt: skip
        browser = as_user(user)
        browser.get(address)
        with CaptureQueriesContext(connection) as found:
            assert browser.get(address).status_code == 200
        assert len(found) <= most, (address, len(found), "\n".join(q["sql"][:120] for q in found))
