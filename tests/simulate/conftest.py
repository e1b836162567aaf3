"""One small region for all tests of this folder."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from luoshi.simulate import output
from luoshi.simulate.city import Region, invent

RESIDENTS, SEED, AS_OF = 3_000, 7, date(2025, 10, 31)


@pytest.fixture(scope="session")
def region() -> Region:
    """About three thousand residents, as decided."""
    return invent(RESIDENTS, SEED, AS_OF)


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same region as files, in both formats."""
    folder = tmp_path_factory.mktemp("region")
    output.write(RESIDENTS, SEED, AS_OF, folder, form="both")
    return folder
