"""`luoshi lake`: the columnar copy of the records."""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path

import click

from luoshi.kernel.clock import now
from luoshi.kernel.lake_layout import DEFAULT_BUCKET_SIZE, LAYOUT_VERSION, TABLES, Manifest

_LAKE = click.option(
    "--lake", type=click.Path(path_type=Path), help="Folder of the lake; that of the settings if absent."
)


@click.group()
def group() -> None:
    """The columnar copy of the records."""


def _folder(lake: Path | None) -> Path:
    from luoshi.cli.main import django_setup
    from luoshi.platform.lake.files import default_lake

    django_setup()
    return lake or default_lake()


class _Progress:
    """Resources read so far by table, on one line of the terminal."""

    def __init__(self) -> None:
        self.read: Counter[str] = Counter()
        self.live = sys.stderr.isatty()

    def __call__(self, table: str, resources: int) -> None:
        self.read[table] += resources
        if self.live:
            click.echo(f"\r{table}: {self.read[table]:,} read\x1b[K", nl=False, err=True)

    def done(self) -> None:
        if self.live:
            click.echo("\r\x1b[K", nl=False, err=True)


def _size(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not re.fullmatch(r"\d+(\.\d+)?\s*[KMGT]i?B", value, re.IGNORECASE):
        raise click.BadParameter(f"{value!r} is no size; write 512MB or 2GB.")
    return value


def _print(manifest: Manifest) -> None:
    click.echo(f"built {manifest.built_at.isoformat(timespec='seconds')}, {len(manifest.buckets)} buckets "
               f"of {manifest.bucket_size:,} persons, layout {LAYOUT_VERSION}")  # fmt: skip
    for table in TABLES:
        until = manifest.data_until.get(table)
        click.echo(f"{table:14}{manifest.rows.get(table, 0):>14,}{f'   until {until}' if until else ''}")
    for name, note in manifest.notes.items():
        click.echo(f"{name}: {note}")


@group.command("build")
@_LAKE
@click.option("--bucket-size", default=DEFAULT_BUCKET_SIZE, show_default=True, help="Persons in one bucket.")
@click.option(
    "--memory", default="1GB", show_default=True, callback=_size, help="What DuckDB may use before it goes to disk."
)
@click.option("--update", "only_changes", is_flag=True, help="Only what changed since the last time.")
def build(lake: Path | None, bucket_size: int, memory: str, only_changes: bool) -> None:
    """Make the lake from the store."""
    folder = _folder(lake)
    from luoshi.platform.lake import build as builder
    from luoshi.platform.lake.source import StoreSource

    progress = _Progress()
    source = StoreSource()
    if only_changes:
        report = builder.update(source, folder, at=now(), memory=memory, progress=progress)
    else:
        report = builder.build(source, folder, at=now(), bucket_size=bucket_size, memory=memory, progress=progress)
    progress.done()
    _print(report.manifest)


@group.command("refresh")
@_LAKE
@click.option("--months", default=12, show_default=True, help="Month ends of the trend.")
@click.option("--whole", is_flag=True, help="Read the whole lake, also where only some persons changed.")
def refresh(lake: Path | None, months: int, whole: bool) -> None:
    """Evaluate every indicator over the lake and put the results in use; only what changed, where that is enough."""
    folder = _folder(lake)
    from luoshi.platform.lake.refresh import refresh as evaluate

    made = evaluate(folder, trend_months=months, whole=whole, progress=click.echo)
    click.echo(f"{made.indicators} indicators, {made.periods} periods, data until {made.data_until}")


@group.command("status")
@_LAKE
def status(lake: Path | None) -> None:
    """What the lake holds and until when."""
    folder = _folder(lake)
    from luoshi.platform.lake.files import read_manifest

    manifest = read_manifest(folder)
    if manifest is None:
        click.echo(f"There is no lake at {folder} yet. Make it with `luoshi lake build`.")
        return
    _print(manifest)


@group.command("watch")
@_LAKE
@click.option("--every", default=2.0, show_default=True, help="Seconds between two looks at the store.")
def watch(lake: Path | None, every: float) -> None:
    """Keep the lake and the results fresh until stopped: match who came in, take in what changed, measure again."""
    folder = _folder(lake)
    from luoshi.platform.identity.arrivals import settle
    from luoshi.platform.lake.source import StoreSource
    from luoshi.platform.lake.watch import watch as keep

    for report in keep(StoreSource(), folder, clock=now, every=every, before=settle):
        at = report.manifest.built_at.isoformat(timespec="seconds")
        click.echo(f"{at} {len(report.buckets)} buckets{', registers' if report.registers_changed else ''}")
