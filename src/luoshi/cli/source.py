"""`luoshi source`: who sends records, their keys, what they promised to send, and what waits for a decision."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from luoshi.cli.main import django_setup
from luoshi.kernel.errors import NotFound, UnreadableFile, nearest

if TYPE_CHECKING:
    from luoshi.platform.store.models import Source

_BY = click.option("--by", default="system", show_default=True, help="Who this is done for, in the audit trail.")


@click.group()
def group() -> None:
    """Register sources and their keys; what they should send; what waits in quarantine."""


@group.command()
@click.argument("name")
@click.option("--title", help="What it is, in words.")
@click.option("--institution", help="Code of the institution it belongs to.")
@click.option("--division", help="Code of the division it belongs to, where it is no institution's.")
@click.option("--contact", help="Who to call.")
@click.option(
    "--mode",
    type=click.Choice(["reject", "quarantine", "flag"]),
    help="What happens to a resource that is not valid; reject for a new source.",
)
@click.option("--profile", type=click.Choice(["cn", "r4"]), help="cn: our rules for China, too; r4: R4 alone.")
@click.option("--on/--off", "active", default=None, help="Switch it on or off; while it is off it may send nothing.")
@_BY
def register(
    name: str,
    title: str | None,
    institution: str | None,
    division: str | None,
    contact: str | None,
    mode: str | None,
    profile: str | None,
    active: bool | None,
    by: str,
) -> None:
    """Register a source, or change its registration; what is not given stays as it is."""
    django_setup()
    from luoshi.platform.access.scope import Scope
    from luoshi.platform.sources import registering
    from luoshi.platform.sources.models import Registration

    told: dict[str, Any] = {"title": title, "contact": contact, "mode": mode, "active": active}
    told["profile"] = {"cn": "cn", "r4": ""}.get(profile or "")
    before = Registration.objects.select_related("source").filter(source__name=name).first()
    if before is not None:
        source = before.source
        stood: dict[str, Any] = {"title": source.title, "contact": before.contact, "mode": before.mode}
        stood |= {"active": before.active, "profile": before.profile}
        told = {key: stood[key] if value is None else value for key, value in told.items()}
        if institution is None and division is None:
            institution, division = source.institution, "" if source.institution else source.division
    made = registering.register(
        name=name,
        by=by,
        scope=Scope.system(),
        division=division or "",
        institution=institution or "",
        **{key: value for key, value in told.items() if value is not None},
    )
    state = "" if made.active else ", switched off"
    click.echo(f"{name} is registered: mode {made.mode}, profile {made.profile or 'R4 alone'}{state}.")


@group.command("list")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def list_(form: str) -> None:
    """Every source: last heard, today's counts, what waits, what is late."""
    django_setup()
    from luoshi.platform.access.scope import Scope
    from luoshi.platform.sources import queries

    rows = [_as_dict(standing) for standing in queries.standings(scope=Scope.system())]
    if form == "json":
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for row in rows:
        counts = f"today {row['received']} received, {row['refused']} refused, {row['flagged']} flagged"
        waits = f", {row['waiting']} in quarantine" if row["waiting"] else ""
        late = f", SILENT: {', '.join(row['silent'])}" if row["silent"] else ""
        click.echo(
            f"{row['name']}  {row['mode'] or 'not registered'}  heard {row['heard'] or 'never'}; {counts}{waits}{late}"
        )
    click.echo(f"{len(rows)} sources.")


def _as_dict(standing: Any) -> dict[str, Any]:
    registration = getattr(standing.source, "registration", None)
    return {
        "name": standing.source.name,
        "title": standing.source.title,
        "division": standing.source.division,
        "institution": standing.source.institution,
        "mode": registration.mode if registration else None,
        "profile": registration.profile or None if registration else None,
        "active": registration.active if registration else True,
        "heard": _stamp(standing.heard),
        "received": standing.today.received,
        "refused": standing.today.refused,
        "quarantined": standing.today.quarantined,
        "flagged": standing.today.flagged,
        "waiting": standing.waiting,
        "silent": [s.kind or "anything" for s in standing.silent],
    }


def _stamp(at: datetime | None) -> str | None:
    return at.strftime("%Y-%m-%d %H:%M") if at else None


@group.command()
@click.argument("name")
@click.option("--scopes", default="system/*.read system/*.write", show_default=True, help="What its tokens may do.")
@click.option("--rotate", metavar="CLIENT", help="Make a new secret for this client; the old one works a day longer.")
@click.option("--revoke", metavar="CLIENT", help="End this client and its tokens at once.")
@click.option("--overlap", default=24, show_default=True, help="Hours the old secret works after a rotation.")
@_BY
def token(name: str, scopes: str, rotate: str | None, revoke: str | None, overlap: int, by: str) -> None:
    """Issue a client id and secret (OAuth2 client credentials); the secret is shown once."""
    django_setup()
    from luoshi.platform.sources import clients
    from luoshi.platform.sources.models import Client

    source = _source(name)
    for chosen in (rotate, revoke):
        if chosen and not Client.objects.filter(source=source, client_id=chosen).exists():
            raise NotFound(f"{name} has no client {chosen!r}.")
    if revoke:
        clients.revoke(client_id=revoke, by=by)
        click.echo(f"{revoke} and its tokens are revoked.")
        return
    if rotate:
        key = clients.rotate(client_id=rotate, by=by, overlap_hours=overlap)
    else:
        key = clients.issue(source=source, by=by, scopes=scopes)
    click.echo(f"client_id={key.client_id}\nclient_secret={key.secret}")
    click.echo("The secret is not shown again. Tokens: POST /oauth/token, grant_type=client_credentials.", err=True)


@group.command()
@click.argument("name")
@click.argument("kind", default="")
@click.option("--every", "hours", default=24, show_default=True, help="At least once in so many hours.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="The first day; today when not given.")
@click.option("--end", "ended", is_flag=True, help="It sends this no more.")
@_BY
def feed(name: str, kind: str, hours: int, since: datetime | None, ended: bool, by: str) -> None:
    """Declare what a source sends: a resource type, cda, cda:prescription, hl7v2:ADT, csv:NAME, or nothing for
    anything."""
    django_setup()
    from luoshi.platform.sources import queries, registering

    source = _source(name)
    if ended:
        found = queries.feeds(source).filter(kind=kind).first()
        if found is None:
            raise NotFound(f"{name} declared no {kind or 'feed of anything'}.")
        registering.end(feed=found, by=by)
        click.echo(f"{name} sends {kind or 'anything'} no more.")
        return
    made = registering.declare(source=source, by=by, kind=kind, hours=hours, since=since.date() if since else None)
    click.echo(f"{name} sends {kind or 'anything'} at least every {hours} hours from {made.since} on.")


@group.command()
@click.option("--at", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%d %H:%M"]), help="As of another time.")
def silence(at: datetime | None) -> None:
    """Feeds that are late, longest first. Exit status 1 when there is one."""
    django_setup()
    from luoshi.kernel import clock
    from luoshi.platform.access.scope import Scope
    from luoshi.platform.sources.silence import silent

    late = silent(Scope.system(), at.replace(tzinfo=clock.CHINA) if at else None)
    for item in late:
        heard = _stamp(item.heard) or "never"
        click.echo(f"{item.source.name}  {item.kind or 'anything'}  late by {item.late_hours} h, heard {heard}")
    click.echo(f"{len(late)} feeds are late." if late else "Every feed was heard in time.")
    if late:
        raise SystemExit(1)


@group.command()
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path))
@_BY
def mapping(name: str, file: Path, by: str) -> None:
    """Keep a table mapping (YAML) for a source, so that it can send tables by the REST entrance."""
    django_setup()
    from luoshi.platform.sources.tables import keep_mapping

    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFile("cannot be read as text.", where=str(file)) from error
    kept = keep_mapping(source=_source(name), text=text, by=by)
    click.echo(
        f"{name} may send tables as {kept.name}: {len(kept.columns)} columns, {len(kept.resources)} resources a row."
    )


@group.command()
@click.argument("name")
@click.option("--recheck", is_flag=True, help="Release what the rules of today accept.")
@click.option("--show", type=int, metavar="NUMBER", help="The text of one.")
@click.option("--release", type=int, metavar="NUMBER", help="Take it in, as it came or corrected.")
@click.option("--corrected", type=click.Path(path_type=Path, dir_okay=False, exists=True), help="The corrected text.")
@click.option("--discard", type=int, metavar="NUMBER", help="It will not be taken; say why with --reason.")
@click.option("--reason", default="", help="Why it is discarded.")
@_BY
def quarantine(
    name: str,
    recheck: bool,
    show: int | None,
    release: int | None,
    corrected: Path | None,
    discard: int | None,
    reason: str,
    by: str,
) -> None:
    """What waits for a decision: list, release, discard, check again."""
    django_setup()
    from luoshi.platform.access.scope import Scope
    from luoshi.platform.sources import quarantine as waiting
    from luoshi.platform.sources import queries

    source = _source(name)

    def one(number: int) -> Any:
        from django.http import Http404

        try:
            return waiting.find(number, scope=Scope.system(), source=source)
        except Http404:
            raise NotFound(f"{name} has nothing numbered {number} in quarantine.") from None

    if recheck:
        found = waiting.recheck(source, by=by)
        click.echo(f"{found.released} released, {found.held} still wait.")
    elif show is not None:
        click.echo(waiting.pretty(waiting.text_of(one(show))))
    elif release is not None:
        waiting.release(one(release), by=by, body=corrected.read_text("utf-8") if corrected else "")
        click.echo(f"{release} is released.")
    elif discard is not None:
        waiting.discard(one(discard), by=by, reason=reason)
        click.echo(f"{discard} is discarded.")
    else:
        rows = list(queries.quarantined(source)[:200])
        for row in rows:
            first = row.issues[0] if row.issues else {"path": "", "text": ""}
            click.echo(f"{row.pk}  line {row.refusal.line}  {first['path']}: {first['text']}")
        click.echo(f"{queries.quarantined(source).count()} wait.")


def _source(name: str) -> Source:
    """The source of that name. Raises `NotFound` with the nearest."""
    from luoshi.platform.store.models import Source

    found = Source.objects.select_related("registration").filter(name=name).first()
    if found is None:
        known = Source.objects.values_list("name", flat=True)
        raise NotFound(f"there is no source {name!r}.", todo=nearest(name, known) or "`luoshi source list` names them.")
    return found
