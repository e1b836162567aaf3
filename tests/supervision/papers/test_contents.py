"""Who fills papers is found out when first asked, and whoever asks meanwhile waits."""

from __future__ import annotations

from threading import Event, Thread

import pytest

from luoshi.supervision.papers import contents


def test_who_asks_while_another_registers_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "_known", {})
    monkeypatch.setattr(contents, "_coming", [])
    begun, go_on = Event(), Event()

    def slowly() -> None:
        begun.set()
        go_on.wait(600)
        contents.register("notice", lambda wanted: contents.Content())

    contents.add(slowly)
    answers: list[list[str]] = []
    first, second = (Thread(target=lambda: answers.append(contents.kinds())) for _ in range(2))
    first.start()
    assert begun.wait(600)
    second.start()
    go_on.set()
    first.join(600)
    second.join(600)
    assert answers == [["notice"], ["notice"]]
