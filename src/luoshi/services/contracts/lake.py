"""What the lake knows of the residents of an institution: who they are, which groups they belong to, which contracts other
sources sent, and which facts fulfil what is due. No models here.

One `Reading` is one DuckDB connection over some residents of one lake; everything is asked as it stands on a day.
"""

# ruff: noqa: S608 (SQL is what this module makes, from the catalogue's checked conditions and names of its own)
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from luoshi.engines import LakeDirectory
from luoshi.engines.rendered import literal, quoted
from luoshi.kernel import lake_layout as layout
from luoshi.services.contracts import catalogue
from luoshi.services.contracts.rules import Window

OURS = "luoshi-contracts"
NOT_BEGUN = "'entered-in-error', 'cancelled', 'planned'"


@dataclass(frozen=True)
class Resident:
    """A resident as the lake has them: alive, active and born on the day asked for."""

    person: int
    birth_date: date | None
    sex: str
    division: str
    institution: str
    phone: int | None


@dataclass(frozen=True)
class Other:
    """A contract that another source sent, as believed now."""

    id: str
    person: int
    institution: str
    start: date
    end: date | None
    status: str
    signed_day: date | None
    source: str

    @property
    def key(self) -> str:
        """What tells it from contracts made here."""
        return f"other:{self.id}"

    def holds(self, day: date) -> bool:
        """Whether it is in force on a day, as the board counts it."""
        return self.status in ("active", "completed") and self.start <= day and (self.end is None or day <= self.end)


@dataclass(frozen=True)
class Held:
    """A contract to ask for: key, whose, its days, and the items of its packages."""

    key: str
    person: int
    start: date
    last: date | None
    items: tuple[str, ...]


class Reading:
    """Some residents of a lake on a day: those that `institutions` serve, or those of `persons`, or everybody."""

    def __init__(
        self,
        lake: Path,
        *,
        on: date,
        institutions: Sequence[str] = (),
        persons: Iterable[int] | None = None,
        threads: int = 2,
    ) -> None:
        self.on = on
        self.con = duckdb.connect(config={"memory_limit": "1GB", "threads": threads})
        self.directory = LakeDirectory.open(lake)
        self._views: set[str] = set()
        self._view("person")
        if persons is not None:
            listed = pa.table({"person": pa.array(sorted(set(persons)), pa.int64())})
            self.con.register("given", listed)
            self.con.execute("CREATE TEMP TABLE mine AS SELECT person FROM given")
            self.con.unregister("given")
        else:
            where = f"institution IN ({_listed(institutions)})" if institutions else "person IS NOT NULL"
            self.con.execute(f"CREATE TEMP TABLE mine AS SELECT DISTINCT person FROM person WHERE {where}")
        edges = self.con.execute("SELECT min(person), max(person) FROM mine").fetchone() or (None, None)
        low, high = edges
        # Rows lie in order of person, so the edges let DuckDB skip most of every file.
        self._near = "false" if low is None else f"person BETWEEN {low} AND {high}"
        self.con.execute(
            f"""CREATE TEMP TABLE resident AS
            SELECT person, any_value(birth_date) AS birth_date, any_value(sex) AS sex,
                   any_value(division) AS division, any_value(institution) AS institution, any_value(phone) AS phone
            FROM person SEMI JOIN mine USING (person)
            WHERE {self._near} AND active IS NOT FALSE AND birth_date <= {literal(on)}
              AND (death_date IS NULL OR death_date > {literal(on)})
            GROUP BY person"""
        )

    def close(self) -> None:
        """Forget everything."""
        self.con.close()

    def __enter__(self) -> Reading:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def residents(self) -> list[Resident]:
        """The residents, in order of person."""
        rows = self.con.execute(
            "SELECT person, birth_date, sex, division, institution, phone FROM resident ORDER BY person"
        ).fetchall()
        return [Resident(p, b, s or "", d or "", i or "", n) for p, b, s, d, i, n in rows]

    def others(self) -> list[Other]:
        """Contracts of other sources with these residents, newest first."""
        self._view("contract")
        rows = self.con.execute(
            f"""SELECT id, person, coalesce(institution, ''), start_day, end_day, status, signed_day, source
            FROM contract SEMI JOIN mine USING (person)
            WHERE {self._near} AND source <> {quoted(OURS)} AND start_day IS NOT NULL ORDER BY start_day DESC, id"""
        ).fetchall()
        return [Other(*row) for row in rows]

    def others_of(self, institutions: Sequence[str]) -> list[Other]:
        """Contracts of other sources that institutions hold, whoever serves the resident now, newest first."""
        self._view("contract")
        rows = self.con.execute(
            f"""SELECT id, person, institution, start_day, end_day, status, signed_day, source FROM contract
            WHERE institution IN ({_listed(institutions)}) AND source <> {quoted(OURS)} AND person IS NOT NULL
              AND start_day IS NOT NULL ORDER BY start_day DESC, id"""
        ).fetchall()
        return [Other(*row) for row in rows]

    def groups(self) -> dict[int, list[str]]:
        """The priority groups of each resident on the day, first the ones to be signed first; those the records cannot
        tell are left out."""
        self._members()
        rows = self.con.execute(
            f"""SELECT DISTINCT person, grp FROM member SEMI JOIN resident USING (person)
            WHERE from_day <= {literal(self.on)} AND (to_day IS NULL OR to_day >= {literal(self.on)})"""
        ).fetchall()
        order = {name: group.rank for name, group in catalogue.items().priority.items()}
        found: dict[int, list[str]] = {}
        for person, group in rows:
            if group in order:
                found.setdefault(person, []).append(group)
        for names in found.values():
            names.sort(key=order.__getitem__)
        return found

    def windows(
        self, contracts: Sequence[Held], *, since: date | None = None, until: date | None = None
    ) -> list[Window]:
        """Every window of these contracts that ends on or after `since` (default: all) and begins by `until` (default:
        the day), with its first fact, in order.

        Only windows that lie wholly within contract and membership in a group of the item (of an open window: up to the
        day). One asked for by several groups comes once.
        """
        if not contracts:
            return []
        kits = {items: n for n, items in enumerate(dict.fromkeys(h.items for h in contracts))}
        items = tuple(dict.fromkeys(item for kit in kits for item in kit))
        self._members()
        self._facts(items)
        held = [(h.key, h.person, h.start, h.last, kits[h.items]) for h in contracts]
        kit_of = {item: [n for kit, n in kits.items() if item in kit] for item in items}
        slots = [
            (n, s.item, s.grp, s.place, s.from_month, s.to_month)
            for s in catalogue.items().slots(items)
            for n in kit_of[s.item]
        ]
        self._given("held", held, contract=pa.string(), person=pa.int64(), start_day=pa.date32(), last_day=pa.date32(),
                    kit=pa.int32())  # fmt: skip
        self._given("slot", slots, kit=pa.int32(), item=pa.string(), grp=pa.string(), place=pa.int32(),
                    from_month=pa.int32(), to_month=pa.int32())  # fmt: skip
        wanted = f"last >= {literal(since)}" if since else "true"
        found = self.con.execute(
            f"""WITH cut AS (
                SELECT h.contract, h.person, s.item, h.last_day, s.grp, s.place,
                    CAST(h.start_day + to_months(s.from_month) AS DATE) AS first,
                    CAST(h.start_day + to_months(s.to_month) AS DATE) - 1 AS last
                FROM held h JOIN slot s USING (kit)),
            due AS (
                SELECT DISTINCT contract, person, item, place, first, last FROM cut c JOIN member m USING (person, grp)
                WHERE first <= {literal(until or self.on)} AND {wanted} AND (last_day IS NULL OR last <= last_day)
                  AND m.from_day <= first
                  AND (m.to_day IS NULL OR m.to_day >= least(last, greatest(first, {literal(self.on)}))))
            SELECT due.contract, due.person, due.item, due.place, due.first, due.last, min(fact.day)
            FROM due LEFT JOIN fact ON fact.person = due.person AND fact.item = due.item
                AND fact.day BETWEEN due.first AND due.last AND fact.day <= {literal(self.on)}
            GROUP BY ALL ORDER BY due.contract, due.first, due.item"""
        ).fetchall()
        self.con.unregister("held")
        self.con.unregister("slot")
        return [Window(*row) for row in found]

    def _given(self, name: str, rows: Sequence[Sequence[Any]], **kinds: pa.DataType) -> None:
        """Rows from Python under a name."""
        columns = [pa.array(column, kind) for column, kind in zip(zip(*rows, strict=True), kinds.values(), strict=True)]
        self.con.register(name, pa.table(columns, names=list(kinds)))

    def _members(self) -> None:
        """From when to when who belongs to which group, as a table."""
        if "member" in self._views:
            return
        self._views.add("member")
        self._view("episode")
        self._view("condition")
        parts = []
        for name, group in catalogue.items().groups.items():
            if group.months is not None:
                start, below = group.months
                end = "NULL" if below is None else f"CAST(birth_date + to_months({below}) AS DATE) - 1"
                parts.append(
                    f"SELECT person, {quoted(name)} AS grp, CAST(birth_date + to_months({start}) AS DATE) AS from_day, "
                    f"CAST({end} AS DATE) AS to_day FROM resident"
                )
            elif group.program:
                parts.append(
                    f"SELECT person, {quoted(name)} AS grp, start_day AS from_day, end_day AS to_day "
                    f"FROM episode SEMI JOIN mine USING (person) "
                    f"WHERE {self._near} AND program = {quoted(group.program)} AND status NOT IN ({NOT_BEGUN})"
                )
            elif group.conditions:
                begins = " OR ".join(f"starts_with(code, {quoted(code)})" for code in group.conditions)
                parts.append(
                    f"SELECT person, {quoted(name)} AS grp, min(day) AS from_day, NULL AS to_day "
                    f"FROM condition SEMI JOIN mine USING (person) WHERE {self._near} AND ({begins}) "
                    "AND coalesce(clinical_status, 'active') = 'active' GROUP BY person"
                )
        self.con.execute(f"CREATE TEMP TABLE member AS {' UNION ALL '.join(parts)}")

    def _facts(self, items: Iterable[str]) -> None:
        """The days of all facts of these items, as a table. Each table of the lake is read once, however many items."""
        known = catalogue.items()
        of: dict[str, list[tuple[str, str]]] = {}
        columns: dict[str, set[str]] = {}
        for item in sorted(items):
            for name in known.items[item].facts:
                fact = known.facts[name]
                of.setdefault(fact.table, []).append((item, catalogue.condition(fact)))
                columns.setdefault(fact.table, {"person", fact.day}).update(catalogue.columns(fact))
        parts = []
        for table, facts in of.items():
            self._view(table)
            names = ", ".join(f'"{column}"' for column in sorted(columns[table]))
            either = " OR ".join(f"({where})" for where in dict.fromkeys(where for _item, where in facts))
            self.con.execute(
                f"""CREATE OR REPLACE TEMP TABLE near_{table} AS
                SELECT {names} FROM {table} SEMI JOIN mine USING (person) WHERE {self._near} AND ({either})"""
            )
            day = layout.DAY_COLUMN[table]
            parts += [
                f'SELECT person, {quoted(item)} AS item, CAST("{day}" AS DATE) AS day FROM near_{table} WHERE {where}'
                for item, where in facts
            ]
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE fact AS {' UNION ALL '.join(parts)}")

    def _view(self, table: str) -> None:
        """The believed rows of a table of the lake under its name."""
        if table in self._views:
            return
        self._views.add(table)
        self.versions(table, f"{table}_versions")
        self.con.execute(f'CREATE TEMP VIEW "{table}" AS SELECT * FROM "{table}_versions" WHERE known_to IS NULL')

    def versions(self, table: str, name: str) -> None:
        """All rows of a table of the lake under a name, those no longer believed too."""
        files = [f for chunk in self.directory.chunks for f in self.directory.files(table, chunk)]
        empty = ", ".join(f'CAST(NULL AS {kind}) AS "{n}"' for n, kind in layout.columns(table).items())
        source = f"(SELECT {empty} LIMIT 0)"
        if files:
            listed = ", ".join(map(quoted, files))
            source = f"read_parquet([{listed}], hive_partitioning = false, union_by_name = true)"
        self.con.execute(f'CREATE TEMP VIEW "{name}" AS SELECT * FROM {source}')

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows of a statement over the tables named in it, all of which must have been opened by `open`."""
        rows: list[tuple[Any, ...]] = self.con.execute(statement).fetchall()
        return rows

    def open(self, *tables: str) -> None:
        """Make the believed rows of some tables readable for `sql`."""
        for table in tables:
            self._view(table)


def _listed(codes: Sequence[str]) -> str:
    return ", ".join(map(quoted, codes))
