"""The city with its records checked: one of them wrong, and one institution with an odd habit of figures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def checked(city_db: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the lake of the city with the checks run over it, as the settings' lake."""
    import shutil

    from django.test import override_settings

    from luoshi.services.quality import actions

    lake = tmp_path_factory.mktemp("checked") / "lake"
    shutil.copytree(city_db.lake, lake)
    with override_settings(LUOSHI_LAKE=lake):
        actions.run(by="test")
        yield lake
