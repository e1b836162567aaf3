"""One side of a matching: raw rows made ready, and what is worked out of them only when it is asked for."""

# ruff: noqa: S608 (SQL is what this module makes, from the names in the catalogue)
from __future__ import annotations

from functools import cached_property

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from luoshi.records.matching import prepare
from luoshi.records.matching.index import Index
from luoshi.records.matching.levels import codes
from luoshi.records.matching.model import Model
from luoshi.records.matching.scale import Scale
from luoshi.records.matching.scheme import Scheme


class Side:
    """Raw rows (`rid` and the columns of the scheme) and what is derived from them; a row is known by its place.

    `columns`: the derived columns; the connection knows them as `prepared_<name>`.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, scheme: Scheme, name: str, source: pa.Table) -> None:
        self._connection, self._scheme = connection, scheme
        self.prepared = f"prepared_{name}"
        self.rids: NDArray[np.int64] = np.asarray(source.column("rid").to_numpy())
        self.columns = prepare.prepare(connection, scheme, source, self.prepared)
        self._index: tuple[int, Index] | None = None

    @cached_property
    def codes(self) -> pa.Table:
        """The columns as numbers, for the cheap conditions of levels."""
        return codes(self._connection, self._scheme, self.columns)

    def keys(self, *, lasting: bool = False) -> NDArray[np.int64]:
        """A row of keys for each record, −1 for none (`prepare.keys`)."""
        return prepare.keys(self._connection, self._scheme, self.prepared, lasting=lasting)

    def index(self, most: int) -> Index:
        """The records by their keys; a key of more than `most` records is left out."""
        if self._index is None or self._index[0] != most:
            self._index = most, Index(self.keys(), most=most)
        return self._index[1]

    def ready(self, most: int) -> None:
        """Work out now what is asked for with every set of arrivals."""
        self.index(most)
        self.codes.nbytes  # noqa: B018

    def shares(self, model: Model, scale: Scale) -> dict[str, NDArray[np.float64]]:
        """For each counted column the share of each record's own value."""
        found = {}
        for column, least in scale.least.items():
            known = model.frequency.get(column, {})
            found[column] = np.array([known.get(value, least) for value in self.columns.column(column).to_pylist()])
        return found

    def agreement(self, column: str) -> float | None:
        """Share of all pairs of these records that agree on the very value of a column; None where hardly any has one."""
        share = self._connection.execute(
            f"SELECT sum(n::DOUBLE * (n - 1)) / nullif(sum(n)::DOUBLE * (sum(n) - 1), 0) FROM "
            f"(SELECT count(*) AS n FROM {self.prepared} WHERE {column} IS NOT NULL GROUP BY {column})"
        ).fetchall()[0][0]
        return None if share is None else float(share)
