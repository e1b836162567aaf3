"""The clinic's story: the list of today, the form filled in, the next visit, and the reason that went away; then the
same without network, in a pack opened from a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.browser.steps import PATIENCE, follow, press, shows

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser]
PASS = "qing-shan-lv-shui-9"


def test_visit_and_pack(signed_in: Callable[..., Page], browser: Browser, tmp_path: Path) -> None:
    page = signed_in("clinic")
    page.goto("/chronic/today/?programme=hypertension&state=short")
    row = page.locator("table.rows tbody tr, table.data tbody tr").filter(has_text="1 次").first
    target = row if row.count() else page.locator("table tbody tr").first
    before = target.inner_text()
    assert "应" in before
    follow(target.locator("a").first)
    page.locator("#f-systolic").fill("168")
    page.locator("#f-diastolic").fill("96")
    if page.locator("#f-fasting").count():
        page.locator("#f-fasting").fill("8.1")
    press(page, "保存随访")
    assert "/chronic/people/" in page.url
    told = page.locator(".messages").inner_text()
    assert "未达标" in told
    assert "复查" in told
    number = page.url.rstrip("/").rsplit("/", 1)[-1]
    made = page.locator("#why-hypertension").inner_text()
    assert made.strip() != ""
    assert "168/96" in page.locator("main").inner_text()

    # A pack, opened from a file with no network.
    page.goto("/chronic/packs/")
    page.fill("#passphrase", PASS)
    with page.expect_download() as got:
        page.get_by_role("button", name="领取离线包").click()
    file = tmp_path / "pack.html"
    got.value.save_as(file)
    offline = browser.new_context(
        offline=True, viewport={"width": 390, "height": 800}, locale="zh-CN", accept_downloads=True
    )
    telephone = offline.new_page()
    telephone.set_default_timeout(PATIENCE)
    problems: list[str] = []
    telephone.on("pageerror", lambda error: problems.append(str(error)))
    telephone.goto(file.as_uri())
    telephone.fill("#pass", "wrong-passphrase")
    telephone.get_by_role("button", name="打开").click()
    telephone.get_by_text("口令不对").wait_for()
    telephone.fill("#pass", PASS)
    telephone.get_by_role("button", name="打开").click()
    other = telephone.locator("#list .row").filter(has_text="高血压").nth(1)
    other.wait_for()
    other.click()
    telephone.locator("#i-systolic").fill("172")
    telephone.locator("#i-diastolic").fill("98")
    shows(telephone.locator("#say"), "2周")
    telephone.get_by_role("button", name="保存随访").click()
    telephone.get_by_text("已保存在本机").wait_for()
    with telephone.expect_download() as exported:
        telephone.get_by_role("button", name="导出交回文件").click()
    upload = tmp_path / "upload.json"
    exported.value.save_as(upload)
    assert set(json.loads(upload.read_text())) == {"kind", "pack", "body"}
    offline.close()
    assert not problems

    for expected in ("已合并 1 项", "没有变化"):
        page.goto("/chronic/packs/")
        page.set_input_files("#file", upload)
        press(page, "交回并合并")
        assert expected in page.locator(".messages").inner_text()
    assert number.isdigit()
    _narrow(signed_in)


def _narrow(signed_in: Callable[..., Any]) -> None:
    """On a telephone nothing runs out of the page."""
    page = signed_in("clinic", viewport={"width": 390, "height": 800})
    for address in ("/chronic/", "/chronic/today/", "/chronic/candidates/", "/chronic/packs/"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1"), address
