"""The duty desk over the fictional city: who may see what, what a page costs, and a duty from issue to close."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, Refused, UnreadableFile
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.services.duty_desk import pages, rest
from luoshi.supervision import sources
from luoshi.supervision.alerts.models import Message
from luoshi.supervision.duties import (
    actions,
    clockwork,
    dividing,
    events,
    figures,
    filing,
    history,
    keeping,
    overriding,
    proposing,
    queries,
    reporting,
)  # fmt: skip
from luoshi.supervision.duties.models import Duty, File, Override
from luoshi.supervision.duties.models import Query as Doubt

from ..conftest import USERS

AsUser = Callable[[str], Client]


@pytest.fixture(autouse=True)
def store(tmp_path_factory: pytest.TempPathFactory, settings: Any) -> Path:
    """Papers are kept in a folder of the tests."""
    settings.LUOSHI_HOME = tmp_path_factory.getbasetemp() / "duties"
    settings.LUOSHI_HOME.mkdir(exist_ok=True)
    return Path(settings.LUOSHI_HOME)


@pytest.fixture(scope="module")
def issued(city_db: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The plan of the city, issued as the demonstration does it, with the papers that were handed in."""
    home = tmp_path_factory.getbasetemp() / "duties"
    shutil.copytree(city_db.home / "evidence", home / "evidence", dirs_exist_ok=True)


def person(name: str) -> tuple[User, Scope]:
    user = User.objects.get(username=name)
    return user, Scope.of(user)


@pytest.fixture
def numbers(issued: None, db: None) -> dict[str, int]:
    """A duty of the city that was split, its part in the county of the demonstration, one in another; a paper; a query."""
    county = person("county")[1].root_division()
    part = Duty.objects.filter(parent__isnull=False, division=county).order_by("-pk").first()
    assert part is not None
    other = Duty.objects.filter(parent__isnull=False).exclude(division=county).first()
    assert other is not None
    paper = File.objects.first()
    assert paper is not None
    return {
        "duty": part.parent_id or 0, "part": part.pk, "other": other.pk, "plan": part.plan, "target": part.target,
        "paper": paper.pk, "query": Doubt.objects.get().pk, "county": int(county),
    }  # fmt: skip


# address -> who is answered 200; 404 for those listed after the bar; everybody else 403.
READERS = ("leader", "plan-officer", "county", "clinic")
TABLE: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "/duties/": (READERS, ()),
    "/duties/below/": (READERS, ()),
    "/duties/queries/": (READERS, ()),
    "/duties/issue/": (("leader", "plan-officer", "county"), ()),
    "/duties/issue/{plan}/": (("leader", "plan-officer"), ("county",)),
    "/duties/{duty}/": (("leader", "plan-officer"), ("county", "clinic")),
    "/duties/{part}/": (("leader", "plan-officer", "county"), ("clinic",)),
    "/duties/{other}/": (("leader", "plan-officer"), ("county", "clinic")),
    "/duties/{part}/report/": (("leader", "plan-officer", "county"), ("clinic",)),
    "/duties/files/{paper}/": (("leader", "plan-officer"), ("county", "clinic")),
    "/duties/promise/{target}/9901/": (("leader", "plan-officer"), ("county", "clinic")),
    "/duties/promise/{target}/{county}/": (("leader", "plan-officer", "county"), ("clinic",)),
    "/api/duties/": (READERS, ()),
    "/api/duties/{part}": (("leader", "plan-officer", "county"), ("clinic",)),
    "/api/duties/{part}/history": (("leader", "plan-officer", "county"), ("clinic",)),
    "/api/duties/plans/{plan}/proposed": (("leader", "plan-officer"), ("county",)),
}


@pytest.mark.parametrize("user", ["", *USERS])
def test_who_may_open_what(user: str, as_user: AsUser, numbers: dict[str, int]):
    client = as_user(user)
    for address, (seen, hidden) in TABLE.items():
        status = client.get(address.format(**numbers), follow=False).status_code
        stranger = 401 if address.startswith("/api/") else 302
        want = stranger if not user else 200 if user in seen else 404 if user in hidden else 403
        assert status == want, (user, address, status)


# What is sent is refused to the same people; nothing changes for them.
SENT = {
    "/duties/{part}/move/": {"move": "receive"},
    "/duties/{part}/comment/": {"text": "请抓紧"},
    "/duties/{part}/watch/": {"on": "1"},
    "/duties/{part}/file/": {"title": "材料"},
    "/duties/{part}/assign/": {"unit": "d:9901", "text": "改派理由"},
    "/duties/{part}/handler/": {"handler": "county"},
    "/duties/files/{paper}/judge/": {"move": "revoke", "text": "理由充分"},
    "/duties/queries/{query}/": {"move": "answer", "text": "说明"},
    "/duties/{part}/split/check/": {},
    "/duties/promise/{target}/{county}/light/": {"colour": "red", "reason": "x" * 12, "until": "2025-12-01"},
    "/duties/promise/{target}/{county}/comment/": {"text": "请抓紧"},
}


@pytest.mark.parametrize("user", ["", "clinic", "steward", "security", "auditor"])
def test_nobody_from_outside_changes_anything(user: str, as_user: AsUser, numbers: dict[str, int]):
    client = as_user(user)
    before = list(Duty.objects.order_by("pk").values())
    for address, body in SENT.items():
        status = client.post(address.format(**numbers), body).status_code
        assert status == 302 if not user else status in (403, 404), (user, address, status)
    for address in ("/api/duties/{part}/receive", "/api/duties/{part}/report", "/api/duties/{part}/split"):
        status = client.post(
            address.format(**numbers),
            json.dumps({"claim": "done", "progress": "已完成", "parts": {}}),
            "application/json",
        ).status_code
        assert status in (401, 403, 404), (user, address, status)
    assert list(Duty.objects.order_by("pk").values()) == before
    assert not Override.objects.exists()


def test_every_page_and_operation_has_a_guard():
    for pattern in pages.urlpatterns:
        assert getattr(pattern.callback, "permission", ""), pattern.name
    for path in rest.router.path_operations.values():
        for operation in path.operations:
            assert getattr(operation.view_func, "permission", ""), operation.path


def test_a_county_cannot_judge_or_take_back_what_the_city_gave_it(numbers: dict[str, int]):
    county, scope = person("county")
    part = queries.duty_or_404(numbers["part"], scope=scope)
    assert queries.permissions_on(part, scope) == {"duty.act"}
    with pytest.raises(Refused):
        actions.withdraw(duty=part, reason="我们不想做", by=county, scope=scope)
    # The city sees the part and judges it, but does not acknowledge or report for the county.
    _leader, above = person("leader")
    assert queries.permissions_on(queries.duty_or_404(part.pk, scope=above), above) == {"duty.issue", "duty.judge"}


@pytest.mark.parametrize(
    ("address", "most"),
    [
        ("/duties/", 24), ("/duties/below/", 24), ("/duties/{duty}/", 32), ("/duties/promise/{target}/9901/", 26),
        ("/duties/issue/{plan}/", 18),
    ],
)  # fmt: skip
def test_what_a_page_costs(address: str, most: int, as_user: AsUser, numbers: dict[str, int]):
    client, address = as_user("leader"), address.format(**numbers)
    client.get(address)
    with CaptureQueriesContext(connection) as caught:
        assert client.get(address).status_code == 200
    assert len(caught) <= most, "\n".join(q["sql"][:140] for q in caught)


def test_the_plan_becomes_duties_once(numbers: dict[str, int]):
    officer, scope = person("plan-officer")
    found = proposing.proposed(numbers["plan"], scope=scope)
    leads = [p for p in found.proposed if p.lead]
    assert {p.promise.id for p in leads if p.promise} == {p.id for p in sources.get().promises(scope=scope)}
    assert all(p.body.kind != "unknown" for p in found.proposed)
    # 各县（区）人民政府 is every county; 高新区管委会 the zone alone.
    printed = {p.body.printed: set() for p in found.proposed}
    for p in found.proposed:
        printed[p.body.printed].add(p.body.name)
    assert printed["高新区管委会"] == {"云岭高新技术产业开发区"}
    assert len(printed["各县（区）人民政府"]) == 4
    actions.issue(plan=numbers["plan"], by=officer, scope=scope)
    with pytest.raises(Refused):
        actions.issue(plan=numbers["plan"], by=officer, scope=scope)
    assert not [p for p in proposing.proposed(numbers["plan"], scope=scope).proposed if not p.issued]


def test_the_light_of_a_duty_is_computed_against_its_own_part(numbers: dict[str, int]):
    _leader, scope = person("leader")
    whole, part = (queries.duty_or_404(numbers[n], scope=scope) for n in ("duty", "part"))
    seen = figures.of_duties([whole, part], scope=scope)
    assert seen[whole.pk].value == sum(figures.of_duty(p, scope=scope).value or 0 for p in queries.parts(whole))
    assert part.threshold is not None
    kept = part.threshold.met_by(seen[part.pk].value or 0)
    assert (seen[part.pk].light == "green") == kept
    # On the board the part of a count cannot be judged; with a part of its own it can.
    assert seen[part.pk].standing is not None
    assert seen[part.pk].standing.computed == "grey"


def test_a_split_adds_up_or_is_refused(as_user: AsUser, numbers: dict[str, int]):
    leader, scope = person("leader")
    duty = queries.mine(scope=scope).filter(state="received", additive=True, quota__gte=2, binding="indicator").first()
    assert duty is not None
    rows = dividing.candidates(duty, scope=scope).rows
    assert sum(c.even or 0 for c in rows) == duty.quota
    one, *rest_ = (c.key for c in rows)
    short: dict[str, float] = {one: (duty.quota or 0) - 1, **dict.fromkeys(rest_, 0.0)}
    with pytest.raises(Refused, match="达不到"):
        dividing.split(duty=duty, parts=short, reason="集中在一个县", by=leader, scope=scope)
    lopsided = short | {one: (duty.quota or 0) + 3}
    with pytest.raises(InvalidValue, match="理由"):
        dividing.split(duty=duty, parts=lopsided, reason="", by=leader, scope=scope)
    page = as_user("leader").post(f"/duties/{duty.pk}/split/check/", {f"part-{k}": v for k, v in lopsided.items()})
    assert "与平均分解不同" in page.content.decode()
    made = dividing.split(duty=duty, parts=lopsided, reason="资源集中在一个县", by=leader, scope=scope)
    assert sum(d.quota or 0 for d in made) >= (duty.quota or 0)
    assert duty.state == "working"
    told = Message.objects.filter(kind="duty-issued", object_id__in=[str(d.pk) for d in made])
    assert len({message.user_id for message in told}) == len(told)  # once each, however many parts they look after
    for message in told:
        assert message.values["place"] == made[0].unit_name or message.values["place"].endswith("个单位")
        with override("en"):
            say, _todo = message.texts
        assert "个单位" not in say
        assert made[0].title in say
    with pytest.raises(Refused):
        dividing.split(duty=duty, parts=lopsided, reason="再来一次", by=leader, scope=scope)


def test_a_report_asks_little_and_the_data_contradict_it(as_user: AsUser, numbers: dict[str, int]):
    heard: list[events.Happened] = []
    events.add(heard.append)
    doubt = Doubt.objects.get(pk=numbers["query"])
    assert doubt.state == "open"
    form = as_user("county").get(f"/duties/{numbers['part']}/report/").context["form"]
    assert set(form.asked) == {"claim", "progress", "problems"}
    assert form.spared >= 3
    assert all(one.source for one in form.locked)
    county, scope = person("county")
    part = queries.duty_or_404(numbers["part"], scope=scope)
    row, opened = reporting.report(duty=part, claim="done", progress="已全部完成", problems="", by=county, scope=scope)
    assert not opened  # the same is asked only once
    assert row.spared == form.spared
    reporting.answer(query=doubt, text="两家机构正在验收", by=county, scope=scope)
    with pytest.raises(Refused):
        reporting.settle(query=doubt, reason="自己核实", by=county, scope=scope)
    leader, above = person("leader")
    reporting.uphold(query=doubt, reason="验收未完成即报已完成", by=leader, scope=above)
    assert [h.kind for h in heard] == ["reported", "query-upheld"]
    events._listeners.remove(heard.append)


def test_evidence_counts_once_and_moves_the_board(as_user: AsUser, numbers: dict[str, int]):
    leader, scope = person("leader")
    officer, above = person("plan-officer")
    duty = queries.mine(scope=scope).filter(binding="deliverable", state="received", additive=True).first()
    assert duty is not None
    board = sources.get()
    before = board.standing(duty.target, scope=scope, division="9901")
    assert (before.light, before.value) == ("grey", None)
    body = SimpleUploadedFile("记录.txt", "全年记录".encode())
    answer = as_user("leader").post(
        f"/duties/{duty.pk}/file/",
        {"file": body, "title": "全年记录", "dated": "2025-10-20", "counts": str(duty.value)},
    )
    assert answer.status_code == 302
    paper = File.objects.get(duty=duty)
    assert board.standing(duty.target, scope=scope, division="9901").value is None  # offered is not accepted
    with pytest.raises(Refused):
        filing.accept(file=paper, by=leader, scope=scope)
    filing.accept(file=paper, by=officer, scope=above)
    after = board.standing(duty.target, scope=scope, division="9901")
    assert (after.light, after.value) == ("green", duty.value)
    with pytest.raises(Refused):
        filing.hand_in(
            duty=duty, name="b.txt", chunks=["全年记录".encode()], title="再来一份", dated=date(2025, 10, 20),
            by=leader, scope=scope,
        )  # fmt: skip
    download = as_user("leader").get(f"/duties/files/{paper.pk}/")
    assert download["X-Content-Type-Options"] == "nosniff"
    assert download["Content-Disposition"].startswith("attachment")
    assert "sandbox" in download["Content-Security-Policy"]
    assert download.content == "全年记录".encode()
    keeping.place(paper.sha256).write_bytes(b"changed")
    with pytest.raises(UnreadableFile):
        keeping.content(paper.sha256)


def test_what_a_place_below_handed_in_stands_there_too(as_user: AsUser, numbers: dict[str, int]):
    """A part of a whole is shown at its place and judged by nobody against the whole; its page says what was handed in."""
    county, scope = person("county")
    code = scope.root_division()
    _leader, above = person("leader")
    whole = queries.mine(scope=above).filter(binding="deliverable", state="received", additive=True).first()
    assert whole is not None
    part = Duty.objects.filter(parent__isnull=False, division=code, institution="").order_by("-pk").first()
    assert part is not None
    Duty.objects.filter(pk=part.pk).update(
        target=whole.target, unit=whole.unit, binding="deliverable", role="lead", state="received", quota=2.0
    )
    part.refresh_from_db()
    paper = filing.hand_in(
        duty=part, name="a.txt", chunks=["一家".encode()], title="一家", dated=date(2025, 10, 20), by=county, scope=scope,
    )  # fmt: skip
    offered = as_user("county").get(f"/duties/{part.pk}/").content.decode()
    assert "待审核计 1 项" in offered
    filing.accept(file=paper, by=person("leader")[0], scope=above)
    board = sources.get()
    below = board.below(scope=above, division="9901", targets=[whole.target])
    assert [(s.light, s.value) for s in below[code]] == [("grey", 1.0)]
    assert all(s.value is None for place, found in below.items() if place != code for s in found)
    own = board.standing(whole.target, scope=scope, division=code)
    assert (own.light, own.value) == ("grey", 1.0)
    page = as_user("leader").get(f"/targets/{whole.target}/?division=9901").content.decode()
    assert "各区划" in page
    assert "按采信的佐证材料计数" in page


def test_an_upload_that_breaks_off_leaves_nothing(numbers: dict[str, int], store: Path):
    leader, scope = person("leader")
    duty = queries.mine(scope=scope).filter(state="received").first()
    assert duty is not None
    before = sorted(p for p in keeping.folder().rglob("*") if p.is_file())

    def broken():  # type: ignore[no-untyped-def]
        yield b"first"
        raise ConnectionError("the line is down")

    with pytest.raises(ConnectionError):
        filing.hand_in(
            duty=duty, name="a.txt", chunks=broken(), title="材料", dated=date(2025, 10, 1), by=leader, scope=scope
        )
    assert sorted(p for p in keeping.folder().rglob("*") if p.is_file()) == before
    assert not File.objects.filter(duty=duty).exists()
    left = keeping.folder() / f"{keeping.DRAFT}left"
    left.write_bytes(b"half")
    assert keeping.sweep() == 0  # somebody may still be sending it
    assert keeping.sweep(older_than=-1) == 1


def test_a_light_by_hand_shows_as_such_and_ends_by_the_clock(as_user: AsUser, numbers: dict[str, int]):
    leader, scope = person("leader")
    board = sources.get()
    rows = board.standings(scope=scope, division="9901")
    green = next(s for s in rows if s.computed == "green")
    stale = next(s for s in rows if s.computed == "grey")
    until = clock.today() + timedelta(days=7)
    common: dict[str, Any] = {"division": "9901", "by": leader, "scope": scope}
    with pytest.raises(Refused, match="绿灯"):
        overriding.set_light(target=stale.target, colour="green", reason="实际已经全部完成了", until=until, **common)
    with pytest.raises(InvalidValue):
        overriding.set_light(target=green.target, colour="red", reason="不行", until=until, **common)
    with pytest.raises(InvalidValue):
        overriding.set_light(
            target=green.target, colour="red", reason="现场检查发现漏报较多", until=clock.today(), **common
        )
    overriding.set_light(target=green.target, colour="red", reason="现场检查发现漏报较多", until=until, **common)
    now = board.standing(green.target, scope=scope, division="9901")
    assert (now.light, now.computed) == ("red", "green")
    for address in ("/targets/?light=red", f"/targets/{green.target}/", f"/duties/promise/{green.target}/9901/"):
        page = as_user("plan-officer").get(address).content.decode()
        assert "现场检查发现漏报较多" in page, address
        assert "分管领导" in page
    # An outage does not keep it alive: the day decides, and the clock writes it down when it comes round.
    with clock.at(until + timedelta(days=1)):
        assert board.standing(green.target, scope=scope, division="9901").light != "red"
        assert Override.objects.get().state == "standing"
        assert clockwork.turn().expired == 1
        assert clockwork.turn().expired == 0
    assert Override.objects.get().state == "expired"
    words = [line.text for line in history.of_promise(green.target, "9901")]
    assert words[0] == "人工定灯到期失效"
    assert words[1].startswith("人工定为红灯")


def test_a_duty_that_is_due_and_kept_is_closed_by_the_clock(numbers: dict[str, int]):
    _leader, scope = person("leader")
    mine = queries.mine(scope=scope).filter(state="received", binding="indicator", role="lead", parts__isnull=True)
    seen = figures.of_duties(list(mine), scope=scope)
    kept = next(d for d in mine if seen[d.pk].kept)
    missed = next(d for d in mine if seen[d.pk].light == "red")
    Duty.objects.filter(pk__in=[kept.pk, missed.pk]).update(due=clock.today() - timedelta(days=1))
    clockwork.turn()
    kept.refresh_from_db()
    missed.refresh_from_db()
    assert (kept.state, missed.state) == ("closed", "received")
    assert "到期数据达标" in kept.ground
    first = clockwork.turn()
    assert (first.settled, first.overdue, first.receipts) == (0, 0, 0)  # told once, however often the clock comes round


def test_closing_needs_the_data_or_a_name(numbers: dict[str, int]):
    leader, scope = person("leader")
    officer, above = person("plan-officer")
    mine = queries.mine(scope=scope).filter(state="received", binding="indicator", role="lead", parts__isnull=True)
    seen = figures.of_duties(list(mine), scope=scope)
    behind = next(d for d in mine if seen[d.pk].light == "red")
    actions.submit(duty=behind, note="请求验收", by=leader, scope=scope)
    with pytest.raises(Refused, match="自己"):
        actions.close(duty=behind, note="同意", by=leader, scope=scope)
    with pytest.raises(InvalidValue):
        actions.close(duty=behind, note="", by=officer, scope=above)
    actions.close(duty=behind, note="因政策调整不再考核", by=officer, scope=above)
    assert behind.ground.startswith("规划科签字")
    good = next(d for d in mine.exclude(pk=behind.pk) if seen[d.pk].kept)
    actions.submit(duty=good, note="请求验收", by=leader, scope=scope)
    actions.close(duty=good, note="", by=officer, scope=above)
    assert good.ground.startswith("数据达标")


def test_what_is_withdrawn_takes_its_parts_along_and_can_be_issued_again(numbers: dict[str, int]):
    leader, scope = person("leader")
    duty = queries.duty_or_404(numbers["duty"], scope=scope)
    actions.withdraw(duty=duty, reason="计划调整", by=leader, scope=scope)
    assert set(duty.parts.values_list("state", flat=True)) == {"withdrawn"}
    made = actions.issue(plan=duty.plan, tasks=[duty.task], by=leader, scope=scope)
    assert duty.target in {d.target for d in made}


def test_reassigning_starts_the_receipt_clock_again(as_user: AsUser, numbers: dict[str, int]):
    _leader, scope = person("leader")
    duty = queries.mine(scope=scope).filter(state="received", role="support").first()
    assert duty is not None
    county = str(numbers["county"])
    answer = as_user("leader").post(f"/duties/{duty.pk}/assign/", {"unit": f"d:{county}", "text": "由县区落实"})
    assert answer.status_code == 302
    duty.refresh_from_db()
    assert (duty.division, duty.state, duty.received_at) == (county, "issued", None)
    assert duty.receipt_due > clock.today()
    assert queries.mine(scope=person("county")[1]).filter(pk=duty.pk).exists()


def test_excel_of_ones_duties_holds_numbers_and_days(as_user: AsUser, numbers: dict[str, int]):
    body = as_user("county").get("/duties/?format=xlsx").content
    sheet = openpyxl.load_workbook(io.BytesIO(body)).active
    cells = [cell.value for row in sheet.iter_rows() for cell in row]
    assert "明湖区" in cells
    assert any(isinstance(value, int | float) for value in cells)


def test_pages_speak_english_without_chinese_words_of_ours(as_user: AsUser, numbers: dict[str, int]):
    client = as_user("leader")
    for address in ("/duties/?lang=en", "/duties/{duty}/", "/duties/issue/{plan}/", "/duties/{duty}/split/"):
        page = client.get(address.format(**numbers)).content.decode()
        for word in ("签收", "任务指标", "灯色", "期限"):
            assert word not in page, (address, word)
