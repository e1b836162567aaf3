"""`luoshi plan list`: the plans that were loaded, as the page lists them."""

from __future__ import annotations

import json
from typing import Any

import click

from luoshi.cli.main import django_setup


@click.command("list")
@click.option("--by", metavar="USER", help="Show what this account may see; by default everything.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="How to print it.")
def list_plans(by: str | None, form: str) -> None:
    """List the loaded plans, the newest first: number, title, division, years, tasks, targets, status."""
    django_setup()
    from luoshi.platform.access import queries as access
    from luoshi.platform.access.scope import Scope
    from luoshi.services.plan_desk import queries

    scope = Scope.of(access.user_named(by)) if by else Scope.system()
    scope.require("plan.read")
    rows: list[dict[str, Any]] = [
        {
            "id": row.plan.pk,
            "title": row.plan.title,
            "division": row.plan.division.name,
            "years": row.plan.years,
            "tasks": row.tasks,
            "targets": row.targets,
            "open": row.open,
            "status": row.plan.status,
            "amends": row.plan.amends_id,
        }
        for row in queries.plan_list(scope)
    ]
    if form == "json":
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for row in rows:
        counts = f"{row['tasks']} tasks, {row['targets']} targets, {row['open']} open"
        click.echo(
            f"{row['id']:>4}  {row['title']}  {row['division']}  {row['years'] or '-'}  {counts}  {row['status']}"
        )
    if not rows:
        click.echo("No plan is loaded. Load one with `luoshi plan load FILE --by USER`.")
