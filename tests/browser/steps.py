"""What a reader does between two pages. A page that is asked something straight after a press may still be the old one,
and the next may be long in coming: `follow` and `press` return when the page they lead to is there, `shows` waits for
words that a script puts into the page that stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

# Milliseconds for what must come: a page that loads a large library for the first time, on a busy machine, is no failure.
PATIENCE = 120_000


def follow(link: Locator) -> None:
    """Click what leads to another page, and wait until that page is there."""
    with link.page.expect_navigation():
        link.click()


def press(where: Page | Locator, name: str) -> None:
    """Press the button of exactly that name, and wait until the page it leads to is there."""
    follow(where.get_by_role("button", name=name, exact=True))


def choose(field: Locator, **option: str | int) -> None:
    """Choose in a field that sends its form by itself, and wait until the page it leads to is there."""
    with field.page.expect_navigation():
        field.select_option(**option)


def shows(where: Locator, *words: str) -> None:
    """Wait until the words are there, each somewhere in it."""
    for word in words:
        expect(where).to_contain_text(word, timeout=PATIENCE)
