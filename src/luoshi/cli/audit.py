"""`luoshi audit`: the record of who did and saw what."""

from __future__ import annotations

import json
from pathlib import Path

import click

from luoshi.cli.main import django_setup


@click.group()
def group() -> None:
    """The record of who did and saw what."""


@group.command()
@click.option(
    "--seals",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A file of seals made earlier by `luoshi audit seal`; each sealed row must still be there.",
)
def verify(seals: Path | None) -> None:
    """Check the whole chain. Exit status 1, and each break in words, when it was tampered with."""
    django_setup()
    from luoshi.platform.audit import trail
    from luoshi.platform.audit.models import Entry

    broken = 0
    for found in trail.verify():
        click.echo(f"row {found.number}: {found.reason}")
        broken += 1
    for line in seals.read_text("ascii").splitlines() if seals else ():
        lost = trail.verify_seal(line) if line.strip() else None
        if lost:
            click.echo(f"row {lost.number}: {lost.reason}")
            broken += 1
    count = Entry.objects.count()
    if broken:
        click.echo(f"The audit trail is broken in {broken} places ({count:,} rows).")
        raise SystemExit(1)
    click.echo(f"The audit trail is whole: {count:,} rows.")


@group.command()
def seal() -> None:
    """Print the head of the chain as one signed line, to be kept elsewhere (`luoshi audit seal >> seals.txt`)."""
    django_setup()
    from luoshi.platform.audit import trail

    click.echo(trail.seal())


@group.command("list")
@click.option("--by", default="", help="Only what this account did.")
@click.option("--action", default="", help="Only this action; a word before the dot means all below it (`plan`).")
@click.option("--object", "object_", default="", metavar="TYPE:ID", help="Only about this object (`person:17`).")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100_000), help="The newest so many.")
@click.option("--format", "format_", type=click.Choice(["table", "json"]), default="table", show_default=True)
def list_(by: str, action: str, object_: str, limit: int, format_: str) -> None:
    """Print rows, newest first."""
    django_setup()
    from django.utils.timezone import localtime

    from luoshi.platform.audit import trail

    for row in trail.entries(by=by, action=action, object_=object_)[:limit]:
        at = localtime(row.at).isoformat(sep=" ", timespec="seconds")
        if format_ == "json":
            data = {"number": row.number, "at": at, "by": row.by, "action": row.action, "object": row.object_type,
                    "id": row.object_id, "division": row.scope_division, "detail": row.detail}  # fmt: skip
            click.echo(json.dumps(data, ensure_ascii=False))
        else:
            detail = json.dumps(row.detail, ensure_ascii=False) if row.detail else ""
            click.echo(f"{row.number}\t{at}\t{row.by}\t{row.action}\t{row.object_type}:{row.object_id}\t{detail}")
