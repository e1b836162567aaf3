"""Which promises a check touches: the indicators that use the columns it speaks of, then what is bound to them."""

from __future__ import annotations

from functools import cache

from sqlglot import exp
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope as SqlScope
from sqlglot.optimizer.scope import build_scope

from luoshi.indicators import Catalogue, Indicator
from luoshi.indicators.cohort import FIXED
from luoshi.indicators.expressions import columns_of, parse_expression
from luoshi.indicators.tables import TABLES
from luoshi.platform.access.scope import Scope
from luoshi.services.plan_desk import public as plan_desk
from luoshi.services.plan_desk.public import BoundTarget
from luoshi.services.quality.checks import Check, library


@cache
def indicators_of(check_id: str) -> tuple[str, ...]:
    """Ids of the indicators whose value may be wrong where rows fail this check, in the catalogue's order.

    An indicator is touched when a column of its cohort that it uses is made of one of the check's columns and, where the
    check is about certain codes, one of them is compared with on the way.
    """
    check = library().check(check_id)
    return tuple(indicator.id for indicator in Catalogue.load().computed() if _touches(check, indicator))


def targets_of(check_ids: frozenset[str], *, scope: Scope) -> dict[str, list[BoundTarget]]:
    """Confirmed promises the viewer may see, by check: those bound to an indicator the check touches."""
    targets = [t for t in plan_desk.confirmed_targets(scope=scope) if t.binding_kind == "indicator"]
    found = {}
    for check_id in check_ids:
        ids = set(indicators_of(check_id))
        found[check_id] = [target for target in targets if target.indicator in ids]
    return found


def _touches(check: Check, indicator: Indicator) -> bool:
    touches, codes = set(check.touches), set(check.codes)
    return any(
        columns & touches and (not codes or words & codes) for columns, words in _sources_of_indicator(indicator.id)
    )


@cache
def _sources_of_indicator(name: str) -> frozenset[tuple[frozenset[str], frozenset[str]]]:
    """What each column of the cohort that the indicator uses is made of."""
    catalogue = Catalogue.load()
    indicator = catalogue.indicator(name)
    cohort = catalogue.cohort_of(indicator)
    parts = [indicator.population, indicator.numerator, indicator.denominator, indicator.weight]
    parts += [reason.when for reason in (*indicator.not_counted, *indicator.counted)]
    names = set(FIXED)
    for text in filter(None, parts):
        names |= columns_of(parse_expression(text, cohort.types, where=name))
    return frozenset(_sources_of(cohort.name, column) for column in names)


@cache
def _sources_of(cohort: str, column: str) -> tuple[frozenset[str], frozenset[str]]:
    """The lake columns (`table.column`) one column of a cohort is made of, and the words compared with on the way."""
    found: tuple[set[str], set[str]] = (set(), set())
    _follow(_read(cohort, False), column, found, set())
    return frozenset(found[0]), frozenset(found[1])


@cache
def _read(name: str, shared: bool) -> _Read:
    """The analysed query of a cohort or of what cohorts share."""
    catalogue = Catalogue.load()
    schema: dict[str, dict[str, str]] = {table: dict(columns) for table, columns in TABLES.items()}
    schema |= {name: dict(s.columns) for name, s in catalogue.schedules.items()}
    schema |= {name: dict.fromkeys(s.columns, "text") for name, s in catalogue.shared.items()}
    query = catalogue.shared[name].query if shared else catalogue.cohorts[name].query
    made = build_scope(qualify(query.copy(), schema=schema, dialect="duckdb"))
    assert made is not None
    return _Read(made)


Uses = tuple[frozenset[str], frozenset[tuple[str, str]]]


class _Read:
    """A query read once: what each output column and what the choice of rows is made of (words, columns used)."""

    def __init__(self, scope: SqlScope) -> None:
        self.parts = [_Read(part) for part in scope.set_operation_scopes or ()]
        query = scope.expression
        self.names: list[str] = query.named_selects
        self.sources: dict[str, _Read | str] = {}
        self.inner: list[_Read] = []
        self.columns: dict[str, Uses] = {}
        self.rows: Uses = (frozenset(), frozenset())
        if self.parts:
            return
        for alias, source in scope.sources.items():
            if isinstance(source, SqlScope):
                # A scope is read once for all who name it.
                made = getattr(source, "read_once", None)
                if made is None:
                    made = _Read(source)
                    source.read_once = made
                self.sources[alias] = made
            elif isinstance(source, exp.Table):
                self.sources[alias] = source.name
        self.inner = [_Read(inner) for inner in scope.subquery_scopes]
        self.columns = {select.alias_or_name: _uses([select]) for select in query.selects}
        deciding = [node for key in ("where", "having") if (node := query.args.get(key)) is not None]
        deciding += [join.args["on"] for join in query.args.get("joins") or () if join.args.get("on") is not None]
        self.rows = _uses(deciding)


def _uses(nodes: list[exp.Expression]) -> Uses:
    words = {literal.name for node in nodes for literal in node.find_all(exp.Literal) if literal.is_string}
    return frozenset(words), frozenset((c.table, c.name) for node in nodes for c in node.find_all(exp.Column))


def _follow(read: _Read, column: str, found: tuple[set[str], set[str]], seen: set[tuple[int, str]]) -> None:
    """Add what one output column of a query is made of: its expression, and what decides which rows there are."""
    if (id(read), column) in seen:
        return
    seen.add((id(read), column))
    for part in read.parts:
        _follow(part, part.names[read.names.index(column)], found, seen)
    if read.parts:
        return
    todo = [read.columns[column]] if column in read.columns else []
    if (id(read), "") not in seen:
        seen.add((id(read), ""))
        todo.append(read.rows)
        for inner in read.inner:
            for name in inner.names:
                _follow(inner, name, found, seen)
    shared = Catalogue.load().shared
    for words, used in todo:
        found[1].update(words)
        for alias, name in used:
            source = read.sources.get(alias)
            if isinstance(source, _Read):
                _follow(source, name, found, seen)
            elif source in shared:
                _follow(_read(str(source), True), name, found, seen)
            elif source is not None:
                found[0].add(f"{source}.{name}")
