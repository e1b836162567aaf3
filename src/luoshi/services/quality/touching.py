"""Which promises a check touches: the indicators whose cohorts read the columns it speaks of, then what is bound to them."""

from __future__ import annotations

from functools import cache

from sqlglot import exp
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import traverse_scope

from luoshi.indicators import Catalogue
from luoshi.indicators.cohort import Cohort
from luoshi.indicators.tables import TABLES
from luoshi.platform.access.scope import Scope
from luoshi.services.plan_desk import public as plan_desk
from luoshi.services.plan_desk.public import BoundTarget
from luoshi.services.quality.checks import Check, library


@cache
def indicators_of(check_id: str) -> tuple[str, ...]:
    """Ids of the indicators whose value may be wrong where rows fail this check, in the catalogue's order.

    A cohort is touched when it reads one of the check's columns and, where the check is about certain codes, names one
    of them.
    """
    check = library().check(check_id)
    catalogue = Catalogue.load()
    touched = {name for name, cohort in catalogue.cohorts.items() if _touches(check, catalogue, cohort)}
    return tuple(indicator.id for indicator in catalogue.computed() if indicator.cohort in touched)


def targets_of(check_ids: frozenset[str], *, scope: Scope) -> dict[str, list[BoundTarget]]:
    """Confirmed promises the viewer may see, by check: those bound to an indicator the check touches."""
    targets = [t for t in plan_desk.confirmed_targets(scope=scope) if t.binding_kind == "indicator"]
    found = {}
    for check_id in check_ids:
        ids = set(indicators_of(check_id))
        found[check_id] = [target for target in targets if target.indicator in ids]
    return found


def _touches(check: Check, catalogue: Catalogue, cohort: Cohort) -> bool:
    columns, words = _reads(catalogue, cohort.name)
    return bool(columns & set(check.touches)) and (not check.codes or bool(words & set(check.codes)))


@cache
def _read_by_name(folder: int, name: str) -> tuple[frozenset[str], frozenset[str]]:
    catalogue = Catalogue.load()
    cohort = catalogue.cohorts[name]
    columns: set[str] = set()
    words: set[str] = {code for codes in cohort.text.fed_by.values() for code in codes}
    todo: list[exp.Query] = [cohort.query]
    seen: set[str] = set()
    while todo:
        query = todo.pop()
        found, literals, others = _columns(query, catalogue)
        columns |= found
        words |= literals
        for other in others - seen:
            seen.add(other)
            todo.append(catalogue.shared[other].query)
    return frozenset(columns), frozenset(words)


def _reads(catalogue: Catalogue, name: str) -> tuple[frozenset[str], frozenset[str]]:
    """Columns (`table.column`) a cohort reads, itself and through what it shares, and the words it compares with."""
    return _read_by_name(id(catalogue), name)


def _columns(query: exp.Query, catalogue: Catalogue) -> tuple[set[str], set[str], set[str]]:
    """Columns, text literals and shared queries of one query."""
    schema: dict[str, dict[str, str]] = {table: dict(columns) for table, columns in TABLES.items()}
    schema |= {name: dict(s.columns) for name, s in catalogue.schedules.items()}
    schema |= {name: dict.fromkeys(s.columns, "text") for name, s in catalogue.shared.items()}
    tree = qualify(query.copy(), schema=schema, dialect="duckdb")
    columns: set[str] = set()
    for scope in traverse_scope(tree):
        for column in scope.columns:
            source = scope.sources.get(column.table)
            if isinstance(source, exp.Table):
                columns.add(f"{source.name}.{column.name}")
    shared = {table.name for table in tree.find_all(exp.Table)} & catalogue.shared.keys()
    words = {literal.name for literal in tree.find_all(exp.Literal) if literal.is_string}
    return columns, words, shared
