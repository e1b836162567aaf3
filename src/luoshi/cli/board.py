"""`luoshi board`: where each promise stands, as the pages say it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from luoshi.cli.main import django_setup
from luoshi.kernel.errors import NotFound, nearest

if TYPE_CHECKING:
    from luoshi.platform.access.scope import Scope
    from luoshi.services.scoreboard.places import Place
    from luoshi.services.scoreboard.rows import Row

LIGHTS = ("red", "yellow", "green", "grey")


@click.command("board")
@click.option("--division", default="", help="Code of a division; the widest that has a plan if absent.")
@click.option("--light", type=click.Choice([*LIGHTS, "late"]), help="Only these; late is red and yellow.")
@click.option("--unit", default="", help="Only those a unit answers for, by its name as printed.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def group(division: str, light: str | None, unit: str, form: str) -> None:
    """Print every confirmed promise that binds a place with its value, its light and why.

    The value comes from the results of the lake (`luoshi lake refresh`). Offsets count characters of the plan's text.
    """
    django_setup()
    from luoshi.platform.access.scope import Scope
    from luoshi.services.scoreboard import queries, rules

    scope = Scope.system()
    board = queries.board(_place(division or _widest_with_plan(scope), scope), scope=scope)
    rows = queries.narrowed(board.rows, {"light": light or "", "unit": unit})
    if form == "json":
        click.echo(json.dumps([_plain(row) for row in rows], ensure_ascii=False, indent=1))
        return
    for row in rows:
        said = [row.standing.light, row.value_text, row.promise_text, row.metric, row.why_text]
        click.echo("\t".join(" ".join(text.split()) for text in said))
    counts = rules.count_lights(row.standing for row in rows)
    until = f"data until {board.data_until}" if board.data_until else "no results yet: run `luoshi lake refresh`"
    click.echo(f"{len(rows)} targets: {', '.join(f'{counts.get(name, 0)} {name}' for name in LIGHTS)}; {until}")


def _widest_with_plan(scope: Scope) -> str:
    from luoshi.services.plan_desk import public as plan_desk

    paths = {(target.division_path, target.division) for target in plan_desk.confirmed_targets(scope=scope)}
    return min(paths, key=lambda found: (found[0].count("/"), found), default=("", ""))[1]


def _place(code: str, scope: Scope) -> Place:
    from django.http import Http404

    from luoshi.platform.regions.models import Division
    from luoshi.services.scoreboard import places

    try:
        return places.place(code, scope=scope)
    except Http404:
        if not code:
            raise NotFound("There is no division yet.", todo="Bring them in with `luoshi region import`.") from None
        known = Division.objects.current().values_list("code", flat=True)
        hint = nearest(code, known) or "`luoshi region list` prints the topmost ones."
        raise NotFound(f"There is no division {code!r}.", todo=hint) from None


def _plain(row: Row) -> dict[str, Any]:
    target, standing = row.target, row.standing
    return {
        "target": target.id,
        "plan": target.plan,
        "start": target.start,
        "end": target.end,
        "quote": target.quote,
        "metric": target.metric,
        "op": target.op,
        "promised": target.value if target.upper is None else [target.value, target.upper],
        "unit": target.unit,
        "deadline": target.deadline.isoformat() if target.deadline else None,
        "indicator": target.indicator,
        "verdict": target.verdict,
        "missing": target.missing,
        "light": standing.light,
        "why": str(standing.why),
        "value": standing.value,
        "value_unit": standing.unit,
        "numerator": standing.numerator,
        "denominator": standing.denominator,
        "elapsed": standing.elapsed,
        "data_until": standing.data_until.isoformat() if standing.data_until else None,
        "lead_units": list(target.lead_units),
        "units": list(target.units),
    }
