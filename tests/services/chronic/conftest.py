"""Chronic care in the demonstration: its people, and a member of the clinic with hypertension."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from luoshi.platform.access.models import Grant, User
from luoshi.platform.access.scope import Scope
from luoshi.services.chronic import members, panel
from luoshi.services.chronic.members import Member


@pytest.fixture
def scope(city_db: Any, db: None) -> Callable[[str], Scope]:
    """`scope("clinic")`: what that person of the demonstration may see and do."""
    return lambda name: Scope.of(User.objects.get(username=name))


@pytest.fixture
def clinic(city_db: Any, db: None) -> str:
    """Code of the clinic of the demonstration."""
    institution = Grant.objects.get(user__username="clinic").institution
    assert institution is not None
    return institution.code


@pytest.fixture
def patients(scope: Callable[[str], Scope]) -> list[Member]:
    """The members the clinic looks after, those to visit first."""
    return members.members(panel.read(scope("clinic")))
