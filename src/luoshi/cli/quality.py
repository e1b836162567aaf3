"""`luoshi quality`: are the records right, in time, and real?"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from luoshi.kernel.errors import NotFound, nearest

_LAKE = click.option(
    "--lake", type=click.Path(path_type=Path), help="Folder of the lake; that of the settings if absent."
)
_FORMAT = click.option(
    "--format", "format_", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True
)
_DAY = click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="Only what was received on this day.")


@click.group()
def group() -> None:
    """Are the records right, in time, and real?"""


def _setup(lake: Path | None) -> Path:
    from luoshi.cli.main import django_setup
    from luoshi.platform.lake.files import default_lake

    django_setup()
    return lake or default_lake()


def _print(rows: Sequence[dict[str, Any]], columns: Iterable[str], format_: str) -> None:
    names = list(columns)
    if format_ == "json":
        for row in rows:
            click.echo(json.dumps({name: row[name] for name in names}, ensure_ascii=False, default=str))
        return
    if format_ == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([row[name] for name in names] for row in rows)
        return
    click.echo("\t".join(names))
    for row in rows:
        click.echo("\t".join("" if row[name] is None else str(row[name]) for name in names))


@group.command("run")
@_LAKE
@click.option("--whole", is_flag=True, help="Look at everything again, also what has not changed.")
def run(lake: Path | None, whole: bool) -> None:
    """Run all checks over what changed in the lake since the last run."""
    folder = _setup(lake)
    from luoshi.platform.lake.files import default_lake
    from luoshi.services.quality import actions, running

    # Scores and rows given back are kept for the lake of this installation only.
    ran = (
        actions.run(by="system", whole=whole)
        if folder.resolve() == default_lake().resolve()
        else running.run(folder, whole=whole)
    )
    click.echo(
        f"{ran.checks} checks, {ran.rows:,} rows asked, {ran.failing:,} failing; "
        f"{ran.looked_at} of {ran.buckets} buckets read in {ran.seconds:.1f} s"
    )


@group.command("show")
@_LAKE
@click.option("--source", default=None, help="Only this source, check by check.")
@_DAY
@_FORMAT
def show(lake: Path | None, source: str | None, day: datetime | None, format_: str) -> None:
    """Print the scores of every source and day, or the scorecard of one source."""
    folder = _setup(lake)
    from luoshi.services.quality import carrying, results, rules

    every = results.cells(folder, results.Sight(None, None), source=source, received=day.date() if day else None)
    cards = rules.cards(every)
    if source is None:
        rows = [
            {"source": c.source, "received": c.received, "rows": c.rows, "failing": c.failing,
             "score": None if c.score is None else round(c.score, 2)}
            for c in cards
        ]  # fmt: skip
        _print(rows, ("source", "received", "rows", "failing", "score"), format_)
        return
    if not cards:
        known = {row[0] for row in results.cells(folder, results.Sight(None, None))}
        raise NotFound(f"Nothing was received from {source!r} then.", todo=nearest(source, known))
    card = rules.together(cards, source)
    _print(carrying.card_rows(card), ("check", "severity", "rows", "failing", "passed"), format_)
    if format_ == "table" and card.score is not None and card.grade is not None:
        click.echo(f"score {card.score:.2f} ({card.grade.name_en})")


@group.command("failing")
@_LAKE
@click.argument("check", required=False)
@click.option("--source", default=None, help="Only of this source.")
@_DAY
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1_000_000))
@_FORMAT
def failing(
    lake: Path | None, check: str | None, source: str | None, day: datetime | None, limit: int, format_: str
) -> None:
    """Print failing rows (of one CHECK): which record, whose number, why."""
    folder = _setup(lake)
    from luoshi.services.quality import results
    from luoshi.services.quality.checks import library, words

    if check is not None:
        library().check(check)
    rows, total = results.failing(
        folder, results.Sight(None, None), source=source, received=day.date() if day else None, check=check, limit=limit
    )
    known = library().checks
    listed = [
        {"check": r.check, "source": r.source, "received": r.received, "id": r.id, "person": r.person,
         "institution": r.institution, "day": r.day, "reason": words(known[r.check].say, r.said)}
        for r in rows
    ]  # fmt: skip
    _print(listed, ("check", "source", "received", "id", "person", "institution", "day", "reason"), format_)
    if format_ == "table" and total > len(rows):
        click.echo(f"… {total - len(rows):,} more; give --limit")


@group.command("checks")
@_FORMAT
def checks(format_: str) -> None:
    """Print the library of checks."""
    from luoshi.services.quality.checks import library

    rows = [
        {"check": c.id, "kind": c.kind, "table": c.table, "severity": c.severity, "confidence": c.confidence,
         "name": c.name_en}
        for c in library().checks.values()
    ]  # fmt: skip
    _print(rows, ("check", "kind", "table", "severity", "confidence", "name"), format_)


@group.command("authenticity")
@_LAKE
@click.option("--keep", is_flag=True, help="Keep the findings for the desk.")
@_FORMAT
def authenticity(lake: Path | None, keep: bool, format_: str) -> None:
    """Look for statistical signs of records made at the desk. Each is a question to ask, not a verdict."""
    folder = _setup(lake)
    from luoshi.services.quality import judging, signs

    examined = judging.look(by="system", lake=folder) if keep else signs.examine(folder)
    rows = [
        {"method": s.method, "unit": s.unit, "trials": int(s.trials), "observed": round(s.observed, 1),
         "expected": round(s.expected, 1), "effect": round(s.effect, 3), "p": f"{s.p_value:.2g}",
         "q": f"{s.q_value:.2g}"}
        for s in examined.shown
    ]  # fmt: skip
    _print(rows, ("method", "unit", "trials", "observed", "expected", "effect", "p", "q"), format_)
    if format_ == "table":
        click.echo(f"{len(examined.shown)} signs; {len(examined.signs):,} tests of {examined.units:,} units")
