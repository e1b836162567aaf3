"""A real server on the city, and a real browser in front of it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="session")
def site(city: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server on a copy of the city."""
    home = tmp_path_factory.mktemp("site") / "home"
    shutil.copytree(city.home, home)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = city.environment | {
        "LUOSHI_HOME": str(home),
        "LUOSHI_LAKE": str(home / "lake"),
        "DATABASE_URL": f"sqlite:///{home / 'luoshi.sqlite3'}",
    }
    command = [Path(sys.executable).parent / "granian", "--interface", "wsgi", "--port", str(port), "--workers", "1"]
    log = (home / "server.log").open("wb")
    server = subprocess.Popen(
        [*command, "--no-access-log", "luoshi.project.wsgi:application"], env=environment, stdout=log, stderr=log
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"{address}/sign-in/", timeout=2).close()
                break
            except OSError:
                time.sleep(0.2)
        else:
            pytest.fail((home / "server.log").read_text("utf-8", "replace")[-2000:])
        yield address
    finally:
        server.terminate()
        server.wait(20)
        log.close()


# One module at a time: Playwright's loop must be closed before another one opens.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, where there is one (`LUOSHI_CHROMIUM`, else the one on the path)."""
    chromium = os.environ.get("LUOSHI_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("no Chromium on the path (LUOSHI_CHROMIUM names one elsewhere)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def signed_in(site: str, city: Any, browser: Browser) -> Iterator[Callable[..., Page]]:
    """`signed_in("leader")` opens a page as that person of the demonstration; scripts that fail fail the test."""
    contexts = []
    complaints: list[str] = []

    def open_page(username: str, **options: Any) -> Page:
        context = browser.new_context(
            base_url=site, locale="zh-CN", viewport=options.pop("viewport", {"width": 1360, "height": 900}), **options
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: complaints.append(message.text) if "Content Security Policy" in message.text else None,
        )
        page.goto("/sign-in/")
        page.fill("input[name=username]", username)
        page.fill("input[name=password]", city.password)
        page.locator("main button[type=submit]").click()
        page.wait_for_url(lambda url: "sign-in" not in url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints
