"""A real server on the city, and a real browser in front of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.browser.steps import PATIENCE, follow
from tests.ports import free_port

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


COMMANDS = """import shlex, sys
from luoshi.cli.main import cli
for line in sys.argv[1:]:
    cli.main(shlex.split(line), prog_name="luoshi", standalone_mode=False)
"""


class Served:
    """A server on a copy of the city, on the day it lives on; `on` starts it again on another day, at the same address."""

    def __init__(self, city: Any, home: Path) -> None:
        shutil.copytree(city.home, home)
        self.home = home
        self.environment = city.environment | {
            "LUOSHI_HOME": str(home),
            "LUOSHI_LAKE": str(home / "lake"),
            "DATABASE_URL": f"sqlite:///{home / 'luoshi.sqlite3'}",
        }
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.server: subprocess.Popen[bytes] | None = None

    def on(self, day: str = "") -> None:
        """Serve, from a day on where one is given; returns when pages are answered."""
        self.begin(day)
        self.ready()

    def begin(self, day: str = "") -> None:
        """End the server that runs and start another, on a day where one is given, without waiting for it."""
        self.stop()
        if day:
            self.environment["LUOSHI_TODAY"] = day
        granian = Path(sys.executable).parent / "granian"
        command = [granian, "--interface", "wsgi", "--port", str(self.port), "--workers", "1", "--no-access-log"]
        with (self.home / "server.log").open("ab") as log:
            self.server = subprocess.Popen(
                [*command, "luoshi.project.wsgi:application"], env=self.environment, stdout=log, stderr=log
            )

    def ready(self) -> None:
        """Wait until pages are answered."""
        assert self.server is not None
        until = time.monotonic() + 600
        while self.server.poll() is None and time.monotonic() < until:
            try:
                urllib.request.urlopen(f"{self.address}/sign-in/", timeout=60).close()
                return
            except OSError:
                time.sleep(0.1)
        pytest.fail((self.home / "server.log").read_text("utf-8", "replace")[-2000:])

    def stop(self) -> None:
        """End the server, where there is one."""
        if self.server is not None:
            self.server.terminate()
            self.server.wait()
            self.server = None

    def luoshi(self, *lines: str) -> str:
        """Commands as typed after `luoshi`, beside the server on its day, one after another in one process; what they
        printed. Fails the test where one fails."""
        done = subprocess.run(
            [sys.executable, "-c", COMMANDS, *lines], env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{lines}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture(scope="session")
def served(city: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Served]]:
    """`served()` copies the city and serves the copy until the session ends, or until it is stopped."""
    running: list[Served] = []

    def serve() -> Served:
        one = Served(city, tmp_path_factory.mktemp("site") / "home")
        running.append(one)
        one.on()
        return one

    yield serve
    for one in running:
        one.stop()


@pytest.fixture(scope="session")
def site(served: Callable[[], Served]) -> str:
    """The address of a server on a copy of the city."""
    return served().address


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
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: complaints.append(message.text) if "Content Security Policy" in message.text else None,
        )
        page.goto("/sign-in/")
        page.fill("input[name=username]", username)
        page.fill("input[name=password]", city.password)
        follow(page.locator("main button[type=submit]"))
        assert "sign-in" not in page.url
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints
