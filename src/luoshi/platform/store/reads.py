"""Reading the store: one resource, its versions, a person's resources, and everything in bulk for the lake.

Signature first; see `bodies` for the bulk form the lake is built from.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pyarrow as pa

BODIES = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("person", pa.int64()),
        pa.field("version", pa.int32(), nullable=False),
        pa.field("known_from", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("known_to", pa.timestamp("us", tz="UTC")),
        pa.field("body", pa.string(), nullable=False),
    ]
)


def bodies(
    resource_type: str,
    *,
    since: datetime | None = None,
    person_range: tuple[int, int] | None = None,
    batch: int = 50_000,
) -> Iterator[pa.Table]:
    """Every version of every resource of one type, as tables of `BODIES`, at most `batch` rows each, by person.

    `since`: only versions that became known or ceased to be believed at or after that instant.
    `person_range`: half-open range of person numbers; without it rows with no person (null) are included too.
    `known_to` is null for the version still believed; a deleted resource has no row after its `known_to`.
    """
    raise NotImplementedError


def persons_changed(since: datetime) -> list[int]:
    """Person numbers that any resource changed for (or was newly resolved to) at or after `since`, sorted."""
    raise NotImplementedError
