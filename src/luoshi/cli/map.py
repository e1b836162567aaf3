"""`luoshi map`: boundaries of divisions for the map of the cockpit."""

from __future__ import annotations

from pathlib import Path

import click

from luoshi.cli.main import django_setup


@click.group("map")
def group() -> None:
    """Boundaries of divisions for the map."""


@group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", default="", help="Where the boundaries are from; printed under the map.")
@click.option("--approval", default="", help="Number of the map's approval (审图号).")
def import_(file: Path, source: str, approval: str) -> None:
    """Keep the outlines of a GeoJSON file (degrees, WGS 84 or CGCS 2000) for the divisions they name, simplified together.

    A feature is matched by its code (`code`, `adcode`, `gb` …) or by a name that only one division has.
    """
    django_setup()
    from luoshi.platform.access.scope import Scope
    from luoshi.services.cockpit import boundaries

    made = boundaries.load(file.read_bytes(), source=source, approval=approval, by="cli", scope=Scope.system())
    click.echo(f"{made.kept} divisions, {made.points_before} points simplified to {made.points}")
    if made.unmatched:
        click.echo(f"matched no division: {', '.join(made.unmatched)}")
