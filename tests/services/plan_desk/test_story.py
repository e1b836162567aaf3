"""The officer's story in a real browser: load a plan, look at the doubtful, correct, add, confirm."""

from __future__ import annotations

import re
import shutil

import pytest
from tests.browser.steps import PATIENCE, press

from .conftest import TEXT

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
PASSWORD = "nan-shan-41-qiao"


@pytest.fixture
def page(monkeypatch):
    """A page of Debian's Chromium; any error of a script or of the content policy fails the story."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is not installed")
    # The browser's driver runs an event loop in this thread; the database is used from it on purpose.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    troubles: list[str] = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1300, "height": 900})
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda line: troubles.append(line.text) if "Content Security Policy" in line.text else None)
        yield page
        browser.close()
    assert troubles == []


def test_the_officer_loads_a_plan_and_confirms_it(page, live_server, officer, tmp_path):
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE)
    document = tmp_path / "要点.txt"
    document.write_text(TEXT, "utf-8")

    # She signs in and loads the document.
    page.goto(f"{live_server.url}/plans/upload/")
    page.get_by_label("账号").fill(officer.username)
    page.get_by_label("密码").fill(PASSWORD)
    press(page, "登录")
    page.get_by_label("规划文件").set_input_files(document)
    press(page, "读取并载入")
    expect(page.get_by_role("heading", level=1)).to_have_text("云岭市2025年卫生健康工作要点")

    # The doubtful one stands first; the key j goes to it and shows its sentence.
    page.keyboard.press("j")
    first = page.locator(".item").first
    expect(first).to_contain_text("原文写“左右”")
    expect(page.locator("mark.here")).to_contain_text("次中心")
    expect(page.locator("mark.here")).to_be_in_viewport()

    # She corrects it with the key e; the item is exchanged in place.
    page.keyboard.press("e")
    expect(first.get_by_label("指标")).to_be_focused()
    first.get_by_label("目标值").focus()
    page.evaluate("document.body.dispatchEvent(new CustomEvent('htmx:afterSettle'))")  # something else was exchanged
    expect(first.get_by_label("目标值")).to_be_focused(timeout=5000)
    first.get_by_label("目标值").fill("3")
    first.get_by_role("button", name="保存更正").click()
    expect(first).to_contain_text("已更正")
    expect(first).to_contain_text("= 3 个")
    expect(page.locator("#desk-counts")).to_contain_text("已更正 1")

    # The next one is right: a confirms it.
    page.keyboard.press("j")
    page.keyboard.press("a")
    expect(page.locator("#desk-counts")).to_contain_text("已确认 1")

    # A click on a sentence leads to its item.
    page.goto(f"{page.url.split('?')[0]}?show=order")
    page.locator("mark", has_text="住院分娩率达到99%以上").click()
    expect(page.locator(".item.here")).to_contain_text("住院分娩率")
    expect(page.locator(".item.here")).to_be_in_viewport()

    # She selects a sentence the reader passed over and adds it.
    page.evaluate(
        """() => {
          const run = [...document.querySelectorAll('.doc [data-start]')].find((r) => r.textContent.includes('管好慢性病'));
          const at = run.textContent.indexOf('管好慢性病');
          const range = document.createRange();
          range.setStart(run.firstChild, at);
          range.setEnd(run.firstChild, at + 5);
          getSelection().removeAllRanges();
          getSelection().addRange(range);
        }"""
    )
    page.get_by_role("button", name="补充为目标").click()
    adder = page.locator("#adder")
    expect(adder.get_by_label("原文句子")).to_have_value("管好慢性病")
    adder.get_by_label("指标").fill("慢性病管理数")
    adder.get_by_label("目标值").fill("5")
    adder.get_by_role("button", name="补充为目标").click()
    expect(page.locator(".item", has_text="慢性病管理数")).to_contain_text("已更正")

    # All is well: she confirms the plan.
    page.get_by_role("button", name="确认全部").click()
    expect(page.locator(".messages")).to_contain_text("规划已确认")
    expect(page.locator(".item").first).not_to_contain_text("剔除")
    expect(page).to_have_url(re.compile(r"/plans/\d+/$"))


def test_the_desk_works_without_scripts(live_server, officer, plan, target, monkeypatch):
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE)
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is not installed")
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_context(java_script_enabled=False).new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"{live_server.url}/plans/{plan.pk}/?show=order")
        page.get_by_label("账号").fill(officer.username)
        page.get_by_label("密码").fill(PASSWORD)
        page.get_by_role("button", name="登录").click()
        item = page.locator(f"#item-{target.pk}")
        item.get_by_role("button", name="确认").click()
        expect(item).to_contain_text("已确认")
        item.get_by_role("link", name="更正").click()
        page.get_by_label("目标值").fill("65")
        page.get_by_role("button", name="保存更正").click()
        expect(item).to_contain_text("≥ 65%")
        item.get_by_role("link", name=target.metric).click()
        expect(page.locator(f"#at-{target.pk}")).to_be_in_viewport()
        browser.close()
