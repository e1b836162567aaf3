"""The tables a cohort may read: names, columns and types of the lake, as the record guide lists them.

Types are the portable ones of the cohort dialect (`text`, `integer`, `double`, `date`, `instant`, `boolean`); each
engine knows its own spelling. A test holds this page against `docs/reference/record-guide.md`.
"""

from __future__ import annotations

from typing import Literal

Type = Literal["text", "integer", "double", "date", "instant", "boolean"]

_KNOWN: dict[str, Type] = {"id": "text", "known_from": "instant", "known_to": "instant"}

PERSON_TABLES: dict[str, dict[str, Type]] = {
    "person": {
        **_KNOWN,
        "person": "integer",
        "sex": "text",
        "birth_date": "date",
        "death_date": "date",
        "division": "text",
        "institution": "text",
        "zone": "text",
        "record_opened": "date",
        "record_open_to_resident": "date",
        "active": "boolean",
    },
    "visit": {
        **_KNOWN,
        "person": "integer",
        "service": "text",
        "class": "text",
        "day": "date",
        "end_day": "date",
        "started_at": "instant",
        "ended_at": "instant",
        "institution": "text",
        "division": "text",
        "zone": "text",
        "mode": "text",
        "episode": "text",
        "part_of": "text",
        "status": "text",
    },
    "episode": {
        **_KNOWN,
        "person": "integer",
        "program": "text",
        "start_day": "date",
        "end_day": "date",
        "status": "text",
        "institution": "text",
    },
    "observation": {
        **_KNOWN,
        "person": "integer",
        "code": "text",
        "day": "date",
        "value": "double",
        "value_code": "text",
        "value_day": "date",
        "visit": "text",
        "institution": "text",
    },
    "condition": {
        **_KNOWN,
        "person": "integer",
        "code": "text",
        "day": "date",
        "clinical_status": "text",
        "abatement_day": "date",
        "institution": "text",
        "visit": "text",
    },
    "procedure": {
        **_KNOWN,
        "person": "integer",
        "code": "text",
        "day": "date",
        "status": "text",
        "visit": "text",
        "institution": "text",
    },
    "immunization": {
        **_KNOWN,
        "person": "integer",
        "vaccine": "text",
        "dose": "integer",
        "day": "date",
        "status": "text",
        "institution": "text",
    },
    "contract": {
        **_KNOWN,
        "person": "integer",
        "start_day": "date",
        "end_day": "date",
        "status": "text",
        "institution": "text",
        "signed_day": "date",
    },
    "milestone": {
        **_KNOWN,
        "person": "integer",
        "visit": "text",
        "code": "text",
        "at": "instant",
        "institution": "text",
    },
}

REGISTERS: dict[str, dict[str, Type]] = {
    "division": {
        "code": "text",
        "name": "text",
        "level": "integer",
        "parent": "text",
        "l1": "text",
        "l2": "text",
        "l3": "text",
        "l4": "text",
        "l5": "text",
        "urban": "boolean",
        "valid_from": "date",
        "valid_to": "date",
    },
    "institution": {
        "code": "text",
        "name": "text",
        "type": "text",
        "level": "text",
        "parent": "text",
        "division": "text",
        "public": "boolean",
        "valid_from": "date",
        "valid_to": "date",
    },
    "title": {"institution": "text", "division": "text", "title": "text", "granted": "date", "revoked": "date"},
    "staff": {"institution": "text", "role": "text", "count": "integer", "as_of": "date"},
    "bed": {"institution": "text", "kind": "text", "count": "integer", "as_of": "date"},
    "population": {
        "division": "text",
        "year": "integer",
        "kind": "text",
        "sex": "text",
        "age_from": "integer",
        "age_to": "integer",
        "value": "double",
        "source": "text",
        "version": "text",
    },
}

TABLES: dict[str, dict[str, Type]] = {**PERSON_TABLES, **REGISTERS}
