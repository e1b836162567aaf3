"""`luoshi plan ledger` and `ledger-import`: the 任务台账 of a loaded plan, out and back in."""

from __future__ import annotations

from pathlib import Path

import click

from luoshi.cli.main import django_setup
from luoshi.cli.plan_load import own_plan

WRITTEN = (".xlsx", ".docx")


@click.command("ledger")
@click.argument("plan", type=int)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The .xlsx or .docx to write.")
def ledger(plan: int, out: Path) -> None:
    """Write the ledger of PLAN (its number): tasks, targets, units, deadlines, bindings."""
    django_setup()
    from luoshi.kernel.errors import InvalidValue
    from luoshi.platform.access.scope import Scope
    from luoshi.services.plan_desk import ledger as ledgers

    if out.suffix.lower() not in WRITTEN:
        raise InvalidValue(f"Only {' and '.join(WRITTEN)} are written.", where=str(out))
    row = own_plan(plan, Scope.system())
    out.write_bytes(ledgers.workbook(row) if out.suffix.lower() == ".xlsx" else ledgers.document(row))
    click.echo(f"{out}: {len(ledgers.lines(row))} rows")


@click.command("ledger-import")
@click.argument("plan", type=int)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--by", required=True, metavar="USER", help="The account that corrects.")
def ledger_import(plan: int, file: Path, by: str) -> None:
    """Apply the changes in an edited ledger to PLAN, all or none; the account needs `plan.edit` over its division."""
    django_setup()
    from luoshi.kernel.errors import Refused, UnreadableFile
    from luoshi.platform.access import queries
    from luoshi.platform.access.scope import Scope
    from luoshi.services.plan_desk import ledger_import as importing

    user = queries.user_named(by)
    scope = Scope.of(user)
    scope.require("plan.edit")
    row = own_plan(plan, scope)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UnreadableFile(f"cannot be read ({error.strerror or error}).", where=str(file)) from error
    try:
        done = importing.apply(plan=row, sheet=importing.read(content, file.name), by=user)
    except importing.LedgerRefused as error:
        for words in error.rows:
            click.echo(words, err=True)
        raise Refused(error.message, where=str(file)) from None
    click.echo(done.words)
