"""`luoshi contract`: the clock of contracts, signs, imports, and the windows of the base package."""

from __future__ import annotations

import csv
import getpass
import io
from pathlib import Path

import click

from luoshi.cli.main import django_setup


def _by() -> str:
    return f"cli:{getpass.getuser()}"


@click.group()
def group() -> None:
    """Family-doctor contracts: what time moves, signs, imports."""


@group.command()
def tick() -> None:
    """Let contracts that ran out expire, complete or lapse. For a daily timer; safe to run at any time."""
    django_setup()
    from luoshi.services.contracts import actions

    moved = actions.tick(by=_by())
    click.echo(f"{moved['expire']:,} ran out, {moved['finish']:,} completed, {moved['lapse']:,} lapsed")


@group.command()
def look() -> None:
    """Look for signs of contracts made at the desk, in the whole region."""
    django_setup()
    from luoshi.services.contracts import looking

    for kind, count in looking.look(by=_by()).items():
        click.echo(f"{kind:<10}{count:>6,}")


@group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--by", required=True, help="The account that answers for the file, within its scope.")
def import_(file: Path, by: str) -> None:
    """Take in contracts from a CSV or Excel file; lines that are wrong are listed with the reason."""
    django_setup()
    from luoshi.platform.access.queries import user_named
    from luoshi.platform.access.scope import Scope
    from luoshi.services.contracts import importing

    user = user_named(by)
    told = importing.read(file, by=user, scope=Scope.of(user))
    for wrong in told.wrong:
        click.echo(f"line {wrong.line}: {wrong.reason}", err=True)
    click.echo(f"{told.made:,} taken in, {told.known:,} known already, {len(told.wrong):,} lines not taken in")


@group.command()
@click.option("--write", is_flag=True, help="Put them where the board reads them.")
def slots(write: bool) -> None:
    """The windows of the base package as the board reads them, made from catalog/rules/contracts/items.yaml."""
    django_setup()
    from luoshi.catalog.loader import CATALOG
    from luoshi.services.contracts.catalogue import Slot, items

    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(Slot.model_fields)
    lines.writerows(list(slot.model_dump().values()) for slot in items().slots())
    if write:
        path = CATALOG / "cohorts" / "schedules" / "contract_slot.csv"
        path.write_text(out.getvalue(), "utf-8")
        click.echo(f"{len(out.getvalue().splitlines()) - 1} windows written")
    else:
        click.echo(out.getvalue(), nl=False)
