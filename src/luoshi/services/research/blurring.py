"""Making the export: blur, count who shares what, leave out or refuse, replace persons by pseudonyms. No models here."""

# ruff: noqa: S608 (SQL is what this module makes, from declared columns and quoted values)
from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from luoshi.engines import LakeDirectory
from luoshi.engines.rendered import literal, quoted
from luoshi.indicators.suppression import Measure, Sum, withheld
from luoshi.kernel import lake_layout as layout
from luoshi.kernel.errors import InvalidValue
from luoshi.services.research.rules import Leaving, check_choice, coarser, deidentification


@dataclass(frozen=True)
class Wanted:
    """What a project asks for: a table, its columns each with a step ("" where it has none), a period (both days
    counted), and the division whose residents it is about."""

    table: str
    columns: Mapping[str, str]
    start: date
    end: date
    division: str
    k: int


@dataclass(frozen=True)
class Checked:
    """How anonymous a choice is. `rows_below`/`persons_below`: in combinations shared by fewer than k residents;
    `smallest`: the fewest residents sharing one; `coarser`: column → rows still below k were it one step coarser;
    `poor`: sensitive column → combinations with fewer than l values."""

    rows: int
    persons: int
    combinations: int
    smallest: int
    rows_below: int
    persons_below: int
    coarser: Mapping[str, int]
    poor: Mapping[str, int]
    k: int

    @property
    def share_below(self) -> float:
        """Share of rows in too small combinations."""
        return self.rows_below / self.rows if self.rows else 0.0

    @property
    def allowed(self) -> bool:
        """Whether it may be exported: leaving out the small combinations costs no more than declared."""
        return self.rows > 0 and self.share_below <= deidentification().left_out_at_most


class Blurred:
    """One choice over one lake: a DuckDB table `blurred` of person, the chosen columns and nothing else."""

    def __init__(self, lake: Path, wanted: Wanted, *, on: date, memory: str = "1GB") -> None:
        check_choice(wanted.table, wanted.columns)
        if wanted.k < deidentification().k:
            raise InvalidValue(f"k is at least {deidentification().k}.")
        self.wanted, self.on = wanted, on
        self.con = duckdb.connect(config={"memory_limit": memory, "threads": 2})
        directory = LakeDirectory.open(lake)
        self._view(directory, "person")
        if wanted.table != "person":
            self._view(directory, wanted.table)
        for register in ("division", "institution"):
            path = layout.table_path(lake, register)
            columns = ", ".join(f'CAST(NULL AS {kind}) AS "{n}"' for n, kind in layout.REGISTERS[register].items())
            source = f"read_parquet({quoted(str(path))})" if path.exists() else f"(SELECT {columns} LIMIT 0)"
            self.con.execute(
                f"CREATE TEMP TABLE {register} AS SELECT * FROM {source} "
                "QUALIFY row_number() OVER (PARTITION BY code ORDER BY valid_from DESC NULLS LAST) = 1"
            )
        self._blur("blurred", wanted.columns)

    def close(self) -> None:
        """Forget everything."""
        self.con.close()

    def _view(self, directory: LakeDirectory, table: str) -> None:
        files = [f for chunk in directory.chunks for f in directory.files(table, chunk)]
        columns = ", ".join(f'CAST(NULL AS {kind}) AS "{n}"' for n, kind in layout.columns(table).items())
        listed = ", ".join(map(quoted, files))
        source = f"(SELECT {columns} LIMIT 0)"
        if files:
            source = f"read_parquet([{listed}], hive_partitioning = false, union_by_name = true)"
        self.con.execute(f'CREATE TEMP VIEW "lake_{table}" AS SELECT * FROM {source} WHERE known_to IS NULL')

    def _blur(self, name: str, columns: Mapping[str, str]) -> None:
        wanted = self.wanted
        known = deidentification().columns(wanted.table)
        cells = ", ".join(f'{self._cell(known[c], step)} AS "{c}"' for c, step in columns.items())
        day = deidentification().tables[wanted.table].day
        inside = (
            f"{quoted(wanted.division)} IN (home.l1, home.l2, home.l3, home.l4, home.l5)" if wanted.division else "true"
        )
        # A table of people is about everyone of the division; what happened is about its day.
        within = (
            "true" if wanted.table == "person"
            else f'CAST(r."{day}" AS DATE) BETWEEN {literal(wanted.start)} AND {literal(wanted.end)}'
        )  # fmt: skip
        rows = (
            "lake_person p"
            if wanted.table == "person"
            else f"lake_{wanted.table} r JOIN lake_person p ON p.person = r.person"
        )
        institution = "NULL" if wanted.table == "person" else "r.institution"
        if "institution" not in layout.columns(wanted.table):
            institution = "NULL"
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT p.person, {cells} FROM {rows} "
            f"LEFT JOIN division home ON home.code = p.division LEFT JOIN institution served ON served.code = {institution} "
            f"WHERE {inside} AND {within}"
        )

    def _cell(self, leaving: Leaving, step: str) -> str:
        of = "p" if leaving.of == "person" or self.wanted.table == "person" else "r"
        column = f'{of}."{leaving.column}"'
        age = f"date_sub('year', {column}, {literal(self.on)})"
        match step or leaving.as_:
            case "all":
                return "'*'"
            case "year":
                return f"CAST(year({column}) AS VARCHAR)"
            case "quarter":
                return f"year({column}) || 'Q' || quarter({column})"
            case "month":
                return f"strftime({column}, '%Y-%m')"
            case "five-years" | "ten-years":
                width = 5 if step == "five-years" else 10
                low = f"least(greatest({age}, 0) // {width} * {width}, 90)"
                return (
                    f"CASE WHEN {column} IS NULL THEN NULL WHEN {age} >= 90 THEN '90+' "
                    f"ELSE {low} || '-' || ({low} + {width - 1}) END"
                )
            case "broad-ages":
                return (
                    f"CASE WHEN {column} IS NULL THEN NULL WHEN {age} < 15 THEN '0-14' WHEN {age} < 45 THEN '15-44' "
                    f"WHEN {age} < 65 THEN '45-64' ELSE '65+' END"
                )
            case "township" | "county" | "city":
                level = {"township": "l4", "county": "l3", "city": "l2"}[step]
                return f"home.{level}"
            case "institution-type":
                return "served.type"
            case "icd-3":
                return f"substr({column}, 1, 3)"
        return column

    def _quasi(self, columns: Mapping[str, str] | None = None) -> list[str]:
        known = deidentification().columns(self.wanted.table)
        return [f'"{name}"' for name in (columns or self.wanted.columns) if known[name].role == "quasi"]

    def check(self) -> Checked:
        """Count who shares what."""
        found = self._below("blurred", self.wanted.columns)
        easier = {}
        if found["rows_below"]:
            for name, columns in coarser(self.wanted.table, self.wanted.columns).items():
                self._blur("coarser", columns)
                easier[name] = int(self._below("coarser", columns)["rows_below"])
        known = deidentification().columns(self.wanted.table)
        by = ", ".join(self._quasi()) or "1"
        poor = {}
        for name in self.wanted.columns:
            if known[name].role == "sensitive":
                few = self._one(
                    f'SELECT count(*) FROM (SELECT count(DISTINCT "{name}") AS n FROM (SELECT *, 1 AS whole FROM blurred) '
                    f"GROUP BY {by if by != '1' else 'whole'} HAVING n < {deidentification().l})"
                )
                poor[name] = int(few)
        return Checked(**found, coarser=easier, poor=poor, k=self.wanted.k)

    def _below(self, table: str, columns: Mapping[str, str]) -> dict[str, int]:
        by = self._quasi(columns)
        groups = f"SELECT count(*) AS n, count(DISTINCT person) AS people FROM {table}"
        if by:
            groups += f" GROUP BY {', '.join(by)}"
        small = f"FILTER (WHERE people < {self.wanted.k})"
        row = self.con.execute(
            "SELECT coalesce(sum(n), 0)::BIGINT, count(*) FILTER (WHERE n > 0), coalesce(min(people) FILTER (WHERE n > 0), 0), "
            f"coalesce(sum(n) {small}, 0)::BIGINT, coalesce(sum(people) {small}, 0)::BIGINT FROM ({groups})"
        ).fetchall()[0]
        persons = self._one(f"SELECT count(DISTINCT person) FROM {table}")
        return {
            "rows": int(row[0]), "combinations": int(row[1]), "smallest": int(row[2]), "rows_below": int(row[3]),
            "persons_below": int(row[4]), "persons": int(persons),
        }  # fmt: skip

    def _one(self, sql: str) -> Any:
        return self.con.execute(sql).fetchall()[0][0]

    def table(self, key: bytes, *, package: str) -> pa.Table:
        """The rows that may leave: `person` a pseudonym of this project, the order a random-looking one of this package,
        so that the place in the file tells nothing and a copy tells its package."""
        by = self._quasi()
        partition = f"PARTITION BY {', '.join(by)}" if by else ""
        persons = [row[0] for row in self.con.execute("SELECT DISTINCT person FROM blurred ORDER BY 1").fetchall()]
        names = pa.table({"person": pa.array(persons, pa.int64()), "alias": [pseudonym(key, p) for p in persons]})
        self.con.register("names", names)
        chosen = ", ".join(f'b."{name}"' for name in self.wanted.columns)
        # DuckDB has no count(DISTINCT) over a window: dense ranks in both directions count the distinct.
        counted = (
            f"SELECT *, dense_rank() OVER ({partition} ORDER BY person) "
            f"+ dense_rank() OVER ({partition} ORDER BY person DESC) - 1 AS sharing FROM blurred"
        )
        inside = ", ".join(f'"{name}"' for name in self.wanted.columns)
        mark = quoted(hmac.new(key, package.encode(), hashlib.sha256).hexdigest())
        return self.con.sql(
            f"SELECT n.alias AS person, {chosen} FROM (SELECT *, row_number() OVER (PARTITION BY person ORDER BY {inside}) AS nth "
            f"FROM ({counted})) b JOIN names n USING (person) WHERE sharing >= {self.wanted.k} "
            f"ORDER BY md5({mark} || n.alias || nth)"
        ).to_arrow_table()  # fmt: skip

    def aggregate(self, rows: str, columns: str) -> list[tuple[str, str, int | None]]:
        """Residents counted by two of the chosen columns with margins ("*"): (row, column, count), None where a count is
        withheld because it is small or would give a small one away. Raises `InvalidValue` for columns not chosen."""
        for name in (rows, columns):
            if name not in self.wanted.columns:
                raise InvalidValue(f"The column {name!r} was not chosen.", todo=nearest_of(name, self.wanted.columns))
        counts = {
            (str(a), str(b)): int(n)
            for a, b, n in self.con.execute(
                f"SELECT coalesce(CAST(\"{rows}\" AS VARCHAR), '?'), coalesce(CAST(\"{columns}\" AS VARCHAR), '?'), "
                "count(DISTINCT person) FROM blurred GROUP BY 1, 2"
            ).fetchall()
        }
        left = sorted({a for a, _ in counts})
        top = sorted({b for _, b in counts})
        keys = [(a, b) for a in (*left, ALL) for b in (*top, ALL)]
        at = {key: n for n, key in enumerate(keys)}
        values = [
            sum(counts.get((x, y), 0) for x in (left if a == ALL else [a]) for y in (top if b == ALL else [b]))
            for a, b in keys
        ]
        sums = [Sum(at[a, ALL], tuple(at[a, b] for b in top)) for a in (*left, ALL)]
        sums += [Sum(at[ALL, b], tuple(at[a, b] for a in left)) for b in (*top, ALL)]
        hidden = withheld([Measure(values, sums)], deidentification().cells_below) if counts else frozenset()
        return [(a, b, None if at[a, b] in hidden else values[at[a, b]]) for a, b in keys]


ALL = "*"


def nearest_of(name: str, known: Mapping[str, str]) -> str:
    """A hint naming the closest chosen column."""
    from luoshi.kernel.errors import nearest

    return nearest(name, known)


def pseudonym(key: bytes, person: int) -> str:
    """The name of a resident within one project: 16 hexadecimal digits of HMAC-SHA256 under the project's key."""
    return hmac.new(key, str(person).encode(), hashlib.sha256).hexdigest()[:16]
