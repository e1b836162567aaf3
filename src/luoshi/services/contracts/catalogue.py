"""What experts decide about contracts, read from `catalog/rules/contracts/`: groups, items, packages, fees, ends, signs and
goals. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import Literal

from pydantic import Field
from sqlglot import exp

from luoshi.catalog.loader import CATALOG, Entry, read_entry
from luoshi.indicators.expressions import columns_of, parse_expression
from luoshi.indicators.tables import PERSON_TABLES
from luoshi.kernel import lake_layout as layout
from luoshi.kernel.errors import CatalogError, NotFound, nearest
from luoshi.platform.consent.categories import Reviewed

FOLDER = CATALOG / "rules" / "contracts"
Confidence = Literal["high", "medium", "low"]


class Named(Entry):
    """Something with a name in two languages."""

    name: str
    name_en: str


class Effective(Entry):
    """From when until when rules hold; both days counted, an open end is null."""

    from_: date = Field(alias="from")
    until: date | None = None


class Group(Named):
    """A group of residents and how the records show it; without `months`, `program` and `conditions` a clerk notes it.
    `cohort`: membership in it is told only to those who may know who is in that cohort."""

    rank: int = Field(ge=0)
    months: tuple[int, int | None] | None = None
    program: str = ""
    conditions: tuple[str, ...] = ()
    indicators: tuple[str, ...] = ()
    cohort: str = ""

    @property
    def by_hand(self) -> bool:
        """Whether a clerk notes who belongs, because the records cannot tell."""
        return self.months is None and not self.program and not self.conditions


class Fact(Entry):
    """Rows of a table of the lake that show a service was given: those for which `where` holds."""

    table: str
    where: str

    @property
    def day(self) -> str:
        """The column of the table that holds the day."""
        return layout.DAY_COLUMN[self.table]


class Item(Named):
    """One service of a package: for whom, how often in a year of the contract, and by which facts."""

    groups: tuple[str, ...]
    times: Literal[1, 2, 3, 4, 6, 12]
    facts: tuple[str, ...]
    confidence: Confidence = "medium"

    @property
    def months(self) -> int:
        """How many months each window has."""
        return 12 // self.times


class Slot(Entry):
    """One window of an item for a group: `place` counts from 1; months since the contract's first day."""

    item: str
    grp: str
    label: str
    label_en: str
    place: int
    from_month: int
    to_month: int


class Items(Entry):
    """The whole of `items.yaml`."""

    effective: Effective
    source: str
    confidence: Confidence
    reviewed: Reviewed
    groups: dict[str, Group]
    facts: dict[str, Fact]
    items: dict[str, Item]
    base: tuple[str, ...]
    renewal_days: int = Field(gt=0)
    ahead_days: int = Field(gt=0)
    longest_months: int = Field(gt=0)

    def slots(self, names: tuple[str, ...] | None = None) -> Iterator[Slot]:
        """Every window of the items `names` (default: the base package) over the longest term, in order."""
        for name in self.base if names is None else names:
            item = self.items[name]
            for group in item.groups:
                for place in range(1, self.longest_months // item.months + 1):
                    yield Slot(item=name, grp=group, label=item.name, label_en=item.name_en, place=place,
                               from_month=(place - 1) * item.months, to_month=place * item.months)  # fmt: skip

    @property
    def priority(self) -> dict[str, Group]:
        """The priority groups, first the ones to be signed first."""
        return dict(sorted(((n, g) for n, g in self.groups.items() if g.rank), key=lambda pair: pair[1].rank))


class Package(Named):
    """A package: items beside those of the base one, and its fee in yuan for each person and year."""

    kind: Literal["base", "paid", "personal"]
    items: tuple[str, ...]
    fee: int = Field(ge=0)
    since: date
    until: date | None = None


class Packages(Entry):
    """The whole of `packages.yaml`."""

    source: str
    confidence: Confidence
    packages: dict[str, Package]


class Reason(Named):
    """Why a contract ends before its time, and what its record says afterwards."""

    status: Literal["completed", "revoked"]


class Ends(Entry):
    """The whole of `ends.yaml`."""

    source: str
    confidence: Confidence
    reasons: dict[str, Reason]


class Part(Named):
    """Who bears which share of a fee."""

    share: int = Field(gt=0)


class Fee(Entry):
    """The fee of a time: yuan a person and year, the share paid by delivery, and who bears it."""

    since: date
    until: date | None
    yuan: int = Field(gt=0)
    on_delivery: float = Field(ge=0, le=1)
    parts: dict[str, Part]


class Fees(Entry):
    """The whole of `fees.yaml`."""

    source: str
    confidence: Confidence
    fees: tuple[Fee, ...]

    def on(self, day: date) -> Fee:
        """The fee in force on a day. Raises `NotFound` before the first."""
        for fee in self.fees:
            if fee.since <= day and (fee.until is None or day <= fee.until):
                return fee
        raise NotFound(f"no fee is declared for {day}.", where="catalog/rules/contracts/fees.yaml")


class Sign(Named):
    """One kind of sign and its thresholds; those a kind does not use are left out of the file."""

    at_least: int = Field(ge=1)
    minutes: int = 0
    from_hour: int = 0
    to_hour: int = 0
    days: int = 0
    p: float = 1.0


class Signs(Entry):
    """The whole of `signs.yaml`."""

    source: str
    confidence: Confidence
    burst: Sign
    day: Sign
    night: Sign
    phone: Sign
    gone: Sign
    unserved: Sign

    def kind(self, name: str) -> Sign:
        """The thresholds of one kind of sign."""
        found: Sign = getattr(self, name)
        return found


class Goal(Entry):
    """An indicator is to reach `least` percent by a day."""

    indicator: str
    least: float
    by: date


class Goals(Entry):
    """The whole of `goals.yaml`: what the nation promises."""

    source: str
    confidence: Confidence
    since: date
    points_a_year: tuple[float, float]
    goals: tuple[Goal, ...]

    def of(self, indicator: str, day: date) -> Goal | None:
        """The goal of an indicator that stands on a day."""
        return next((g for g in self.goals if g.indicator == indicator and self.since <= day <= g.by), None)


KINDS = ("burst", "day", "night", "phone", "gone", "unserved")


@cache
def items() -> Items:
    """`items.yaml`, checked: every name it uses is declared, every fact is a condition over columns of its table.

    Raises `CatalogError`.
    """
    path = FOLDER / "items.yaml"
    found = read_entry(path, Items)
    for name, fact in found.facts.items():
        where = f"{path}: facts.{name}"
        if fact.table not in PERSON_TABLES or fact.table not in layout.DAY_COLUMN:
            raise CatalogError(f"unknown table {fact.table!r}.", where=where, todo=nearest(fact.table, PERSON_TABLES))
        parse_expression(fact.where, PERSON_TABLES[fact.table], where=where)
    for name, item in found.items.items():
        for kind, used, known in (("group", item.groups, found.groups), ("fact", item.facts, found.facts)):
            for one in used:
                if one not in known:
                    raise CatalogError(
                        f"unknown {kind} {one!r}.", where=f"{path}: items.{name}", todo=nearest(one, known)
                    )
    for name in found.base:
        if name not in found.items:
            raise CatalogError(f"unknown item {name!r}.", where=f"{path}: base", todo=nearest(name, found.items))
    return found


@cache
def packages() -> Packages:
    """`packages.yaml`, checked against the items. Raises `CatalogError`."""
    path = FOLDER / "packages.yaml"
    found = read_entry(path, Packages)
    for name, package in found.packages.items():
        for one in package.items:
            if one not in items().items:
                raise CatalogError(f"unknown item {one!r}.", where=f"{path}: {name}", todo=nearest(one, items().items))
    return found


@cache
def ends() -> Ends:
    """`ends.yaml`."""
    return read_entry(FOLDER / "ends.yaml", Ends)


@cache
def fees() -> Fees:
    """`fees.yaml`."""
    return read_entry(FOLDER / "fees.yaml", Fees)


@cache
def signs() -> Signs:
    """`signs.yaml`."""
    return read_entry(FOLDER / "signs.yaml", Signs)


@cache
def goals() -> Goals:
    """`goals.yaml`."""
    return read_entry(FOLDER / "goals.yaml", Goals)


@cache
def condition(fact: Fact) -> str:
    """The condition of a fact as DuckDB SQL, every column quoted."""
    tree: exp.Expression = parse_expression(fact.where, PERSON_TABLES[fact.table], where="items.yaml")
    sql: str = tree.sql(dialect="duckdb", identify=True)
    return sql


@cache
def columns(fact: Fact) -> frozenset[str]:
    """The columns the condition of a fact reads."""
    return columns_of(parse_expression(fact.where, PERSON_TABLES[fact.table], where="items.yaml"))
