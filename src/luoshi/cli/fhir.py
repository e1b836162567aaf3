"""`luoshi fhir`: tell subscribers what is new."""

from __future__ import annotations

import click

from luoshi.cli.main import django_setup


@click.group()
def group() -> None:
    """The FHIR server's own work."""


@group.command("deliver")
@click.option("--once", is_flag=True, help="One round, then end (for cron); otherwise until stopped.")
@click.option("--every", type=click.FloatRange(0.1), default=2.0, show_default=True, help="Seconds between two rounds.")
def deliver(once: bool, every: float) -> None:
    """Send what is new to the webhooks of the Subscriptions, at least once and in order."""
    django_setup()
    from luoshi.services.fhir_server import delivering

    if once:
        click.echo(f"{delivering.deliver()} delivered.")
        return
    click.echo("Delivering; stop with Ctrl-C.")
    try:
        delivering.watch(every)
    except KeyboardInterrupt:
        click.echo("Stopped.")


@group.command("subscriptions")
def subscriptions() -> None:
    """Who is to be told of what, and how it stands."""
    django_setup()
    from luoshi.platform.store import versions
    from luoshi.platform.store.models import Source
    from luoshi.services.fhir_server.models import Subscriber

    names = dict(Source.objects.values_list("pk", "name"))
    latest = versions.last()
    for one in Subscriber.objects.order_by("source", "key"):
        behind = f"{latest - one.position} versions behind" if one.position < latest else "up to date"
        click.echo(
            f"{names.get(one.source, '?')}  Subscription/{one.key}  {one.state}  {one.delivered} delivered, {behind}"
            f"  {one.criteria}{'  ' + one.error if one.error else ''}"
        )
