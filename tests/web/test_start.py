"""What is loaded before the server takes its first request."""

from __future__ import annotations

import importlib
from unittest.mock import MagicMock

import pytest
from django.urls import clear_url_caches, get_resolver

from luoshi.project import wsgi


def test_pages_are_loaded_before_the_first_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """The imports behind the pages take ten seconds: a server that listens has them behind it."""
    monkeypatch.setattr("threading.Thread", MagicMock())
    clear_url_caches()
    assert not get_resolver()._populated
    importlib.reload(wsgi)
    assert get_resolver()._populated
