"""From sums by (division, institution) to every level of both trees, on the small result of a pass."""

# ruff: noqa: S608 (SQL is what this module makes, from checked definitions and quoted values)
from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import pyarrow as pa

from luoshi.engines.rendered import quoted
from luoshi.engines.session import Session
from luoshi.indicators import Indicator
from luoshi.indicators.definition import Population
from luoshi.indicators.plan import partials
from luoshi.indicators.tables import Type


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


def keep_trees(session: Session, key: int, first: bool) -> None:
    """Set the trees just built aside under their number."""
    for table, source in (("ancestors", "ancestor"), ("overs", '"over"'), ("divisions", "division_now")):
        verb = f"CREATE OR REPLACE TEMP TABLE {table} AS" if first else f"INSERT INTO {table}"
        session.run(f"{verb} SELECT {key} AS tree, * FROM {source}")


def roll_up(
    session: Session, groups: Mapping[str, Sequence[Indicator]], places: Sequence[tuple[int, int, int]]
) -> dict[str, dict[int, int]]:
    """Fill the table `cells(place, ...)` from the partial tables `part_<cohort>`; the unplaced by cohort and place.

    `places`: for each run its number, the number of its trees (`keep_trees`) and the year of its last day.
    """
    session.table_of("runs", {"place": "integer", "tree": "integer"}, [(place, tree) for place, tree, _ in places])
    session.run(
        """CREATE OR REPLACE TEMP TABLE cells (place INTEGER, indicator VARCHAR, division VARCHAR, level INTEGER,
        institution VARCHAR, numerator BIGINT, denominator BIGINT)"""
    )
    unplaced: dict[str, dict[int, int]] = {}
    for cohort, indicators in groups.items():
        columns = partials(indicators)
        names = [n for p in columns for n in (p.numerator, p.denominator) if n]
        sums = ", ".join(f"sum({n})::BIGINT AS {n}" for n in names)
        ids = ", ".join(quoted(p.indicator.id) for p in columns)
        above = ", ".join(p.numerator for p in columns)
        below = ", ".join(p.denominator or "NULL::BIGINT" for p in columns)
        table = f'"part_{cohort}"'
        session.run(
            f"""INSERT INTO cells
            SELECT place, unnest([{ids}]), code, level, NULL, unnest([{above}]), unnest([{below}]) FROM (
              SELECT p.place, a.code, any_value(a.level) AS level, {sums}
              FROM (SELECT place, division, {sums} FROM {table} WHERE division IS NOT NULL GROUP BY place, division) AS p
              JOIN runs AS r ON r.place = p.place
              JOIN ancestors AS a ON a.tree = r.tree AND a.leaf = p.division GROUP BY p.place, a.code) AS by_division
            UNION ALL
            SELECT place, unnest([{ids}]), NULL, NULL, code, unnest([{above}]), unnest([{below}]) FROM (
              SELECT p.place, o.code, {sums}
              FROM (SELECT place, institution, {sums} FROM {table} WHERE institution IS NOT NULL
                    GROUP BY place, institution) AS p
              JOIN runs AS r ON r.place = p.place
              JOIN overs AS o ON o.tree = r.tree AND o.leaf = p.institution GROUP BY p.place, o.code) AS by_institution"""
        )
        lost = session.run(
            f"""SELECT p.place, sum(subjects)::BIGINT FROM {table} AS p JOIN runs AS r ON r.place = p.place
            WHERE NOT EXISTS (SELECT 1 FROM divisions AS d WHERE d.tree = r.tree AND d.code = p.division) GROUP BY p.place"""
        ).fetchall()
        if lost:
            unplaced[cohort] = dict(lost)
    _add_population(session, [i for group in groups.values() for i in group if i.per is not None], places)
    return unplaced


def cells_of(session: Session, place: int, ids: Iterable[str]) -> pa.Table:
    """The table of values of one run: its own indicators only, in order of indicator."""
    chosen = ", ".join(quoted(name) for name in sorted(ids))
    return session.con.sql(
        f"""SELECT * EXCLUDE (place) FROM cells WHERE place = {place} AND indicator IN ({chosen})
        ORDER BY indicator, institution NULLS FIRST, division"""
    ).to_arrow_table()


def _add_population(session: Session, indicators: Sequence[Indicator], places: Sequence[tuple[int, int, int]]) -> None:
    """Denominators from the register of population; divisions where only people live and nothing was counted get a
    numerator of 0. Runs of one tree and one year share them."""
    for tree, year in sorted({(tree, year) for _, tree, year in places}):
        mine = ", ".join(str(place) for place, t, y in places if (t, y) == (tree, year))
        for per in {i.per for i in indicators if i.per is not None}:
            columns: dict[str, Type] = {"code": "text", "level": "integer", "value": "integer"}
            session.table_of("people", columns, _population(session, per, tree, year))
            ids = ", ".join(quoted(i.id) for i in indicators if i.per == per)
            session.run(
                f"""CREATE OR REPLACE TEMP TABLE filled AS
                SELECT r.place, i.indicator, p.code AS division, p.level, NULL AS institution,
                       coalesce(c.numerator, 0) AS numerator, p.value AS denominator
                FROM people AS p CROSS JOIN (SELECT unnest([{ids}]) AS indicator) AS i
                CROSS JOIN (SELECT place FROM runs WHERE place IN ({mine})) AS r
                LEFT JOIN cells AS c ON c.division = p.code AND c.indicator = i.indicator AND c.place = r.place"""
            )
            session.run(
                f"""DELETE FROM cells WHERE indicator IN ({ids}) AND division IS NOT NULL AND place IN ({mine})
                AND EXISTS (SELECT 1 FROM people WHERE people.code = cells.division)"""
            )
            session.run("INSERT INTO cells SELECT * FROM filled")


def _population(session: Session, per: Population, tree: int, year: int) -> list[tuple[str, int, int]]:
    """(division, level, people): its own row where it has one, else the sum of its children's.

    Of several years the latest up to `year` counts, of several versions the last.
    """
    ages = " AND ".join(
        f"{column} IS NULL" if value is None else f"{column} = {value}"
        for column, value in (("age_from", per.age_from), ("age_to", per.age_to))
    )
    told = dict(
        session.run(
            f"""SELECT division, arg_max(value, (year, version))::BIGINT FROM population
            WHERE kind = '{per.kind}' AND coalesce(sex, 'all') = 'all' AND {ages} AND year <= {year}
            GROUP BY division"""
        ).fetchall()
    )
    rows = session.run(
        f"SELECT code, level, l1, l2, l3, l4, l5 FROM divisions WHERE tree = {tree} ORDER BY level DESC"
    ).fetchall()
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
