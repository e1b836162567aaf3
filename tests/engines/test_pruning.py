"""What indicators do not need is not computed, and the numbers stay."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
import sqlglot

from luoshi.engines import LakeDirectory
from luoshi.engines.pruning import constants, keys, pruned
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


def test_alone_as_among_all(running, tmp_path):
    simulated.write(invent(600, seed=2, as_of=date(2025, 10, 31)), tmp_path / "lake")
    lake, period = LakeDirectory.open(tmp_path / "lake"), Period(date(2025, 1, 1), date(2025, 10, 31))
    everything = running.evaluate(lake, CATALOGUE, period)
    for name in ("htn-std", "dm-control", "live-record", "child-mgmt", "elderly-tcm", "cervical-screen", "smd-meds"):
        alone = running.evaluate(lake, CATALOGUE, period, [name])
        assert alone.cells == {key: cell for key, cell in everything.cells.items() if key[0] == name}
