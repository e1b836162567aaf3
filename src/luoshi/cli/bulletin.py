"""`luoshi bulletin`: make, list, make again and send the papers an office must issue."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from luoshi.cli.main import django_setup
from luoshi.kernel.errors import InvalidValue

if TYPE_CHECKING:
    from luoshi.platform.access.scope import Scope

KINDS = ("monthly", "quarterly", "annual", "supervision", "notice", "ledger", "score", "summary")
FORMATS = ("docx", "pdf", "xlsx")


@click.group()
def group() -> None:
    """Bulletins and other papers, with an index of evidence behind every figure."""


def _scope(by: str) -> Scope:
    """What an account may do, or everything for the system itself."""
    from luoshi.platform.access.models import User
    from luoshi.platform.access.scope import Scope

    if not by:
        return Scope.system()
    user = User.objects.filter(username=by).first()
    if user is None:
        raise InvalidValue(f"there is no account {by!r}.", where="--by")
    return Scope.of(user)


def _widest(scope: Scope) -> str:
    """The widest division in scope that has a confirmed plan; the widest there is where none has."""
    from luoshi.platform.regions import queries as regions
    from luoshi.supervision import sources

    planned = {plan.division for plan in sources.get().plans(scope=scope)}
    found = [regions.division_or_404(code, scope=scope) for code in planned if scope.covers_division(code)]
    return min(((d.level, d.code) for d in found), default=(0, scope.root_division()))[1]


@group.command("make")
@click.argument("kind", type=click.Choice(KINDS))
@click.option("--division", default="", help="Code of the division; if absent the widest that has a plan.")
@click.option("--period", default="", help="2025-10, 2025-Q3 or 2025; the last full one if absent.")
@click.option("--on", "on", default="", help="The day the figures stand for (a month end or later).")
@click.option("--subject", default="", help="What an order or notice is about: target:12, finding:3.")
@click.option("--by", default="", help="The account that drafts it; its scope counts. The system if absent.")
@click.option("--out", type=click.Path(path_type=Path), help="Also write the files of the draft into this folder.")
@click.option("--format", "forms", multiple=True, type=click.Choice(FORMATS), help="With --out; all three if absent.")
def make(
    kind: str, division: str, period: str, on: str, subject: str, by: str, out: Path | None, forms: tuple[str, ...]
) -> None:
    """Draft a paper. People review, sign and issue it on the pages."""
    django_setup()
    from luoshi.kernel import clock
    from luoshi.supervision.bulletins import actions, rules, sending

    scope = _scope(by)
    start, end = rules.parse_period(rules.kind(kind).period, period, clock.today())
    try:
        day = date.fromisoformat(on) if on else None
    except ValueError:
        raise InvalidValue(f"{on!r} is no day.", where="--on", todo="Use the form 2025-10-31.") from None
    made = actions.make(
        kind=kind, division=division or _widest(scope), start=start, end=end, subject=subject, on=day,
        by=scope.user or "system", scope=scope,
    )  # fmt: skip
    click.echo(f"{made.pk}\t{made.title}\t{made.figures} figures as of {made.on}")
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        for name, body in sending.files_of(made, forms or FORMATS):
            (out / name).write_bytes(body)
            click.echo(str(out / name))


@group.command("list")
@click.option("--kind", type=click.Choice(KINDS))
@click.option("--state", help="draft, reviewed, signed, issued, corrected or dropped.")
@click.option("--by", default="", help="As this account sees it.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def listing(kind: str | None, state: str | None, by: str, form: str) -> None:
    """Papers, the newest first."""
    django_setup()
    from luoshi.supervision.bulletins import queries

    found = queries.issues(scope=_scope(by))
    found = found.filter(kind=kind) if kind else found
    found = found.filter(state=state) if state else found
    if form == "json":
        keys = ("kind", "division", "title", "state", "number", "figures")
        rows = [
            {"id": p.pk, **{k: getattr(p, k) for k in keys}, "start": str(p.start), "end": str(p.end), "on": str(p.on)}
            for p in found
        ]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for paper in found[:200]:
        click.echo(f"{paper.pk}\t{paper.state}\t{paper.on}\t{paper.number or '-'}\t{paper.title}")


@group.command("reissue")
@click.argument("number", type=int)
@click.option("--out", type=click.Path(path_type=Path), help="Write the files into this folder.")
@click.option("--no-proof", is_flag=True, help="Do not evaluate the figures from the records.")
def reissue(number: int, out: Path | None, no_proof: bool) -> None:
    """Make an issued paper again as of its day; prove its figures from the lake as it was known then.

    Exit status 1 when a file or a figure differs.
    """
    django_setup()
    from luoshi.platform.access.scope import Scope
    from luoshi.supervision.bulletins import actions, making, proving, queries, sending

    found = queries.issue(number, scope=Scope.system())
    made = proving.again(found)
    for one in made:
        click.echo(f"{one.format}\t{'identical' if one.identical else 'DIFFERS'}\t{one.now}")
    if not made:
        click.echo("not issued yet: there is no file to compare with")
    proofs = [] if no_proof else proving.prove(found)
    wrong = [p for p in proofs if p.then == proving.OTHER]
    if proofs:
        same = sum(p.then == proving.SAME for p in proofs)
        moved = sum(p.moved for p in proofs)
        click.echo(f"figures\t{same} same as known at {found.known_at:%Y-%m-%d %H:%M}\t{len(wrong)} differ")
        click.echo(f"since then\t{moved} figures would be different as known now")
    for p in wrong:
        click.echo(f"  {p.number}\t{p.entry.what}\t{p.entry.numerator}/{p.entry.denominator}\t{p.known_then}")
    actions.note_reissue(found, by="system", identical=all(one.identical for one in made))
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        for form in FORMATS:
            path = out / f"{sending.file_name(found)}.{form}"
            path.write_bytes(making.written(making.paper_of(found), form))
            click.echo(str(path))
    if wrong or not all(one.identical for one in made):
        raise SystemExit(1)


@group.command("send")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def send(form: str) -> None:
    """Send what is due by the schedules. For cron: doing it twice sends nothing twice, a missed run is made up for."""
    django_setup()
    from luoshi.supervision.bulletins import sending

    done = sending.run()
    if form == "json":
        click.echo(
            json.dumps({"sent": done.sent, "skipped": done.skipped, "notes": list(done.notes)}, ensure_ascii=False)
        )
        return
    click.echo(f"{done.sent} sent, {done.skipped} not sent")
    for note in done.notes:
        click.echo(f"  {note}")
