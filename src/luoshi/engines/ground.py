"""What stays as it is while results are brought up to date after changed persons: both trees, and the files of values.

A process that serves pages keeps it from one reading to the next.
"""

from __future__ import annotations

import threading
from functools import cached_property
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from luoshi.engines.cells import Places, ValueFiles
from luoshi.engines.connection import connect

_lock = threading.Lock()


class Ground:
    """The results in a folder that were made by reading the whole lake."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._con = connect(2, "1GB")
        self._local = threading.local()

    @cached_property
    def values(self) -> ValueFiles:
        """The files of values."""
        return ValueFiles(self.folder / "values", Places.of(self.tree, self.institutions[0]))

    @cached_property
    def tree(self) -> dict[str, tuple[int, tuple[str, ...]]]:
        """Division → level and the codes above it, itself last."""
        rows = pq.ParquetFile(self.folder / "tree.parquet").read().to_pylist()
        line: dict[str, list[tuple[int, str]]] = {}
        for row in rows:
            line.setdefault(row["leaf"], []).append((row["level"], row["code"]))
        found = {}
        for leaf, above in line.items():
            ordered = sorted(above, key=lambda pair: (pair[0], pair[1] == leaf))
            own = next(level for level, code in ordered if code == leaf)
            found[leaf] = (own, (*(code for level, code in ordered if level < own), leaf))
        return found

    @cached_property
    def below(self) -> dict[str, list[str]]:
        """Division → itself and all below it."""
        below: dict[str, list[str]] = {}
        for leaf, (_, above) in self.tree.items():
            for code in above:
                below.setdefault(code, []).append(leaf)
        return below

    @cached_property
    def children(self) -> dict[str, list[str]]:
        """Division → the divisions directly below."""
        children: dict[str, list[str]] = {}
        for leaf, (_, above) in sorted(self.tree.items()):
            if len(above) > 1:
                children.setdefault(above[-2], []).append(leaf)
        return children

    @cached_property
    def institutions(self) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
        """Institution → itself and all below it; division → the institutions that stand in it."""
        rows = pq.ParquetFile(self.folder / "over.parquet").read().to_pylist()
        members: dict[str, list[str]] = {}
        standing: dict[str, list[str]] = {}
        for row in rows:
            members.setdefault(row["code"], []).append(row["leaf"])
            if row["leaf"] == row["code"] and row["division"]:
                standing.setdefault(row["division"], []).append(row["leaf"])
        return members, standing

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A DuckDB for this thread."""
        if not hasattr(self._local, "cursor"):
            with _lock:
                self._local.cursor = self._con.cursor()
        cursor: duckdb.DuckDBPyConnection = self._local.cursor
        return cursor
