"""Statistical signs of records made at the desk: what each unit shows, against what honest work in the region gives.

A unit is the worker where visits name one, else the institution. The statistics are in
`luoshi.indicators.methods.authenticity`, the thresholds in `catalog/rules/authenticity.yaml`. Nothing here needs the store.
"""

# ruff: noqa: S608 (SQL is what this module makes, from declared rules and names of its own)
from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from luoshi.engines import LakeDirectory
from luoshi.engines.rendered import literal, quoted
from luoshi.indicators.methods import authenticity as tests
from luoshi.kernel import clock
from luoshi.kernel import lake_layout as layout
from luoshi.kernel.period import Period
from luoshi.services.quality.running import Worker
from luoshi.services.quality.thresholds import Rules, rules

__all__ = ["Examined", "Rules", "Sign", "examine", "rules"]

Floats = NDArray[np.float64]
LOW, HIGH = 40, 300  # pressures outside are mistakes, not habits


@dataclass(frozen=True)
class Sign:
    """One unit under one method. `observed` of `trials` (a number of readings, pairs, visits or days), `expected` in the
    same measure, `effect` a share from 0 to 1, `q_value` adjusted over all units and methods. `detail` has what a chart
    shows; `rows` the records behind it: [person, resource type, id, day]."""

    method: str
    unit: str
    institution: str
    trials: float
    observed: float
    expected: float
    statistic: float
    effect: float
    p_value: float
    q_value: float = 1.0
    detail: dict[str, Any] = field(default_factory=dict)
    rows: tuple[tuple[Any, ...], ...] = ()


@dataclass(frozen=True)
class Examined:
    """All that a run tested: every unit under every method, and those to be shown."""

    signs: tuple[Sign, ...]
    shown: tuple[Sign, ...]
    units: int
    period: Period


def examine(
    lake: Path, *, period: Period | None = None, by: Rules | None = None, memory: str = "1GB", threads: int = 2
) -> Examined:
    """Test every unit over the records of `period` (default: all days up to the last heard of).

    Shown are those whose adjusted p-value is below `q` and whose excess is worth a visit. Raises `UnreadableFile`.
    """
    by = by or rules()
    directory = LakeDirectory.open(lake)
    last = directory.data_until or clock.today()
    period = period or Period(date(2000, 1, 1), max(last, date(2000, 1, 1)))
    with tempfile.TemporaryDirectory() as scratch:
        worker = Worker(lake, Path(scratch), memory=memory, threads=threads)
        desk = _Desk(worker, directory.buckets, period, by)
        first = desk.con.execute("SELECT min(day) FROM work").fetchall()[0][0]
        period = Period(max(period.start, first or period.start), period.end)
        found: list[Sign] = []
        for make in _METHODS:
            found += make(desk)
        found = [sign for sign in found if sign.trials >= by.methods[sign.method].least]
        adjusted = tests.benjamini_hochberg(np.array([sign.p_value for sign in found]))
        found = [replace(sign, q_value=float(q)) for sign, q in zip(found, adjusted, strict=True)]
        shown = sorted(
            (s for s in found if s.q_value < by.q and s.effect >= by.methods[s.method].effect),
            key=lambda s: (s.q_value, -s.effect, s.unit),
        )
        shown = [replace(sign, rows=desk.rows(sign)) for sign in shown]
        units = len({sign.unit for sign in found})
        desk.con.close()
    return Examined(tuple(found), tuple(shown), units, period)


class _Desk:
    """The tables all methods read: `work` (visits), `cuff` (pressures), `phones`."""

    def __init__(self, worker: Worker, buckets: Sequence[int], period: Period, by: Rules) -> None:
        self.con: duckdb.DuckDBPyConnection = worker.con
        self.by = by
        within = f"day BETWEEN {literal(period.start)} AND {literal(period.end)}"
        services = ", ".join(map(quoted, by.services))
        visits = worker.source("visit", buckets)
        people = worker.source("person", buckets)
        free = ", ".join(map(quoted, by.holidays))
        self.con.execute(
            f"""CREATE TEMP TABLE work AS SELECT id, person, service, day, started_at, institution, mode,
                coalesce(worker, institution) AS unit, worker IS NOT NULL AS alone,
                isodow(day) >= 6 OR strftime(day, '%m-%d') IN ({free}) AS free
            FROM {visits} WHERE service IN ({services}) AND status = 'finished' AND institution IS NOT NULL AND {within}"""
        )
        self.con.execute(
            f"""CREATE TEMP TABLE cuff AS
            SELECT c.*, coalesce(w.worker, c.institution) AS unit FROM (
                SELECT id, person, day, max(value) FILTER (WHERE code = '8480-6')::INTEGER AS systolic,
                    max(value) FILTER (WHERE code = '8462-4')::INTEGER AS diastolic,
                    any_value(visit) AS visit, any_value(institution) AS institution
                FROM {worker.source("observation", buckets)}
                WHERE code IN ('8480-6', '8462-4') AND value BETWEEN {LOW} AND {HIGH} AND institution IS NOT NULL AND {within}
                GROUP BY id, person, day) c
            LEFT JOIN (SELECT id, person, worker FROM {visits} WHERE worker IS NOT NULL) w
                ON w.id = c.visit AND w.person = c.person
            WHERE systolic IS NOT NULL AND diastolic IS NOT NULL"""
        )
        # The readings of a resident in order, each with the two before it.
        self.con.execute(
            """CREATE TEMP TABLE series AS SELECT *,
                lag(systolic) OVER w AS systolic1, lag(diastolic) OVER w AS diastolic1, lag(unit) OVER w AS unit1,
                lag(day) OVER w AS day1, lag(systolic, 2) OVER w AS systolic2, lag(unit, 2) OVER w AS unit2
            FROM cuff WINDOW w AS (PARTITION BY person ORDER BY day, id)"""
        )
        self.con.execute(
            f"CREATE TEMP TABLE folk AS SELECT id, person, institution, phone, death_date FROM {people} WHERE person IS NOT NULL"
        )
        self.con.execute(
            f"""CREATE TEMP TABLE stays AS SELECT person, institution, day, end_day FROM {visits}
            WHERE class = 'IMP' AND service = 'inpatient' AND status = 'finished' AND person IS NOT NULL"""
        )
        self.staff = "SELECT NULL::VARCHAR AS institution, NULL::BIGINT AS staff LIMIT 0"
        path = layout.table_path(worker.lake, "staff")
        if path.exists():
            self.staff = (
                "SELECT institution, greatest(1, sum(count))::BIGINT AS staff FROM (SELECT * FROM "
                f"read_parquet({quoted(str(path))}) WHERE role <> 'health-education' "
                "QUALIFY rank() OVER (PARTITION BY institution ORDER BY as_of DESC) = 1) GROUP BY 1"
            )

    def columns(self, sql: str) -> dict[str, NDArray[Any]]:
        """The result of a query by column; nulls of numbers as 0."""
        found = self.con.execute(sql).fetchnumpy()
        return {
            name: np.ma.filled(column, 0) if np.ma.isMaskedArray(column) else column for name, column in found.items()
        }

    def excess(self, method: str, sql: str) -> list[Sign]:
        """The units of a query giving `unit, institution, observed, trials` and, where chance depends on the unit's own
        figures, `chance`."""
        data = self.columns(sql)
        if not len(data["unit"]):
            return []
        chance = data["chance"].astype(float) if "chance" in data else np.ones(len(data["unit"]))
        return self.signs(method, data, chance)

    def signs(self, method: str, data: dict[str, NDArray[Any]], chance: Floats) -> list[Sign]:
        """Every unit of `data` tested for an excess over `chance`."""
        of = self.by.methods[method]
        observed, trials = data["observed"].astype(float), data["trials"].astype(float)
        result = tests.excess(observed, trials, chance, at_least=of.mistakes, spread_at_least=of.spread)
        return [
            Sign(
                method, str(data["unit"][i]), str(data["institution"][i]), float(trials[i]), float(observed[i]),
                float(result.expected[i] * trials[i]), float(observed[i] - result.expected[i] * trials[i]),
                float(result.effect[i]), float(result.p_value[i]),
                detail={"expected_share": float(result.expected[i]), "spread": result.overdispersion},
            )
            for i in range(len(trials))
        ]  # fmt: skip

    def rows(self, sign: Sign) -> tuple[tuple[Any, ...], ...]:
        """The records behind a sign, at most `rows_listed`, each a resident, a resource type, an id and a day."""
        sql = _BEHIND[sign.method](self.by)
        found = self.con.execute(
            f"SELECT person, kind, id, CAST(day AS VARCHAR), told FROM ({sql}) ORDER BY day, id LIMIT {self.by.rows_listed}",
            [sign.unit],
        ).fetchall()
        return tuple(tuple(row) for row in found)


def _digits(column: str) -> Callable[[_Desk], list[Sign]]:
    def make(desk: _Desk) -> list[Sign]:
        sums = ", ".join(f"count(*) FILTER (WHERE {column} % 10 = {d})::BIGINT AS d{d}" for d in range(10))
        data = desk.columns(f"SELECT unit, min(institution) AS institution, {sums} FROM cuff GROUP BY 1 ORDER BY 1")
        if not len(data["unit"]):
            return []
        counts = np.stack([data[f"d{d}"] for d in range(10)], axis=1).astype(np.int64)
        # What is too little to judge must not set the scale for the others.
        enough = counts.sum(axis=1) >= desk.by.methods[f"digits-{column}"].least
        names, places, counts = data["unit"][enough], data["institution"][enough], counts[enough]
        if not len(counts):
            return []
        result = tests.last_digits(counts)
        totals = counts.sum(axis=1)
        return [
            Sign(
                f"digits-{column}", str(names[i]), str(places[i]), float(totals[i]), float(totals[i] * result.effect[i]), 0.0,
                float(result.statistic[i]), float(result.effect[i]), float(result.p_value[i]),
                detail={
                    "observed": [float(x) for x in counts[i] / totals[i]],
                    "expected": [float(x) for x in result.expected[i]],
                    "scale": result.scale,
                },
            )
            for i in range(len(totals))
        ]  # fmt: skip

    return make


def _repeated(desk: _Desk) -> list[Sign]:
    return desk.excess(
        "repeated-readings",
        """WITH own AS (
            SELECT unit, sum(n * (n - 1)) / (sum(n) * greatest(sum(n) - 1, 1))::DOUBLE AS chance FROM (
                SELECT unit, systolic, diastolic, count(*)::DOUBLE AS n FROM cuff GROUP BY ALL) GROUP BY 1)
        SELECT s.unit, min(institution) AS institution, count(*)::BIGINT AS trials, any_value(chance) AS chance,
            count(*) FILTER (WHERE systolic = systolic1 AND diastolic = diastolic1)::BIGINT AS observed
        FROM series s JOIN own USING (unit) WHERE unit1 = s.unit AND day > day1 GROUP BY 1 ORDER BY 1""",
    )


def _steps(desk: _Desk) -> list[Sign]:
    data = desk.columns(
        """SELECT unit, min(institution) AS institution, count(*)::BIGINT AS trials, count(*) FILTER (
            WHERE systolic - systolic1 = systolic1 - systolic2 AND systolic <> systolic1)::BIGINT AS observed
        FROM series WHERE unit1 = unit AND unit2 = unit GROUP BY 1 ORDER BY 1"""
    )
    if not len(data["unit"]):
        return []
    figures = desk.columns("SELECT unit, systolic, count(*)::BIGINT AS n FROM cuff GROUP BY ALL")
    at = {unit: i for i, unit in enumerate(data["unit"])}
    counts = np.zeros((len(at), HIGH - LOW + 1), np.int64)
    kept = [i for i, unit in enumerate(figures["unit"]) if unit in at]
    places = np.array([at[figures["unit"][i]] for i in kept], np.int64)
    counts[places, figures["systolic"][kept].astype(np.int64) - LOW] = figures["n"][kept]
    return desk.signs("even-steps", data, tests.chance_of_step(counts))


def _copied(desk: _Desk) -> list[Sign]:
    return desk.excess(
        "copied-that-day",
        """WITH own AS (
            SELECT unit, sum(n * (n - 1)) / (sum(n) * greatest(sum(n) - 1, 1))::DOUBLE AS same FROM (
                SELECT unit, systolic, diastolic, count(*)::DOUBLE AS n FROM cuff GROUP BY ALL) GROUP BY 1),
        days AS (SELECT unit, day, count(DISTINCT person) AS people FROM cuff GROUP BY ALL),
        alike AS (SELECT unit, day, systolic, diastolic, count(DISTINCT person) AS people FROM cuff GROUP BY ALL)
        SELECT d.unit, any_value(institution) AS institution, sum(d.people)::BIGINT AS trials,
            sum(coalesce(a.copied, 0))::BIGINT AS observed,
            sum(d.people * (1 - (1 - same) ** (d.people - 1))) / sum(d.people) AS chance
        FROM days d JOIN own ON own.unit = d.unit
        JOIN (SELECT unit, min(institution) AS institution FROM cuff GROUP BY 1) i ON i.unit = d.unit
        LEFT JOIN (SELECT unit, day, sum(people) AS copied FROM alike WHERE people > 1 GROUP BY ALL) a
            ON a.unit = d.unit AND a.day = d.day
        WHERE d.people > 1 GROUP BY 1 ORDER BY 1""",
    )


_DEAD = "work w JOIN folk f USING (person) WHERE f.death_date < w.day"
_ADMITTED = (
    "work w SEMI JOIN stays s ON s.person = w.person AND s.day < w.day AND s.end_day > w.day "
    "AND s.institution <> w.institution"
)


def _share(method: str, wrong: str, *, where: str = "true") -> Callable[[_Desk], list[Sign]]:
    def make(desk: _Desk) -> list[Sign]:
        return desk.excess(
            method,
            f"""SELECT unit, min(institution) AS institution, count(*)::BIGINT AS trials,
                count(*) FILTER (WHERE {wrong})::BIGINT AS observed FROM work WHERE {where} GROUP BY 1 ORDER BY 1""",
        )

    return make


def _joined(method: str, source: str, *, where: str = "true") -> Callable[[_Desk], list[Sign]]:
    def make(desk: _Desk) -> list[Sign]:
        return desk.excess(
            method,
            f"""WITH wrong AS (SELECT w.unit, count(*) AS n FROM {source} GROUP BY 1)
            SELECT work.unit, min(institution) AS institution, count(*)::BIGINT AS trials,
                any_value(coalesce(n, 0))::BIGINT AS observed
            FROM work LEFT JOIN wrong USING (unit) WHERE {where} GROUP BY 1 ORDER BY 1""",
        )

    return make


_FACE = "mode IS DISTINCT FROM 'phone'"


def _night(by: Rules) -> str:
    return f"hour(started_at) >= {by.night.from_} OR hour(started_at) < {by.night.to}"


def _long_days(desk: _Desk) -> str:
    """SQL: unit, day, institution, how many visits, whether there is time for them in a day."""
    minutes = " ".join(f"WHEN {quoted(name)} THEN {value}" for name, value in desk.by.minutes.items())
    return f"""SELECT unit, day, min(institution) AS institution, count(*) AS n,
        sum(CASE service {minutes} ELSE {desk.by.minutes_default} END)
            > {desk.by.hours_a_day} * 60 * (CASE WHEN bool_or(alone) THEN 1 ELSE coalesce(any_value(staff), 1) END) AS too_many
        FROM work LEFT JOIN ({desk.staff}) USING (institution) WHERE {_FACE} GROUP BY ALL"""


def _too_many(desk: _Desk) -> list[Sign]:
    desk.con.execute(
        f"CREATE OR REPLACE TEMP TABLE days AS SELECT unit, day, min(institution) AS institution, sum(n) AS n, "
        f"bool_or(too_many) AS too_many FROM ({_long_days(desk)}) GROUP BY unit, day"
    )
    return desk.excess(
        "too-many-a-day",
        """SELECT unit, min(institution) AS institution, sum(n)::BIGINT AS trials,
            coalesce(sum(n) FILTER (WHERE too_many), 0)::BIGINT AS observed FROM days GROUP BY 1 ORDER BY 1""",
    )


def _weekend(desk: _Desk) -> list[Sign]:
    size = desk.by.weekend_batch
    return desk.excess(
        "weekend-batches",
        f"""WITH days AS (SELECT unit, day, free, min(institution) AS institution, count(*) AS n FROM work
            WHERE {_FACE} GROUP BY ALL)
        SELECT unit, min(institution) AS institution, sum(n)::BIGINT AS trials,
            coalesce(sum(n) FILTER (WHERE free AND n >= {size}), 0)::BIGINT AS observed,
            greatest(coalesce(sum(n) FILTER (WHERE NOT free AND n >= {size}), 0) / sum(n)::DOUBLE, 0.01) AS chance
        FROM days GROUP BY 1 ORDER BY 1""",
    )


def _phones(desk: _Desk) -> list[Sign]:
    desk.con.execute(
        f"CREATE OR REPLACE TEMP TABLE shared AS SELECT phone FROM folk WHERE phone IS NOT NULL GROUP BY 1 "
        f"HAVING count(*) >= {desk.by.phone_shared_by}"
    )
    return desk.excess(
        "shared-phones",
        """SELECT institution AS unit, institution, count(*)::BIGINT AS trials,
            count(*) FILTER (WHERE phone IN (SELECT phone FROM shared))::BIGINT AS observed
        FROM folk WHERE phone IS NOT NULL AND institution IS NOT NULL GROUP BY 1 ORDER BY 1""",
    )


_METHODS: tuple[Callable[[_Desk], list[Sign]], ...] = (
    _digits("systolic"),
    _digits("diastolic"),
    _repeated,
    _steps,
    _copied,
    _joined("after-death", _DEAD),
    _joined("while-admitted", f"{_ADMITTED} WHERE w.mode IS DISTINCT FROM 'phone'", where=_FACE),
    _too_many,
    lambda desk: _share("at-night", _night(desk.by), where="started_at IS NOT NULL")(desk),
    _weekend,
    _phones,
)

_READING = "SELECT person, 'Observation' AS kind, id, day, systolic || '/' || diastolic AS told FROM"
_VISIT = "SELECT w.person, 'Encounter' AS kind, w.id, w.day, w.service AS told FROM"
# The records behind a sign, as SQL with the unit as its one value.
_BEHIND: dict[str, Callable[[Rules], str]] = {
    "digits-systolic": lambda by: f"{_READING} cuff WHERE unit = ?",
    "digits-diastolic": lambda by: f"{_READING} cuff WHERE unit = ?",
    "repeated-readings": lambda by: (
        f"{_READING} series WHERE unit = ? AND unit1 = unit AND day > day1 AND systolic = systolic1 AND diastolic = diastolic1"
    ),
    "even-steps": lambda by: (
        f"{_READING} series WHERE unit = ? AND unit1 = unit AND unit2 = unit "
        "AND systolic - systolic1 = systolic1 - systolic2 AND systolic <> systolic1"
    ),
    "copied-that-day": lambda by: (
        f"{_READING} (SELECT *, max(person) OVER w > min(person) OVER w AS copied FROM cuff WHERE unit = ? "
        "WINDOW w AS (PARTITION BY day, systolic, diastolic)) WHERE copied"
    ),
    "after-death": lambda by: f"{_VISIT} {_DEAD} AND w.unit = ?",
    "while-admitted": lambda by: f"{_VISIT} {_ADMITTED} WHERE {_FACE.replace('mode', 'w.mode')} AND w.unit = ?",
    "too-many-a-day": lambda by: (
        f"{_VISIT} work w SEMI JOIN days d ON d.unit = w.unit AND d.day = w.day AND d.too_many WHERE w.unit = ?"
    ),
    "at-night": lambda by: f"{_VISIT} work w WHERE ({_night(by)}) AND w.unit = ?",
    "weekend-batches": lambda by: (
        f"{_VISIT} (SELECT *, count(*) FILTER (WHERE {_FACE}) OVER (PARTITION BY day) AS n FROM work WHERE unit = ? AND free) w "
        f"WHERE n >= {by.weekend_batch}"
    ),
    "shared-phones": lambda by: (
        "SELECT person, 'Patient' AS kind, id, NULL AS day, '' AS told FROM folk WHERE phone IN (SELECT phone FROM shared) "
        "AND institution = ?"
    ),
}
