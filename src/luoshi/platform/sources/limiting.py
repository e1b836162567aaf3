"""How often somebody may try: counted in the store, so that every process of the server counts together."""

from __future__ import annotations

import time

from django.db import transaction
from django.db.models import F

from luoshi.platform.sources.models import Attempt

WINDOW = 15 * 60  # seconds
FAILURES = 10  # wrong secrets from one address for one client within a window
TOKENS = 300  # tokens of one client within a window


def left(key: str, limit: int) -> int:
    """How many tries are left in this window."""
    row = Attempt.objects.filter(key=key[:140], window=_window()).values_list("count", flat=True).first()
    return max(0, limit - (row or 0))


def count(key: str) -> None:
    """One more try; windows that are over are forgotten."""
    window = _window()
    with transaction.atomic():
        if not Attempt.objects.filter(key=key[:140], window=window).update(count=F("count") + 1):
            Attempt.objects.filter(window__lt=window - 1).delete()
            row, made = Attempt.objects.get_or_create(key=key[:140], window=window, defaults={"count": 1})
            if not made:
                Attempt.objects.filter(pk=row.pk).update(count=F("count") + 1)


def seconds_to_wait() -> int:
    """Until the next window begins."""
    return WINDOW - int(time.time()) % WINDOW


def _window() -> int:
    return int(time.time()) // WINDOW
