"""A query for one period made into one for several at once, with a row for as long as nothing of it changes.

Lifted (see `periods`), a query has a row for each subject and period. Of a resident little changes from month to month:
folded, a query has one row for all periods in which the subject is the same, and `__in` tells which, a bit for each. Tables
that are joined hold together in the periods they have in common. What is asked of a row and the days of the period is looked
up in a calendar; where the answer is shown, the row is cut where it changes. What cannot be folded is `None`, and is lifted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from luoshi.engines.calendars import IN, Calendar
from luoshi.engines.lookups import RUN, CannotFold, Lookups, Made
from luoshi.engines.periods import BIT, PERIOD, PERIODS, Lifted, depends, lift
from luoshi.engines.pruning import conditions, equal, keys
from luoshi.indicators import Cohort, Indicator
from luoshi.indicators.plan import GROUP, aggregate

Calendars = tuple[Calendar, ...]
_NEVER = ("group", "having", "qualify", "windows", "order", "limit", "offset", "laterals")


@dataclass(frozen=True)
class Sharing:
    """What is known of shared tables: which differ from period to period; the queries they are made with; which are kept."""

    lifted: Lifted
    queries: Mapping[str, exp.Query] = field(default_factory=dict)
    kept: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Folded:
    """A query with the column `__in`, and the calendars it looks things up in."""

    query: exp.Query
    calendars: Calendars


def fold(query: exp.Query, shared: Sharing, periods: int) -> Folded | None:
    """`query` for so many periods at once, those of `PERIODS`; None where that is not known to be the same."""
    work = Folding(shared, Made((1 << periods) - 1))
    try:
        tree = work.select(query.copy(), work.known)
    except CannotFold:
        return None
    return Folded(tree, tuple(work.made.calendars.values()))


def fold_sums(cohort: Cohort, indicators: Sequence[Indicator], shared: Sharing, periods: int) -> Folded | None:
    """The sums of a cohort by period, division and institution, its rows folded; None where they cannot be."""
    rows = fold(cohort.query, shared, periods)
    if rows is None:
        return None
    sums = aggregate(rows.query, indicators)
    sums.set("expressions", [exp.column(IN), *sums.expressions])
    sums.group_by(IN, copy=False)
    totals = [
        exp.alias_(exp.Cast(this=exp.func("SUM", exp.column(name)), to=exp.DataType.build("BIGINT")), name)
        for name in sums.named_selects
        if name not in (IN, *GROUP)
    ]
    places = [exp.column(PERIOD, table="p"), *(exp.column(name) for name in GROUP)]
    spread = exp.select(*places, *totals).from_(sums.subquery("folded")).group_by(*(place.copy() for place in places))
    spread.join(exp.to_table(PERIODS).as_("p"), on=_holds("folded", "p"), copy=False)
    return Folded(spread, rows.calendars)


@dataclass(frozen=True)
class _Known:
    """What a query may read: tables lifted, tables to choose from; queries of a WITH above it that are folded or lifted, as
    they were before."""

    lifted: Lifted
    folded: Mapping[str, exp.Query] = field(default_factory=dict)
    raised: Mapping[str, exp.Query] = field(default_factory=dict)

    def told(self, name: str, before: exp.Query | None, folded: bool = False) -> _Known:
        """The same once the CTE of that name is known; `before` is None where it is the same in all periods."""
        tables = self.lifted.tables - {name}
        chosen = {other: one for other, one in self.lifted.chosen.items() if other != name}
        one = {other: query for other, query in self.folded.items() if other != name}
        two = {other: query for other, query in self.raised.items() if other != name}
        if before is not None and folded:
            one[name] = before
        elif before is not None:
            tables, two[name] = tables | {name}, before
        return _Known(Lifted(tables, chosen), one, two)

    def depends(self, query: exp.Expression) -> bool:
        """Whether the rows of a query differ from period to period."""
        return depends(query, self.lifted.dated | self.folded.keys())


@dataclass
class Folding:
    """One query at work."""

    shared: Sharing
    made: Made

    @property
    def known(self) -> _Known:
        """What a query of the catalogue may read."""
        return _Known(self.shared.lifted)

    def select(self, tree: exp.Expression, known: _Known) -> exp.Select:
        """A SELECT with the column `IN` in front."""
        if not isinstance(tree, exp.Select) or tree.is_star or any(tree.args.get(name) for name in _NEVER):
            raise CannotFold
        source = tree.args.get("from_") or tree.args.get("from")
        joins: list[exp.Join] = list(tree.args.get("joins") or [])
        distinct = tree.args.get("distinct")
        if source is None or (distinct is not None and distinct.args.get("on")):
            raise CannotFold
        known = self._with(tree, known)
        if any(node.find(exp.Query, exp.AggFunc, exp.Window) for node in (*tree.expressions, *conditions(tree))):
            raise CannotFold
        name_the_table(tree)
        parts: list[exp.Expression] = []  # the periods that a row must have in common
        asked = conditions(tree)
        for place in (source, *joins):
            asked += self._source(tree, place, known, parts)
        lookups = Lookups(self.made, source.this.alias_or_name)
        rest = [one for one in asked if not one.find(exp.Placeholder)]
        parts += [lookups.held(one.unnest()) for one in asked if one.find(exp.Placeholder)]
        shown = [lookups.shown(e) for e in tree.expressions]
        if lookups.cut():
            parts.append(exp.column(IN, table=RUN))
        together: exp.Expression = exp.Literal.number(self.made.whole)
        for part in parts:
            together = exp.BitwiseAnd(this=together, expression=part)
        together = exp.paren(together)
        rest.append(exp.NEQ(this=together.copy(), expression=exp.Literal.number(0)))
        tree.set("joins", [*lookups.early, *joins, *lookups.late])
        tree.set("where", exp.Where(this=exp.and_(*rest)))
        tree.set("expressions", [exp.alias_(together, IN), *shown])
        return _distinct(tree) if distinct is not None else tree

    def _with(self, tree: exp.Select, known: _Known) -> _Known:
        with_ = tree.args.get("with_") or tree.args.get("with")
        if with_ is None:
            return known
        if with_.args.get("recursive"):
            raise CannotFold
        for cte in with_.expressions:
            before = None
            folded = False
            if known.depends(cte.this):
                before = cte.this.copy()
                made, folded = self._query(cte.this, known)
                cte.this.replace(made)
            known = known.told(cte.alias, before, folded)
        return known

    def _query(self, query: exp.Expression, known: _Known) -> tuple[exp.Query, bool]:
        """A query folded, or else lifted; whether it is folded."""
        calendars = dict(self.made.calendars)
        try:
            return self.select(query.copy(), known), True
        except CannotFold:
            self.made.calendars = calendars
        if any(table.name in known.folded for table in query.find_all(exp.Table)):
            raise CannotFold
        made = lift(query, known.lifted) if isinstance(query, exp.Query) else None
        if made is None:
            raise CannotFold
        return made, False

    def _source(
        self, tree: exp.Select, place: exp.Expression, known: _Known, parts: list[exp.Expression]
    ) -> list[exp.Expression]:
        """Have the tree read the folded rows of a source; what must hold of them beside what the tree asks itself."""
        source, left = place.this, False
        if isinstance(place, exp.Join):
            on, left = place.args.get("on"), place.side == "LEFT"
            if place.side not in ("", "LEFT") or place.args.get("using") or place.kind in ("SEMI", "ANTI", "NATURAL"):
                raise CannotFold
            if on is not None and on.find(exp.Placeholder, exp.Query):
                raise CannotFold
        alias, name = source.alias_or_name, source.name if isinstance(source, exp.Table) else ""
        if isinstance(source, exp.Subquery):
            if not known.depends(source.this):
                return []
            before, (rows, folded) = source.this, self._query(source.this, known)
        elif not isinstance(source, exp.Table):
            raise CannotFold
        elif name in known.lifted.chosen:
            if left:
                raise CannotFold
            return known.lifted.chosen[name].conditions(alias)
        elif name in known.folded or name in known.raised:
            before, folded = {**known.folded, **known.raised}[name], name in known.folded
            rows = exp.select("*").from_(exp.to_table(name))
        elif name in known.lifted.tables:
            # What is not kept is made where it is read: folded, if that can be.
            before, rows, folded = self.shared.queries[name], exp.select("*").from_(exp.to_table(name)), False
            if name not in self.shared.kept:
                made = self._query(before, self.known)
                rows, folded = made if made[1] else (rows, False)
        else:
            return []
        holds = exp.column(IN, table=alias)
        # A person of whom a table that is joined tells nothing is without it in all periods.
        parts.append(exp.func("COALESCE", holds, exp.Literal.number(self.made.whole)) if left else holds)
        if not folded or left:
            self._keep(tree, place, rows, before, folded)
        elif isinstance(source, exp.Subquery) or name not in known.folded:
            source.replace(rows.subquery(alias))
        return []

    def _keep(self, tree: exp.Select, place: exp.Expression, rows: exp.Select, before: exp.Query, folded: bool) -> None:
        """Read a source with one row for all periods in which it is the same. Of a LEFT JOIN there is a row of nothing for
        all other periods: some row is found for each."""
        alias, tied = place.this.alias_or_name, place.args.get("on") if isinstance(place, exp.Join) else None
        unique = keys(before)
        held: list[exp.Expression] = []
        by: dict[str, str] = {}
        on: list[exp.Expression] = []
        for one in [] if tied is None else list(tied.flatten()) if isinstance(tied, exp.And) else [tied]:
            pair = next((p for p in equal(one) if _is_of(p[0], alias) and not _reads(p[1], alias)), None)
            if pair is None:
                raise CannotFold
            mine, other = pair
            if isinstance(other, exp.Literal):
                held.append(exp.EQ(this=exp.column(mine.name), expression=other.copy()))
            else:
                column = exp.column(by.setdefault(mine.name, f"__by{len(by)}"), table=alias)
                on.append(exp.EQ(this=column, expression=other.copy()))
        fixed = {one.this.name for one in held} | by.keys()
        left = isinstance(place, exp.Join) and place.side == "LEFT"
        if unique is None or (left and not unique <= fixed):
            raise CannotFold
        inside = {id(column) for column in (tied.find_all(exp.Column) if tied is not None else ())}
        used = {c.name for c in _own_columns(tree) if c.table == alias and id(c) not in inside} - {IN}
        if not left:
            used |= unique
        names = [*(exp.alias_(exp.column(name), key) for name, key in by.items()), *map(exp.column, sorted(used))]
        if folded:
            made = exp.select(*names, exp.column(IN)).from_(rows.subquery("rows"))
        else:
            same = exp.EQ(this=exp.column(PERIOD, table="p"), expression=exp.column(PERIOD, table="rows"))
            made = exp.select(*names, exp.alias_(_together(exp.column(BIT, table="p")), IN)).from_(
                rows.subquery("rows")
            )
            made = made.join(exp.to_table(PERIODS).as_("p"), on=same).group_by(*map(exp.column, sorted({*by, *used})))
        if held:
            made.where(*held, copy=False)
        name = self.made.name("kept")
        tree.with_(name, as_=made, copy=False)
        if not left:
            place.this.replace(exp.to_table(name).as_(alias))
        else:
            others = exp.BitwiseXor(this=exp.Literal.number(self.made.whole), expression=_together(exp.column(IN)))
            none = [exp.alias_(exp.Null(), column) for column in sorted(used)]
            rest = exp.select(*by.values(), *none, exp.alias_(others, IN)).from_(name)
            some = exp.NEQ(this=exp.paren(others.copy()), expression=exp.Literal.number(0))
            rest = rest.group_by(*by.values()).having(some)
            every = exp.select("*").from_(name).union(rest, distinct=False)
            place.this.replace(every.subquery(alias))
        if tied is not None:
            place.set("on", exp.and_(*on) if on else exp.true())


def name_the_table(tree: exp.Select) -> None:
    """Have every column that a SELECT names itself say of which table it is, which where there are several it must already.
    Those of the queries it reads are left."""
    source, joins = tree.args.get("from_") or tree.args.get("from"), tree.args.get("joins") or []
    for column in _own_columns(tree):
        if not column.table:
            if joins:
                raise CannotFold
            column.set("table", exp.to_identifier(source.this.alias_or_name))


def _own_columns(tree: exp.Select) -> list[exp.Column]:
    source, joins = tree.args.get("from_") or tree.args.get("from"), tree.args.get("joins") or []
    inside = [tree.args.get("with_") or tree.args.get("with"), source.this, *(join.this for join in joins)]
    within = {id(column) for part in inside if part is not None for column in part.find_all(exp.Column)}
    return [column for column in tree.find_all(exp.Column) if id(column) not in within]


def _distinct(tree: exp.Select) -> exp.Select:
    """Rows that are the same made one, which holds in the periods of all."""
    tree.set("distinct", None)
    columns = [exp.column(name) for name in tree.named_selects if name != IN]
    bits = exp.alias_(_together(exp.column(IN)), IN)
    return exp.select(bits, *columns).from_(tree.subquery("rows")).group_by(*(column.copy() for column in columns))


def _together(bits: exp.Expression) -> exp.Expression:
    return exp.Anonymous(this="BIT_OR", expressions=[bits])


def _holds(rows: str, periods: str) -> exp.Expression:
    both = exp.BitwiseAnd(this=exp.column(IN, table=rows), expression=exp.column(BIT, table=periods))
    return exp.NEQ(this=exp.paren(both), expression=exp.Literal.number(0))


def _is_of(node: exp.Expression, alias: str) -> bool:
    return isinstance(node, exp.Column) and node.table == alias


def _reads(node: exp.Expression, alias: str) -> bool:
    return any(column.table == alias for column in node.find_all(exp.Column))
