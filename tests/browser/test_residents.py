"""A resident and a doctor, in a real browser: opening the record, hiding a category, an emergency, who looked, the code."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pypdfium2
import pytest
from tests.browser.steps import PATIENCE, follow, press

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SignedIn = Callable[..., "Page"]
PASSWORD = "yun-shan-cang-cang-8"
PHONE = {"width": 390, "height": 844}


def somebody(city: Any, after: int = 0) -> tuple[int, str, str]:
    """Number, ID number and name of a resident of the clinic who is managed for hypertension: the first after a number."""
    with sqlite3.connect(city.database) as database:
        return database.execute(
            """SELECT p.number, i.value, p.name FROM store_person p
            JOIN store_personidentifier i ON i.person = p.number AND i.system = 'urn:luoshi:cn:id:resident'
            JOIN store_resource r ON r.person = p.number AND r.type = 'EpisodeOfCare'
            JOIN store_version v ON v.resource_id = r.id AND v.body LIKE '%"hypertension"%'
            WHERE p.institution = (SELECT n.code FROM access_grant g JOIN regions_institution n ON n.id = g.institution_id
                                   JOIN access_user u ON u.id = g.user_id WHERE u.username = 'clinic')
            AND p.number > ? ORDER BY p.number LIMIT 1""",
            (after,),
        ).fetchone()


def test_a_resident_decides_and_sees_who_looked(signed_in: SignedIn, site: str, city: Any, browser: Browser):
    person, number, name = somebody(city)
    # the counter gives a code
    staff = signed_in("clinic")
    staff.goto(f"/people/{person}/")
    follow(staff.get_by_role("link", name="为居民开通查看"))
    staff.get_by_role("checkbox").check()
    press(staff, "发放开通码")
    code = staff.locator(".standing-value").inner_text()
    # the resident opens the record on a telephone
    context = browser.new_context(base_url=site, locale="zh-CN", viewport=PHONE)
    phone = context.new_page()
    phone.set_default_timeout(PATIENCE)
    phone.goto("/my/register/")
    for field, value in (
        ("identifier", number),
        ("name", name),
        ("code", code),
        ("password", PASSWORD),
        ("again", PASSWORD),
    ):
        phone.fill(f"#id_{field}", value)
    press(phone, "开通")
    assert phone.url.endswith(f"/my/{person}/")
    assert f"{name}，您好" in phone.locator("h1").inner_text()
    for place in ("记录", "健康码", "开放", "谁看过", "首页"):
        follow(phone.locator(".portal-bar").get_by_role("link", name=place))
        assert phone.locator(".portal-bar [aria-current]").get_by_text(place, exact=True).is_visible()
        assert phone.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, place
    # staff of the bureau see the programme until the resident closes the category
    leader = signed_in("leader")
    leader.goto(f"/people/{person}/")
    assert "高血压管理" in leader.locator("section[aria-labelledby=managed]").inner_text()
    phone.goto(f"/my/{person}/privacy/")
    phone.get_by_role("button", name="关闭 慢性病").focus()
    with phone.expect_navigation():
        phone.keyboard.press("Enter")  # without a mouse
    assert phone.locator(".message").is_visible()
    leader.reload()
    assert "高血压管理" not in leader.locator("main").inner_text()
    assert "慢性病" in leader.locator("section[aria-labelledby=timeline]").inner_text()
    # an emergency
    staff.goto(f"/people/{person}/open/")
    staff.select_option("#kind", "danger")
    staff.fill("#reason", "急诊胸痛，需核对既往用药")
    press(staff, "确认紧急调阅")
    assert staff.url.endswith(f"/people/{person}/")
    assert "紧急调阅中" in staff.locator("main").inner_text()
    # the resident sees it, with the reason and the institution
    phone.goto(f"/my/{person}/looks/")
    seen = phone.locator("main").inner_text()
    assert "急诊胸痛，需核对既往用药" in seen
    assert "卫生行政管理" in seen
    # the code on the screen, scanned once
    phone.goto(f"/health-code/my/{person}/")
    phone.locator("details summary").click()
    code = phone.locator("details code").inner_text()
    staff.goto("/health-code/scan/")
    staff.fill("#code", code)
    with staff.expect_navigation():
        staff.keyboard.press("Enter")
    assert name in staff.locator("section[role=status]").inner_text()
    staff.fill("#code", code)
    staff.keyboard.press("Enter")
    staff.get_by_text("已经扫过一次").wait_for()
    context.close()


def test_the_record_on_paper(signed_in: SignedIn, city: Any):
    closing, _number, _name = somebody(city)  # the one above, who has closed a category
    person, _number, name = somebody(city, after=closing)
    page = signed_in("leader")
    page.goto(f"/people/{person}/")
    paper = pypdfium2.PdfDocument(io.BytesIO(page.pdf(format="A4", prefer_css_page_size=True)))
    text = "".join(sheet.get_textpage().get_text_range() for sheet in paper)
    assert tuple(round(side) for side in paper[0].get_size()) == (595, 842)
    assert name in text
    for printed in ("还应做什么", "基本信息", "过敏史", "检查结果的变化", "发生了什么"):
        assert printed in text, printed
    for left_out in ("退出", "谁看过这份档案", "筛选", "紧急调阅"):
        assert left_out not in text, left_out
