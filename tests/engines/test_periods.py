"""Many periods in one walk: the lifted queries give what each period gives alone."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest
import sqlglot

from luoshi.engines import Request
from luoshi.engines import duckdb as engine_module
from luoshi.engines.connection import connect
from luoshi.engines.periods import depends, lift
from luoshi.engines.rendered import render
from luoshi.indicators import Catalogue
from luoshi.kernel.period import Period
from luoshi.simulate import lake as simulated
from luoshi.simulate.city import invent

pytestmark = pytest.mark.slow

CATALOGUE = Catalogue.load()


def test_the_whole_catalogue_can_be_lifted():
    lifted: set[str] = set()
    for shared in CATALOGUE.shared.values():
        if depends(shared.query, lifted):
            assert lift(shared.query, lifted) is not None, shared.name
            lifted.add(shared.name)
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
    assert lift(sqlglot.parse_one(query, dialect="duckdb"), frozenset()) is None


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
    con.execute('CREATE TABLE "__periods" ("__period" INTEGER, "__start" DATE, "__end" DATE)')
    con.executemany('INSERT INTO "__periods" VALUES (?, ?, ?)', periods)
    tree = sqlglot.parse_one(query, dialect="duckdb")
    alone = [
        (place, *row)
        for place, start, end in periods
        for row in con.execute(
            render(tree), {"start": start, "end": end} if ":start" in query else {"end": end}
        ).fetchall()
    ]
    assert len(alone) > 5
    lifted = lift(tree, frozenset())
    assert sorted(con.execute(render(lifted)).fetchall()) == sorted(alone)
    con.close()


def test_what_hangs_on_the_period_alone_is_reckoned_once_for_each():
    query = "SELECT id FROM t WHERE d > YEARS_BEFORE(:end, 65) OR e > YEARS_BEFORE(:end, 65) OR e < PLUS_DAYS(d, 3)"
    sql = render(lift(sqlglot.parse_one(query, dialect="duckdb"), frozenset()))
    assert sql.count('YEARS_BEFORE("__end", 65)') == 1
    assert '"d" > "__p"."__c0" OR "e" > "__p"."__c0" OR "e" < PLUS_DAYS("d", 3)' in sql


def test_a_sum_over_lifted_rows_is_grouped_by_nothing_more_than_their_period():
    query = "SELECT n, COUNT(*) AS k FROM (SELECT n FROM t WHERE d <= :end) AS s GROUP BY n"
    sql = render(lift(sqlglot.parse_one(query, dialect="duckdb"), frozenset()))
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
