"""What people come to do, in a real browser."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pypdfium2
import pytest
from tests.browser.steps import follow, press

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SignedIn = Callable[..., "Page"]
HYPERTENSION = "高血压患者基层规范管理服务率"
# Links and buttons one can press that say nothing to a screen reader; those inside a chart are described by the chart.
NAMELESS = """[...document.querySelectorAll('main a, main button')].filter(
  e => !e.closest('svg') && e.offsetParent && !e.innerText.trim() && !e.ariaLabel).length"""


def heading(page: Page) -> str:
    return page.locator("h1").inner_text()


def test_the_leader_goes_from_the_board_to_the_source(signed_in: SignedIn):
    page = signed_in("leader")
    assert "承诺落实得怎么样" in heading(page)
    assert page.locator(".demonstration").inner_text().startswith("演示环境")
    tiles = page.locator(".tile")
    assert tiles.count() == 4
    # a promise that is behind, from the list of those that need a decision
    follow(tiles.filter(has_text="滞后").locator("a"))
    assert "每项目标走到哪一步" in heading(page)
    assert page.locator("#list tbody tr").count() > 0
    assert set(page.locator("#list .light-word").all_inner_texts()) == {"滞后"}
    page.fill("#q", "")
    page.select_option("#light", "")
    page.wait_for_url(lambda url: "light=red" not in url)  # the list is another, the page the same
    follow(page.locator(f"#list a:has-text('{HYPERTENSION}')").first)
    assert HYPERTENSION in heading(page)
    assert re.search(r"\d+/\d+", page.locator(".standing").inner_text())
    assert page.locator("figure.chart svg").count() == 2
    # down to a county by its bar
    follow(page.locator("figure.chart svg a").first)
    county = page.locator(".breadcrumbs [aria-current]").inner_text()
    assert county.endswith(("区", "县"))
    assert county in page.locator(".page-head").inner_text()
    # to the people
    follow(page.get_by_role("link", name="看还差谁"))
    assert "还差谁" in heading(page)
    first = page.locator("table.data tbody tr").first
    reason = first.locator("td").first.inner_text()
    assert re.search(r"\d", reason)
    name = first.locator("th a").inner_text()
    follow(first.locator("th a"))
    # to the resident, told the same reason
    assert name in heading(page)
    due = page.locator("section[aria-labelledby=due]").inner_text()
    assert reason in due
    assert page.locator("section[aria-labelledby=looks] li").count() >= 1
    # to the source
    follow(page.locator("section[aria-labelledby=timeline] .rows a").first)
    assert "原始记录" in heading(page)
    assert '"resourceType"' in page.locator("pre").inner_text()


def test_the_sentence_of_a_promise_is_shown_in_the_plan(signed_in: SignedIn):
    page = signed_in("leader")
    page.goto("/targets/?q=高血压")
    follow(page.locator(f"#list a:has-text('{HYPERTENSION}')").first)
    quote = page.locator("blockquote").inner_text()
    follow(page.get_by_role("link", name="在原文中查看这句话"))
    assert re.search(r"/plans/\d+/.*#at-\d+", page.url)
    assert quote[:12] in page.locator("main").inner_text()


def test_a_clinician_of_another_county_finds_nothing(signed_in: SignedIn):
    leader, clinic_page = signed_in("leader"), signed_in("clinic")
    leader.goto("/targets/?q=高血压")
    follow(leader.locator(f"#list a:has-text('{HYPERTENSION}')").first)
    follow(leader.get_by_role("link", name="看还差谁"))
    links = leader.locator("table.data tbody th a")
    people = [(links.nth(n).inner_text(), links.nth(n).get_attribute("href")) for n in range(links.count())]
    hidden = [(name, address) for name, address in people if clinic_page.goto(address).status == 404]
    assert hidden
    name, address = hidden[-1]
    assert clinic_page.goto(address).status == 404
    assert leader.goto(address).status == 200
    assert "没有找到" in heading(clinic_page)
    assert name not in clinic_page.locator("body").inner_text()
    clinic_page.goto("/people/")
    clinic_page.fill("#q", name)
    press(clinic_page, "查找")
    shown = clinic_page.locator("table.data tbody th a")
    assert address not in [shown.nth(n).get_attribute("href") for n in range(shown.count())]


def test_a_target_on_paper(signed_in: SignedIn):
    page = signed_in("leader")
    page.goto("/targets/?q=高血压")
    follow(page.locator(f"#list a:has-text('{HYPERTENSION}')").first)
    light = page.locator(".standing-light").inner_text().strip()
    paper = pypdfium2.PdfDocument(io.BytesIO(page.pdf(format="A4", prefer_css_page_size=True)))
    text = paper[0].get_textpage().get_text_range()
    assert light in text
    assert HYPERTENSION in text
    assert "退出" not in text  # what cannot be pressed on paper is not printed
    width, height = paper[0].get_size()
    assert (round(width), round(height)) == (595, 842)
    page.emulate_media(media="print")
    assert not page.locator(".main-nav").is_visible()
    assert page.locator(".print-only").is_visible()


def test_english_and_back(signed_in: SignedIn):
    page = signed_in("leader")
    follow(page.get_by_role("link", name="English"))
    assert page.locator("html").get_attribute("lang") == "en"
    assert "where do the promises stand" in heading(page)
    page.goto("/targets/")
    assert heading(page) == "How far is each target?"
    follow(page.get_by_role("link", name="中文"))
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    assert "每项目标" in heading(page)


def test_keyboard_alone(signed_in: SignedIn):
    page = signed_in("leader")
    page.goto("/targets/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").evaluate("e => e.getBoundingClientRect().left >= 0")
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.id === 'main'")
    page.keyboard.press("Tab")  # past the navigation, inside the page
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_every_page_fits_a_phone_and_large_type(signed_in: SignedIn):
    for options in ({"viewport": {"width": 360, "height": 740}}, {}):
        page = signed_in("leader", **options)
        if not options:
            page.goto("/?type=large")
            page.goto("/?contrast=high")
            assert "large-type high-contrast" in page.locator("html").get_attribute("class")
        page.goto("/targets/?q=高血压")
        target = page.locator(f"#list a:has-text('{HYPERTENSION}')").first.get_attribute("href").split("?")[0]
        page.goto(f"{target}missed/")
        person = page.locator("table.data tbody th a").first.get_attribute("href")
        for address in ("/", "/targets/", target, f"{target}missed/", "/people/?q=王", person, "/plans/"):
            page.goto(address)
            over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert over <= 0, (address, options, over)
            nameless = page.evaluate(NAMELESS)
            assert nameless == 0, address


def test_filters_work_without_scripts(signed_in: SignedIn):
    page = signed_in("leader", java_script_enabled=False)
    page.goto("/targets/")
    page.select_option("#light", "grey")
    press(page, "筛选")
    assert "light=grey" in page.url
    assert set(page.locator("#list .light-word").all_inner_texts()) == {"不能判断"}
