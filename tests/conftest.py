"""Fixtures every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of real plan documents and reference material that lies beside the repository, where it is present.

    `LUOSHI_SHARED` names it when it lies elsewhere.
    """
    folder = Path(os.environ.get("LUOSHI_SHARED", ROOT.parent / "shared"))
    if not (folder / "seeds").is_dir():
        pytest.skip(f"the shared reference material is not at {folder} (set LUOSHI_SHARED)")
    return folder
