"""The store of the test database, and everything in it in a form that can be compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


class Store:
    """The store under test. `ingest` reads files into it; `state` tells all that matters, without numbers and times."""

    def ingest(self, *paths: Path, source: str = "a", **more: Any) -> Any:
        """Read files; returns the report."""
        from luoshi.platform.store.ingest import ingest

        return ingest(paths, source=source, by="tester", **more)

    def rows(self, statement: str) -> list[list[Any]]:
        """Rows of a query."""
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(statement)
            return [list(row) for row in cursor.fetchall()]

    def state(self) -> dict[str, Any]:
        """Everything stored, comparable between stores: a person is named by the least of their Patient ids."""
        named: dict[int, str] = {}
        for number, key in self.rows("SELECT person, key FROM store_resource WHERE type = 'Patient'"):
            named[number] = min(named.get(number, key), key)
        return {
            "resources": sorted(
                [t, k, p, named.get(n), v, h, bool(d)]
                for t, k, p, n, v, h, d in self.rows(
                    "SELECT type, key, public_id, person, version, hash, deleted FROM store_resource"
                )
            ),
            "versions": sorted(
                [t, k, v, h, b, now is None]
                for t, k, v, h, b, now in self.rows(
                    "SELECT r.type, r.key, v.version, v.hash, v.body, v.known_to"
                    " FROM store_version v JOIN store_resource r ON r.id = v.resource_id"
                )
            ),
            "persons": self.rows("SELECT count(*), max(number), min(number) FROM store_person")[0],
            "identifiers": sorted(
                [s, v, named.get(n)]
                for s, v, n in self.rows("SELECT system, value, person FROM store_personidentifier")
            ),
            "pending": sorted(
                self.rows("SELECT p.key, r.key FROM store_pending p JOIN store_resource r ON r.id = p.resource_id")
            ),
            "refused": sorted(self.rows("SELECT reason, line, place FROM store_refusal")),
            "reviews": sorted(
                self.rows("SELECT v.kind, r.key FROM store_review v JOIN store_resource r ON r.id = v.resource_id")
            ),
        }


@pytest.fixture
def store(db: None) -> Store:
    """An empty store on the test database."""
    return Store()
