"""A quarter of supervision, lived through in a real browser: a duty goes down to a county that is behind, the gap is sent
to a clinic, records move the number, a report the data contradict is put right, and the bulletin stays what it was."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from tests.browser.steps import follow, press

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SignedIn = Callable[..., "Page"]
PROMISE = "65岁及以上老年人白内障筛查率"
COUNTY, COUNTY_NAME, CLINIC = "990102", "明湖区", "990000324"
FORMATS = ("docx", "pdf", "xlsx")


@pytest.fixture(scope="module")
def quarter(served: Callable[[], Any]) -> Iterator[Any]:
    """A city of its own: what happens here is nowhere else."""
    one = served()
    yield one
    one.stop()


@pytest.fixture(scope="module")
def site(quarter: Any) -> str:
    """Where `signed_in` signs in, in this module."""
    return quarter.address


def said(page: Page) -> str:
    """What the page says, the message on top included."""
    return page.locator("main").inner_text()


def fraction(text: str) -> tuple[int, int]:
    """The first n/m of a text."""
    found = re.search(r"(\d+)/(\d+)", text)
    assert found, text
    return int(found[1]), int(found[2])


def screenings(quarter: Any, people: list[int], day: str, file: Path) -> None:
    """A file with one cataract screening of each resident, done on a day."""
    with closing(sqlite3.connect(quarter.home / "luoshi.sqlite3")) as database:
        keys = [
            database.execute("SELECT key FROM store_resource WHERE type = 'Patient' AND person = ?", [n]).fetchone()[0]
            for n in people
        ]
    lines = [
        orjson.dumps(
            {
                "resourceType": "Procedure",
                "id": f"late-{day}-{key}",
                "meta": {"lastUpdated": f"{day}T18:00:00+08:00"},
                "status": "completed",
                "code": {"coding": [{"system": "urn:luoshi:cn:code:procedure", "code": "cataract-screen"}]},
                "subject": {"reference": f"Patient/{key}"},
                "performedDateTime": day,
                "performer": [{"actor": {"reference": f"Organization/{CLINIC}"}}],
            }
        )
        for key in keys
    ]
    file.write_bytes(b"\n".join(lines) + b"\n")


def arrive(quarter: Any, people: list[int], done: str, today: str, file: Path) -> None:
    """On a later day records of screenings come in, the lake takes them up, the figures are reckoned anew."""
    screenings(quarter, people, done, file)
    quarter.begin(today)
    printed = quarter.luoshi(
        f"records ingest {file} --source demo --profile cn --workers 1", "lake build --update", "lake refresh"
    )
    assert f"{len(people)} new" in printed
    quarter.ready()


def split_and_receive(leader: Page, county: Page) -> tuple[str, str]:
    """The city's duty goes to its counties through the form; the county acknowledges. The addresses of both duties."""
    leader.goto("/duties/")
    leader.fill("#q", "白内障")
    press(leader, "筛选")
    follow(leader.get_by_role("link", name=PROMISE).first)
    follow(leader.get_by_role("link", name="向下分解"))
    whole = leader.url.removesuffix("split/")
    field = leader.get_by_label(COUNTY_NAME)
    even = field.input_value()
    field.fill("20")  # checked while it is typed
    leader.locator("#sum .notice.warning").wait_for()
    field.fill(even)
    leader.locator("#sum .notice.warning").wait_for(state="detached")
    press(leader, "下达分解任务")
    assert "已分解给 5 个单位" in said(leader)
    assert "待签收" in leader.locator("section[aria-labelledby=parts]").inner_text()

    county.goto("/duties/")
    unread = county.locator("form[action='/duties/receive/']")
    unread.get_by_label(PROMISE).wait_for(state="attached")
    press(unread, "签收选中的任务")
    county.goto("/duties/?q=白内障")
    follow(county.get_by_role("link", name=PROMISE).first)
    assert "已签收" in county.locator(".page-head").inner_text()
    leader.reload()
    assert "已签收" in leader.locator("section[aria-labelledby=parts] tr", has_text=COUNTY_NAME).inner_text()
    return whole, county.url


def dispatch(county: Page) -> tuple[str, int]:
    """The county sends the gap to who can close it; the address of the dispatch, and how many items it has."""
    county.goto("/dispatches/new/")
    follow(county.get_by_role("link", name=PROMISE))
    assert "派给谁" in county.locator("h1").inner_text()
    clinic = county.locator("tr", has=county.locator(f"input[value='{CLINIC}']"))
    assert int(clinic.locator("td.num").inner_text()) >= 1
    county.fill("#note", "请在本周内完成筛查，记录当日上传。")
    press(county, "派出")
    settled, sent = fraction(county.locator(".standing-value").inner_text())
    assert settled == 0
    return county.url, sent


def act(clinic: Page, number: str) -> list[int]:
    """The clinic finds the dispatch among its messages, and ticks all of it. The residents, by their number."""
    clinic.goto("/inbox/")
    press(clinic.locator("section .rows li", has_text=PROMISE).first, "去办理")
    clinic.goto(f"/dispatches/mine/?dispatch={number}")
    boxes = clinic.locator("input[name=item]")
    people = [
        int(re.search(r"/people/(\d+)/", link.get_attribute("href") or "")[1])  # type: ignore[index]
        for link in clinic.locator(".rows a[href*='/people/']").all()
    ]
    assert len(people) == boxes.count() >= 1
    for box in boxes.all():
        box.check()
    press(clinic, "所选已办")
    assert "待数据确认" in said(clinic)
    return people


def test_a_quarter(signed_in: SignedIn, quarter: Any, tmp_path: Path):
    leader, county, clinic = signed_in("leader"), signed_in("county"), signed_in("clinic")

    # The duty goes down; the county is behind, and sees why.
    whole, part = split_and_receive(leader, county)
    now = county.locator("section[aria-labelledby=now]")
    assert "滞后" in now.locator(".standing-light").inner_text()
    before, elderly = fraction(now.inner_text())
    leader.goto(whole)
    city_before, city_elderly = fraction(leader.locator(".standing-value").inner_text())

    # The people behind the number go to those who can act; a tick moves nothing.
    sent_at, sent = dispatch(county)
    assert sent == elderly - before
    number = sent_at.rstrip("/").rpartition("/")[2]
    acted = act(clinic, number)
    county.goto(sent_at)
    assert fraction(county.locator(".standing-value").inner_text()) == (0, sent)
    assert f"已办待确认 {len(acted)}" in said(county)
    follow(county.get_by_role("link", name="看名单"))
    assert "派出的每一项现在怎样" in county.locator("h1").inner_text()
    missing = [
        int(re.search(r"/people/(\d+)/", link.get_attribute("href") or "")[1])  # type: ignore[index]
        for link in county.locator("table.data a[href*='/people/']").all()
    ]
    assert len(missing) == sent
    assert set(acted) <= set(missing)
    late = [person for person in missing if person not in acted][:3]
    others = [person for person in missing if person not in [*acted, *late]]

    # The county says it is done. The data say otherwise, and it cannot explain that.
    county.goto(f"{part}report/")
    county.get_by_label("已完成").check()
    county.fill("#progress", "筛查已全部完成，台账另附。")
    press(county, "提交报告")
    query = county.locator("section[aria-labelledby=queries]")
    assert f"{before}/{elderly}" in query.inner_text()
    query.get_by_label("说明或理由").fill("按台账统计，记录尚未录入。")
    press(query, "作出说明")
    leader.goto("/duties/queries/")
    follow(leader.locator("table.data tr", has_text="白内障").get_by_role("link").first)
    query = leader.locator("section[aria-labelledby=queries]")
    query.get_by_label("说明或理由").fill("没有记录，不能认定。")
    press(query, "确认不符")

    # It became a finding by itself: noticed, planned, and closed by the value when the records are there.
    leader.goto("/rectification/?kind=contradiction")
    follow(leader.get_by_role("link", name=f"{PROMISE}：自报与数据不符").first)
    finding = leader.url
    press(leader, "下达整改通知")
    county.goto(finding)
    county.fill("#plan", "逐人补做筛查，十日内完成，由公卫科负责，记录当日上传。")
    press(county, "报送方案")
    leader.goto(finding)
    press(leader, "按最新数据重算")
    assert "整改中" in leader.locator(".page-head").inner_text()  # nothing came yet

    enough = [*acted, *others[: max(0, -(-elderly // 2) + 1 - before - len(acted))]]
    arrive(quarter, enough, "2025-11-06", "2025-11-10", tmp_path / "screened.ndjson")
    county.goto(sent_at)
    assert fraction(county.locator(".standing-value").inner_text()) == (len(enough), sent)
    assert f"现已计入 {len(enough)}" in said(county)
    assert "已办待确认 0" in said(county)
    county.goto(part)
    assert fraction(county.locator(".standing-value").inner_text()) == (before + len(enough), elderly)
    leader.goto(whole)
    assert fraction(leader.locator(".standing-value").inner_text()) == (city_before + len(enough), city_elderly)
    leader.goto(finding)
    press(leader, "按最新数据重算")
    assert "已销号" in leader.locator(".page-head").inner_text()
    assert f"{before + len(enough)}/{elderly}" in said(leader)

    issued = bulletin(county, signed_in("plan-officer"), leader)
    files = {form: downloaded(county, form) for form in FORMATS}
    assert files["pdf"].startswith(b"%PDF-")
    assert all(files[form].startswith(b"PK\x03\x04") for form in ("docx", "xlsx"))

    # Screenings of September arrive in December. What was issued is made again to the byte; what is known now is told.
    arrive(quarter, late, "2025-09-24", "2025-12-01", tmp_path / "late.ndjson")
    county.goto(issued)
    press(county, "按当时所知重出并复算")
    assert "三种格式重出后与印发的文件逐字节相同" in said(county)
    proven = re.search(r"复算 (\d+) 个数，(\d+) 个一致，0 个不一致", said(county))
    assert proven
    assert int(proven[1]) == int(proven[2]) > 0
    moved = re.search(r"有 (\d+) 个数因后来收到的数据而不同", said(county))
    assert moved
    assert int(moved[1]) >= 1
    shown = county.locator("table.data").first.inner_text()
    for form, data in files.items():
        assert hashlib.sha256(data).hexdigest()[:16] in shown, form
    county.goto(issued)
    assert {form: downloaded(county, form) for form in FORMATS} == files


def bulletin(county: Page, officer: Page, leader: Page) -> str:
    """The county's bulletin of the quarter: drafted, reviewed and signed by three people, numbered. Its address."""
    county.goto("/bulletins/new/?kind=quarterly")
    assert county.locator("#period").input_value() == "2025-Q3"
    assert county.locator("#division").input_value() == COUNTY
    press(county, "生成草稿")
    address = county.url
    assert county.get_by_role("button", name="核稿", exact=True).count() == 0  # not one's own
    for page, move in ((officer, "核稿"), (leader, "签发"), (county, "编号印发")):
        page.goto(address)
        press(page, move)
    assert "已印发" in county.locator(".page-head").inner_text()
    return address


def downloaded(page: Page, form: str) -> bytes:
    """A file of the paper, as the reader gets it."""
    with page.expect_download() as waiting:
        page.get_by_role("link", name=form, exact=True).click()
    return waiting.value.path().read_bytes()
