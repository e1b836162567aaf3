"""Both trees, of divisions and of institutions, as the registers stand on a day."""

# ruff: noqa: S608 (SQL is what this module makes, from checked definitions and quoted values)
from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date

from luoshi.engines.session import Session


def build_trees(session: Session) -> None:
    """Tables `ancestor(leaf, code, level)` of divisions and `over(leaf, code)` of institutions, each code its own
    ancestor too, as the registers stand on the last day of the period (of codes not valid then, the latest row)."""
    end = f"DATE '{session.period.end}'"
    valid = f"(valid_from IS NULL OR valid_from <= {end}) AND (valid_to IS NULL OR valid_to > {end})"
    for table, columns in (("division", "level, l1, l2, l3, l4, l5"), ("institution", "parent, division")):
        session.run(
            f"""CREATE OR REPLACE TEMP TABLE {table}_now AS SELECT code, {columns} FROM (
                SELECT *, row_number() OVER (PARTITION BY code ORDER BY ({valid}) DESC, valid_from DESC NULLS LAST) AS place
                FROM "{table}") AS rows WHERE place = 1"""
        )
    session.run(
        """CREATE OR REPLACE TEMP TABLE ancestor AS
        SELECT DISTINCT * FROM (
          SELECT code AS leaf, l1 AS code, 1 AS level FROM division_now UNION ALL SELECT code, l2, 2 FROM division_now
          UNION ALL SELECT code, l3, 3 FROM division_now UNION ALL SELECT code, l4, 4 FROM division_now
          UNION ALL SELECT code, l5, 5 FROM division_now UNION ALL SELECT code, code, level FROM division_now
        ) AS pairs WHERE code IS NOT NULL"""
    )
    session.run(
        """CREATE OR REPLACE TEMP TABLE "over" AS
        WITH RECURSIVE up(leaf, code, depth) AS (
          SELECT code, code, 0 FROM institution_now
          UNION ALL
          SELECT up.leaf, i.parent, up.depth + 1 FROM up JOIN institution_now AS i ON i.code = up.code
          WHERE i.parent IS NOT NULL AND up.depth < 8
        ) SELECT DISTINCT leaf, code FROM up"""
    )


def leaves_below(session: Session, division: str) -> list[str]:
    """Codes of a division and all below it."""
    return [
        r[0] for r in session.con.execute("SELECT DISTINCT leaf FROM ancestor WHERE code = ?", [division]).fetchall()
    ]


def members_below(session: Session, institution: str) -> list[str]:
    """Codes of an institution and all below it."""
    return [r[0] for r in session.con.execute('SELECT leaf FROM "over" WHERE code = ?', [institution]).fetchall()]


def tree_keys(session: Session, days: Sequence[date]) -> list[int]:
    """For each day the number of the trees that hold on it: days between which no row of a register begins or ends to
    be valid share theirs, so that most runs build the trees once."""
    turns = sorted(
        day
        for (day,) in session.run(
            """SELECT valid_from FROM division UNION SELECT valid_to FROM division
            UNION SELECT valid_from FROM institution UNION SELECT valid_to FROM institution"""
        ).fetchall()
        if day is not None
    )
    return [bisect_right(turns, day) for day in days]
