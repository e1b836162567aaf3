"""Tables into the store by a declared mapping, in sets of rows; each row whole or refused with its reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import orjson
from django.db import transaction

from luoshi.kernel.errors import NotFound
from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.platform.sources.models import Mapping
from luoshi.platform.sources.receiving import Unreadable, receive
from luoshi.platform.store.models import Source
from luoshi.platform.store.preparing import prepare
from luoshi.platform.store.rules import Rules, rules_of
from luoshi.platform.store.work import Counts
from luoshi.records.mapping import RowError, TableMapping, parse_mapping, translate
from luoshi.records.translating import Translated

SET = 200  # rows committed together
_TOLD = 200  # mistakes told one by one; all are kept


@dataclass(slots=True)
class Report:
    """What became of a table. `rows`: with something in them; `mistakes`: (line, reasons in words), the first ones;
    `refused`: rows that were not taken; `counts`: resources, by what became of them (none in a dry run)."""

    rows: int = 0
    refused: int = 0
    quarantined: bool = False
    counts: Counts = field(default_factory=Counts)
    mistakes: list[tuple[int, str]] = field(default_factory=list)

    def tell(self, line: int, text: str) -> None:
        """A row that was not taken."""
        self.refused += 1
        if len(self.mistakes) < _TOLD:
            self.mistakes.append((line, text))


def load(
    data: bytes,
    name: str,
    mapping: TableMapping,
    *,
    source: Source,
    by: str,
    dry_run: bool = False,
    progress: Callable[[int], object] = lambda rows: None,
) -> Report:
    """Read a table into the store for a source, `SET` rows to a transaction; the same table again changes nothing.

    `dry_run` checks every row by the rules of the source and keeps nothing. Raises `UnreadableFile` for what is no
    table of this mapping (nothing is kept), `Refused` for a source that was switched off.
    """
    rules, report = rules_of(source), Report()
    for set_ in _sets(translate(data, name, mapping)):
        report.rows += len(set_)
        good: list[tuple[int, Translated]] = []
        bad: list[Unreadable] = []
        for item in set_:
            if isinstance(item, RowError):
                report.tell(item.line, item.text)
                row = orjson.dumps({"table": mapping.name, "line": item.line, "cells": item.cells})
                bad.append(Unreadable(row, item.text, f"{mapping.name} line {item.line}", item.line, "value"))
            else:
                wrong = _wrong(item[1], rules)
                if wrong:
                    report.tell(item[0], wrong)
                good.append(item)
        if not dry_run:
            receipt = receive((made for _, made in good), source=source, by=by, unreadable=bad)
            report.quarantined = report.quarantined or receipt.quarantined
            report.counts.add(Counts(**receipt.counts))
        progress(report.rows)
    return report


def _wrong(made: Translated, rules: Rules) -> str:
    """Why the rules of the source refuse a row, or ""."""
    prepared = prepare(orjson.dumps(made.bundle), 1, True, rules.profile, rules.mode)
    return "; ".join(
        f"{i['path'].partition('.resource.')[2] or i['path']}: {i['text']}" for r in prepared.refused for i in r.issues
    )


def _sets(
    items: Iterator[tuple[int, Translated] | RowError],
) -> Iterator[list[tuple[int, Translated] | RowError]]:
    part: list[tuple[int, Translated] | RowError] = []
    for item in items:
        part.append(item)
        if len(part) == SET:
            yield part
            part = []
    if part:
        yield part


def keep_mapping(*, source: Source, text: str, by: User | str) -> TableMapping:
    """Keep a mapping of a source under its own name, in place of the one before. Raises `CatalogError`."""
    mapping = parse_mapping(text)
    with transaction.atomic():
        Mapping.objects.update_or_create(source=source, name=mapping.name, defaults={"text": text})
        audit.record(
            by=by,
            action="source.mapping",
            object_type="source",
            object_id=source.name,
            scope_division=source.division,
            detail={"mapping": mapping.name},
        )
    return mapping


def kept_mapping(source: Source, name: str) -> TableMapping:
    """A mapping that was kept. Raises `NotFound`."""
    text = Mapping.objects.filter(source=source, name=name).values_list("text", flat=True).first()
    if text is None:
        raise NotFound(f"{source.name} has no mapping {name[:50]!r}.", todo="Declare it: `luoshi source mapping`.")
    return parse_mapping(text)
