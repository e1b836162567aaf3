"""Many periods in one walk: the lifted queries give what each period gives alone."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest
import sqlglot

from luoshi.engines import Request
from luoshi.engines import duckdb as engine_module
from luoshi.engines.periods import depends, lift
from luoshi.indicators import Catalogue
from luoshi.kernel.period import Period
from luoshi.simulate import lake as simulated
from luoshi.simulate.city import invent

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
    monkeypatch.setattr(engine_module, "_at_once", engine_module._one_by_one)
    alone = running.evaluate_many(lake, CATALOGUE, requests)
    for one, two in zip(together, alone, strict=True):
        assert one.cells == two.cells
        assert one.unplaced == two.unplaced
    assert files == sorted(path.relative_to(tmp_path) for path in (tmp_path / "rows").rglob("*.parquet"))
    assert kept == {path: rows_of(tmp_path / path) for path in files}
    assert sum(map(len, kept.values())) > 1000


def rows_of(path: Path) -> list[str]:
    return sorted(map(repr, duckdb.read_parquet(str(path)).fetchall()))
