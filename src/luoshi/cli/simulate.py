"""`luoshi simulate`: invent a region whose true answers are known."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

import click


@click.command("simulate")
@click.option("--residents", type=int, default=20_000, show_default=True, help="About how many people live there.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed, another region.")
@click.option(
    "--out", "folder", type=click.Path(path_type=Path, file_okay=False), required=True, help="Where to write."
)
@click.option(
    "--as-of", type=click.DateTime(["%Y-%m-%d"]), default="2025-10-31", show_default=True, help="The last day told."
)
@click.option(
    "--format", "form", type=click.Choice(["fhir", "lake", "both"]), default="fhir", show_default=True,
    help="FHIR R4 NDJSON as systems send it, or the lake itself.",
)  # fmt: skip
@click.option("--truth/--no-truth", default=True, show_default=True, help="Write the true answers beside it.")
@click.option(
    "--plant", "planted", type=click.FloatRange(0, 1), default=0.0, show_default=True,
    help="Share of the units that invent records, as planted.json says.",
)  # fmt: skip
def group(residents: int, seed: int, folder: Path, as_of: datetime, form: str, truth: bool, planted: float) -> None:
    """Invent a fictional city: registers (region/), records (fhir/ or lake/) and the true value of every indicator
    (truth.json). The same residents, seed and day give the same bytes. A lake of more than 500,000 residents is a
    province of several cities, made one by one, so that 38 million need no more memory than one."""
    from luoshi.simulate import output

    started = time.perf_counter()
    told = output.write(residents, seed, as_of.date(), folder, form=form, truth=truth, planted=planted, say=click.echo)
    seconds = time.perf_counter() - started
    click.echo(f"{folder}: {told} records of about {residents} residents in {seconds:.1f} s")
