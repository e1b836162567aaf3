"""`luoshi region`: divisions, institutions, departments."""

from __future__ import annotations

from pathlib import Path

import click

from luoshi.cli.main import django_setup


@click.group()
def group() -> None:
    """Divisions, institutions, departments."""


@group.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--by", default="system", show_default=True, help="Who imports, for the audit trail.")
@click.option(
    "--rejected",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder for the rejected rows; by default they go beside each file.",
)
@click.option("--quiet", is_flag=True, help="No progress bar.")
def import_(paths: tuple[Path, ...], by: str, rejected: Path | None, quiet: bool) -> None:
    """Import register files or folders of them: CSV, XLSX, or the JSON of the china-division package.

    Files are known by name: provinces, cities, areas, streets, villages; divisions, institutions, departments, titles,
    staff, beds, population. Good rows are kept; bad ones come back in NAME.rejected.csv with the reason. Importing a
    file again changes nothing. Exit status 1 when rows were rejected.
    """
    django_setup()
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    from luoshi.platform.regions.importing import import_files

    with Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,}"), TimeElapsedColumn(),
        disable=quiet,
    ) as bar:  # fmt: skip
        tasks: dict[Path, TaskID] = {}

        def progress(path: Path, count: int) -> None:
            if path not in tasks:
                tasks[path] = bar.add_task(path.name, total=None)
            bar.advance(tasks[path], count)

        reports = import_files(paths, by=by, rejected_in=rejected, progress=progress)
    for report in reports:
        tally = report.tally
        line = f"{report.path.name}: {tally.added:,} added, {tally.changed:,} changed, {tally.unchanged:,} as before"
        if report.rejected_file:
            line += f", {tally.rejected:,} rejected, see {report.rejected_file}"
        click.echo(line)
    if any(report.rejected_file for report in reports):
        raise SystemExit(1)


@group.command("rake")
@click.argument("survey")
@click.option("--by", default="system", show_default=True, help="Who does it, for the audit trail.")
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
def rake(survey: str, by: str, dry_run: bool) -> None:
    """Bring the weights of a sample survey to the resident population by sex and age, county by county.

    SURVEY is the name in the answers (health-literacy-2025). `luoshi lake build` takes the new weights along; importing
    the answers again brings the drawn ones back. Exit status 1 when no county could be raked.
    """
    django_setup()
    from luoshi.platform.regions.raking import rake_survey

    found = rake_survey(survey, by=by, dry_run=dry_run)
    for one in found:
        done = (
            f"to the people of {one.year}: {one.before:,} before, {one.after:,} after, factor up to {one.largest:.2f}"
        )
        click.echo(f"{one.county}\t{one.respondents} respondents\t{one.reason or done}")
    if all(one.reason for one in found):
        raise SystemExit(1)


@group.command("list")
@click.argument("code", required=False)
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="As of this day; by default today's divisions.")
def list_(code: str | None, on: object) -> None:
    """Print the divisions right below CODE, or the topmost ones."""
    django_setup()
    from luoshi.kernel.errors import NotFound
    from luoshi.platform.regions.models import Division

    rows = Division.objects.on(on.date()) if on else Division.objects.current()  # type: ignore[attr-defined]
    if code and not Division.objects.filter(code=code).exists():
        raise NotFound(f"There is no division {code}.", todo="`luoshi region list` prints the topmost ones.")
    rows = rows.filter(parent__code=code) if code else rows.filter(parent__isnull=True)
    for row in rows.order_by("code"):
        click.echo(f"{row.code}\t{row.name}\t{row.get_level_display()}\t{row.get_kind_display()}")
