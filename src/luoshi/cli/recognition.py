"""`luoshi recognition`: alerts of results that may be recognised."""

from __future__ import annotations

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
