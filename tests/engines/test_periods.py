"""Many periods in one walk: the lifted queries give what each period gives alone."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest
import sqlglot

from luoshi.engines import Request
from luoshi.engines import duckdb as engine_module
from luoshi.engines.choosing import chosen
from luoshi.engines.connection import connect
from luoshi.engines.periods import Lifted, depends, lift
from luoshi.engines.rendered import render
from luoshi.indicators import Catalogue
from luoshi.kernel.period import Period
from luoshi.simulate import lake as simulated
from luoshi.simulate.city import invent

pytestmark = pytest.mark.slow

CATALOGUE = Catalogue.load()


def test_the_whole_catalogue_can_be_lifted():
    lifted = Lifted()
    for shared in CATALOGUE.shared.values():
        if depends(shared.query, lifted.tables):
            assert lift(shared.query, lifted) is not None, shared.name
            lifted = Lifted(lifted.tables | {shared.name})
    for cohort in CATALOGUE.cohorts.values():
        assert lift(cohort.query, lifted) is not None, cohort.name


@pytest.mark.parametrize(
    "query",
    [
        "SELECT SUM(n) AS v FROM t WHERE d <= :end",
        "SELECT * FROM t WHERE d <= :end",
        "SELECT n FROM t WHERE d <= :end LIMIT 1",
        "SELECT a.n FROM t AS a RIGHT JOIN u ON u.n = a.n AND u.d <= :end",
        "SELECT n FROM t EXCEPT SELECT n FROM u WHERE d <= :end",
        "SELECT n FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.n = t.n AND u.d <= :end GROUP BY u.n)",
    ],
)
def test_what_might_differ_is_not_lifted(query):
    assert lift(sqlglot.parse_one(query, dialect="duckdb"), Lifted()) is None


@pytest.mark.parametrize(
    "query",
    [
        "SELECT n, d > DAYS_BEFORE(:end, 40) AS late FROM t WHERE d BETWEEN DAYS_BEFORE(:start, 7) AND :end",
        "SELECT n, DAYS_FROM(:start, :end) AS long, COUNT(*) FILTER (WHERE d <= :end) AS k FROM t GROUP BY n",
        "SELECT n, CASE WHEN :end > DATE '2025-02-15' THEN 1 ELSE n END AS turned FROM t WHERE d <= :end",
        "SELECT n, MAX(DAYS_FROM(d, PLUS_DAYS(:end, 1))) AS far FROM t GROUP BY n HAVING COUNT(*) > DAYS_FROM(:start, :end) / 20",
        "WITH a AS (SELECT n, d FROM t WHERE d <= :end) SELECT n, COUNT(*) AS k FROM a GROUP BY n",
        "WITH a AS (SELECT n, d FROM t WHERE d <= :end), b AS (SELECT n, MIN(d) AS first FROM a GROUP BY n) "
        "SELECT a.n, a.d, b.first FROM a LEFT JOIN b ON b.n = a.n AND b.first < a.d",
        "SELECT s.n, EXISTS (SELECT 1 FROM t AS u WHERE u.n = s.n AND u.d > s.last) AS more "
        "FROM (SELECT n, MAX(d) AS last FROM t WHERE d <= DAYS_BEFORE(:end, 10) GROUP BY n) AS s",
        "SELECT s.n, EXISTS (SELECT 1 FROM t AS u WHERE u.n = s.n AND u.d > DAYS_BEFORE(:end, 20) AND u.d <= :end) AS more "
        "FROM (SELECT n FROM t WHERE d <= :end) AS s",
        "SELECT n, ROW_NUMBER() OVER (PARTITION BY n ORDER BY d) AS place FROM (SELECT n, d FROM t WHERE d <= :end) AS s",
    ],
)
def test_a_lifted_query_has_the_rows_of_each_period(query):
    con = connect(1, "100MB")
    con.execute(
        "CREATE TABLE t AS SELECT i % 5 AS n, DATE '2025-01-01' + (i * 7 % 90)::INTEGER AS d FROM range(40) AS r(i)"
    )
    periods = [(7, date(2025, 1, 1), date(2025, 1, 31)), (8, date(2025, 1, 15), date(2025, 3, 9))]
    con.execute('CREATE TABLE "__periods" ("__period" INTEGER, "__start" DATE, "__end" DATE, "__bit" INTEGER)')
    con.executemany('INSERT INTO "__periods" VALUES (?, ?, ?, 1)', periods)
    tree = sqlglot.parse_one(query, dialect="duckdb")
    alone = [
        (place, *row)
        for place, start, end in periods
        for row in con.execute(
            render(tree), {"start": start, "end": end} if ":start" in query else {"end": end}
        ).fetchall()
    ]
    assert len(alone) > 5
    lifted = lift(tree, Lifted())
    assert sorted(con.execute(render(lifted)).fetchall()) == sorted(alone)
    con.close()


SHARED = {
    "alive": "SELECT n, born FROM p WHERE kind = 'person' AND born <= :end AND (died IS NULL OR died > :end)",
    "call": "SELECT t.n, t.d AS day FROM t WHERE t.d <= :end",
}


@pytest.mark.parametrize(
    "query",
    [
        "SELECT n FROM alive",
        "SELECT a.n, a.born > DAYS_BEFORE(:end, 30) AS new FROM alive AS a WHERE a.n <> 3",
        "SELECT a.n, c.day FROM alive AS a JOIN call AS c ON c.n = a.n",
        "SELECT p.n, a.n IS NULL AS gone FROM p LEFT JOIN alive AS a ON a.n = p.n WHERE p.born <= :end",
        "SELECT a.n, c.last FROM alive AS a LEFT JOIN (SELECT n, MAX(day) AS last FROM call GROUP BY n) AS c ON c.n = a.n",
        "SELECT a.n, EXISTS (SELECT 1 FROM call AS c WHERE c.n = a.n AND c.day > DAYS_BEFORE(:end, 9)) AS late FROM alive AS a",
        "SELECT p.n, p.n IN (SELECT a.n FROM alive AS a) AS there FROM p",
        "WITH alive AS (SELECT n FROM t WHERE d <= :start) SELECT n, COUNT(*) AS k FROM alive GROUP BY n",
        "SELECT n FROM alive UNION ALL SELECT n FROM call",
        "SELECT n, ROW_NUMBER() OVER (PARTITION BY n ORDER BY day) AS place FROM call",
    ],
)
def test_rows_are_chosen_by_whoever_reads_them(query):
    con = connect(1, "100MB")
    con.execute(
        "CREATE TABLE t AS SELECT i % 5 AS n, DATE '2025-01-01' + (i * 7 % 90)::INTEGER AS d FROM range(40) AS r(i)"
    )
    con.execute(
        """CREATE TABLE p AS SELECT i AS n, DATE '2024-12-20' + (i * 5)::INTEGER AS born, 'person' AS kind,
        CASE WHEN i % 3 = 1 THEN DATE '2025-01-10' + (i * 4)::INTEGER END AS died FROM range(12) AS r(i)"""
    )
    periods = [(7, date(2025, 1, 1), date(2025, 1, 20)), (8, date(2025, 1, 15), date(2025, 3, 9))]
    con.execute('CREATE TABLE "__periods" ("__period" INTEGER, "__start" DATE, "__end" DATE, "__bit" INTEGER)')
    con.executemany('INSERT INTO "__periods" VALUES (?, ?, ?, 1)', periods)
    shared = {name: sqlglot.parse_one(text, dialect="duckdb") for name, text in SHARED.items()}
    tree = sqlglot.parse_one(query, dialect="duckdb")

    def told(tree, start, end):
        return render(tree).replace("$start", f"DATE '{start}'").replace("$end", f"DATE '{end}'")

    alone = []
    for place, start, end in periods:
        for name, one in shared.items():
            con.execute(f"CREATE OR REPLACE VIEW {name} AS {told(one, start, end)}")
        alone += [(place, *row) for row in con.execute(told(tree, start, end)).fetchall()]
    assert len(alone) > 5
    known = Lifted(frozenset(), {name: chosen(one, ()) for name, one in shared.items()})
    for name, one in known.chosen.items():
        con.execute(f"CREATE OR REPLACE VIEW {name} AS {render(one.rows)}")
    lifted = con.execute(render(lift(tree, known))).fetchall()
    assert sorted(map(repr, lifted)) == sorted(map(repr, alone))
    con.close()


@pytest.mark.parametrize(
    "query",
    [
        "SELECT n FROM t",
        "SELECT DISTINCT n FROM t WHERE d <= :end",
        "SELECT n, MAX(d) AS d FROM t WHERE d <= :end GROUP BY n",
        "SELECT n, d > :end AS late FROM t WHERE d <= :end",
        "SELECT n, PLUS_DAYS(d, 1) AS d FROM t WHERE d <= :end AND d IN (SELECT d FROM u WHERE d > :start)",
        "SELECT n FROM dated WHERE d <= :end",
        "SELECT t.n FROM t JOIN u ON u.n = t.n WHERE t.d <= :end",
    ],
)
def test_what_does_more_than_choose_is_no_choice(query):
    assert chosen(sqlglot.parse_one(query, dialect="duckdb"), {"dated"}) is None


def test_a_column_that_only_the_choice_asks_for_gets_a_name_nobody_else_has():
    query = "SELECT n, PLUS_DAYS(d, 1) AS d FROM t WHERE t.d <= :end AND n > 0"
    found = chosen(sqlglot.parse_one(query, dialect="duckdb"), ())
    assert render(found.rows) == 'SELECT "n", PLUS_DAYS("d", 1) AS "d", "d" AS "__d" FROM "t" WHERE "n" > 0'
    assert [render(one) for one in found.conditions("a")] == ['"a"."__d" <= $end']


def test_what_hangs_on_the_period_alone_is_reckoned_once_for_each():
    query = "SELECT id FROM t WHERE d > YEARS_BEFORE(:end, 65) OR e > YEARS_BEFORE(:end, 65) OR e < PLUS_DAYS(d, 3)"
    sql = render(lift(sqlglot.parse_one(query, dialect="duckdb"), Lifted()))
    assert sql.count('YEARS_BEFORE("__end", 65)') == 1
    assert '"d" > "__p"."__c0" OR "e" > "__p"."__c0" OR "e" < PLUS_DAYS("d", 3)' in sql


def test_a_sum_over_lifted_rows_is_grouped_by_nothing_more_than_their_period():
    query = "SELECT n, COUNT(*) AS k FROM (SELECT n FROM t WHERE d <= :end) AS s GROUP BY n"
    sql = render(lift(sqlglot.parse_one(query, dialect="duckdb"), Lifted()))
    assert sql.endswith('GROUP BY "s"."__period", "n"')
    assert sql.count("__periods") == 1


def test_all_periods_at_once_equal_each_alone(running, tmp_path, monkeypatch):
    simulated.write(invent(700, seed=11, as_of=date(2025, 10, 31)), tmp_path / "lake", bucket_size=300)
    lake = engine_module.LakeDirectory.open(tmp_path / "lake", chunk_persons=300)
    requests = [
        Request(Period(date(2025, 1, 1), date(2025, 10, 31)), None, tmp_path / "rows" / "year"),
        Request(Period.maternal_child_year(2025)),
        Request(Period.month(2025, 6), ["htn-std", "ems-answer-10s", "tcm-hall"], tmp_path / "rows" / "month"),
        Request(Period.month(2025, 2), ["contract-renew"]),
    ]
    together = running.evaluate_many(lake, CATALOGUE, requests)
    files = sorted(path.relative_to(tmp_path) for path in (tmp_path / "rows").rglob("*.parquet"))
    kept = {path: rows_of(tmp_path / path) for path in files}
    monkeypatch.setattr(engine_module, "AtOnce", engine_module.OneByOne)
    alone = running.evaluate_many(lake, CATALOGUE, requests)
    for one, two in zip(together, alone, strict=True):
        assert one.cells == two.cells
        assert one.unplaced == two.unplaced
    assert files == sorted(path.relative_to(tmp_path) for path in (tmp_path / "rows").rglob("*.parquet"))
    assert kept == {path: rows_of(tmp_path / path) for path in files}
    assert sum(map(len, kept.values())) > 1000


def rows_of(path: Path) -> list[str]:
    return sorted(map(repr, duckdb.read_parquet(str(path)).fetchall()))
