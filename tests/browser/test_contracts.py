"""A signing season: the clinic signs a household from the worklist, the county judges what looks odd."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from tests.browser.steps import follow, press

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SignedIn = Callable[..., "Page"]


def test_a_clinic_signs_from_its_worklist_and_the_county_looks_at_it(signed_in: SignedIn):
    page = signed_in("clinic")
    page.locator(".main-nav summary", has_text="服务").click()
    follow(page.locator(".main-nav").get_by_role("link", name="签约居民", exact=True))
    assert "签约居民现在该做什么" in page.locator("h1").inner_text()
    assert re.search(r"\d+/\d+", page.locator(".page-head").inner_text())
    follow(page.get_by_role("link", name="应签尽签"))
    head = page.locator(".page-head").inner_text()
    before = int(re.search(r"名单 ([\d,]+) 人", head)[1].replace(",", ""))  # type: ignore[index]
    first = page.locator("table.data tbody tr th a").first
    name = first.inner_text()
    follow(first)
    assert name in page.locator("h1").inner_text()
    page.select_option("#months", "36")
    page.select_option("#way", "home")
    press(page, "确认签约")
    assert "已签约 1 人" in page.locator(".messages").inner_text()
    table = page.locator("table.data").nth(1).inner_text()
    assert "已签约" in table
    assert "QY20251103-" in table
    page.goto("/contracts/to-sign/")
    after = int(re.search(r"名单 ([\d,]+) 人", page.locator(".page-head").inner_text())[1].replace(",", ""))  # type: ignore[index]
    assert after == before - 1
    county = signed_in("county")
    county.locator(".main-nav summary", has_text="服务").click()
    follow(county.locator(".main-nav").get_by_role("link", name="签约率", exact=True))
    assert "签了多少，续了多少，做到多少" in county.locator("h1").inner_text()
    follow(county.get_by_role("link", name="异常线索"))
    press(county, "重新查找")
    # The demonstration's late evening is among them.
    follow(county.locator("table.data tbody tr", has_text="夜间签约").locator("a"))
    county.fill("#reason", "已逐户电话核实，系集中补录")
    press(county, "排除")
    assert "已排除" in county.locator("section[aria-labelledby=judge]").inner_text()
    # On a telephone nothing lies beyond the edge.
    small = signed_in("clinic", viewport={"width": 390, "height": 800})
    for address in ("/contracts/", "/contracts/to-sign/", "/contracts/rates/", "/contracts/teams/"):
        small.goto(address)
        assert small.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
