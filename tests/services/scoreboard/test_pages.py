"""Every page of the board: for each person of the demonstration, what it shows, what is noted, what it costs."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import docx
import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from luoshi.kernel import clock
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.audit.models import Entry
from luoshi.platform.lake import results
from luoshi.services.plan_desk.models import Target
from luoshi.services.scoreboard import pages
from luoshi.supervision.duties import public as duties
from luoshi.web import fragments

from ..conftest import LISTS, USERS, Known

AsUser = Callable[[str], Client]
BOARD = ("leader", "plan-officer", "county", "clinic", "steward")

PAGES = {
    "overview": "/",
    "overview as Excel": "/?format=xlsx",
    "overview as Word": "/?format=docx",
    "targets": "/targets/",
    "targets as Excel": "/targets/?format=xlsx",
    "targets as Word": "/targets/?format=docx",
    "target": "/targets/{target}/",
    "target as Excel": "/targets/{target}/?format=xlsx",
    "target as Word": "/targets/{target}/?format=docx",
    "missed": "/targets/{target}/missed/",
    "missed as Excel": "/targets/{target}/missed/?format=xlsx",
    "ranking": "/targets/{target}/ranking/",
    "ranking of institutions": "/targets/{target}/ranking/?of=institutions",
    "ranking as Word": "/targets/{target}/ranking/?format=docx",
    "denominators": "/targets/{per_head}/denominators/",
    "denominators as Excel": "/targets/{per_head}/denominators/?format=xlsx",
}


@pytest.fixture(autouse=True)
def drawn_each_time(monkeypatch):
    """Nothing is kept as drawn, so that every answer tells what it was drawn from; `test_kept` keeps."""
    monkeypatch.setattr(fragments, "_kept", fragments.Kept(0))


def test_no_page_is_forgotten():
    assert {p.name for p in pages.urlpatterns} == {
        *("overview", "targets", "target", "missed", "ranking", "denominators"),
    }
    assert all(hasattr(p.callback, "permission") for p in pages.urlpatterns)


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("page", PAGES)
def test_who_sees_what(page: str, user: str, as_user: AsUser, known: Known):
    allowed = user in (LISTS if "missed" in page else BOARD)
    answer = as_user(user).get(PAGES[page].format(target=known.target, per_head=known.per_head))
    if "denominators" in page and user == "clinic":
        assert answer.status_code == 404  # a single institution has no count of people
    else:
        assert answer.status_code == (200 if allowed else 403)


@pytest.mark.parametrize("page", PAGES)
def test_a_stranger_signs_in_first(page: str, as_user: AsUser, known: Known):
    answer = as_user("").get(PAGES[page].format(target=known.target, per_head=known.per_head))
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("access:sign-in"))


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("user", ["county", "clinic"])
def test_another_county_does_not_exist(page: str, user: str, as_user: AsUser, known: Known):
    address = PAGES[page].format(target=known.target, per_head=known.per_head)
    join = "&" if "?" in address else "?"
    assert as_user(user).get(f"{address}{join}division={known.other_county}").status_code == 404
    assert as_user("leader").get(f"{address}{join}division={known.other_county}").status_code == 200


def test_another_countys_institution_lists_nobody_for_the_county(as_user: AsUser, known: Known):
    from luoshi.platform.regions.models import Institution

    other = Institution.objects.filter(division__path__contains=f"/{known.other_county}/").first()
    assert other is not None
    address = f"/targets/{known.target}/missed/?institution={other.code}"
    assert as_user("county").get(address).status_code == 404


@pytest.mark.parametrize("address", ["/targets/999999/", "/targets/999999/missed/", "/?division=nowhere"])
def test_what_is_not_there(address: str, as_user: AsUser, known: Known):
    assert as_user("leader").get(address).status_code == 404


def test_a_register_has_no_list_of_people(as_user: AsUser, known: Known):
    leader = as_user("leader")
    assert leader.get(f"/targets/{known.register}/missed/").status_code == 404
    text = leader.get(f"/targets/{known.register}/").content.decode()
    assert "由名录计数" in text
    assert "/missed/" not in text


def test_looks_and_exports_are_noted(as_user: AsUser, known: Known):
    leader = as_user("leader")
    before = Entry.objects.count()
    leader.get(f"/targets/{known.target}/")
    assert Entry.objects.count() == before  # no person on it
    listed = leader.get(f"/targets/{known.target}/missed/").context["page"].items
    noted = list(Entry.objects.filter(number__gt=before))
    assert {e.object_id for e in noted} == {str(item.missed.person) for item in listed}
    assert len(noted) == len(listed) > 10
    assert {(e.by, e.action, e.detail["what"]) for e in noted} == {("leader", "look", "list htn-std")}
    leader.get(f"/targets/{known.target}/missed/?format=xlsx")
    whats = {e.detail["what"] for e in Entry.objects.filter(number__gt=before + len(noted))}
    assert whats == {"export htn-std"}


def test_the_overview_counts_every_promise_once(as_user: AsUser, known: Known):
    board = as_user("leader").get("/").context["board"]
    total = Target.objects.filter(plan__status="confirmed", status__in=("confirmed", "corrected")).count()
    assert len(board["rows"]) == total == sum(tile["count"] for tile in board["tiles"])
    assert sum(action["total"] for action in board["actions"]) == total
    assert all(row.standing.why for row in board["rows"])
    for row in board["by_child"].rows:
        assert sum(cell.value for cell in row[2:]) == total
    assert 0 < sum(tile["count"] for tile in board["tiles"] if tile["light"].key == "green") < total


def test_the_page_of_a_promise_leads_to_its_sentence_and_its_people(as_user: AsUser, known: Known):
    answer = as_user("leader").get(f"/targets/{known.target}/")
    text = answer.content.decode()
    row = answer.context["row"]
    assert f"{row.standing.numerator:,.0f}/{row.standing.denominator:,.0f}" in text
    assert f"#at-{known.target}" in text
    assert f"/targets/{known.target}/missed/" in text
    assert row.quote in text
    assert "2025-10-31" in text
    people = as_user("leader").get(f"/targets/{known.target}/missed/").context["page"]
    assert people.total == row.standing.denominator - row.standing.numerator
    counties = answer.context["children_table"].rows
    assert sum(int(c[2].note.split("/")[1].replace(",", "")) for c in counties) == row.standing.denominator


def test_the_list_offers_every_institution_and_keeps_the_chosen_one(as_user: AsUser, known: Known):
    """Drawn once for an evaluation: the choice of one reader is not in what the next one gets."""
    leader, address = as_user("leader"), f"/targets/{known.target}/missed/"
    plain = leader.get(address).content.decode()
    codes = re.findall(r'<option value="(\w[^"]*)"', plain)
    assert len(codes) > 3
    chosen = leader.get(f"{address}?institution={codes[2]}").content.decode()
    assert re.findall(r'<option value="([^"]*)" selected>', chosen) == [codes[2]]
    assert " selected>" not in leader.get(address).content.decode()


def test_lights_set_by_hand_are_found_among_a_thousand_places(city_db: Any, db: None):
    """And one query, however many are asked about."""
    from luoshi.supervision.duties.models import Override

    now = clock.now()
    for place, state in (("p-7", "standing"), ("p-8", "ended"), ("elsewhere", "standing")):
        Override.objects.create(
            target=1, place=place, path="/99/", colour="red", computed="green", reason="理由", by="a", at=now,
            until=clock.today(), state=state,
        )  # fmt: skip
    with CaptureQueriesContext(connection) as asked:
        found = duties.overrides((target, f"p-{n}") for target in range(110) for n in range(200))
    assert list(found) == [(1, "p-7")]
    assert len(asked) == 1
    assert list(duties.overrides([(1, "p-7"), (1, "p-8"), (2, "p-7")])) == [(1, "p-7")]


def test_the_clinic_sees_its_own_people_only(as_user: AsUser, known: Known):
    from luoshi.platform.store.models import Person

    page = as_user("clinic").get(f"/targets/{known.target}/missed/").context["page"]
    persons = {item.missed.person for item in page.items}
    assert persons
    inside = Person.objects.filter(pk__in=persons).values_list("institution", flat=True)
    assert set(inside) <= set(Scope.of(User.objects.get(username="clinic")).institution_codes)
    page = as_user("county").get(f"/targets/{known.target}/missed/").context["page"]
    divisions = Person.objects.filter(pk__in={i.missed.person for i in page.items}).values_list("division", flat=True)
    assert all(code.startswith(known.county) for code in divisions)


def test_filters_of_the_list(as_user: AsUser, known: Known):
    leader = as_user("leader")
    every = leader.get("/targets/").context["board"].rows
    for light in ("green", "yellow", "red", "grey", "late"):
        wanted = ("red", "yellow") if light == "late" else (light,)
        found = leader.get(f"/targets/?light={light}").context["page"]
        assert found.total == sum(row.standing.light in wanted for row in every)
    found = leader.get("/targets/", {"q": "高血压"}).context["page"]
    assert known.target in {row.id for row in found.items}
    assert all("高血压" in f"{r.target.metric}{r.target.quote}{r.target.task_title}" for r in found.items)
    assert leader.get("/targets/?light=purple").context["page"].total == 0
    assert "没有符合条件的目标" in leader.get("/targets/", {"q": "月球"}).content.decode()
    assert leader.get("/targets/?verdict=not").context["page"].total == sum(r.target.verdict == "not" for r in every)


def test_excel_holds_numbers_as_numbers(as_user: AsUser, known: Known):
    answer = as_user("leader").get("/targets/?format=xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    rows = list(sheet.iter_rows(values_only=True))
    head = next(n for n, row in enumerate(rows) if row[0] == "目标")
    named = [dict(zip(rows[head], row, strict=True)) for row in rows[head + 1 :] if row[0]]
    every = as_user("leader").get("/targets/").context["board"].rows
    assert len(named) == len(every)
    for cells, row in zip(named, every, strict=True):
        assert cells["目标"].startswith(row.metric)
        assert cells["目标值"] == row.target.value or row.target.upper is not None
        if row.standing.value is not None:
            assert cells["现值"] == pytest.approx(row.standing.value)
        assert cells["灯色"].startswith(str(row.light.word))
    assert "attachment" in answer["Content-Disposition"]


def test_word_holds_the_sentence_the_charts_and_the_tables(as_user: AsUser, known: Known):
    answer = as_user("leader").get(f"/targets/{known.target}/?format=docx")
    document = docx.Document(io.BytesIO(answer.content))
    row = as_user("leader").get(f"/targets/{known.target}/").context["row"]
    words = "\n".join(p.text for p in document.paragraphs)
    assert row.quote in words
    assert row.metric in words
    assert len(document.inline_shapes) == 2
    facts = {r.cells[0].text: r.cells[1].text for r in document.tables[0].rows}
    assert facts["现值"] == f"{row.value_text} {row.fraction_text}"


def test_the_exported_list_names_everyone(as_user: AsUser, known: Known):
    leader = as_user("leader")
    total = leader.get(f"/targets/{known.target}/missed/").context["page"].total
    sheet = openpyxl.load_workbook(
        io.BytesIO(leader.get(f"/targets/{known.target}/missed/?format=xlsx").content)
    ).active
    rows = list(sheet.iter_rows(values_only=True))
    head = next(n for n, row in enumerate(rows) if row[0] == "姓名或名称")
    assert len([row for row in rows[head + 1 :] if row[0]]) == total
    assert all(row[1] for row in rows[head + 1 :] if row[0])  # a reason for each
    assert all("*" in row[3] for row in rows[head + 1 :] if row[3] and row[0])  # identifiers stay masked


@pytest.mark.parametrize(
    ("page", "most"),
    [
        ("overview", 17),
        ("targets", 13),
        ("target", 16),
        ("missed", 22),
        ("target as Word", 13),
        ("ranking", 11),
        ("denominators", 12),
    ],
)
def test_what_a_page_costs(page: str, most: int, as_user: AsUser, known: Known):
    leader = as_user("leader")
    address = PAGES[page].format(target=known.target, per_head=known.per_head)
    leader.get(address)
    with CaptureQueriesContext(connection) as queries:
        assert leader.get(address).status_code == 200
    assert len(queries) <= most, "\n".join(q["sql"][:160] for q in queries)


def test_a_declared_feed_that_stopped_is_told_where_the_figures_are_made_of_it(as_user: AsUser, known: Known):
    """Of the visits of the county the promise is looked at for, not of what another county or kind keeps back."""
    from luoshi.platform.sources import registering
    from luoshi.platform.sources.models import Registration
    from luoshi.platform.store.models import Source

    long_ago = clock.today() - timedelta(days=30)
    for name, division, kind in (
        ("his-here", known.county, "Encounter"),
        ("his-there", known.other_county, "Encounter"),
        ("shots", known.county, "Immunization"),
    ):
        source = Source.objects.create(name=name, division=division)
        Registration.objects.create(source=source)
        registering.declare(source=source, by="t", kind=kind, since=long_ago)
    leader = as_user("leader")
    told = leader.get(f"/targets/{known.target}/?division={known.county}").content.decode()
    assert "his-here 的 Encounter 已迟 " in told
    assert "从未收到" in told
    assert "his-there" not in told
    assert "shots" not in told
    Source.objects.filter(name__startswith="his-").update(division="")  # registered for no place: everybody's
    leader.cookies["luoshi_lang"] = "en"
    told = leader.get(f"/targets/{known.target}/?division={known.county}").content.decode()
    assert "did not send in time" in told
    assert re.search(r"his-there: Encounter \d+ hours late, never heard", told)


def test_a_ranking_names_every_county_once_with_its_range(as_user: AsUser, known: Known):
    leader = as_user("leader")
    table = leader.get(f"/targets/{known.target}/ranking/").context["table"]
    counties = leader.get(f"/targets/{known.target}/").context["children_table"].rows
    assert sorted(row[1].text for row in table.rows) == sorted(row[0].text for row in counties)
    ranks = [row[0].value for row in table.rows if row[0].value]
    assert ranks == sorted(ranks)
    for row in table.rows:
        if row[0].value and "–" in row[3].text:
            low, high = map(int, row[3].text.split("–"))
            assert low <= row[0].value <= high
    clinics = leader.get(f"/targets/{known.target}/ranking/?of=institutions").context["table"]
    unranked = [row for row in clinics.rows if row[0].value is None]
    assert all("不排名" in row[4].text for row in unranked)


def test_another_count_of_people_changes_who_keeps_the_promise(as_user: AsUser, known: Known):
    from luoshi.platform.regions.models import Division, Population

    leader = as_user("leader")
    address = f"/targets/{known.per_head}/denominators/"
    first = leader.get(address).context["tables"][0]
    used = [row for row in first.rows if row[0].note]
    assert len(used) == 1  # the page says which one it used
    for county in Division.objects.filter(level=3):
        Population.objects.create(division=county, year=2025, kind="household", value=1, source="公安户籍", version="9")
    rows = {row[0].text: row for row in leader.get(address).context["tables"][0].rows}
    police = next(row for name, row in rows.items() if "公安户籍" in name)
    below = Division.objects.filter(level=3).count()
    assert police[1].value == below
    assert police[4].text == f"{below}/{below}"  # over one head each every county has doctors enough
    switched = leader.get(police[0].href).context["tables"][1]
    assert {row[5].text for row in switched.rows} <= {"由未达到变为达到", "不变"}
    assert leader.get(address + "?count=nothing").status_code == 404
    assert leader.get(f"/targets/{known.target}/denominators/").status_code == 404  # no rate by heads of population


@pytest.mark.parametrize("page", ["target as Word", "ranking of institutions"])
def test_a_file_holds_no_small_number_for_who_may_not_see_the_people(page: str, as_user: AsUser, known: Known):
    join = "" if "format" in PAGES[page] else "&format=docx"
    address = PAGES[page].format(target=known.target, per_head=known.per_head) + join

    def counts(user: str) -> tuple[str, list[tuple[int, int]]]:
        document = docx.Document(io.BytesIO(as_user(user).get(address).content))
        text = " ".join(cell.text for table in document.tables for row in table.rows for cell in row.cells)
        return text, [(int(n), int(d)) for n, d in re.findall(r"(\d+)/(\d+)", text)]

    text, shown = counts("plan-officer")
    assert "人数太少" in text or "没有数据，不排名" in text
    assert shown
    assert all(n == 0 or n >= 5 for n, _d in shown)
    assert len(shown) < len(counts("leader")[1])


@pytest.mark.parametrize("address", ["/", "/targets/"], ids=["board", "targets"])
def test_nor_does_the_file_of_a_whole_list(address: str, as_user: AsUser):
    from luoshi.platform.regions.models import Division

    village = Division.objects.filter(level=5).order_by("code").first()

    def counts(user: str) -> tuple[str, list[tuple[str, str]]]:
        answer = as_user(user).get(f"{address}?division={village.code}&format=docx")
        document = docx.Document(io.BytesIO(answer.content))
        text = " ".join(cell.text for table in document.tables for row in table.rows for cell in row.cells)
        return text, re.findall(r"\d+/\d+", text)

    text, shown = counts("plan-officer")
    exact, every = counts("leader")
    assert "人数太少" in text
    assert "人数太少" not in exact
    assert len(shown) < len(every)


def test_the_page_of_a_promise_says_what_to_expect(as_user: AsUser, known: Known):
    lines = as_user("leader").get(f"/targets/{known.target}/").context["forecast_lines"]
    assert len(lines) == 2
    assert "2025-12-31" in lines[0]
    assert "方法" in lines[1]


def test_who_looks_from_above_the_only_plan_comes_to_it(as_user: AsUser, known: Known):
    from luoshi.platform.access.models import Grant, User
    from luoshi.platform.regions.models import Division

    province, city = Division.objects.get(level=1), Division.objects.get(level=2)
    above = User.objects.create(username="province")
    Grant.objects.create(user=above, role="division-head", division=province)
    client = Client()
    client.force_login(above)
    assert client.get("/").headers["Location"] == f"/?division={city.code}"
    text = client.get(f"/?division={province.code}").content.decode()
    assert f"{province.name}本级还没有确认的计划" in text
    assert f"/?division={city.code}" in text


def test_english_from_head_to_foot(as_user: AsUser, known: Known):
    leader = as_user("leader")
    leader.cookies["luoshi_lang"] = "en"
    text = leader.get(f"/targets/{known.target}/").content.decode()
    assert '<html lang="en"' in text
    for words in ("Hypertension", "Target ≥", "Computed from records", "short", "days ago", "See who is missing"):
        assert words in text
    listed = leader.get(f"/targets/{known.target}/missed/").content.decode()
    assert "visits" in listed.lower()


def test_chinese_has_no_english_left(as_user: AsUser, known: Known):
    text = as_user("leader").get("/").content.decode()
    for words in ("short", "days ago", "too many", "No value"):
        assert words not in text


def test_nothing_evaluated_yet(as_user: AsUser, known: Known, settings, tmp_path):
    """A lake that is not there: every promise is grey with a reason, and no page breaks."""
    settings.LUOSHI_LAKE = tmp_path / "nowhere"
    leader = as_user("leader")
    board = leader.get("/").context["board"]
    computed = [row for row in board["rows"] if row.target.binding_kind == "indicator"]
    assert {row.standing.light for row in computed} == {"grey"}
    assert results.data_until() is None
    assert "还没有收到任何数据" in leader.get("/").content.decode()
    for page, address in PAGES.items():
        assert leader.get(address.format(target=known.target, per_head=known.per_head)).status_code == 200, page


def test_no_plan_yet(as_user: AsUser, known: Known):
    from luoshi.services.plan_desk.models import Plan

    Plan.objects.all().delete()
    leader = as_user("leader")
    assert "还没有确认的目标" in leader.get("/").content.decode()
    assert leader.get("/targets/").context["page"].total == 0
    for page in ("overview as Excel", "overview as Word", "targets as Excel", "targets as Word"):
        assert leader.get(PAGES[page]).status_code == 200


def test_long_names_do_not_break_files(as_user: AsUser, known: Known):
    long = "把方便群众的服务送到每一个村每一户每一位老人身边" * 8
    Target.objects.filter(pk=known.target).update(metric=long[:200], quote=f"=SUM(A1) {long}")
    leader = as_user("leader")
    for page in ("target", "target as Excel", "target as Word", "missed", "missed as Excel", "overview as Word"):
        assert leader.get(PAGES[page].format(target=known.target, per_head=known.per_head)).status_code == 200, page
    answer = leader.get(f"/targets/{known.target}/?format=xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0]
    assert sheet["A2"].data_type == "s"  # text that begins with = stays text
