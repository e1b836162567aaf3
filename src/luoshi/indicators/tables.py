"""The tables a cohort may read, with the portable type of every column.

The lake's layout (`luoshi.kernel.lake_layout`) says which tables and columns there are; here its types get the names of
the cohort dialect, which each engine spells its own way. An instant has no zone: it is Chinese time.
"""

from __future__ import annotations

from typing import Literal

from luoshi.kernel import lake_layout

Type = Literal["text", "integer", "double", "date", "instant", "boolean"]

_PORTABLE: dict[str, Type] = {
    "VARCHAR": "text",
    "BIGINT": "integer",
    "INTEGER": "integer",
    "DOUBLE": "double",
    "DATE": "date",
    "TIMESTAMP": "instant",
    "BOOLEAN": "boolean",
}


def _portable(tables: dict[str, dict[str, str]]) -> dict[str, dict[str, Type]]:
    return {table: {name: _PORTABLE[kind] for name, kind in columns.items()} for table, columns in tables.items()}


PERSON_TABLES = _portable(lake_layout.PERSON_TABLES)
REGISTERS = _portable(lake_layout.REGISTERS)
TABLES = PERSON_TABLES | REGISTERS
