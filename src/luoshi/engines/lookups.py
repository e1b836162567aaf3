"""What a folded SELECT looks up in calendars: for its conditions, and for answers that it shows."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot import exp

from luoshi.engines.calendars import CHANGES, FIRST, IN, TURNS, Calendar, condition_of_a_day

MOST_SHOWN = 8  # answers; rows that show more are cut so often that little is gained
RUN = "__run"  # the alias of TURNS


class CannotFold(Exception):
    """A query is not known to be the same when it is folded."""


@dataclass
class Made:
    """What is made for one query: `whole`, the bits of all its periods; the calendars it joins; how many names it gave."""

    whole: int
    calendars: dict[str, Calendar] = field(default_factory=dict)
    names: int = 0

    def name(self, kind: str) -> str:
        """A name nobody has."""
        self.names += 1
        return f"__{kind}{self.names}"


@dataclass
class Lookups:
    """The calendars one SELECT joins: `early` those its first table needs, while rows are few, `late` the rest; the aliases of
    those whose answer is shown."""

    made: Made
    first: str
    early: list[exp.Join] = field(default_factory=list)
    late: list[exp.Join] = field(default_factory=list)
    changes: dict[str, str] = field(default_factory=dict)

    def held(self, asked: exp.Expression) -> exp.Expression:
        """The periods in which a row holds a condition of the tree."""
        none, part = None, asked
        if isinstance(asked, exp.Or):
            sides = [side.unnest() for side in asked.flatten()]
            none = next((s for s in sides if isinstance(s, exp.Is) and isinstance(s.expression, exp.Null)), None)
            if none is not None:
                part = exp.or_(*(side for side in sides if side is not none))
        found = condition_of_a_day(part)
        if found is None or (none is not None and none.this != found[0]):
            raise CannotFold
        day, calendar = found
        alias = self._join(day, calendar, left=none is not None)
        column = exp.column(IN, table=alias)
        if none is None:
            return column
        return exp.func("COALESCE", column, exp.Literal.number(self.made.whole))

    def shown(self, expression: exp.Expression) -> exp.Expression:
        """What a SELECT shows, with the answers of calendars for its conditions of days."""
        if not expression.find(exp.Placeholder):
            return expression

        def answer(node: exp.Expression) -> exp.Expression:
            found = condition_of_a_day(node) if node.find(exp.Placeholder) else None
            if found is None:
                return node
            day, calendar = found
            key = f"{calendar.name} {day.sql()}"
            if key not in self.changes:
                self.changes[key] = self._join(day, calendar, left=True)
            bits = exp.BitwiseRightShift(
                this=exp.column(IN, table=self.changes[key]), expression=exp.column(FIRST, table=RUN)
            )
            bit = exp.BitwiseAnd(this=exp.paren(bits), expression=exp.Literal.number(1))
            return exp.paren(exp.EQ(this=exp.paren(bit), expression=exp.Literal.number(1)))

        made: exp.Expression = expression.transform(answer)
        if made.find(exp.Placeholder):
            raise CannotFold
        return made

    def cut(self) -> bool:
        """Cut rows where an answer changes that is shown; whether any is."""
        if len(self.changes) > MOST_SHOWN:
            raise CannotFold
        if not self.changes:
            return False
        changes: exp.Expression = exp.Literal.number(0)
        for alias in self.changes.values():
            own = exp.func("COALESCE", exp.column(CHANGES, table=alias), exp.Literal.number(0))
            changes = exp.BitwiseOr(this=changes, expression=own)
        on = exp.EQ(this=exp.column(CHANGES, table=RUN), expression=exp.paren(changes))
        known = {join.this.alias for join in self.early}
        place = self.early if known.issuperset(self.changes.values()) else self.late
        place.append(exp.Join(this=exp.to_table(TURNS).as_(RUN), on=on))
        return True

    def _join(self, day: exp.Expression, calendar: Calendar, *, left: bool) -> str:
        alone = {column.table for column in day.find_all(exp.Column)} == {self.first}
        joins = self.early if alone else self.late
        self.made.calendars[calendar.name] = calendar
        alias = self.made.name("days")
        on: exp.Expression = exp.EQ(this=exp.column("day", table=alias), expression=calendar.within(day))
        if not left:
            on = exp.and_(on, exp.NEQ(this=exp.column(IN, table=alias), expression=exp.Literal.number(0)))
        table = exp.to_table(calendar.name).as_(alias)
        joins.append(exp.Join(this=table, side="LEFT", on=on) if left else exp.Join(this=table, on=on))
        return alias
