"""`luoshi referral`: the clocks of referrals and the exchange with other systems."""

from __future__ import annotations

import click

from luoshi.cli.main import django_setup


@click.group()
def group() -> None:
    """Escalate what is late; send what waits for other systems."""


@group.command()
def clock() -> None:
    """Escalate referrals past their deadline and note who did not come; the worker does so by itself. Safe to run again,
    and after an outage."""
    django_setup()
    from luoshi.services.referral import clocks

    done = clocks.tick()
    click.echo(f"{done.escalated} steps of escalation, {done.lapsed} did not come.")


@group.command()
def exchange() -> None:
    """Send what waits for other systems; the worker does so by itself. Sending again changes nothing there."""
    django_setup()
    from luoshi.services.referral.exchange import outbox
    from luoshi.services.referral.models import Message

    sent = outbox.deliver()
    left = Message.objects.exclude(state=Message.SENT).count()
    click.echo(f"{sent} messages sent, {left} still wait or were refused.")


@group.command()
@click.argument("name")
@click.option("--address", required=True, help="FHIR base of the other system.")
@click.option("--client-id", required=True, help="Our client id there.")
@click.option("--secret", prompt=True, hide_input=True, default="", help="Our secret there; asked for when not given.")
@click.option("--source", required=True, help="The registered source it sends as here.")
@click.option("--place", "places", multiple=True, help="CODE,NAME,TYPE,LEVEL of an institution reached there.")
@click.option("--title", default="", help="What it is, in words.")
@click.option("--by", default="system", show_default=True, help="Who this is done for, in the audit trail.")
def peer(
    name: str, address: str, client_id: str, secret: str, source: str, places: tuple[str, ...], title: str, by: str
) -> None:
    """Register another system to refer to, or change it."""
    django_setup()
    from luoshi.services.referral.exchange import peers

    made = peers.register(
        name=name, address=address, client_id=client_id, secret=secret, source=source, title=title, by=by,
        places=peers.parse_places("\n".join(places)),
    )  # fmt: skip
    click.echo(f"{made.name}: {made.address}, {len(made.places)} institutions, heard as {made.source}.")
