"""`luoshi fhir`: tell subscribers what is new."""

from __future__ import annotations

import click

from luoshi.cli.main import django_setup


@click.group()
def group() -> None:
    """The FHIR server's own work."""


@group.command("deliver")
def deliver() -> None:
    """Send what is new to the webhooks of the Subscriptions, at least once and in order; the worker does so by itself."""
    django_setup()
    from luoshi.services.fhir_server import delivering

    click.echo(f"{delivering.deliver()} delivered.")


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
