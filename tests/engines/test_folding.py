"""Rows that hold in several periods: spread over them again, they are what each period gives alone."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from luoshi.engines import Request
from luoshi.engines import duckdb as engine_module
from luoshi.engines.calendars import IN, TURNS, condition_of_a_day, turns
from luoshi.engines.connection import connect
from luoshi.engines.folding import Folded, Sharing, fold
from luoshi.engines.periods import lift, lift_all
from luoshi.engines.periods_session import PeriodsSession
from luoshi.engines.rendered import render
from luoshi.engines.summing import sum_first
from luoshi.indicators import Catalogue
from luoshi.indicators.cohort import Shared
from luoshi.kernel.period import Period
from luoshi.simulate import lake as simulated
from luoshi.simulate.city import invent

CATALOGUE = Catalogue.load()


def parse(text: str) -> exp.Query:
    return sqlglot.parse_one(text, dialect="duckdb")


QUERIES = {
    "alive": "SELECT n, born_day, open_day FROM p "
    "WHERE sort = 'person' AND born_day <= :end AND (died_day IS NULL OR died_day > :end)",
    "seen": "SELECT DISTINCT n FROM t WHERE day BETWEEN DAYS_BEFORE(:end, 20) AND :end",
    "often": "SELECT n, kind, COUNT(*) AS visits, MAX(day) AS last_day FROM t WHERE day BETWEEN :start AND :end GROUP BY n, kind",
}
SHARED = [Shared(name, "bucket", parse(text), (), frozenset()) for name, text in QUERIES.items()]
LIFTED = lift_all(SHARED)
SHARING = Sharing(LIFTED, {one.name: one.query for one in SHARED}, frozenset({"often"}))

FOLDED = [
    "SELECT n, day > DAYS_BEFORE(:end, 40) AS late FROM t WHERE day BETWEEN DAYS_BEFORE(:start, 7) AND :end",
    "SELECT p.n, p.open_day <= :end AS open, NOT (p.open_day > :start) AS early, p.born_day < :start OR p.died_day > :end AS odd, "
    "CASE WHEN p.open_day <= :end THEN p.open_day END AS o FROM p WHERE p.born_day <= :end",
    "SELECT n, kind, day = :end AS ending, day <> :start AS other FROM t WHERE day <= :end AND kind <> 'b'",
    "SELECT DISTINCT kind, day > :start AS late FROM t WHERE PLUS_DAYS(day, 3) BETWEEN :start AND :end",
    "SELECT a.n, a.born_day, t.day FROM alive AS a JOIN t ON t.n = a.n AND t.day > a.born_day",
    "SELECT a.n, s.n IS NOT NULL AS seen, m.visits, COALESCE(o.visits, 0) AS others, o.last_day > DAYS_BEFORE(:end, 9) AS late "
    "FROM alive AS a LEFT JOIN seen AS s ON s.n = a.n LEFT JOIN often AS m ON m.n = a.n AND m.kind = 'a' "
    "LEFT JOIN often AS o ON a.n = o.n AND o.kind = 'b'",
    "WITH g AS (SELECT n, BOOL_OR(kind = 'a') AS some, SUM(visits) AS visits FROM often GROUP BY n) "
    "SELECT a.n, g.some, g.visits FROM g JOIN alive AS a ON a.n = g.n WHERE a.open_day IS NULL OR a.open_day < :start",
    "WITH c AS (SELECT t.n, t.day, t.day > :start AS late FROM t WHERE t.day <= :end), "
    "never AS (SELECT n FROM p WHERE born_day IS NULL) "
    "SELECT c.n, c.day, c.late, a.open_day < :end AS open FROM c JOIN alive AS a ON a.n = c.n LEFT JOIN never ON never.n = c.n",
    "SELECT p.n, s.last_day, s.last_day > DAYS_BEFORE(:end, 15) AS late FROM p "
    "LEFT JOIN (SELECT n, MAX(day) AS last_day FROM t WHERE day <= :end GROUP BY n) AS s ON s.n = p.n",
    "SELECT o.n, o.kind, o.visits FROM often AS o JOIN (SELECT DISTINCT n FROM seen) AS s ON s.n = o.n",
    "SELECT n, open_day FROM p",
]

FIRST = date(2025, 1, 1)
days = st.one_of(st.none(), st.integers(-20, 130).map(lambda n: FIRST + timedelta(n)))
persons = st.lists(st.tuples(days, days, days, st.sampled_from(["person", "person", "dog"])), max_size=9)
visits = st.lists(st.tuples(st.integers(0, 9), st.sampled_from("abc"), days), max_size=25)
spans = st.lists(
    st.tuples(st.integers(-10, 60), st.integers(0, 90)).map(
        lambda n: (FIRST + timedelta(n[0]), FIRST + timedelta(n[0] + n[1]))
    ),
    min_size=1, max_size=12,
)  # fmt: skip


GROUPED = [
    "SELECT kind, COUNT(*) AS k, COUNT(n) FILTER (WHERE n > 3) AS some, SUM(n) AS total, MIN(day) AS first, MAX(n + 1) AS most, "
    "BOOL_OR(n = 2) AS two, BOOL_AND(n > 1) AS more FROM t WHERE day BETWEEN :start AND :end AND n <> 4 GROUP BY kind",
    "SELECT t.n, t.kind, COUNT(*) AS k FROM t JOIN alive AS a ON a.n = t.n WHERE t.day <= :end GROUP BY t.n, t.kind",
    "WITH c AS (SELECT n AS who, COUNT(*) AS k FROM t WHERE CASE WHEN kind = 'a' THEN day ELSE PLUS_DAYS(day, 9) END <= :end "
    "GROUP BY n) SELECT p.n, c.k, p.born_day <= :end AS here FROM p LEFT JOIN c ON c.who = p.n",
    "SELECT MAX(day) AS last_day, kind FROM t WHERE day IS NULL OR day > :start GROUP BY kind",
]


class Region:
    """Tables of persons and visits, shared queries, and what queries give for each period alone."""

    def __init__(self, persons, visits, spans):
        self.con = con = connect(1, "200MB")
        con.execute("CREATE TABLE p (n BIGINT, born_day DATE, died_day DATE, open_day DATE, sort VARCHAR)")
        con.execute("CREATE TABLE t (n BIGINT, kind VARCHAR, day DATE)")
        if persons:
            con.executemany("INSERT INTO p VALUES (?, ?, ?, ?, ?)", [(n, *row) for n, row in enumerate(persons)])
        if visits:
            con.executemany("INSERT INTO t VALUES (?, ?, ?)", visits)
        self.periods = [(3 * place, start, end, 1 << place) for place, (start, end) in enumerate(spans)]
        con.execute('CREATE TABLE "__periods" ("__period" INTEGER, "__start" DATE, "__end" DATE, "__bit" INTEGER)')
        con.executemany('INSERT INTO "__periods" VALUES (?, ?, ?, ?)', self.periods)
        con.register(TURNS, turns())

    def alone(self, texts: list[str]) -> dict[str, list[str]]:
        def told(tree, start, end):
            return render(tree).replace("$start", f"DATE '{start}'").replace("$end", f"DATE '{end}'")

        found: dict[str, list[str]] = {text: [] for text in texts}
        for place, start, end, _ in self.periods:
            for one in SHARED:
                self.con.execute(f"CREATE OR REPLACE TEMP TABLE {one.name} AS {told(one.query, start, end)}")
            for text in texts:
                rows = self.con.execute(told(parse(text), start, end)).fetchall()
                found[text] += [repr((place, *row)) for row in rows]
        return {text: sorted(rows) for text, rows in found.items()}

    def share(self) -> None:
        for one in SHARED:
            chosen = LIFTED.chosen.get(one.name)
            sql = render(chosen.rows if chosen else lift(one.query, LIFTED))
            self.con.execute(f"CREATE OR REPLACE TEMP TABLE {one.name} AS {sql}")

    def rows(self, query, calendars) -> list[str]:
        for calendar in calendars:
            for statement in calendar.statements:
                self.con.execute(statement)
        return sorted(map(repr, self.con.execute(query).fetchall()))


@settings(deadline=None, max_examples=25)
@given(persons, visits, spans)
def test_folded_rows_are_those_of_each_period(persons, visits, spans):
    region = Region(persons, visits, spans)
    alone = region.alone(FOLDED)
    region.share()
    for text in FOLDED:
        found = fold(parse(text), SHARING, len(spans))
        names = ", ".join(f'f."{name}"' for name in found.query.named_selects if name != IN)
        rows = f"({render(found.query)}) AS f"
        spread = f'SELECT p."__period", {names} FROM {rows} JOIN "__periods" AS p ON f."{IN}" & p."__bit" <> 0'
        assert region.rows(spread, found.calendars) == alone[text], text
        states = region.con.execute(f'SELECT count(*), count(*) FILTER (WHERE "{IN}" = 0) FROM {rows}').fetchone()
        assert states[0] <= len(alone[text])
        assert states[1] == 0
    region.con.close()


@settings(deadline=None, max_examples=25)
@given(persons, visits, spans)
def test_groups_summed_first_are_those_of_each_period(persons, visits, spans):
    region = Region(persons, visits, spans)
    alone = region.alone(GROUPED)
    region.share()
    for text in GROUPED:
        query, calendars = sum_first(parse(text), SHARING, len(spans))
        assert "bit" in {placeholder.name for placeholder in query.find_all(exp.Placeholder)}, text
        assert region.rows(render(lift(query, LIFTED)), calendars) == alone[text], text
    region.con.close()


@pytest.mark.parametrize(
    "query",
    [
        "SELECT n, COUNT(*) AS k FROM t GROUP BY n",
        "SELECT n, COUNT(DISTINCT kind) AS k FROM t WHERE day <= :end GROUP BY n",
        "SELECT n, SUM(value) AS k FROM observation WHERE day <= :end GROUP BY n",
        "SELECT n, COUNT(*) + 1 AS k FROM t WHERE day <= :end GROUP BY n",
        "SELECT n, COUNT(*) FILTER (WHERE day = :end) AS k FROM t WHERE day <= :end GROUP BY n",
        "SELECT n, COUNT(*) AS k FROM t WHERE day <= :end GROUP BY n, kind",
        "SELECT n, COUNT(*) AS k FROM t WHERE day <= :end GROUP BY n HAVING COUNT(*) > 1",
        "SELECT n, MAX(visits) AS k FROM often WHERE last_day <= :end GROUP BY n",
        "WITH c AS (SELECT n, day FROM t WHERE day <= :end) SELECT n, COUNT(*) AS k FROM c GROUP BY n",
        "SELECT n, LATEST_HIGHEST(n, day) AS k FROM t WHERE day <= :end GROUP BY n",
    ],
)
def test_what_might_differ_is_not_summed_first(query):
    tree = parse(query)
    assert sum_first(tree, SHARING, 3) == (tree, ())


@pytest.mark.parametrize(
    "query",
    [
        "SELECT n, COUNT(*) AS k FROM t WHERE day <= :end GROUP BY n",
        "SELECT SUM(n) AS k FROM t WHERE day <= :end",
        "SELECT * FROM t WHERE day <= :end",
        "SELECT n FROM t WHERE day <= :end LIMIT 1",
        "SELECT n, DAYS_FROM(day, :end) AS age FROM t WHERE day <= :end",
        "SELECT n FROM t WHERE day <= :end OR kind = 'a'",
        "SELECT n FROM t WHERE day < e OR day <= :end",
        "SELECT n FROM t WHERE day IS NULL OR e <= :end",
        "SELECT n, ROW_NUMBER() OVER (PARTITION BY n ORDER BY day) AS place FROM t WHERE day <= :end",
        "SELECT n FROM t WHERE EXISTS (SELECT 1 FROM p WHERE p.n = t.n AND p.born_day <= :end)",
        "SELECT t.n FROM t LEFT JOIN p ON p.n = t.n AND p.born_day <= :end",
        "SELECT t.n FROM t LEFT JOIN alive AS a ON a.n = t.n",
        "SELECT t.n, o.visits FROM t LEFT JOIN often AS o ON o.n = t.n",
        "SELECT t.n, o.visits FROM t LEFT JOIN often AS o ON o.n = t.n AND o.kind > t.kind",
        "SELECT visits FROM t JOIN often AS o ON o.n = t.n",
        "SELECT t.n FROM t RIGHT JOIN alive AS a ON a.n = t.n",
        "SELECT n FROM t WHERE day <= :end UNION ALL SELECT n FROM t",
        "WITH a AS (SELECT n, day FROM t WHERE day <= :end), b AS (SELECT n, MAX(day) AS day FROM a GROUP BY n) "
        "SELECT a.n FROM a JOIN b ON b.n = a.n",
    ],
)
def test_what_might_differ_is_not_folded(query):
    assert fold(parse(query), SHARING, 3) is None


def test_rows_that_would_be_cut_again_and_again_are_not_folded():
    shown = ", ".join(f"PLUS_DAYS(day, {n}) <= :end AS b{n}" for n in range(9))
    assert fold(parse(f"SELECT n, {shown} FROM t"), SHARING, 3) is None
    same = ", ".join(f"day <= :end AS b{n}" for n in range(9))
    assert len(fold(parse(f"SELECT n, {same} FROM t"), SHARING, 3).calendars) == 1


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("day <= :end", "day"),
        (":start < t.day", "t.day"),
        ("NOT (day BETWEEN :start AND DAYS_BEFORE(:end, 30) OR day = :end)", "day"),
        ("PLUS_MONTHS(day, 3) >= :start AND PLUS_MONTHS(day, 3) < YEARS_BEFORE(:end, 1)", "PLUS_MONTHS(day, 3)"),
        ("day <= DATE '2025-01-01'", None),
        ("day <= :end AND e <= :end", None),
        ("day <= GREATEST(e, :end)", None),
        ("DAYS_FROM(day, :end) > 3", None),
        ("day IN (:start, :end)", None),
        (":end BETWEEN day AND e", None),
        ("CASE WHEN kind = 'a' THEN day ELSE COALESCE(to_day, PLUS_DAYS(day, 2)) END > :end", "CASE WHEN kind"),
        ("called_at > :end", None),
        ("CASE WHEN kind = 'a' THEN day ELSE called_at END > :end", None),
        ("known_to > :end", None),
    ],
)
def test_a_condition_of_a_day_compares_one_day_with_those_of_the_period(text, day):
    found = condition_of_a_day(parse(f"SELECT 1 WHERE {text}").args["where"].this)
    assert found[0].sql("duckdb").startswith(day) if day else found is None, found


def test_month_ends_of_the_whole_catalogue_equal_each_alone(running, tmp_path, monkeypatch):
    simulated.write(invent(700, seed=12, as_of=date(2025, 10, 31)), tmp_path / "lake", bucket_size=1000)
    lake = engine_module.LakeDirectory.open(tmp_path / "lake")
    ends = [Period.month(2025, month).end for month in range(10, 0, -1)]
    ends += [Period.month(2024, month).end for month in range(12, 8, -1)]
    requests = [Request(Period(end.replace(month=1, day=1), end)) for end in ends]
    folded: dict[str, Folded | None] = {}

    def watched(session, cohort, *arguments):
        folded[cohort.name] = found = original(session, cohort, *arguments)
        return found

    original = PeriodsSession.folded_sums
    monkeypatch.setattr(PeriodsSession, "folded_sums", watched)
    together = running.evaluate_many(lake, CATALOGUE, requests)
    assert {"resident", "contract_item", "contract_end", "elderly", "vaccination", "woman"} <= {
        name for name, sql in folded.items() if sql is not None
    }
    monkeypatch.setattr(engine_module, "AtOnce", engine_module.OneByOne)
    alone = running.evaluate_many(lake, CATALOGUE, requests)
    for one, two in zip(together, alone, strict=True):
        assert one.cells == two.cells
        assert one.unplaced == two.unplaced


def test_runs_that_ask_for_different_indicators_have_calendars_of_their_own(running, tmp_path, monkeypatch):
    simulated.write(invent(700, seed=13, as_of=date(2025, 10, 31)), tmp_path / "lake", bucket_size=1000)
    lake = engine_module.LakeDirectory.open(tmp_path / "lake")
    requests = [
        Request(
            Period(date(2025, 1, 1), Period.month(2025, month).end),
            ["elderly-tcm", "htn-std"] if month > 5 else ["htn-std"],
        )
        for month in range(2, 11)
    ]
    together = running.evaluate_many(lake, CATALOGUE, requests)
    monkeypatch.setattr(engine_module, "AtOnce", engine_module.OneByOne)
    alone = running.evaluate_many(lake, CATALOGUE, requests)
    assert [one.cells for one in together] == [one.cells for one in alone]
    assert any(numerator for one in alone for numerator, _ in one.cells.values())
