"""`luoshi duty`: what was given to whom, and where it stands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from luoshi.platform.access.models import User
    from luoshi.platform.access.scope import Scope

_AS = click.option("--as", "username", default="", help="Account to act as; the system itself if absent.")


@click.group()
def group() -> None:
    """What was given to whom, and where it stands."""


def _who(username: str) -> tuple[User | str, Scope]:
    from luoshi.cli.main import django_setup

    django_setup()
    from luoshi.platform.access.queries import user_named
    from luoshi.platform.access.scope import Scope

    if not username:
        return "system", Scope.system()
    user = user_named(username)
    return user, Scope.of(user)


@group.command("list")
@_AS
@click.option("--division", default="", help="Only duties of this division and below it.")
@click.option("--state", default="open", show_default=True, help="A state, `open`, or `all`.")
@click.option(
    "--due", type=click.Choice(["overdue", "soon", "receipt"]), help="Overdue, due soon, or not acknowledged in time."
)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@click.option("--format", "format_", type=click.Choice(["table", "json"]), default="table", show_default=True)
def list_(username: str, division: str, state: str, due: str | None, limit: int, format_: str) -> None:
    """List duties, the earliest due first, each with its computed light."""
    _by, scope = _who(username)
    from django.http import Http404

    from luoshi.kernel import clock
    from luoshi.kernel.errors import NotFound
    from luoshi.platform.regions import queries as regions
    from luoshi.supervision.duties import figures, queries

    found = queries.duties(scope=scope)
    if division:
        try:
            path = regions.division_or_404(division, scope=scope).path
        except Http404:
            raise NotFound(f"There is no division {division}.", todo="`luoshi region list` prints them.") from None
        found = found.filter(division_path__startswith=path)
    filters = {"state": "" if state == "all" else state, "due": due or ""}
    rows = list(queries.narrowed(found, filters, on=clock.today()).order_by("due", "pk")[:limit])
    seen = figures.of_duties(rows, scope=scope)
    if format_ == "table":
        click.echo("number\tdue\tstate\tlight\tvalue\tgoal\tunit\ttitle")
    for duty in rows:
        figure = seen[duty.pk]
        row = {
            "number": duty.pk, "due": str(duty.due or ""), "state": duty.state, "light": figure.light,
            "value": " ".join(filter(None, (figure.value_text, figure.fraction_text))), "goal": figure.goal_text,
            "unit": duty.unit_name, "title": duty.title,
        }  # fmt: skip
        if format_ == "json":
            click.echo(json.dumps(row, ensure_ascii=False))
        else:
            click.echo("\t".join(str(value) for value in row.values()))


@group.command("issue")
@click.argument("plan", type=int)
@_AS
@click.option("--task", "tasks", type=int, multiple=True, help="Number of a task; all if absent. May be repeated.")
@click.option("--inherited/--no-inherited", default=True, help="Also to units named for a whole section.")
@click.option("--dry-run", is_flag=True, help="Only say what would be issued.")
def issue(plan: int, username: str, tasks: tuple[int, ...], inherited: bool, dry_run: bool) -> None:
    """Issue the duties of a confirmed PLAN to the units it names."""
    by, scope = _who(username)
    from django.http import Http404

    from luoshi.kernel.errors import NotFound
    from luoshi.supervision.duties import actions, proposing

    try:
        found = proposing.proposed(plan, scope=scope)
    except Http404:
        raise NotFound(f"There is no confirmed plan {plan}.", todo="`luoshi plan list` prints them.") from None
    if dry_run:
        for p in found.proposed:
            if p.issued or (tasks and p.task not in tasks) or (p.inherited and not inherited):
                continue
            click.echo(f"{p.task}\t{'lead' if p.lead else 'support'}\t{p.body.kind}\t{p.body.name}\t{p.title}")
        return
    made = actions.issue(plan=plan, tasks=tasks or None, inherited=inherited, by=by, scope=scope)
    click.echo(f"{len(made)} duties issued.")


@group.command("turn")
def turn() -> None:
    """One turn of the clock: end lights set by hand, close what is due and kept, tell of what is overdue.

    Run it from a timer, every hour or so; what an outage kept from happening happens at the next turn, once.
    """
    _who("")
    from luoshi.supervision.duties import clockwork

    done = clockwork.turn()
    click.echo(
        f"{done.expired} lights ended, {done.settled} duties closed, {done.receipts} late receipts and "
        f"{done.overdue} passed days told, {done.drafts} drafts removed."
    )
