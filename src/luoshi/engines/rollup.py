"""From sums by (division, institution) to every level of both trees, on the small result of a pass."""

# ruff: noqa: S608 (SQL is what this module makes, from checked definitions and quoted values)
from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from luoshi.engines.session import Session, quoted
from luoshi.indicators import Indicator
from luoshi.indicators.definition import Population
from luoshi.indicators.plan import partials


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


def parents(session: Session) -> dict[str, str]:
    """Division → the division directly above it."""
    rows = session.run(
        """SELECT leaf, arg_max(code, level) FROM ancestor
        WHERE code <> leaf GROUP BY leaf"""
    )
    return dict(rows.fetchall())


def leaves_below(session: Session, division: str) -> list[str]:
    """Codes of a division and all below it."""
    return [
        r[0] for r in session.con.execute("SELECT DISTINCT leaf FROM ancestor WHERE code = ?", [division]).fetchall()
    ]


def members_below(session: Session, institution: str) -> list[str]:
    """Codes of an institution and all below it."""
    return [r[0] for r in session.con.execute('SELECT leaf FROM "over" WHERE code = ?', [institution]).fetchall()]


def roll_up(
    session: Session, groups: Mapping[str, Sequence[Indicator]], kept: Mapping[str, str]
) -> tuple[pa.Table, dict[str, int]]:
    """The table of values from the partial tables `kept` (cohort → table), and the unplaced subjects by cohort.

    `build_trees` must have been called for the session's period.
    """
    session.run(
        """CREATE OR REPLACE TEMP TABLE cells (indicator VARCHAR, division VARCHAR, level INTEGER, institution VARCHAR,
        numerator BIGINT, denominator BIGINT)"""
    )
    unplaced: dict[str, int] = {}
    for cohort, table in kept.items():
        columns = partials(groups[cohort])
        names = [n for p in columns for n in (p.numerator, p.denominator) if n]
        sums = ", ".join(f"sum({n})::BIGINT AS {n}" for n in names)
        ids = ", ".join(quoted(p.indicator.id) for p in columns)
        above = ", ".join(p.numerator for p in columns)
        below = ", ".join(p.denominator or "NULL::BIGINT" for p in columns)
        session.run(
            f"""INSERT INTO cells
            SELECT unnest([{ids}]), code, level, NULL, unnest([{above}]), unnest([{below}]) FROM (
              SELECT a.code, any_value(a.level) AS level, {sums}
              FROM (SELECT division, {sums} FROM {table} WHERE division IS NOT NULL GROUP BY division) AS p
              JOIN ancestor AS a ON a.leaf = p.division GROUP BY a.code) AS by_division
            UNION ALL
            SELECT unnest([{ids}]), NULL, NULL, code, unnest([{above}]), unnest([{below}]) FROM (
              SELECT o.code, {sums}
              FROM (SELECT institution, {sums} FROM {table} WHERE institution IS NOT NULL GROUP BY institution) AS p
              JOIN "over" AS o ON o.leaf = p.institution GROUP BY o.code) AS by_institution"""
        )
        lost = session.run(
            f"""SELECT coalesce(sum(subjects), 0)::BIGINT FROM {table} WHERE division IS NULL
            OR NOT EXISTS (SELECT 1 FROM division_now WHERE code = division)"""
        ).fetchall()[0][0]
        if lost:
            unplaced[cohort] = lost
    _add_population(session, [i for cohort in kept for i in groups[cohort] if i.per is not None])
    ordered = "SELECT * FROM cells ORDER BY indicator, institution NULLS FIRST, division"
    return session.con.sql(ordered).to_arrow_table(), unplaced


def _add_population(session: Session, indicators: Sequence[Indicator]) -> None:
    """Denominators from the register of population; divisions where only people live and nothing was counted get a
    numerator of 0."""
    for per in {i.per for i in indicators if i.per is not None}:
        session.table_of("people", {"code": "text", "level": "integer", "value": "integer"}, _population(session, per))
        ids = ", ".join(quoted(i.id) for i in indicators if i.per == per)
        session.run(
            f"""CREATE OR REPLACE TEMP TABLE filled AS
            SELECT i.indicator, p.code AS division, p.level, NULL AS institution, coalesce(c.numerator, 0) AS numerator,
                   p.value AS denominator
            FROM people AS p CROSS JOIN (SELECT unnest([{ids}]) AS indicator) AS i
            LEFT JOIN cells AS c ON c.division = p.code AND c.indicator = i.indicator"""
        )
        session.run(
            f"""DELETE FROM cells WHERE indicator IN ({ids}) AND division IS NOT NULL
            AND EXISTS (SELECT 1 FROM people WHERE people.code = cells.division)"""
        )
        session.run("INSERT INTO cells SELECT * FROM filled")


def _population(session: Session, per: Population) -> list[tuple[str, int, int]]:
    """(division, level, people): its own row where it has one, else the sum of its children's.

    Of several years the latest up to the period's end counts, of several versions the last.
    """
    ages = " AND ".join(
        f"{column} IS NULL" if value is None else f"{column} = {value}"
        for column, value in (("age_from", per.age_from), ("age_to", per.age_to))
    )
    told = dict(
        session.run(
            f"""SELECT division, arg_max(value, (year, version))::BIGINT FROM population
            WHERE kind = '{per.kind}' AND coalesce(sex, 'all') = 'all' AND {ages} AND year <= {session.period.end.year}
            GROUP BY division"""
        ).fetchall()
    )
    rows = session.run("SELECT code, level, l1, l2, l3, l4, l5 FROM division_now ORDER BY level DESC").fetchall()
    people: dict[str, int] = {}
    below: dict[str, int] = {}
    for code, level, *line in rows:
        value = told.get(code, below.get(code))
        if value is None:
            continue
        people[code] = value
        parent = next((c for c in reversed(line[: level - 1]) if c and c != code), None)
        if parent is not None:
            below[parent] = below.get(parent, 0) + value
    return [(code, level, people[code]) for code, level, *_ in rows if code in people]
