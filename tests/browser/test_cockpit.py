"""The leader's screens in a real Chromium: the cockpit on a wall and on a telephone, a meeting led by keyboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from tests.browser.steps import choose, follow, press, shows

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SignedIn = Callable[..., "Page"]


def test_wall_telephone_and_meeting(signed_in: SignedIn):
    # On a wall everything is on one screen, nothing to scroll.
    wall = signed_in("leader", viewport={"width": 1920, "height": 1080})
    wall.goto("/cockpit/")
    assert wall.evaluate(
        "document.documentElement.scrollHeight <= innerHeight && document.documentElement.scrollWidth <= innerWidth"
    )
    cells = wall.locator("a.cell")
    assert cells.count() >= 2
    # Choosing a promise colours the map by it.
    choose(wall.locator("#target"), index=1)
    assert wall.locator(".map-icon").count() == wall.locator(".cell-words").count()
    # The minute's check changes nothing while nothing changed, and says so without a page.
    answered = wall.evaluate("fetch(document.getElementById('cockpit').getAttribute('hx-get')).then(r => r.status)")
    assert answered == 204
    # A click on the map goes into the county.
    follow(wall.locator("a.cell").first)
    assert "division=" in wall.url
    assert "工作落实大屏" in wall.locator("h1").inner_text()

    # On a telephone it is one column that does not run over the edge, what needs a decision near the top.
    phone = signed_in("leader", viewport={"width": 390, "height": 844})
    phone.goto("/cockpit/")
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    decide, plan = (phone.locator(f".{name}").bounding_box() for name in ("decide", "plan"))
    assert decide
    assert plan
    assert decide["y"] < plan["y"]

    # A meeting by keyboard: next, next, previous; N begins a decision, Enter minutes it.
    stage = signed_in("plan-officer", viewport={"width": 1600, "height": 900})
    stage.goto("/appraisal/meetings/")
    stage.fill("#title", "浏览器里的调度会")
    press(stage, "开会")
    assert "/screen/" in stage.url
    seen = [stage.locator("h1").inner_text()]
    for key in ("ArrowRight", "PageDown", "ArrowLeft"):
        with stage.expect_navigation():
            stage.keyboard.press(key)
        seen.append(stage.locator("h1").inner_text())
    assert len(set(seen)) == 3
    assert seen[3] == seen[1]
    stage.keyboard.press("n")
    assert stage.evaluate("document.activeElement.id") == "what"
    stage.keyboard.type("两周内补齐未随访的患者")
    before = stage.url
    stage.keyboard.press("ArrowRight")  # while typing, arrows stay in the field
    assert stage.url == before
    stage.keyboard.press("Enter")
    shows(stage.locator(".stage-decisions"), "两周内补齐未随访的患者", "任务")  # it became a duty
    # The minutes are fixed; the screens stay readable, nothing can be added.
    follow(stage.get_by_role("link", name="纪要", exact=True))
    press(stage, "结束会议，固定纪要")
    assert "会上所见" in stage.locator("main").inner_text()
    follow(stage.get_by_role("link", name="进入会议屏幕"))
    assert stage.locator("#minute").count() == 0
