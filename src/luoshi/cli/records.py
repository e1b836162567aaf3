"""`luoshi records`: check records and take them in, as FHIR, clinical documents, messages and tables."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson

from luoshi.kernel.errors import UnreadableFile, UserError

if TYPE_CHECKING:
    from luoshi.platform.sources.receiving import Receipt
    from luoshi.platform.store.writing import Counts
    from luoshi.records.translating import Translated


@click.group()
def group() -> None:
    """Check and take in records: FHIR, clinical documents, HL7 v2, tables."""


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
    from luoshi.kernel.garbage import few_collections
    from luoshi.records.validate_files import check_files

    checked = wrong = 0
    problems: list[UserError] = []
    with few_collections():
        for place in check_files(files, profile=profile, problems=problems):
            checked += 1
            wrong += not place.valid
            if form == "jsonl":
                sys.stdout.buffer.write(orjson.dumps(place.as_dict(), option=orjson.OPT_APPEND_NEWLINE))
            elif not place.valid or (everything and place.issues):
                for issue in place.issues:
                    where = f"{place.file}:{place.line} {place.type or '?'}"
                    click.echo(f"{where} {issue.severity} {issue.path}: {issue.text}")
    sys.stdout.flush()
    for problem in problems:
        click.echo(f"luoshi: {problem}", err=True)
    if form == "table":
        click.echo(f"{checked} resources, {checked - wrong} valid, {wrong} refused.")
    if problems:
        raise SystemExit(2)
    if wrong and form == "table":
        raise SystemExit(1)


def _named(_context: click.Context, parameter: click.Parameter, value: str) -> str:
    if not value and not parameter.required:
        return value
    if not re.fullmatch(r"[\w.-]{1,60}", value):
        raise click.BadParameter(f"{value!r} is no name of a source; use letters, digits and hyphens.")
    return value


@group.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--source",
    required=True,
    callback=_named,
    help="The system that sends: letters, digits and hyphens, for instance tc-03.",
)
@click.option("--profile", type=click.Choice(["cn"]), help="Refuse what breaks our rules for China, too.")
@click.option("--refused", type=click.Path(path_type=Path), help="Write what was refused here, as NDJSON.")
@click.option("--workers", default=2, show_default=True, help="Processes that parse and validate.")
@click.option("--by", default="system", show_default=True, help="Who this is done for, in the audit trail.")
def ingest(
    paths: tuple[Path, ...], source: str, profile: str | None, refused: Path | None, workers: int, by: str
) -> None:
    """Read FHIR records into the store: NDJSON, resources and Bundles as JSON, folders, .gz.

    What is there already changes nothing. After an interruption the same command goes on where it stopped. Exit status
    1 when something was refused or a file could not be read to its end.
    """
    from luoshi.cli.main import django_setup

    django_setup()
    _prepare_if_new()
    from luoshi.platform.store.ingest import ingest as ingest_files

    with _Bar() as bar:
        report = ingest_files(paths, source=source, by=by, profile=profile, workers=workers, progress=bar.moved)
    counts = report.counts
    click.echo(
        f"{report.resources} resources of {report.files} files in {report.seconds:.1f} s: {counts.new} new, "
        f"{counts.changed} changed, {counts.unchanged} unchanged, {counts.deleted} deleted, {counts.refused} refused; "
        f"{counts.persons} new persons."
    )
    if counts.conflicts:
        click.echo(
            f"{counts.conflicts} times one file gave one id with different contents; kept as versions, ask the sender."
        )
    if counts.reviews:
        click.echo(f"{counts.reviews} doubts about who a patient is, noted for review.")
    for reason, count in report.refused.most_common():
        click.echo(f"  refused, {reason}: {count}, first {report.examples[reason]}")
    if counts.quarantined:
        click.echo(f"{counts.quarantined} of the refused wait in quarantine: `luoshi source quarantine {source}`.")
    if counts.flagged:
        click.echo(f"{counts.flagged} accepted with a flag: a rule failed, see the page of the source.")
    for path in report.skipped:
        click.echo(f"  not FHIR, left alone: {path}")
    for problem in report.problems:
        click.echo(f"luoshi: {problem}", err=True)
    if refused is not None:
        from luoshi.platform.store.refusals import write_refused

        click.echo(f"{write_refused(report.run, refused)} refused resources written to {refused}.")
    if counts.refused or report.problems:
        raise SystemExit(1)


@group.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--source", callback=_named, default="", help="Keep them for this source; without it they are only read.")
@click.option("--by", default="system", show_default=True, help="Who this is done for, in the audit trail.")
def cda(files: tuple[Path, ...], source: str, by: str) -> None:
    """Read clinical documents (HL7 CDA of the WS/T 500 family), and keep them for a source.

    Exit status 1 when a document was refused.
    """
    from luoshi.records.cda import translate

    if not source:
        _each(files, lambda path, data: _told(translate(data, where=path.name)))
        return
    from luoshi.cli.main import django_setup

    django_setup()
    _prepare_if_new()
    from luoshi.platform.sources.documents import receive_document
    from luoshi.platform.store.models import Source

    sender, _ = Source.objects.get_or_create(name=source)
    _each(files, lambda path, data: _receipt(receive_document(data, source=sender, by=by, where=path.name)))


@group.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--source", callback=_named, default="", help="Keep them for this source; without it they are only read.")
@click.option("--by", default="system", show_default=True, help="Who this is done for, in the audit trail.")
def hl7v2(files: tuple[Path, ...], source: str, by: str) -> None:
    """Read HL7 v2 messages (ADT, ORU^R01), one in a file, and keep them for a source.

    Exit status 1 when a message was refused.
    """
    from luoshi.records import hl7v2 as door

    if not source:
        _each(files, lambda path, data: _told(door.translate(door.parse(data))))
        return
    from luoshi.cli.main import django_setup

    django_setup()
    _prepare_if_new()
    from luoshi.platform.sources.hl7v2 import handle
    from luoshi.platform.store.models import Source

    sender, _ = Source.objects.get_or_create(name=source)

    def keep(path: Path, data: bytes) -> tuple[bool, str]:
        handled = handle(data, source=sender, by=by)
        return handled.code == "AA", f"{handled.code} {handled.text}".strip()

    _each(files, keep)


def _each(files: tuple[Path, ...], read: Callable[[Path, bytes], tuple[bool, str]]) -> None:
    """Read every file and say what became of it; what is wrong with one does not stop the others."""
    wrong = 0
    for path in files:
        try:
            good, text = read(path, path.read_bytes())
        except UserError as error:
            good, text = False, f"refused. {error.message} {error.todo}".rstrip()
        except OSError as error:
            good, text = False, f"cannot be read ({(error.strerror or 'unknown').lower()})."
        wrong += not good
        click.echo(f"{path}: {text}")
    if wrong:
        raise SystemExit(1)


def _told(made: Translated) -> tuple[bool, str]:
    """What a document or message would become, and what of it breaks a rule."""
    from luoshi.records.validate import Validator

    types: dict[str, int] = {}
    for entry in made.bundle["entry"]:
        kind = entry["resource"]["resourceType"]
        types[kind] = types.get(kind, 0) + 1
    what = ", ".join(f"{count} {kind}" for kind, count in types.items())
    errors = [f"{i.path}: {i.text}" for i in Validator().check(made.bundle) if i.severity == "error"]
    return not errors, " ".join([f"{', '.join(sorted(made.kinds))}: {what}.", *made.notes, *errors])


def _receipt(receipt: Receipt) -> tuple[bool, str]:
    """What became of a document, in one line."""
    c = receipt.counts
    reasons = " ".join(f"{issue['path']}: {issue['text']}".strip(": ") for issue in receipt.issues[:5])
    if not receipt.accepted:
        return False, f"{'kept in quarantine' if receipt.quarantined else 'refused'}. {reasons}"
    done = f"{c['new']} new, {c['changed']} changed, {c['unchanged']} unchanged, {c['deleted']} deleted"
    flagged = f", {receipt.flagged} flagged. {reasons}" if receipt.flagged else "."
    return True, " ".join([f"{done}{flagged}", *receipt.notes])


@group.command("map")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--mapping", "mapping_file", required=True, type=click.Path(path_type=Path), help="What the columns mean."
)
@click.option("--source", callback=_named, default="", help="Keep the rows for this source; without it: a dry run.")
@click.option("--by", default="system", show_default=True, help="Who this is done for, in the audit trail.")
def map_(file: Path, mapping_file: Path, source: str, by: str) -> None:
    """Read a table (CSV, XLSX) by a declared mapping, and keep its rows for a source.

    Every row that cannot be read is told with its line and reasons. Exit status 1 when there is one.
    """
    from luoshi.records.mapping import read_mapping

    declared = read_mapping(mapping_file)
    try:
        data = file.read_bytes()
    except OSError as error:
        raise UnreadableFile(f"cannot be read ({(error.strerror or 'unknown').lower()}).", where=str(file)) from error
    from luoshi.cli.main import django_setup

    django_setup()
    _prepare_if_new()
    from luoshi.platform.sources.tables import load
    from luoshi.platform.store.models import Source

    sender = Source.objects.get_or_create(name=source)[0] if source else Source(name="dry-run")
    report = load(data, file.name, declared, source=sender, by=by, dry_run=not source)
    for line, text in report.mistakes:
        click.echo(f"{file}:{line} {text}")
    click.echo(f"{report.rows} rows, {report.rows - report.refused} good, {report.refused} refused.")
    if source:
        c = report.counts
        click.echo(f"{c.new} new, {c.changed} changed, {c.unchanged} unchanged; {c.persons} new persons.")
    else:
        click.echo("A dry run: nothing was kept. Say --source to keep them.")
    if report.refused:
        raise SystemExit(1)


def _prepare_if_new() -> None:
    """Make the tables where there are none yet, so that the first ingest on a fresh machine needs nothing before it."""
    from django.core.management import call_command
    from django.db import connection

    if "store_source" not in connection.introspection.table_names():
        call_command("migrate", verbosity=0, interactive=False)


class _Bar:
    """Progress on a terminal: bytes committed of the file at hand, resources so far."""

    def __enter__(self) -> _Bar:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[resources]:,} resources"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._progress.add_task("reading", total=None, resources=0)
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def moved(self, path: Path, position: int, counts: Counts) -> None:
        """Called after each committed block."""
        size = None if path.suffix == ".gz" else path.stat().st_size
        done = sum(counts.as_dict()[name] for name in ("new", "changed", "unchanged", "refused", "deleted"))
        self._progress.update(self._task, description=path.name, total=size, completed=position, resources=done)
