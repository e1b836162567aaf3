"""How a server begins: what it has loaded before its first request, and the keys its processes share."""

from __future__ import annotations

import gc
import importlib
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from django.urls import clear_url_caches, get_resolver

from luoshi.kernel.errors import UnreadableFile
from luoshi.kernel.garbage import Aside
from luoshi.project import wsgi
from luoshi.project.kept_secret import kept_secret


@pytest.fixture(autouse=True)
def warmed() -> None:
    """What the application began to load when it was imported above is loaded, and nothing is set aside by it."""
    for thread in threading.enumerate():
        if thread.name == "warm":
            thread.join()
    gc.unfreeze()


def test_pages_are_loaded_before_the_first_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """The imports behind the pages take ten seconds: a server that listens has them behind it."""
    monkeypatch.setattr("threading.Thread", MagicMock())
    clear_url_caches()
    assert not get_resolver()._populated
    importlib.reload(wsgi)
    assert get_resolver()._populated


@pytest.fixture
def collecting() -> Iterator[Aside]:
    """The collector as a server has it, set back afterwards."""
    before = gc.get_threshold()
    aside = Aside(long=0.0)
    gc.callbacks.append(aside)
    yield aside
    gc.callbacks.remove(aside)
    gc.unfreeze()
    gc.set_threshold(*before)


def test_what_survived_a_long_look_for_garbage_is_not_looked_through_again(collecting: Aside) -> None:
    """Half a second in which nobody is served, every few seconds: that was the tail of every page."""
    held = [[n] for n in range(20_000)]
    gc.collect()
    assert collecting.times >= 1
    assert gc.get_freeze_count() > len(held)
    assert len(gc.get_objects()) < len(held)
    del held[:]
    ring: list[object] = []
    ring.append(weakref.ref(gone := Ring()))
    gone.itself = gone
    del gone
    gc.collect()
    assert ring[0]() is None  # what came after is still looked through


def test_a_short_look_sets_nothing_aside() -> None:
    """Rings of requests at work must not pile up: only what is worth it is set aside."""
    patient = Aside(long=60.0)
    patient("start", {"generation": 2})
    patient("stop", {"generation": 2})
    assert patient.times == 0
    assert gc.get_freeze_count() == 0


class Ring:
    """Something that holds itself."""

    itself: object


def test_all_who_begin_at_once_have_one_key(tmp_path: Path) -> None:
    def begin(number: int) -> str:
        together.wait()
        return kept_secret(tmp_path / "data-key", f"{number:032x}")

    together = threading.Barrier(8)
    with ThreadPoolExecutor(8) as begun:
        keys = set(begun.map(begin, range(1, 9)))
    assert len(keys) == 1
    assert len(keys.pop()) == 32
    assert [path.name for path in tmp_path.iterdir()] == ["data-key"]
    assert (tmp_path / "data-key").stat().st_mode & 0o077 == 0


def test_an_empty_key_locks_nothing_and_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data-key").touch()
    with pytest.raises(UnreadableFile, match="the key is empty"):
        kept_secret(tmp_path / "data-key", "0" * 32)
