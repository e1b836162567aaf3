"""`luoshi identity`: matching, reviews, joining and parting."""

from __future__ import annotations

import getpass
import json

import click

from luoshi.cli.main import django_setup


def _by() -> str:
    return f"cli:{getpass.getuser()}"


@click.group()
def group() -> None:
    """Who is who: matching, reviews, joining and parting."""


@group.command()
@click.option("--learn", is_flag=True, help="Learn the weights anew from the records first.")
def match(learn: bool) -> None:
    """Match every resident who came in since the last time."""
    django_setup()
    from luoshi.platform.identity import arrivals

    if learn:
        model = arrivals.learn(by=_by())
        click.echo(f"learned from {model.learned_from:,} records")
    settled = arrivals.settle(progress=lambda done: click.echo(f"\r{done:,}", nl=False, err=True))
    click.echo("", err=True)
    if settled.learned:
        click.echo("learned the weights from the records")
    click.echo(
        f"{settled.indexed:,} Patients read, {settled.compared:,} compared, {settled.joined:,} joined, "
        f"{settled.cases:,} for a human"
    )


@group.command()
@click.argument("mode", required=False, type=click.Choice(["auto", "review", "off"]))
def mode(mode: str | None) -> None:
    """Show, or set, what happens to pairs that are certain: auto (joined), review (asked), off (nothing is matched)."""
    django_setup()
    from luoshi.platform.identity import actions

    if mode:
        actions.set_mode(mode, by=_by())
    click.echo(actions.state().mode)


@group.command()
@click.option("--state", default="open", show_default=True, type=click.Choice(["open", "same", "different", "unsure"]))
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--format", "format_", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.option("--answer", type=click.Choice(["same", "different", "unsure", "undo"]), help="Answer the case of --id.")
@click.option("--id", "case_id", type=int, help="The case to answer.")
@click.option("--reason", default="", help="Why, kept with the answer.")
def review(state: str, limit: int, format_: str, answer: str | None, case_id: int | None, reason: str) -> None:
    """List what waits for a human, the riskiest first; or answer one."""
    django_setup()
    from luoshi.platform.access.scope import Scope
    from luoshi.platform.identity import actions, queries

    if (answer is None) != (case_id is None):
        raise click.UsageError("--answer and --id belong together")
    if case_id is not None and answer is not None:
        if answer == "undo":
            actions.take_back(case_id, by=_by(), reason=reason)
        else:
            actions.answer(case_id, answer=answer, by=_by(), reason=reason)
        click.echo(f"case {case_id}: {answer}")
        return
    for case in queries.cases(scope=Scope.system(), state=state)[:limit]:
        if format_ == "json":
            click.echo(json.dumps(queries.as_plain(case), ensure_ascii=False, default=str))
        else:
            click.echo(
                f"{case.pk}\t{case.left}\t{case.right}\t{case.band}\t{case.probability:.4f}\t{case.weight:+.1f}\t{case.risk:.1f}"
            )


@group.command()
@click.argument("keep", type=int)
@click.argument("other", type=int)
@click.option("--reason", required=True, help="Why the two are one.")
def merge(keep: int, other: int, reason: str) -> None:
    """From now on the person OTHER counts for KEEP."""
    django_setup()
    from luoshi.platform.identity import actions

    link = actions.merge(keep=keep, other=other, by=_by(), reason=reason)
    click.echo(f"{link.child} counts for {link.root}")


@group.command()
@click.argument("other", type=int)
@click.option("--reason", required=True, help="Why the two are not one.")
def unmerge(other: int, reason: str) -> None:
    """The person OTHER is on their own again, with everything that was or has become theirs."""
    django_setup()
    from luoshi.platform.identity import actions

    link = actions.unmerge(other=other, by=_by(), reason=reason)
    click.echo(f"{link.child} no longer counts for {link.parent}")
