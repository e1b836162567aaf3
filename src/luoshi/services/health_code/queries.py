"""Reads of codes."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from luoshi.kernel import health_code
from luoshi.platform.identity import joined
from luoshi.services.health_code import keys
from luoshi.services.health_code.models import StaticCode
from luoshi.services.health_code.rules import code_rules


def static_codes(person: int) -> list[StaticCode]:
    """The printed codes of a person and of those who were joined with them, newest first."""
    return list(StaticCode.objects.filter(joined.of(person, "holder__person")).order_by("-pk"))


def revoked_serials() -> frozenset[str]:
    """Serials of revoked codes that have not expired."""
    rows = StaticCode.objects.filter(revoked_at__isnull=False, expires_at__gt=datetime.now(UTC))
    return frozenset(rows.values_list("serial", flat=True))


def public_keys() -> str:
    """The file of public keys for scanners."""
    return health_code.public_keys(keys.known())


def revocations() -> str:
    """The signed list of revoked codes for scanners."""
    return health_code.revocations(
        revoked_serials(), keys.current(), now=int(time.time()), seconds=code_rules().list_hours * 3600
    )
