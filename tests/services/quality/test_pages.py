"""The quality desk: who sees what, what is noted, what it costs, and that the loop closes."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import orjson
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from luoshi.kernel.errors import InvalidValue, Refused
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.audit.models import Entry
from luoshi.platform.sources.models import Feed
from luoshi.platform.store.models import Source
from luoshi.records.validate import Validator
from luoshi.services.quality import actions, judging, pages, public, queries, results, rules, touching
from luoshi.services.quality.models import Finding, ReturnedRow, Score
from luoshi.services.quality.rules import Count

from ..conftest import USERS, Known

AsUser = Callable[[str], Client]
DAY = "2025-11-03"
READ = ("leader", "county", "clinic", "steward")
JUDGE = ("leader", "county")
ADDRESSES = {
    "overview": ("/quality/", READ),
    "card": (f"/quality/card/?source=demo&day={DAY}", READ),
    "card-all": ("/quality/card/?source=demo", READ),
    "card-csv": ("/quality/card/?source=demo&format=csv", READ),
    "card-fhir": ("/quality/card/?source=demo&format=fhir", READ),
    "checks": ("/quality/checks/", READ),
    "failing": ("/quality/rows/?source=demo&check=visit-sent-late", READ),
    "failing-csv": ("/quality/rows/?source=demo&check=visit-sent-late&format=csv", READ),
    "returns": ("/quality/returns/", READ),
    "findings": ("/quality/authenticity/", JUDGE),
}


@pytest.fixture
def finding(checked: Path, db: None) -> Finding:
    """A sign at the institution of the clinic's user."""
    from luoshi.platform.access.models import Grant

    clinic = Grant.objects.get(user__username="clinic").institution
    assert clinic is not None
    row = queries.failing(scope=Scope.system(), check="visit-sent-late").rows[0]
    return Finding.objects.create(
        unit=clinic.code, institution=clinic.code, test="digits-systolic", first_day=date(2025, 1, 1),
        last_day=date(2025, 10, 1), found_at="2025-11-03T00:00:00Z", trials=200, observed=40, expected=0, statistic=80.0,
        effect=0.2, p_value=1e-9, q_value=1e-6, detail={"observed": [0.1] * 10, "expected": [0.1] * 10},
        rows=[[row.person, "Encounter", row.id, "2025-03-01", "130/80"]],
    )  # fmt: skip


def test_the_overview_tells_whose_feeds_are_silent(as_user: AsUser, checked: Path, known: Known) -> None:
    Feed.objects.all().delete()
    for name, division in (("here", known.county), ("there", known.other_county)):
        source = Source.objects.create(name=f"silent-{name}", title=f"医院 {name}", division=division)
        Feed.objects.create(source=source, kind="Encounter", hours=24, since="2025-10-01")
    page = as_user("leader").get("/quality/").content.decode()
    assert "2 项约定的数据到时没有来" in page
    assert "医院 there" in page
    page = as_user("county").get("/quality/").content.decode()
    assert "1 项约定的数据到时没有来" in page
    assert "医院 there" not in page
    assert "从未来过" in page


def test_every_page_has_a_guard():
    for page in pages.urlpatterns:
        assert hasattr(page.callback, "permission"), page.name
        # Whoever may look for signs sees residents one step further on: the second factor is asked for at the door.
        guarded = page.name in ("failing", "return", "returned", "findings", "finding", "judge")
        assert getattr(page.callback, "person_factor", False) == guarded, page.name


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("page", ADDRESSES)
def test_who_sees_what(page: str, user: str, as_user: AsUser, checked: Path):
    address, allowed = ADDRESSES[page]
    expected = 200 if user in allowed else 403
    if user == "clinic" and page.startswith("card"):
        expected = 404  # no source is theirs, and a card is not cut to an institution
    assert as_user(user).get(address).status_code == expected


def test_a_stranger_signs_in_first(as_user: AsUser, checked: Path):
    for address, _ in ADDRESSES.values():
        assert as_user("").get(address).status_code == 302


def test_a_county_sees_its_own_rows(as_user: AsUser, checked: Path):
    county = Scope.of(User.objects.get(username="county"))
    everything = queries.card("demo", None, scope=Scope.system())
    here = queries.card("demo", None, scope=county)
    assert 0 < here.rows < everything.rows
    root = county.root_division()
    page = queries.failing(scope=county, limit=100_000)
    assert 0 < page.total < queries.failing(scope=Scope.system()).total
    assert {row.place for row in page.rows} == {root}


def test_a_sender_sees_all_of_its_source(as_user: AsUser, checked: Path, known):
    clinic = Scope.of(User.objects.get(username="clinic"))
    assert queries.overview(scope=clinic).standings == ()
    Source.objects.filter(name="demo").update(institution=known.clinic)
    assert queries.card("demo", None, scope=clinic).rows == queries.card("demo", None, scope=Scope.system()).rows
    assert as_user("clinic").get(f"/quality/card/?source=demo&day={DAY}").status_code == 200


def test_wrong_addresses(as_user: AsUser, checked: Path):
    leader = as_user("leader")
    for address in ("card/?source=nobody", "card/?source=demo&day=1", "rows/?check=no-such", "authenticity/999/",
                    "returns/999/", "card/?source=demo&day=2001-01-01"):  # fmt: skip
        assert leader.get(f"/quality/{address}").status_code == 404, address


def test_before_any_run_the_page_says_so(as_user: AsUser, settings, tmp_path: Path):
    settings.LUOSHI_LAKE = tmp_path
    assert "还没有运行" in as_user("leader").get("/quality/").content.decode()
    assert as_user("leader").get("/quality/rows/").status_code == 404


def test_the_scorecard_says_what_failed_and_what_it_touches(as_user: AsUser, checked: Path):
    answer = as_user("leader").get(ADDRESSES["card"][0])
    text = answer.content.decode()
    card = answer.context["found"]
    assert f"{card.score:.1f}" in text
    assert answer.context["promises"]
    assert "加权平均" in text
    assert "服务记录发生7天后才上传" in text


def test_the_scorecard_as_csv_and_fhir(as_user: AsUser, checked: Path):
    leader = as_user("leader")
    table = list(csv.DictReader(io.StringIO(leader.get(ADDRESSES["card-csv"][0]).content.decode("utf-8-sig"))))
    report = json.loads(leader.get(ADDRESSES["card-fhir"][0]).content)
    assert report["resourceType"] == "MeasureReport"
    groups = {group["code"]["coding"][0]["code"]: group for group in report["group"]}
    assert set(groups) == {"score"} | {row["check"] for row in table}
    for row in table:
        counts = [part["count"] for part in groups[row["check"]]["population"]]
        assert counts == [int(row["rows"]), int(row["rows"]) - int(row["failing"])]
    assert not Validator().check(orjson.dumps(report))


def test_failing_rows_as_operation_outcomes(as_user: AsUser, checked: Path):
    bundle = json.loads(as_user("leader").get(ADDRESSES["failing"][0] + "&format=fhir").content)
    assert bundle["entry"]
    assert not Validator().check(orjson.dumps(bundle))
    issue = bundle["entry"][0]["resource"]["issue"][0]
    assert issue["expression"][0].startswith("Encounter/")
    assert "上传" in issue["details"]["text"]


def test_looks_at_rows_are_noted(as_user: AsUser, checked: Path):
    before = Entry.objects.count()
    answer = as_user("leader").get(ADDRESSES["failing"][0])
    noted = Entry.objects.filter(number__gt=before, action="look")
    assert {int(e.object_id) for e in noted} == {r.person for r in answer.context["page"].items if r.person is not None}
    assert {e.detail["what"] for e in noted} == {"list quality visit-sent-late"}


@pytest.mark.parametrize(("page", "most"), [("overview", 9), ("card", 13), ("checks", 6), ("failing", 17), ("returns", 9),
                                            ("findings", 10)])  # fmt: skip
def test_what_a_page_costs(page: str, most: int, as_user: AsUser, checked: Path):
    leader = as_user("leader")
    leader.get(ADDRESSES[page][0])
    with CaptureQueriesContext(connection) as asked:
        assert leader.get(ADDRESSES[page][0]).status_code == 200
    assert len(asked) <= most, "\n".join(q["sql"][:160] for q in asked)


@pytest.mark.parametrize("page", ["overview", "checks", "findings", "card"])
def test_pages_as_files_and_in_english(page: str, as_user: AsUser, checked: Path, finding: Finding):
    leader = as_user("leader")
    address = ADDRESSES[page][0]
    joined = "&" if "?" in address else "?"
    assert leader.get(f"{address}{joined}format=xlsx").content[:2] == b"PK"
    leader.get("/quality/?lang=en")
    text = leader.get(address).content.decode()
    assert "Data quality" in text


def test_a_finding_and_its_judgement(as_user: AsUser, finding: Finding, checked: Path):
    leader = as_user("leader")
    address = reverse("quality:finding", args=[finding.pk])
    page = leader.get(address)
    text = page.content.decode()
    assert "末位数字" in text
    assert "造假" not in text
    judge = reverse("quality:judge", args=[finding.pk])
    leader.post(judge, {"state": "explained", "note": "短"})
    assert Finding.objects.get(pk=finding.pk).state == "open"
    leader.post(judge, {"state": "nonsense", "note": "水银血压计，逐页核对"})
    assert Finding.objects.get(pk=finding.pk).state == "open"
    leader.post(judge, {"state": "explained", "note": "水银血压计，逐页核对"})
    found = Finding.objects.get(pk=finding.pk)
    assert (found.state, found.judgements.get().by) == ("explained", "leader")
    assert "水银血压计" in leader.get(address).content.decode()
    assert as_user("clinic").get(address).status_code == 403
    with pytest.raises(InvalidValue):
        judging.judge(
            number=finding.pk, state="explained", note="", by=User.objects.get(username="leader"), scope=Scope.system()
        )
    Finding.objects.filter(pk=finding.pk).update(institution="ELSEWHERE")
    assert as_user("county").get(address).status_code == 404
    assert as_user("county").post(judge, {"state": "explained", "note": "别处的机构"}).status_code == 404
    assert public.open_findings(scope=Scope.system()) == 0


def test_a_second_factor_is_asked_for_first(as_user: AsUser, finding: Finding, settings):
    settings.LUOSHI_TWO_FACTOR = True
    for address in (ADDRESSES["failing"][0], reverse("quality:finding", args=[finding.pk])):
        assert as_user("leader").get(address)["Location"].startswith(reverse("access:second-factor"))


def test_the_formula():
    counts = {
        "person-sex-missing": Count(100, 10),
        "observation-repeated": Count(10, 10),
        "visit-repeated": Count(0, 0),
    }
    weights = rules.scoring().weights
    expected = 100 * (weights["error"] * 0.9 + weights["note"] * 0.0) / (weights["error"] + weights["note"])
    assert rules.score(counts) == pytest.approx(expected)
    assert rules.score({}) is None
    assert rules.grade(100).light == "green"
    assert rules.grade(0).light == "red"


def test_what_a_check_touches():
    pressure = touching.indicators_of("systolic-range")
    assert "htn-control" in pressure
    assert not {"child-mgmt", "nip-coverage"} & set(pressure)
    assert "htn-std" not in touching.indicators_of("dose-order")
    assert "nip-coverage" in touching.indicators_of("dose-order")
    assert touching.indicators_of("person-division-missing")


def test_nothing_to_give_back_is_refused(checked: Path, db: None):
    with pytest.raises(Refused):
        actions.give_back(source="nobody", by="x", scope=Scope.system())


def test_the_loop_closes(as_user: AsUser, city_db, tmp_path: Path, settings):
    """A wrong record scores; it goes back with the reason; mended and sent again it scores well, and the batch says so."""
    from datetime import UTC, datetime

    from luoshi.platform.lake.build import build, update
    from luoshi.platform.lake.source import StoreSource
    from luoshi.platform.store.ingest import ingest

    folder = tmp_path / "sent"
    folder.mkdir()
    patient = {"resourceType": "Patient", "id": "p1", "gender": "male", "birthDate": "1950-01-01"}
    reading = {
        "resourceType": "Observation", "id": "o1", "status": "final", "subject": {"reference": "Patient/p1"},
        "code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]}, "effectiveDateTime": "2025-10-01",
        "valueQuantity": {"value": 1350},
    }  # fmt: skip

    def send(value: float) -> None:
        body = [patient, reading | {"valueQuantity": {"value": value}}]
        path = folder / f"{value}.ndjson"
        path.write_bytes(b"\n".join(orjson.dumps(one) for one in body) + b"\n")
        assert not ingest([path], source="hospital", by="test", workers=0).counts.refused

    settings.LUOSHI_LAKE = lake = tmp_path / "lake"
    send(1350)
    now = datetime(2025, 11, 3, 4, tzinfo=UTC)
    build(StoreSource(), lake, at=now)
    actions.run(by="test")
    asked = {"source": "hospital", "check": "systolic-range"}
    first = queries.card("hospital", None, scope=Scope.system())
    assert first.counts["systolic-range"] == Count(1, 1)
    leader = as_user("leader")
    Source.objects.filter(name="hospital").update(division="9901")
    answer = leader.post("/quality/rows/return/", {**asked, "format": "ndjson"})
    line = json.loads(answer.content)
    assert line["resource"]["valueQuantity"]["value"] == 1350
    assert [r["check"] for r in line["reasons"]] == ["systolic-range"]
    assert "1350" in line["reasons"][0]["text"]
    row = ReturnedRow.objects.get()
    # It comes again as wrong as before.
    send(1360)
    update(StoreSource(), lake, at=now)
    actions.run(by="test")
    row.refresh_from_db()
    assert row.state == "again"
    # It comes again mended.
    send(135)
    update(StoreSource(), lake, at=now)
    ran = actions.run(by="test")
    assert ran.looked_at < ran.buckets or ran.buckets == 1 or ran.looked_at >= 1
    row.refresh_from_db()
    assert row.state == "mended"
    again = queries.card("hospital", None, scope=Scope.system())
    assert again.counts["systolic-range"] == Count(1, 0)
    assert again.score > first.score
    scores = list(Score.objects.filter(source="hospital").order_by("at").values_list("score", flat=True))
    assert len(scores) >= 2
    assert scores[-1] > scores[0]
    assert leader.get(reverse("quality:returned", args=[row.batch_id])).status_code == 200
    assert "已改正" in leader.get(reverse("quality:returned", args=[row.batch_id])).content.decode()
    assert results.still_failing(lake, [("systolic-range", "o1")]) == set()


def test_findings_are_kept_and_judgements_stay(checked: Path, db: None, monkeypatch: pytest.MonkeyPatch):
    from luoshi.kernel.period import Period
    from luoshi.services.quality import signs

    sign = signs.Sign(
        "at-night", "U1", "U1", 100, 60, 1, 59, 0.59, 1e-30, 1e-28, rows=((1, "Encounter", "v1", "2025-03-01", ""),)
    )
    told = signs.Examined((sign,), (sign,), 1, Period(date(2025, 1, 1), date(2025, 12, 31)))
    monkeypatch.setattr(signs, "examine", lambda lake, period=None: told)
    judging.look(by="test")
    judging.look(by="test")
    found = Finding.objects.get(unit="U1")
    assert (found.first_day, found.current) == (date(2025, 3, 1), True)
    Finding.objects.filter(pk=found.pk).update(state="explained")
    monkeypatch.setattr(signs, "examine", lambda lake, period=None: signs.Examined((), (), 1, told.period))
    judging.look(by="test")
    found.refresh_from_db()
    assert (found.current, found.state) == (False, "explained")
