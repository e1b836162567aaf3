"""`luoshi plan compare`: 对标 of two documents, without loading them."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from luoshi.cli.main import django_setup

if TYPE_CHECKING:
    from luoshi.plans.model import Plan
    from luoshi.services.plan_desk.alignment import Alignment

WRITTEN = (".xlsx", ".docx")


@click.command("compare")
@click.argument("ours", metavar="FILE", type=click.Path(path_type=Path))
@click.argument("reference", metavar="REFERENCE", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="How to print it.")
@click.option("--lang", type=click.Choice(["zh-hans", "en"]), default="zh-hans", help="Language of the words.")
@click.option("--out", type=click.Path(path_type=Path), help="Write an .xlsx or .docx instead of printing.")
def compare(ours: Path, reference: Path, form: str, lang: str, out: Path | None) -> None:
    """How every promise of REFERENCE (the plan above, last year's, a neighbour's) fares in FILE."""
    django_setup()
    from django.utils import translation

    from luoshi.kernel.errors import InvalidValue
    from luoshi.plans.read import read_file
    from luoshi.services.plan_desk import alignment

    if out and out.suffix.lower() not in WRITTEN:
        raise InvalidValue(f"Only {' and '.join(WRITTEN)} are written.", where=str(out))
    mine, theirs = read_file(ours)[1], read_file(reference)[1]
    found = alignment.align(mine, theirs)
    with translation.override(lang):
        if out:
            out.write_bytes(_file(out.suffix.lower(), found, mine, theirs))
            click.echo(f"{out}: {found.summary}")
        elif form == "json":
            rows = [
                {
                    "kind": row.kind,
                    "words": row.words,
                    "ours": asdict(row.ours) if row.ours else None,
                    "reference": asdict(row.reference) if row.reference else None,
                }
                for row in found.rows
            ]
            click.echo(json.dumps({"counts": found.counts, "rows": rows}, ensure_ascii=False, indent=2))
        else:
            for row in found.rows:
                click.echo(f"{row.kind_name}  {alignment.said(row.ours or row.reference)}  {row.words}")
            click.echo(f"\n{found.summary}")


def _file(suffix: str, found: Alignment, ours: Plan, reference: Plan) -> bytes:
    from django.utils.translation import gettext as _

    from luoshi.services.plan_desk import alignment
    from luoshi.web import downloads

    table = alignment.table(found.rows, caption=_("对标结果"))
    title = _("%(ours)s 对照 %(other)s") % {"ours": ours.plan.title, "other": reference.plan.title}
    write = downloads.xlsx if suffix == ".xlsx" else downloads.word
    return write([table], title=title, lines=[found.summary])
