"""What indicators do not need is not computed, and the numbers stay."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
import sqlglot

from luoshi.engines import LakeDirectory
from luoshi.engines.connection import connect
from luoshi.engines.pruning import asked_codes, constants, held_to, keys, pruned
from luoshi.engines.rendered import render
from luoshi.indicators import Catalogue
from luoshi.kernel.period import Period
from luoshi.simulate import lake as simulated
from luoshi.simulate.city import invent

CATALOGUE = Catalogue.load()


def joins(name: str) -> set[str]:
    indicator = CATALOGUE.indicator(name)
    cut = pruned(CATALOGUE.cohort_of(indicator), [indicator], CATALOGUE.shared)
    return {join.this.alias_or_name for join in cut.query.args.get("joins") or []}


def test_a_join_nobody_reads_is_dropped():
    assert joins("contract-rate") == {"c"}
    assert joins("htn-std") == {"r", "v", "c"}  # of blood pressures nothing is asked
    assert "o" in joins("dm-control")


def changed(sql: str):
    """The contract-rate cohort with other SQL."""
    indicator = CATALOGUE.indicator("contract-rate")
    cohort = replace(CATALOGUE.cohort_of(indicator), query=sqlglot.parse_one(sql, dialect="duckdb"))
    return {j.this.alias_or_name for j in pruned(cohort, [indicator], CATALOGUE.shared).query.args.get("joins") or []}


@pytest.mark.parametrize(
    ("join", "stays"),
    [
        ("LEFT JOIN seen_person AS s ON s.person = r.person", False),
        ("LEFT JOIN (SELECT DISTINCT person FROM visit) AS s ON s.person = r.person", False),
        ("LEFT JOIN visit_in_period AS s ON s.person = r.person AND s.service = 'checkup'", False),
        ("LEFT JOIN visit_in_period AS s ON s.person = r.person", True),  # several services: subjects would be fewer
        ("LEFT JOIN event_visit AS s ON s.person = r.person", True),
        ("LEFT JOIN seen_person AS s ON s.person = r.person OR s.person = 1", True),
        ("JOIN seen_person AS s ON s.person = r.person", True),
        ("LEFT JOIN seen_person AS s ON s.person = r.person WHERE s.person IS NULL", True),
    ],
)
def test_a_join_that_makes_a_difference_stays(join, stays):
    sql = f"SELECT r.division, r.institution, TRUE AS contracted, 1 AS unused FROM resident AS r {join}"
    assert ("s" in changed(sql)) == stays


def test_what_readers_hold_a_code_to():
    one, two, three = (
        sqlglot.parse_one(sql, dialect="duckdb")
        for sql in (
            "SELECT 1 FROM a LEFT JOIN t AS x ON x.p = a.p AND x.code = 'one' LEFT JOIN t AS y ON y.p = a.p AND 'two' = y.code",
            "SELECT 1 FROM a LEFT JOIN t ON t.p = a.p AND t.code = 'one'",
            "SELECT 1 FROM t WHERE code = 'one'",
        )
    )
    assert constants("t", "code", [one, two]) == ["one", "two"]
    assert constants("t", "code", [one, three]) is None
    assert keys(sqlglot.parse_one("SELECT p, code, MAX(d) AS d FROM t GROUP BY p, code")) == {"p", "code"}
    assert keys(sqlglot.parse_one("SELECT MAX(d) AS d FROM t GROUP BY p, code")) is None
    assert keys(sqlglot.parse_one("SELECT p FROM t")) is None


DONE = """SELECT p, BOOL_OR(code = 'a') AS one, BOOL_OR(code = 'b') AS two FROM t
WHERE code IN ('a', 'b', 'c') AND day > 3 GROUP BY p"""


@pytest.mark.parametrize(
    ("reader", "texts"),
    [
        ("SELECT COALESCE(d.one, FALSE) AS x FROM r LEFT JOIN done AS d ON d.p = r.p", ["a"]),
        (
            "SELECT COALESCE(d.one, FALSE) OR COALESCE(d.two, FALSE) AS x FROM r LEFT JOIN done AS d ON d.p = r.p",
            ["a", "b"],
        ),
        ("SELECT d.one AS x FROM r LEFT JOIN done AS d ON d.p = r.p", None),  # null where nothing was done
        ("SELECT COALESCE(d.one, TRUE) AS x FROM r LEFT JOIN done AS d ON d.p = r.p", None),
        ("SELECT COALESCE(d.one, d.two, FALSE) AS x FROM r LEFT JOIN done AS d ON d.p = r.p", None),
        ("SELECT COALESCE(one, FALSE) AS x FROM r LEFT JOIN done AS d ON d.p = r.p", None),
        ("SELECT COALESCE(d.one, FALSE) AS x FROM r JOIN done AS d ON d.p = r.p", None),  # there are fewer subjects
        ("SELECT COALESCE(d.one, FALSE) AS x FROM r LEFT JOIN done AS d ON d.p = r.p WHERE d.p IS NULL", None),
        ("SELECT COALESCE(d.one, FALSE) AS x FROM r LEFT JOIN done AS d ON d.p = r.p AND COALESCE(d.one, FALSE)", None),
        ("SELECT 1 AS x FROM r LEFT JOIN done AS d ON d.p = r.p", None),  # nothing is asked; the join goes by itself
        ("SELECT p FROM done", None),
    ],
)
def test_only_the_codes_that_are_asked_for(reader, texts):
    query, asking = (sqlglot.parse_one(sql, dialect="duckdb") for sql in (DONE, reader))
    assert asked_codes("done", query, [asking]) == (None if texts is None else ("code", texts))
    if texts is None:
        return
    con = connect(1, "100MB")
    con.execute("CREATE TABLE r AS SELECT i AS p FROM range(6) AS s(i)")
    con.execute(
        "CREATE TABLE t AS SELECT i % 5 AS p, chr((97 + i % 4)::INTEGER) AS code, i AS day FROM range(13) AS s(i)"
    )
    told = []
    for one in (query, held_to(query, "code", texts)):
        con.execute(f"CREATE OR REPLACE VIEW done AS {render(one)}")
        told.append(sorted(con.execute(render(asking)).fetchall()))
    assert told[0] == told[1]
    con.close()


@pytest.mark.parametrize(
    "query",
    [
        "SELECT p, BOOL_OR(code = 'a') AS one, COUNT(*) AS k FROM t WHERE code IN ('a', 'b') GROUP BY p",
        "SELECT p, BOOL_OR(code = 'a' AND day > 3) AS one FROM t WHERE code IN ('a', 'b') GROUP BY p",
        "SELECT p, BOOL_OR(other = 'a') AS one FROM t WHERE code IN ('a', 'b') GROUP BY p",
        "SELECT p, code, BOOL_OR(code = 'a') AS one FROM t WHERE code IN ('a', 'b') GROUP BY p, code",
        "SELECT p, BOOL_OR(code = 'a') AS one FROM t WHERE code IN ('a', 'b') GROUP BY p HAVING COUNT(*) > 1",
        "SELECT p, BOOL_OR(code = 'a') AS one FROM t WHERE code = 'a' OR code IN ('a', 'b') GROUP BY p",
    ],
)
def test_a_query_that_tells_more_than_which_codes_there_are_is_not_cut(query):
    reader = "SELECT COALESCE(d.one, FALSE) AS x FROM r LEFT JOIN done AS d ON d.p = r.p"
    trees = [sqlglot.parse_one(sql, dialect="duckdb") for sql in (query, reader)]
    assert asked_codes("done", trees[0], trees[1:]) is None


def test_alone_as_among_all(running, tmp_path):
    simulated.write(invent(600, seed=2, as_of=date(2025, 10, 31)), tmp_path / "lake")
    lake, period = LakeDirectory.open(tmp_path / "lake"), Period(date(2025, 1, 1), date(2025, 10, 31))
    everything = running.evaluate(lake, CATALOGUE, period)
    for name in ("htn-std", "dm-control", "live-record", "child-mgmt", "elderly-tcm", "cervical-screen", "smd-meds"):
        alone = running.evaluate(lake, CATALOGUE, period, [name])
        assert alone.cells == {key: cell for key, cell in everything.cells.items() if key[0] == name}
