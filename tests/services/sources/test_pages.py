"""The desk of sources: for the right person, the wrong one and a stranger; what it does; what it costs; the REST
entrances."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.urls import reverse

from luoshi.kernel import clock
from luoshi.platform.access.scope import Scope
from luoshi.platform.sources import clients, quarantine, queries, receiving, registering, tables
from luoshi.platform.sources.models import Client, Feed, Quarantined, Registration, Token
from luoshi.platform.store.models import Resource
from luoshi.records.translating import Translated

SAMPLES = Path(__file__).resolve().parents[3] / "samples/doors"
WRONG = {"resourceType": "Patient", "id": "p1", "name": "王"}


@pytest.fixture(autouse=True)
def _one_factor(settings: Any) -> None:
    settings.LUOSHI_TWO_FACTOR = False


@pytest.fixture
def his(small_region: Any) -> Registration:
    """A source of C1 with a client, a feed and something in quarantine."""
    made = registering.register(
        name="his", by="t", scope=Scope.system(), institution="C1", mode="quarantine", title="HIS"
    )
    clients.issue(source=made.source, by="t")
    registering.declare(source=made.source, by="t", kind="Patient", since=clock.today())
    send(made.source, WRONG, {"resourceType": "Patient", "id": "p2"})
    return made


def send(source: Any, *resources: dict[str, Any]) -> None:
    entries = [{"resource": r} for r in resources]
    receiving.receive(
        [Translated({"resourceType": "Bundle", "type": "collection", "entry": entries})], source=source, by="t"
    )


@pytest.fixture
def steward(make_user: Callable[..., Any]) -> Browser:
    """The steward of the county of C1, signed in."""
    return signed(make_user("data-steward", division="990101"))


def signed(user: Any) -> Browser:
    browser = Browser()
    browser.force_login(user)
    return browser


# name, what the address takes, permission, method, status for the right person
PAGES = [
    ("list", "", "source.read", "get", 200),
    ("register", "", "source.manage", "get", 200),
    ("source", "his", "source.read", "get", 200),
    ("edit", "his", "source.manage", "get", 200),
    ("issue", "his", "source.manage", "post", 200),
    ("rotate", "his client", "source.manage", "post", 200),
    ("revoke", "his client", "source.manage", "post", 302),
    ("declare", "his", "source.manage", "post", 200),
    ("end-feed", "his feed", "source.manage", "post", 302),
    ("waiting", "his", "source.quarantine", "get", 200),
    ("recheck", "his", "source.quarantine", "post", 302),
    ("held", "his held", "source.quarantine", "get", 200),
]


def address(name: str, takes: str) -> str:
    known: dict[str, Callable[[], Any]] = {
        "his": lambda: "his",
        "client": lambda: Client.objects.get().client_id,
        "feed": lambda: Feed.objects.get().pk,
        "held": lambda: Quarantined.objects.get().pk,
    }
    return reverse(f"sources_desk:{name}", args=[known[word]() for word in takes.split()])


def test_every_address_is_in_the_table() -> None:
    from luoshi.services.sources import pages

    assert {p.name for p in pages.urlpatterns} == {name for name, *_ in PAGES}


@pytest.mark.parametrize(("name", "takes", "permission", "method", "right"), PAGES, ids=[p[0] for p in PAGES])
def test_who_sees_what(
    his: Registration,
    make_user: Callable[..., Any],
    name: str,
    takes: str,
    permission: str,
    method: str,
    right: int,
) -> None:
    where = address(name, takes)

    def status(browser: Browser) -> int:
        return int(getattr(browser, method)(where).status_code)

    assert status(Browser()) == 302  # to sign in
    assert status(signed(make_user("plan-officer"))) == 403
    elsewhere = signed(make_user("data-steward", division="990102"))
    assert status(elsewhere) == (404 if takes else 200)
    assert status(signed(make_user("data-steward", institution="C1"))) == right
    assert permission in ("source.read", "source.manage", "source.quarantine")


def test_the_list_tells_who_is_silent(
    his: Registration, steward: Browser, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    registering.declare(
        source=his.source, by="t", kind="Encounter", since=clock.today().replace(year=clock.today().year - 1)
    )
    for n in range(4):
        registering.register(name=f"more{n}", by="t", scope=Scope.system(), institution="C1")
    with django_assert_max_num_queries(17):  # three of them when the session is renewed
        page = steward.get("/sources/").content.decode()
    assert "静默 1 项" in page
    assert "有 1 项申报的数据没有按时收到" in page
    with django_assert_max_num_queries(24):
        page = steward.get("/sources/of/his/").content.decode()
    assert "退回与隔离的原因" in page
    assert "1 条记录待处理" in page


@pytest.mark.parametrize("name", [name for name, _, _, method, _ in PAGES if method == "get"])
def test_english_holds_no_chinese(his: Registration, steward: Browser, name: str) -> None:
    registering.register(name="his", by="t", scope=Scope.system(), institution="C1", mode="quarantine", title="HIS")
    steward.cookies["luoshi_lang"] = "en"
    page = steward.get(address(name, next(takes for n, takes, *_ in PAGES if n == name))).content.decode()
    body = page.partition("<main")[2].partition("</main>")[0]
    left = set(re.findall(r"[\u4e00-\u9fff]+", body)) - {"城关镇卫生院", "城关镇", "王"}
    assert not left


def test_register_change_and_mistakes(small_region: Any, steward: Browser) -> None:
    told = {"name": "lis", "institution": "C1", "mode": "flag", "profile": "cn", "active": "on"}
    assert steward.post("/sources/new/", told).status_code == 302
    made = Registration.objects.get(source__name="lis")
    assert (made.mode, made.profile, made.source.division) == ("flag", "cn", "990101001")
    assert "已经登记" in steward.post("/sources/new/", told).content.decode()
    assert "field-error" in steward.post("/sources/new/", told | {"name": "x", "institution": "C2"}).content.decode()
    assert "field-error" in steward.post("/sources/new/", told | {"name": "x y"}).content.decode()
    assert steward.post("/sources/of/lis/edit/", told | {"mode": "reject"}).status_code == 302
    made.refresh_from_db()
    assert (made.mode, made.active) == ("reject", True)


def test_a_secret_is_shown_once(his: Registration, steward: Browser) -> None:
    page = steward.post("/sources/of/his/clients/").content.decode()
    secret = re.search(r"client_secret</dt><dd><code>([\w-]+)", page)
    assert secret
    assert secret[1] not in steward.get("/sources/of/his/").content.decode()
    newest = Client.objects.order_by("-pk")[0].client_id
    again = steward.post(f"/sources/of/his/clients/{newest}/rotate/").content.decode()
    assert "client_secret" in again
    assert secret[1] not in again
    steward.post(f"/sources/of/his/clients/{newest}/revoke/")
    assert Client.objects.get(client_id=newest).revoked
    assert steward.post("/sources/of/his/clients/other/revoke/").status_code == 404


def test_feeds(his: Registration, steward: Browser) -> None:
    told = {"kind": "cda:prescription", "hours": 12, "since": "2025-11-01"}
    assert steward.post("/sources/of/his/feeds/", told).status_code == 302
    assert Feed.objects.filter(kind="cda:prescription", hours=12).exists()
    assert "field-error" in steward.post("/sources/of/his/feeds/", told | {"kind": "Nothing"}).content.decode()
    assert "field-error" in steward.post("/sources/of/his/feeds/", told | {"hours": 0}).content.decode()


def test_release_and_discard_on_the_page(his: Registration, steward: Browser) -> None:
    from luoshi.platform.audit.trail import entries

    held = Quarantined.objects.get()
    where = f"/sources/of/his/quarantine/{held.pk}/"
    page = steward.get(where).content.decode()
    assert "Bundle.entry[0].resource.name" in page
    assert entries(action="source.quarantine.look").count() == 1
    refused = steward.post(where, {"do": "release", "body": quarantine.text_of(held)})
    assert (refused.status_code, "still not valid" in refused.content.decode()) == (400, True)
    corrected = '{"resourceType": "Patient", "id": "p1", "name": [{"text": "王"}]}'
    assert steward.post(where, {"do": "release", "body": corrected}).status_code == 302
    assert Resource.objects.filter(key="p1").exists()
    assert steward.post(where, {"do": "discard", "reason": "late"}).status_code == 400
    assert "已放行" in steward.get("/sources/of/his/quarantine/?state=released").content.decode()
    send(his.source, {**WRONG, "id": "p9"})
    other = queries.quarantined(his.source).get()
    assert steward.post(f"/sources/of/his/quarantine/{other.pk}/", {"do": "discard"}).status_code == 400
    done = steward.post(f"/sources/of/his/quarantine/{other.pk}/", {"do": "discard", "reason": "测试数据"})
    assert done.status_code == 302
    assert Quarantined.objects.get(pk=other.pk).reason == "测试数据"


def test_records_of_residents_ask_for_the_second_factor(his: Registration, steward: Browser, settings: Any) -> None:
    settings.LUOSHI_TWO_FACTOR = True
    assert "second-factor" in steward.get("/sources/of/his/quarantine/").headers["Location"]
    assert steward.get("/sources/of/his/").status_code == 200


# --- REST ----------------------------------------------------------------------------------------------------------


class Sender:
    """A program with a token of a source."""

    def __init__(self, source: Any, scopes: str = "system/*.read system/*.write") -> None:
        key = clients.issue(source=source, by="t", scopes=scopes)
        basic = base64.b64encode(f"{key.client_id}:{key.secret}".encode()).decode()
        told = Browser().post(
            "/oauth/token", {"grant_type": "client_credentials"}, headers={"Authorization": f"Basic {basic}"}
        )
        self.headers = {"Authorization": f"Bearer {told.json()['access_token']}"}

    def post(self, where: str, data: Any, kind: str = "application/octet-stream", **headers: str) -> Any:
        more = {"content_type": kind} if isinstance(data, bytes) else {}
        return Browser(enforce_csrf_checks=True).post(
            f"/api/sources/{where}", data, headers={**self.headers, **headers}, **more
        )

    def get(self, where: str) -> Any:
        return Browser().get(f"/api/sources/{where}", headers=self.headers)


@pytest.fixture
def sender(small_region: Any) -> Sender:
    made = registering.register(name="emr", by="t", scope=Scope.system(), institution="H1")
    return Sender(made.source)


def test_documents_over_rest(sender: Sender) -> None:
    data = (SAMPLES / "laboratory.xml").read_bytes()
    first = sender.post("cda?name=a.xml", data, "text/xml")
    assert (first.status_code, first.json()["counts"]["new"]) == (201, 9)
    assert sender.post("cda", data).json()["counts"]["new"] == 0
    form = sender.post("cda", {"file": SimpleUploadedFile("a.xml", data)})
    assert form.json()["counts"]["unchanged"] == 9
    refused = sender.post("cda", b"<a/>", "text/xml")
    assert refused.status_code == 422
    assert "no CDA" in refused.json()["issues"][0]["text"]
    told = sender.get("answer").json()
    assert told["total"]["received"] == 28
    assert told["total"]["refused"] == 1
    assert told["kinds"]["cda:laboratory"]["received"] == 3
    assert told["reasons"][0]["code"] == "structure"
    assert sender.get("answer?day=tomorrow").status_code == 404


def test_messages_over_rest(sender: Sender) -> None:
    data = (SAMPLES / "result.hl7").read_bytes()
    assert sender.post("hl7v2", data).json() == {"code": "AA", "text": "", "again": False}
    assert sender.post("hl7v2", data).json()["again"] is True
    ack = sender.post("hl7v2", b"PID|1", Accept="x-application/hl7-v2+er7")
    assert (ack.status_code, b"MSA|AR|" in ack.content) == (422, True)


def test_tables_over_rest(sender: Sender) -> None:
    from luoshi.platform.store.models import Source

    source = Source.objects.get(name="emr")
    data = (SAMPLES / "visits-with-mistakes.csv").read_bytes()
    assert sender.post("tables/visits", data).status_code == 404
    tables.keep_mapping(source=source, text=(SAMPLES / "visits.yaml").read_text("utf-8"), by="t")
    dry = sender.post("tables/visits?dry-run=1", data)
    assert (dry.status_code, dry.json()["refused"]) == (422, 2)
    assert not Resource.objects.exists()
    kept = sender.post("tables/visits?name=v.csv", data)
    assert kept.json()["counts"]["new"] == 8
    assert [m["line"] for m in kept.json()["mistakes"]] == [5, 6]
    good = sender.post("tables/visits", (SAMPLES / "visits.csv").read_bytes())
    assert (good.status_code, good.json()["counts"]["new"], good.json()["counts"]["unchanged"]) == (201, 0, 8)
    assert sender.post("tables/visits?name=v.doc", b"x").status_code == 422


def test_who_may_send(sender: Sender, his: Registration, steward: Browser) -> None:
    nobody = Browser().post("/api/sources/cda", b"", content_type="text/xml")
    assert nobody.status_code == 401
    assert "Bearer" in nobody["WWW-Authenticate"]
    assert steward.post("/api/sources/cda", b"", content_type="text/xml").status_code == 401
    reader = Sender(his.source, "system/*.read")
    assert reader.post("cda", b"<a/>").status_code == 403
    assert reader.get("answer").status_code == 200
    writer = Sender(his.source, "system/*.write")
    assert writer.get("answer").status_code == 403
    assert writer.post("cda", b"<a/>").status_code == 202  # its source quarantines
    Token.objects.update(revoked=clock.now())
    assert sender.get("answer").status_code == 401
    assert Browser().get("/api/sources/cda", headers=sender.headers).status_code == 401


def test_a_source_sees_its_own_answer_alone(sender: Sender, his: Registration) -> None:
    assert sender.get("answer").json()["total"]["received"] == 0
