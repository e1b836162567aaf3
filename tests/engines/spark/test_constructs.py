"""Every construct of the dialect over random rows: both engines say the same, and the gaps are still gaps."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import pytest
import sqlglot
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from luoshi.engines.connection import connect
from luoshi.engines.rendered import Rendered
from luoshi.engines.session import Session
from luoshi.engines.spark import SparkEngine
from luoshi.engines.spark_dialect import GAPS
from luoshi.engines.spark_session import SparkViews
from luoshi.indicators import Catalogue
from luoshi.indicators.expressions import FUNCTIONS, parse_query
from luoshi.indicators.tables import Type
from luoshi.kernel.errors import CatalogError
from luoshi.kernel.period import Period

pytestmark = pytest.mark.slow

CATALOGUE = Catalogue.load()
PERIOD = Period(date(2024, 3, 1), date(2025, 2, 28))
COLUMNS: dict[str, Type] = {
    "k": "integer", "g": "text", "n": "integer", "m": "integer", "x": "double", "y": "double", "d": "date", "e": "date",
    "t": "instant", "u": "instant", "s": "text", "r": "text", "b": "boolean", "c": "boolean",
}  # fmt: skip
SCHEMA = {"rows": dict(COLUMNS), "others": dict(COLUMNS)}

# One value from one row.
VALUES = (
    "n + m", "n - m", "n * m", "-n", "n / m", "x / n", "n / 7", "n % m", "x * 0.1", "n * 0.5", "n + 0.25", "x + y",
    "n = m", "n <> m", "n < m", "x <= y", "s > r", "s = r", "b = c", "d < e", "t >= u", "n IS NULL", "x IS NOT NULL",
    "b AND c", "b OR c", "NOT b", "b IS TRUE", "b IS NOT FALSE", "n IS DISTINCT FROM m", "s IS NOT DISTINCT FROM r",
    "n BETWEEN m AND 5", "d BETWEEN :start AND :end", "n IN (1, 2, NULL)", "s IN ('a', '中')", "n NOT IN (1, 2)",
    "s LIKE 'a%'", "s LIKE '_b%'", "s NOT LIKE '%中%'", r"s LIKE '%\%'", "s || r", "CONCAT(s, r, 'z')", "LOWER(s)",
    "UPPER(r)", "SUBSTRING(s, 2, 2)", "SUBSTRING(s, 1)", "ABS(n)", "ABS(x)", "FLOOR(x)", "FLOOR(n / 4)", "ROUND(x)",
    "ROUND(x, 1)", "ROUND(n / 3, 2)", "ROUND(x * 0.5, 1)", "GREATEST(n, m, 1)", "LEAST(x, y)", "GREATEST(d, :start)",
    "LEAST(4, FLOOR(n / 3))", "COALESCE(n, m, 0)", "COALESCE(s, r, '-')", "COALESCE(b, FALSE)", "NULLIF(n, m)",
    "NULLIF(s, 'a')", "CASE WHEN n > m THEN 'more' WHEN n = m THEN 'same' ELSE s END", "CASE s WHEN 'a' THEN x ELSE 1.5 END",
    "CASE WHEN b THEN 0.0 ELSE 1.0 END", "CAST(x AS INTEGER)", "CAST(x AS BIGINT)", "CAST(n AS DOUBLE)",
    "CAST(n / 2 AS INTEGER)", "CAST(n * 0.5 AS INTEGER)", "CAST(FLOOR(x) AS INTEGER)", "CAST(n AS VARCHAR)",
    "CAST(d AS VARCHAR)", "CAST(b AS INTEGER)", "CAST(t AS DATE)", "CAST('2024-02-29' AS DATE)", "CAST(NULL AS BIGINT)",
    "DATE '2024-02-29' < d", "d - e", "d + 3", "d - 40", "PLUS_DAYS(d, n)", "DAYS_BEFORE(d, 364)", "PLUS_MONTHS(d, n)",
    "PLUS_MONTHS(d, 1)", "MONTHS_BEFORE(d, m)", "YEARS_BEFORE(d, 1)", "YEARS_BEFORE(d, n)", "DAYS_FROM(d, e)",
    "MILLISECONDS_FROM(t, u)", "ROUND(MILLISECONDS_FROM(t, u) / 1000.0, 1)", "PLUS_DAYS(PLUS_MONTHS(d, n), 30) <= :end",
    "DAYS_FROM(GREATEST(d, :start), PLUS_DAYS(:end, 1)) / 90",
)  # fmt: skip
# One value from several rows.
SUMS = (
    "COUNT(*)", "COUNT(n)", "COUNT(DISTINCT s)", "COUNT(*) FILTER (WHERE b)", "SUM(n)", "SUM(CASE WHEN b THEN n ELSE 0 END)",
    "SUM(CASE WHEN b THEN 1 END)", "MIN(n)", "MAX(x)", "MIN(d)", "MAX(s)", "MIN(t)", "MAX(CASE WHEN b THEN d END)",
    "AVG(n)", "AVG(CASE WHEN c THEN m END)", "BOOL_OR(b)", "BOOL_AND(c)", "BOOL_OR(s = 'a' AND n > 1)",
    "LATEST_HIGHEST(x, d)", "LATEST_LOWEST(x, d)", "LATEST_HIGHEST(CASE WHEN s = 'a' THEN x END, d)",
    "LATEST_HIGHEST(CASE WHEN b THEN 0.0 ELSE 1.0 END, d)", "CAST(COALESCE(SUM(n), 0) AS BIGINT)",
)  # fmt: skip
# Whole queries.
QUERIES = (
    "SELECT k, ROW_NUMBER() OVER (PARTITION BY g ORDER BY n, k) AS v FROM rows",
    "SELECT k, ROW_NUMBER() OVER (PARTITION BY g ORDER BY n DESC, k DESC) AS v FROM rows",
    "SELECT k, RANK() OVER (PARTITION BY g ORDER BY d) AS v FROM rows",
    "SELECT k, RANK() OVER (ORDER BY s DESC) AS v FROM rows",
    "SELECT DISTINCT g, b FROM rows WHERE n IS NOT NULL",
    "SELECT a.k, o.k AS other FROM rows AS a JOIN others AS o ON o.n = a.n AND o.d >= a.d",
    "SELECT a.k, o.k AS other, o.s IS NOT NULL AS found FROM rows AS a LEFT JOIN others AS o ON o.s = a.s AND o.b",
    "SELECT k, EXISTS (SELECT 1 FROM others AS o WHERE o.n = rows.n AND o.d > rows.d AND o.d <= PLUS_DAYS(rows.e, 30)) AS v "
    "FROM rows",
    "SELECT k FROM rows WHERE NOT EXISTS (SELECT 1 FROM others AS o WHERE o.s = rows.s AND o.t < rows.t)",
    "SELECT k FROM rows WHERE s IN (SELECT s FROM others WHERE c)",
    "SELECT k, n FROM rows WHERE d >= :start UNION ALL SELECT k, m FROM others WHERE d <= :end",
    "SELECT n AS v FROM rows UNION SELECT m FROM others",
    "WITH a AS (SELECT g, SUM(n) AS total FROM rows GROUP BY g), b AS (SELECT g FROM a WHERE total > 0) "
    "SELECT a.g, a.total, b.g IS NOT NULL AS more FROM a LEFT JOIN b ON b.g = a.g",
    "SELECT g, COUNT(*) AS v FROM rows GROUP BY g HAVING COUNT(*) > 1",
    "SELECT g, m, SUM(n) AS v FROM rows GROUP BY g, m",
    "SELECT p.k FROM (SELECT k, ROW_NUMBER() OVER (PARTITION BY s ORDER BY d DESC, k) AS place FROM rows) AS p WHERE place = 1",
)  # fmt: skip

small = st.integers(-6, 12)
# Quarters, so that sums of a few are exact; thousandths would be for LATEST_ too.
fractions = st.integers(-4000, 4000).map(lambda n: n / 8) | st.sampled_from([0.5, 1.5, 2.5, -0.5, 2.675, 0.05, 1e6])
days = st.dates(date(2023, 12, 25), date(2025, 3, 5)) | st.sampled_from([date(2024, 2, 29), PERIOD.start, PERIOD.end])
instants = st.datetimes(datetime(2024, 1, 1), datetime(2025, 1, 1))  # noqa: DTZ001 (times of the lake have no zone)
texts = st.sampled_from(["a", "ab", "B", "中", "中b", "", "a%", "x\\", "it's"])
row = st.tuples(
    st.none() | st.sampled_from("pq"), st.none() | small, st.none() | small, st.none() | fractions, st.none() | fractions,
    st.none() | days, st.none() | days, st.none() | instants, st.none() | instants, st.none() | texts, st.none() | texts,
    st.none() | st.booleans(), st.none() | st.booleans(),
)  # fmt: skip
tables = st.tuples(st.lists(row, min_size=50, max_size=60), st.lists(row, min_size=8, max_size=20))


def _queries() -> list[str]:
    listed = ", ".join(f"{text} AS v{number}" for number, text in enumerate(VALUES))
    summed = ", ".join(f"{text} AS v{number}" for number, text in enumerate(SUMS))
    return [f"SELECT k, {listed} FROM rows", f"SELECT g, {summed} FROM rows GROUP BY g", *QUERIES]


def _plain(value: Any) -> Any:
    """Numbers of one kind: a decimal 1.50, a whole 2 and a double 2.0 are what they are worth."""
    if isinstance(value, bool) or value is None or isinstance(value, (str, date, datetime)):
        return value
    return float(value)


def _sorted(rows: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    return sorted((tuple(_plain(v) for v in row.values()) for row in rows), key=repr)


def _both(spark: SparkEngine, query: Any, tables: Mapping[str, Sequence[Sequence[Any]]]) -> tuple[Any, Any]:
    duck = Session(connect(1, "1GB"), Rendered(), None, CATALOGUE, PERIOD)
    views = SparkViews(spark.spark, None, CATALOGUE, PERIOD)
    for name, rows in tables.items():
        duck.table_of(name, COLUMNS, rows)
        views.table_of(name, COLUMNS, rows)
    try:
        answers = []
        for one in query:
            told = duck.con.sql(duck.sql(one, (), lambda tree=one: tree)).to_arrow_table().to_pylist()
            answers.append((one.sql(), told, views.arrow(one, "test").to_pylist()))
        return answers
    finally:
        duck.close()


# One example is already thousands of rows times constructs, and costs the same with few rows: the first is the plainest
# rows there are, the second holds everything. Making a failing one smaller would take minutes.
@settings(
    max_examples=2, deadline=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
@given(tables)
def test_every_construct_says_the_same(spark, tables):
    trees = [parse_query(text, SCHEMA, where="test")[0] for text in _queries()]
    rows, others = ([(number, *values) for number, values in enumerate(table)] for table in tables)
    for text, one, two in _both(spark, trees, {"rows": rows, "others": others}):
        if _sorted(one) != _sorted(two):
            first = next(iter(one[0]))
            by_key = {repr(row[first]): row for row in two}
            apart = []
            for row in one:
                other = by_key.get(repr(row[first]), {})
                apart += [(row[first], n, v, other.get(n)) for n, v in row.items() if _plain(v) != _plain(other.get(n))]
            raise AssertionError((text[:200], apart[:12]))


def test_every_function_of_the_dialect_is_tried():
    text = " ".join((*VALUES, *SUMS, *QUERIES)).lower()
    tried = set(re.findall(r"\b([a-z_]+)\b", text))
    assert tried >= FUNCTIONS, FUNCTIONS - tried


@pytest.mark.parametrize("gap", GAPS, ids=lambda gap: gap.name)
def test_a_gap_is_still_one(spark, gap):
    """Where both engines say the same again, the gap must leave the list."""
    tree = sqlglot.parse_one(f"SELECT {gap.sql} AS v FROM rows", dialect="duckdb")
    rows = [(n, "p", n, *[None] * 11) for n in range(1, 12)]

    def said(run: Any) -> Any:
        try:
            return [_plain(row["v"]) for row in run()]
        except Exception as error:
            return type(error).__name__

    duck = Session(connect(1, "1GB"), Rendered(), None, CATALOGUE, PERIOD)
    views = SparkViews(spark.spark, None, CATALOGUE, PERIOD)
    for session in (duck, views):
        session.table_of("rows", COLUMNS, rows)
    one = said(lambda: duck.con.sql(duck.sql(tree, (), lambda: tree)).to_arrow_table().to_pylist())
    two = said(lambda: views.arrow(tree, "test").to_pylist())
    duck.close()
    assert one != two, f"{gap.name}: both say {one!r}"


def test_values_of_different_kinds_are_not_compared(spark):
    tree = sqlglot.parse_one("SELECT k FROM rows WHERE n = s", dialect="duckdb")
    views = SparkViews(spark.spark, None, CATALOGUE, PERIOD)
    views.table_of("rows", COLUMNS, [])
    with pytest.raises(CatalogError, match="compares number with text"):
        views.arrow(tree, "here")
