"""`luoshi plan load`: a document into the store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from luoshi.cli.main import django_setup

if TYPE_CHECKING:
    from luoshi.platform.access.scope import Scope
    from luoshi.services.plan_desk.models import Plan


@click.command("load")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--region", default="", metavar="CODE", help="The division it was made for; by default the one it names.")
@click.option("--amends", type=int, metavar="PLAN", help="The number of the plan this is a revised text of.")
@click.option("--confirm", is_flag=True, help="Confirm every item at once, so that its targets reach the board.")
@click.option("--by", required=True, metavar="USER", help="The account that loads it.")
def load(file: Path, region: str, amends: int | None, confirm: bool, by: str) -> None:
    """Store the plan in FILE with all its items; the same file is stored once.

    With --amends what was corrected, confirmed and bound there is kept where the text is the same; the earlier plan
    leaves the board when this one is confirmed. The account's own grants decide: it needs `plan.edit` (and
    `plan.confirm` with --confirm) over the division.
    """
    django_setup()
    from luoshi.kernel.errors import UnreadableFile
    from luoshi.platform.access import queries
    from luoshi.platform.access.scope import Scope
    from luoshi.services.plan_desk import actions, amendment

    user = queries.user_named(by)
    scope = Scope.of(user)
    scope.require("plan.edit")
    if confirm:
        scope.require("plan.confirm")
    division, _ = queries.place(division=region)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UnreadableFile(f"cannot be read ({error.strerror or error}).", where=str(file)) from error
    earlier = own_plan(amends, scope) if amends else None
    loaded = actions.load(content=content, name=file.name, by=user, scope=scope, division=division, amends=earlier)
    plan = loaded.plan
    counts = f"{plan.tasks.count()} tasks, {plan.targets.count()} targets"
    click.echo(f"{plan.title}: {'loaded' if loaded.new else 'was loaded before'} for {plan.division}, {counts}.")
    if earlier and (found := amendment.difference(plan)):
        click.echo(f"Amends plan {earlier.pk}: {found.summary}")
    if confirm:
        accepted = actions.confirm_plan(plan=plan, by=user)
        click.echo(f"Confirmed {accepted} targets.")
    click.echo(f"Plan {plan.pk}: {plan.get_status_display()} · /plans/{plan.pk}/")


def own_plan(number: int, scope: Scope) -> Plan:
    """A plan inside the account's own subtree; raises `NotFound` for any other."""
    from django.http import Http404

    from luoshi.kernel.errors import NotFound
    from luoshi.services.plan_desk import queries

    try:
        return queries.own_plan_or_404(number, scope=scope)
    except Http404:
        raise NotFound(f"There is no plan {number} in your care.", todo="See /plans/ for those there are.") from None
