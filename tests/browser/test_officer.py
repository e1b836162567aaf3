"""The officer's story in a real Chromium: load a plan, look at the doubtful ones, correct, confirm, see it on the board."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.browser.steps import PATIENCE, follow, press

from luoshi.services.plan_desk.models import Plan

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD = "nan-shan-41-qiao"


@pytest.fixture
def page(live_server, make_user, settings, monkeypatch) -> Iterator[object]:
    """A browser page of the plan officer of 云岭市, signed in."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("there is no Chromium here")
    sync_api = pytest.importorskip("playwright.sync_api")
    # Playwright's loop runs in this thread; what the test itself asks the database is not asynchronous.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    settings.ALLOWED_HOSTS = ["*"]
    officer = make_user("plan-officer", division="9901")
    with sync_api.sync_playwright() as player:
        browser = player.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1360, "height": 900}, locale="zh-CN")
        page.set_default_timeout(PATIENCE)
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda m: problems.append(m.text) if m.type == "error" and "400" not in m.text else None)
        page.goto(f"{live_server.url}/sign-in/")
        page.fill("input[name=username]", officer.username)
        page.fill("input[name=password]", PASSWORD)
        follow(page.locator("main button[type=submit]").first)
        assert "sign-in" not in page.url
        yield page
        browser.close()
    assert not problems, problems


def upload(page, base: str, path: Path) -> None:
    page.goto(f"{base}/plans/upload/")
    page.set_input_files("input[type=file]", path)
    follow(page.locator("main form button").first)


def test_load_correct_confirm_and_see_it_on_the_board(page, live_server, root):
    upload(page, live_server.url, root / "samples/云岭市2025年卫生健康工作要点.docx")
    plan = Plan.objects.get()
    assert page.url == f"{live_server.url}/plans/{plan.pk}/"

    # The doubtful ones come first, each with its reason.
    doubtful = page.locator(".desk-bar a[aria-current=page]").inner_text()
    assert doubtful.startswith("存疑在前")
    number = int(doubtful.strip("）").rpartition("（")[2])
    assert number > 0
    for at in range(number):
        assert page.locator(".item").nth(at).locator(".flag").count() >= 1

    # A click on an item brings its sentence into sight and marks it.
    item = page.locator(".item").first
    item.locator("a.metric").click()
    pk = item.get_attribute("id").removeprefix("item-")
    marked = page.locator("mark.here")
    marked.first.wait_for(state="visible")
    assert pk in marked.first.get_attribute("data-targets").split()
    page.wait_for_function(
        """() => { const doc = document.querySelector('.doc').getBoundingClientRect(),
                         mark = document.querySelector('mark.here').getBoundingClientRect();
                   return mark.top >= doc.top && mark.bottom <= doc.bottom + 1; }"""
    )

    # One is corrected by keyboard: e opens the form in the item.
    page.keyboard.press("e")
    item.locator("form.desk-form").wait_for()
    item.locator("input[name=value]").fill("71")
    item.locator("form.desk-form button").first.click()
    page.locator(f"#item-{pk}.corrected").wait_for()
    assert "71" in page.locator(f"#item-{pk} .item-head").inner_text()
    assert "更正记录" in page.locator(f"#item-{pk}").inner_text()
    assert plan.targets.get(pk=pk).value == 71

    # All the others at once.
    press(page, "确认全部")
    assert "已进入目标看板" in page.locator("main, body").first.inner_text()
    plan.refresh_from_db()
    assert plan.status == Plan.Status.CONFIRMED

    # The board holds them, the corrected one with its new number.
    page.goto(f"{live_server.url}/targets/")
    board = page.locator("main").inner_text()
    corrected = plan.targets.get(pk=pk)
    assert "家庭医生签约服务覆盖率" in board
    page.goto(f"{live_server.url}/targets/?q={corrected.metric[:8]}")
    assert "71" in page.locator("main").inner_text()


def test_a_wrong_file_is_answered_in_words_and_nothing_is_stored(page, live_server, tmp_path):
    wrong = tmp_path / "工作要点.docx"
    wrong.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 64)
    upload(page, live_server.url, wrong)
    words = page.locator("[role=alert]").inner_text()
    assert "不是文档" in words
    assert "docx" in words
    assert not Plan.objects.exists()
