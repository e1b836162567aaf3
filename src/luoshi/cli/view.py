"""`luoshi view`: run a SQL-on-FHIR ViewDefinition over FHIR resources."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

import click

from luoshi.catalog.loader import files
from luoshi.kernel.errors import InvalidValue, UnreadableFile
from luoshi.records import views


@click.group()
def group() -> None:
    """Run SQL-on-FHIR views."""


def _compiled(view: str) -> views.CompiledView:
    """A view file, or the name of a view of the catalogue."""
    path = Path(view)
    if path.suffix != ".json" and not path.exists():
        return views.catalog_view(view)
    try:
        data = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UnreadableFile(f"cannot be read ({error.strerror}).", where=view) from error
    except ValueError as error:
        raise UnreadableFile(f"is not JSON ({error}).", where=view) from error
    return views.compile_view(data, where=path.name)


@group.command("run")
@click.option("--view", "view", required=True, help="A ViewDefinition (.json), or the name of one of the catalogue.")
@click.option("--resources", required=True, help="FHIR resources, NDJSON (.gz too); on Spark any path of the cluster.")
@click.option("--format", "form", type=click.Choice(["json", "csv", "parquet"]), default="json", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="File to write, instead of printing.")
@click.option("--engine", type=click.Choice(["duckdb", "spark"]), default="duckdb", show_default=True)
@click.option("--master", help="With --engine spark: where it runs (local[2], spark://host:7077, yarn).")
def run(view: str, resources: str, form: str, out: Path | None, engine: str, master: str | None) -> None:
    """Flatten resources into rows.

    Spark writes Parquet as a folder, each machine its part; other formats come through this process.
    """
    compiled = _compiled(view)
    if master is not None and engine != "spark":
        raise InvalidValue("--master is of Spark.", todo="Add --engine spark.")
    if engine == "spark":
        from luoshi.engines.spark_session import spark_session
        from luoshi.records.views import spark

        lines = spark.read(spark_session(master or "local[*]", {}), resources)
        if form == "parquet" and out is not None:
            spark.write_parquet(compiled, lines, str(out), where=resources)
            return
        relation = spark.relation(compiled, lines, where=resources)
    else:
        relation = views.run_view(compiled, resources)
    if out is not None:
        views.write(relation, compiled, out, form)
        return
    if form == "parquet" and sys.stdout.isatty():
        raise click.UsageError("Parquet is not for the screen: give --out FILE or send it into a file.")
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "rows"
        views.write(relation, compiled, made, form, where=resources)
        sys.stdout.flush()
        with made.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)


@group.command("sql")
@click.option("--view", "view", required=True, help="A ViewDefinition (.json), or the name of one of the catalogue.")
@click.option("--source", default="resources", show_default=True, help="Table whose column `body` holds the JSON.")
@click.option("--engine", type=click.Choice(["duckdb", "spark"]), default="duckdb", show_default=True)
def sql(view: str, source: str, engine: str) -> None:
    """Print the query a view becomes."""
    compiled = _compiled(view)
    click.echo(views.spark_sql(compiled, source) if engine == "spark" else compiled.sql(source))


@group.command("list")
def list_views() -> None:
    """The views of the catalogue, each a table of the lake."""
    for path in files("views", ".json"):
        compiled = views.catalog_view(path.stem)
        click.echo(f"{path.stem:14} {compiled.resource:16} {', '.join(column.name for column in compiled.columns)}")
