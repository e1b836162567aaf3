"""`luoshi recognition`: alerts of results that may be recognised."""

from __future__ import annotations

import json
from typing import TextIO

import click

from luoshi.cli.main import django_setup


@click.group()
def group() -> None:
    """Alerts of results that may be recognised."""


@group.command()
def lapse() -> None:
    """Let alerts lapse that nobody answered in time; the worker does so by itself."""
    django_setup()
    from luoshi.services.recognition import actions

    click.echo(f"{actions.lapse()} alerts lapsed.")


@group.command()
@click.argument("issuer")
@click.option("--source", help="The registered source it speaks for.")
@click.option("--keys", type=click.File("r"), help="Its public keys: a JWK Set (JSON); `-` reads them from the input.")
@click.option("--revoke", is_flag=True, help="Trust it no more.")
@click.option("--by", default="system", show_default=True, help="Who this is done for, in the audit trail.")
def client(issuer: str, source: str | None, keys: TextIO | None, revoke: bool, by: str) -> None:
    """Trust the CDS Hooks calls that ISSUER signs (`iss` of its tokens), by the public keys it sent."""
    django_setup()
    from luoshi.kernel.errors import InvalidValue
    from luoshi.services.recognition import cds_clients

    if revoke:
        cds_clients.revoke(issuer=issuer, by=by)
        click.echo(f"{issuer} is trusted no more.")
        return
    if not source or keys is None:
        raise InvalidValue("a client has a source and keys.", todo="Give --source and --keys.")
    try:
        read = json.load(keys)
    except ValueError as error:
        raise InvalidValue("the keys are no JSON.", where="--keys") from error
    made = cds_clients.register(issuer=issuer, source=source, keys=read if isinstance(read, dict) else {}, by=by)
    click.echo(f"{issuer}: {len(made.keys['keys'])} keys, heard as {made.source.name}.")
