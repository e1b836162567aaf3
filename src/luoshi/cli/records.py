"""`luoshi records`: check FHIR records and ingest them."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import orjson

from luoshi.kernel.errors import UserError


@click.group()
def group() -> None:
    """Check and ingest FHIR records."""


@group.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["table", "jsonl"]), default="table", show_default=True)
@click.option("--profile", type=click.Choice(["cn"]), help="Add our rules for China.")
@click.option("--all", "everything", is_flag=True, help="In the table, list warnings of valid resources too.")
def check(files: tuple[Path, ...], form: str, profile: str | None, everything: bool) -> None:
    """Check resources against FHIR R4: NDJSON, one resource or Bundle as JSON, folders, .gz.

    Exit status 2 when a file cannot be read, 1 when the table lists a resource that is not valid; jsonl says it in its
    lines and ends with 0.
    """
    from luoshi.records.validate_files import check_files

    checked = wrong = 0
    problems: list[UserError] = []
    for place in check_files(files, profile=profile, problems=problems):
        checked += 1
        wrong += not place.valid
        if form == "jsonl":
            sys.stdout.buffer.write(orjson.dumps(place.as_dict(), option=orjson.OPT_APPEND_NEWLINE))
        elif not place.valid or (everything and place.issues):
            for issue in place.issues:
                click.echo(f"{place.file}:{place.line} {place.type or '?'} {issue.severity} {issue.path}: {issue.text}")
    sys.stdout.flush()
    for problem in problems:
        click.echo(f"luoshi: {problem}", err=True)
    if form == "table":
        click.echo(f"{checked} resources, {checked - wrong} valid, {wrong} refused.")
    if problems:
        raise SystemExit(2)
    if wrong and form == "table":
        raise SystemExit(1)
