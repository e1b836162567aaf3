"""Take the screenshot of the README from the demonstration.

Makes the demonstration if there is none, serves it on a free port, signs in as its leader, and writes
`docs/images/board.png`. Run with `make screenshots`. Needs Chromium (`LUOSHI_CHROMIUM`, else the one on the path).
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / "var" / "demo"
IMAGES = ROOT / "docs" / "images"


def main() -> None:
    """Serve the demonstration and photograph it."""
    luoshi = Path(sys.executable).parent / "luoshi"
    subprocess.run([luoshi, "demo", "--home", HOME, "--no-serve"], check=True, cwd=ROOT)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen([luoshi, "demo", "--home", HOME, "--serve-only", "--port", str(port)], cwd=ROOT)
    try:
        _wait_for(f"http://localhost:{port}/sign-in/")
        _photograph(f"http://localhost:{port}", json.loads((HOME / "ready.json").read_text("utf-8"))["password"])
    finally:
        server.terminate()
        server.wait(20)


def _wait_for(address: str) -> None:
    for _ in range(100):
        try:
            urllib.request.urlopen(address, timeout=2).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise SystemExit(f"nothing answers at {address}")


def _photograph(base: str, password: str) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    chromium = os.environ.get("LUOSHI_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1360, "height": 900}, locale="zh-CN")
        _sign_in(page, base, "leader", password)
        page.screenshot(path=IMAGES / "board.png")
        browser.close()


def _sign_in(page: Page, base: str, username: str, password: str) -> None:
    page.goto(f"{base}/sign-in/")
    page.locator("input[name=username]").fill(username)
    page.locator("input[name=password]").fill(password)
    page.locator("main button[type=submit]").first.click()
    page.wait_for_url(f"{base}/")


if __name__ == "__main__":
    main()
