"""The journal: every event of the region as columns, appended in sets, read by the writers.

Columns hold whole numbers: days since 1970, numbers of persons, institutions and villages, and places in the closed
lists of `codes`. `NONE` (-1) is "not given"; days that are not given are `NEVER`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from luoshi.simulate import codes
from luoshi.simulate.chance import NEVER, Ints

NONE = -1

# table -> column -> what it holds when not given (None: must be given).
SHAPE: dict[str, dict[str, int | float | None]] = {
    "visit": {
        "person": None, "service": None, "class": 0, "day": None, "end_day": NEVER, "minute": NONE, "length": 20,
        "institution": None, "village": NONE, "zone": 0, "mode": 0, "episode": NONE, "part_of": NONE, "second": 0, "status": 0,
    },
    "episode": {
        "person": None, "program": None, "start_day": None, "end_day": NEVER, "status": 0, "institution": None,
    },
    "observation": {
        "person": None, "code": None, "day": None, "value": np.nan, "answer": 0, "value_day": NEVER, "visit": NONE,
        "institution": NONE,
    },
    "pressure": {"person": None, "day": None, "systolic": None, "diastolic": None, "visit": NONE, "institution": NONE},
    "condition": {"person": None, "code": None, "day": None, "state": 0, "abated": NEVER, "visit": NONE},
    "procedure": {"person": None, "code": None, "day": None, "visit": NONE, "institution": NONE},
    "immunization": {
        "person": None, "vaccine": None, "dose": None, "day": None, "institution": None, "status": 0,
    },
    "contract": {
        "person": None, "start_day": None, "end_day": None, "state": 0, "institution": None, "signed_day": None,
    },
    "consent": {"person": None, "day": None, "start_day": None, "end_day": NEVER, "status": None},
    "milestone": {"person": NONE, "visit": None, "code": None, "at": None, "institution": None},
}  # fmt: skip
_FLOATS = {"value"}


class Journal:
    """Append-only columns per table. `add` answers the row numbers, which are the ids other rows refer to."""

    def __init__(self) -> None:
        self._chunks: dict[str, list[dict[str, NDArray[Any]]]] = {table: [] for table in SHAPE}
        self._rows: dict[str, int] = dict.fromkeys(SHAPE, 0)

    def add(self, table: str, **columns: Any) -> Ints:
        """Append rows; every column is an array of one length or a single value for all. Answers the new row numbers."""
        shape = SHAPE[table]
        unknown = set(columns) - set(shape)
        missing = {name for name, default in shape.items() if default is None} - set(columns)
        if unknown or missing:
            raise TypeError(f"{table}: unknown columns {sorted(unknown)}, missing columns {sorted(missing)}")
        count = max((len(v) for v in columns.values() if isinstance(v, np.ndarray) and v.ndim), default=1)
        chunk = {}
        for name, default in shape.items():
            kind = np.float64 if name in _FLOATS else np.int64
            value = np.asarray(columns.get(name, default), dtype=kind)
            if value.ndim and len(value) != count:
                raise ValueError(f"{table}.{name}: {len(value)} values for {count} rows")
            # One value for all rows lies in memory once.
            chunk[name] = value if value.ndim else np.ndarray((count,), kind, value, strides=(0,))
        self._chunks[table].append(chunk)
        start = self._rows[table]
        self._rows[table] += count
        return np.arange(start, start + count, dtype=np.int64)

    def count(self, table: str) -> int:
        """Rows of one table so far."""
        return self._rows[table]

    def columns(self, table: str) -> Mapping[str, NDArray[Any]]:
        """All columns of one table, in the order rows were added."""
        chunks = self._chunks[table]
        if not chunks:
            return {n: np.zeros(0, np.float64 if n in _FLOATS else np.int64) for n in SHAPE[table]}
        if len(chunks) > 1:
            merged = {name: _joined([chunk[name] for chunk in chunks], self._rows[table]) for name in SHAPE[table]}
            self._chunks[table] = chunks = [merged]
        return chunks[0]

    # The words of the record guide instead of numbers -----------------------------------------------------------

    def visits(self, service: str, *, cls: str = "AMB", mode: Any = "", **columns: Any) -> Ints:
        """Encounters of one service; `mode` a word for all, or an array of places in `codes.MODES`."""
        how = codes.MODES.index(mode) if isinstance(mode, str) else mode
        return self.add(
            "visit", service=codes.SERVICES.index(service), **{"class": codes.CLASSES.index(cls)}, mode=how, **columns
        )

    def episodes(self, program: str, **columns: Any) -> Ints:
        """Episodes of care of one programme."""
        return self.add("episode", program=codes.PROGRAMS.index(program), **columns)

    def observations(self, code: str, **columns: Any) -> Ints:
        """Findings with one value each; `answer` a word for all, or an array of places in `codes.ANSWERS`."""
        if isinstance(columns.get("answer"), str):
            columns["answer"] = codes.ANSWERS.index(columns["answer"])
        return self.add("observation", code=codes.OBSERVATIONS.index(code), **columns)

    def procedures(self, code: str, **columns: Any) -> Ints:
        """Procedures and screenings of one code."""
        return self.add("procedure", code=codes.PROCEDURES.index(code), **columns)

    def conditions(self, code: Any, **columns: Any) -> Ints:
        """Diagnoses; `code` a word for all, or an array of places in `codes.DISEASES`."""
        place = codes.DISEASES.index(code) if isinstance(code, str) else code
        return self.add("condition", code=place, **columns)


def _joined(columns: list[NDArray[Any]], rows: int) -> NDArray[Any]:
    """Columns one after the other; what is the same in all rows is kept once."""
    some = [column for column in columns if len(column)]
    if some and all(not column.strides[0] and column[0] == some[0][0] for column in some):
        return np.broadcast_to(some[0][0], (rows,))
    return np.concatenate(columns)
