"""Where each table of the lake lies, which columns it has, and what `lake.json` says. Pure: no file is touched here.

```
<lake>/lake.json
<lake>/tables/<person table>/bucket=<n>/part.parquet     n = person // bucket_size; -1 where the person is unknown
<lake>/tables/<register>/part.parquet
```
The tables and columns are those of `docs/reference/record-guide.md`. Person tables are sorted by (kind, person, day), so
that who asks for some kinds passes over the others; the bucket is in the path only, not a column of the file.

Every time in the lake (`known_from`, `known_to`, `started_at`, `at`, ...) is a `TIMESTAMP` without zone holding Chinese
time (UTC+08:00), and every `day` is the Chinese day, so no reader needs a zone database to cut a period.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from luoshi.kernel.clock import CHINA
from luoshi.kernel.errors import InvalidValue, NotFound, nearest

LAYOUT_VERSION = 2
# Version 1 lacks `source`, `sent_at`, `worker` and `phone`: it can be read (they are empty), not updated.
READABLE_VERSIONS = (1, LAYOUT_VERSION)
DEFAULT_BUCKET_SIZE = 1 << 16
NO_PERSON = -1

# Who sent the row, when they say they sent it, and from when to when it is believed.
_KNOWN = {"source": "VARCHAR", "sent_at": "TIMESTAMP", "known_from": "TIMESTAMP", "known_to": "TIMESTAMP"}

# table -> column -> DuckDB type, in the order they are written.
PERSON_TABLES: dict[str, dict[str, str]] = {
    "person": {
        "id": "VARCHAR", "person": "BIGINT", "sex": "VARCHAR", "birth_date": "DATE", "death_date": "DATE",
        "division": "VARCHAR", "institution": "VARCHAR", "zone": "VARCHAR", "record_opened": "DATE",
        "record_open_to_resident": "DATE", "active": "BOOLEAN", "phone": "BIGINT", **_KNOWN,
    },
    "visit": {
        "id": "VARCHAR", "person": "BIGINT", "service": "VARCHAR", "class": "VARCHAR", "day": "DATE", "end_day": "DATE",
        "started_at": "TIMESTAMP", "ended_at": "TIMESTAMP", "institution": "VARCHAR", "division": "VARCHAR",
        "zone": "VARCHAR", "mode": "VARCHAR", "episode": "VARCHAR", "part_of": "VARCHAR", "status": "VARCHAR",
        "worker": "VARCHAR", **_KNOWN,
    },
    "episode": {
        "id": "VARCHAR", "person": "BIGINT", "program": "VARCHAR", "start_day": "DATE", "end_day": "DATE",
        "status": "VARCHAR", "institution": "VARCHAR", **_KNOWN,
    },
    "observation": {
        "id": "VARCHAR", "person": "BIGINT", "code": "VARCHAR", "day": "DATE", "value": "DOUBLE", "value_code": "VARCHAR",
        "value_day": "DATE", "visit": "VARCHAR", "institution": "VARCHAR", **_KNOWN,
    },
    "condition": {
        "id": "VARCHAR", "person": "BIGINT", "code": "VARCHAR", "day": "DATE", "clinical_status": "VARCHAR",
        "abatement_day": "DATE", "institution": "VARCHAR", "visit": "VARCHAR", **_KNOWN,
    },
    "procedure": {
        "id": "VARCHAR", "person": "BIGINT", "code": "VARCHAR", "day": "DATE", "status": "VARCHAR", "visit": "VARCHAR",
        "institution": "VARCHAR", **_KNOWN,
    },
    "immunization": {
        "id": "VARCHAR", "person": "BIGINT", "vaccine": "VARCHAR", "dose": "INTEGER", "day": "DATE", "status": "VARCHAR",
        "institution": "VARCHAR", **_KNOWN,
    },
    "contract": {
        "id": "VARCHAR", "person": "BIGINT", "start_day": "DATE", "end_day": "DATE", "status": "VARCHAR",
        "institution": "VARCHAR", "signed_day": "DATE", **_KNOWN,
    },
    "milestone": {
        "id": "VARCHAR", "person": "BIGINT", "visit": "VARCHAR", "code": "VARCHAR", "at": "TIMESTAMP",
        "institution": "VARCHAR", **_KNOWN,
    },
    "consent": {
        "id": "VARCHAR", "person": "BIGINT", "code": "VARCHAR", "day": "DATE", "start_day": "DATE", "end_day": "DATE",
        "status": "VARCHAR", **_KNOWN,
    },
}  # fmt: skip

REGISTERS: dict[str, dict[str, str]] = {
    "division": {
        "code": "VARCHAR", "name": "VARCHAR", "level": "INTEGER", "parent": "VARCHAR", "l1": "VARCHAR", "l2": "VARCHAR",
        "l3": "VARCHAR", "l4": "VARCHAR", "l5": "VARCHAR", "urban": "BOOLEAN", "valid_from": "DATE", "valid_to": "DATE",
    },
    "institution": {
        "code": "VARCHAR", "name": "VARCHAR", "type": "VARCHAR", "level": "INTEGER", "parent": "VARCHAR",
        "division": "VARCHAR", "public": "BOOLEAN", "valid_from": "DATE", "valid_to": "DATE",
    },
    "title": {
        "institution": "VARCHAR", "division": "VARCHAR", "title": "VARCHAR", "granted": "DATE", "revoked": "DATE",
    },
    "staff": {"institution": "VARCHAR", "role": "VARCHAR", "count": "INTEGER", "as_of": "DATE"},
    "bed": {"institution": "VARCHAR", "kind": "VARCHAR", "count": "INTEGER", "as_of": "DATE"},
    "population": {
        "division": "VARCHAR", "year": "INTEGER", "kind": "VARCHAR", "sex": "VARCHAR", "age_from": "INTEGER",
        "age_to": "INTEGER", "value": "BIGINT", "source": "VARCHAR", "version": "VARCHAR",
    },
    "unit": {
        "code": "VARCHAR", "name": "VARCHAR", "kind": "VARCHAR", "division": "VARCHAR", "public": "BOOLEAN",
        "affordable": "BOOLEAN", "places": "INTEGER", "enrolled": "INTEGER", "filed": "DATE", "award": "VARCHAR",
        "awarded": "DATE", "valid_from": "DATE", "valid_to": "DATE", "as_of": "DATE",
    },
    "event": {
        "code": "VARCHAR", "kind": "VARCHAR", "division": "VARCHAR", "institution": "VARCHAR", "day": "DATE",
        "done_day": "DATE", "published": "DATE", "result": "VARCHAR",
    },
    "statistic": {
        "institution": "VARCHAR", "division": "VARCHAR", "item": "VARCHAR", "day": "DATE", "value": "BIGINT",
    },
    "answer": {
        "survey": "VARCHAR", "respondent": "VARCHAR", "division": "VARCHAR", "stratum": "VARCHAR", "cluster": "VARCHAR",
        "clusters": "INTEGER", "weight": "INTEGER", "sex": "VARCHAR", "age": "INTEGER", "question": "VARCHAR",
        "value": "INTEGER", "day": "DATE",
    },
}  # fmt: skip

TABLES: dict[str, dict[str, str]] = PERSON_TABLES | REGISTERS

# The column that says what a row is: each person table that has one is sorted by it first.
KIND_COLUMN: dict[str, str] = {
    "visit": "service", "episode": "program", "observation": "code", "condition": "code", "procedure": "code",
    "immunization": "vaccine", "milestone": "code", "consent": "code",
}  # fmt: skip

# Rows of a Parquet group: few enough that most groups hold one kind, enough that a group is worth opening.
ROW_GROUP = 1 << 14

# The column each person table is sorted by after the person, and the last value of which says how fresh the table is.
DAY_COLUMN: dict[str, str] = {
    "person": "record_opened", "visit": "day", "episode": "start_day", "observation": "day", "condition": "day",
    "procedure": "day", "immunization": "day", "contract": "start_day", "milestone": "at",
    "consent": "day",
}  # fmt: skip


def _known(table: str) -> None:
    if table not in TABLES:
        raise NotFound(f"The lake has no table {table!r}.", todo=nearest(table, TABLES))


def columns(table: str) -> dict[str, str]:
    """Column name -> DuckDB type of `table`, in file order. Raises `NotFound` for an unknown table."""
    _known(table)
    return TABLES[table]


def stand_in(column: str) -> str:
    """SQL of the number that stands for a text in the lake: the same for the same text, null for none. It keeps readers
    from seeing the text; it is no secret from somebody who tries every telephone number."""
    return f"CAST(md5_number_lower({column}) >> 1 AS BIGINT)"


def bucket_of(person: int | None, bucket_size: int = DEFAULT_BUCKET_SIZE) -> int:
    """The bucket of a dense person number; `NO_PERSON` for a row without one."""
    if bucket_size < 1:
        raise InvalidValue(f"A bucket must hold at least one person, not {bucket_size}.")
    return NO_PERSON if person is None else person // bucket_size


def persons_of(bucket: int, bucket_size: int = DEFAULT_BUCKET_SIZE) -> range:
    """The dense person numbers of `bucket`; empty for `NO_PERSON`."""
    return range(0) if bucket == NO_PERSON else range(bucket * bucket_size, (bucket + 1) * bucket_size)


def manifest_path(lake: Path) -> Path:
    """`lake.json`."""
    return lake / "lake.json"


def table_folder(lake: Path, table: str) -> Path:
    """The folder of one table."""
    _known(table)
    return lake / "tables" / table


def table_path(lake: Path, table: str, bucket: int | None = None) -> Path:
    """The Parquet file of one table: of one bucket for person tables (`bucket` needed), of all for registers (none)."""
    folder = table_folder(lake, table)
    if table in PERSON_TABLES and bucket is None:
        raise InvalidValue(f"{table!r} is a person table: name the bucket.")
    if table in REGISTERS and bucket is not None:
        raise InvalidValue(f"{table!r} is a register: it has no buckets.")
    return folder / "part.parquet" if bucket is None else folder / f"bucket={bucket}" / "part.parquet"


def table_glob(lake: Path, table: str) -> str:
    """The pattern of all files of one table, for DuckDB's `read_parquet`."""
    folder = table_folder(lake, table)
    return f"{folder}/bucket=*/part.parquet" if table in PERSON_TABLES else f"{folder}/part.parquet"


def results_folder(lake: Path) -> Path:
    """The folder of values per indicator, period, division and institution."""
    return lake / "results"


@dataclass(frozen=True)
class Manifest:
    """What `lake.json` says.

    `buckets`: every bucket that has a file of at least one table. `data_until`: table -> last day heard of (rows dated
    after `built_at` are not counted as heard). `rows`: table -> number of rows. `notes`: findings of the build that a
    reader must be able to see, such as divisions named by records but absent from the register. `position`: the mark in
    the store up to which the lake is filled; empty where it was not filled from a store.
    """

    bucket_size: int = DEFAULT_BUCKET_SIZE
    built_at: datetime = field(default_factory=lambda: datetime(1970, 1, 1, tzinfo=CHINA))
    buckets: tuple[int, ...] = ()
    data_until: dict[str, date] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    position: str = ""
    version: int = LAYOUT_VERSION

    def to_json(self) -> str:
        """The text of `lake.json`."""
        plain = asdict(self)
        plain["built_at"] = self.built_at.isoformat()
        plain["data_until"] = {table: day.isoformat() for table, day in self.data_until.items()}
        return json.dumps(plain, ensure_ascii=False, indent=1, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str, *, where: str = "lake.json") -> Manifest:
        """Read the text of `lake.json`. Raises `InvalidValue` when it is damaged or of another layout version."""
        try:
            plain = json.loads(text)
            manifest = cls(
                bucket_size=int(plain["bucket_size"]),
                built_at=datetime.fromisoformat(plain["built_at"]),
                buckets=tuple(sorted(int(bucket) for bucket in plain["buckets"])),
                data_until={table: date.fromisoformat(day) for table, day in plain["data_until"].items()},
                rows={table: int(count) for table, count in plain["rows"].items()},
                notes=dict(plain.get("notes", {})),
                position=str(plain.get("position", "")),
                version=int(plain["version"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InvalidValue(
                f"is not the manifest of a lake ({error}).", where=where, todo="Rebuild with `luoshi lake build`."
            ) from error
        if manifest.version not in READABLE_VERSIONS:
            raise InvalidValue(
                f"has layout version {manifest.version}, this program reads {LAYOUT_VERSION}.",
                where=where,
                todo="Rebuild with `luoshi lake build`.",
            )
        return manifest
