"""`luoshi alert`: send messages now, and see ahead what the ladder will do. The worker sends by itself; everything else that
happens by the clock: `luoshi server clock --turn`."""

from __future__ import annotations

from datetime import date, datetime

import click

from luoshi.cli.main import django_setup


@click.group()
def group() -> None:
    """Tell people what happened, now; the worker does so by itself, and nothing is told twice."""


@group.command()
def send() -> None:
    """Send what is urgent and what failed before."""
    django_setup()
    _send(with_digest=False)


@group.command()
def digest() -> None:
    """Write the digest of the day for everyone who has something unread, and send it. Once a reader and day."""
    django_setup()
    _send(with_digest=True)


@group.command()
@click.option("--by", "until", type=click.DateTime(["%Y-%m-%d"]), help="Up to and with this day (default: today).")
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
def ladder(until: datetime | None, dry_run: bool) -> None:
    """The steps 催办, 约谈, 通报 that are due, done; with --dry-run only named, also for a day ahead."""
    django_setup()
    from luoshi.kernel import clock
    from luoshi.kernel.errors import InvalidValue
    from luoshi.platform.access.scope import Scope
    from luoshi.supervision.rectification import ladder as steps

    day: date = until.date() if until else clock.today()
    if not dry_run:
        if until is not None:
            raise InvalidValue("steps are done today, not on another day.", where="--by", todo="Add --dry-run.")
        click.echo(f"{steps.run()} steps done")
        return
    found = steps.planned(day, scope=Scope.system())
    for item in found:
        click.echo(f"{item.due.on}  {item.due.step.name}  #{item.finding.pk} {item.finding.title} ({item.missed})")
    click.echo(f"{len(found)} steps by {day}")


def _send(*, with_digest: bool) -> None:
    from luoshi.supervision.alerts import sending

    urgent = sending.urgent()
    written = sending.digest() if with_digest else 0
    sent = sending.deliver()
    click.echo(
        f"written: {urgent} urgent, {written} digests; sent: {sent.sent}, failed: {sent.failed}, "
        f"given up: {sent.given_up}"
    )
