"""`luoshi code`: keys of the health code, files for scanners, and checking a code without the platform."""

from __future__ import annotations

import sys
import time
from datetime import datetime
from pathlib import Path

import click

from luoshi.cli.main import django_setup
from luoshi.kernel import health_code
from luoshi.kernel.clock import CHINA
from luoshi.kernel.errors import UnreadableFile, UserError


@click.group("code")
def group() -> None:
    """Health codes: keys, files for scanners, offline checks."""


@group.command("keys")
def list_keys() -> None:
    """The keys by number; the last one signs. Makes the first key where there is none."""
    django_setup()
    from luoshi.services.health_code import keys

    known = keys.known()
    for key in known:
        click.echo(f"{key.key_id:>5}  {'signs and verifies' if key is known[-1] else 'verifies'}")


@group.command("rotate")
@click.option("--keep", type=click.IntRange(0, 50), default=2, show_default=True, help="Old keys that still verify.")
@click.option("--by", default="", help="Who asked for it, for the audit trail.")
def rotate(keep: int, by: str) -> None:
    """Sign with a new key from now on. Scanners need the new file of public keys."""
    django_setup()
    from django.db import transaction

    from luoshi.platform import audit
    from luoshi.services.health_code import keys

    with transaction.atomic():
        number = keys.rotate(keep=keep)
        audit.record(by=by or "command line", action="code.rotate", object_type="key", object_id=number)
    click.echo(f"Key {number} signs from now on. Give scanners the new file: luoshi code export FOLDER")


@group.command("export")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def export(folder: Path) -> None:
    """Write what scanners need to check offline: public-keys.json and revoked.json (good for a day)."""
    django_setup()
    from luoshi.services.health_code import queries

    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (("public-keys.json", queries.public_keys()), ("revoked.json", queries.revocations())):
        part = folder / f".{name}.part"
        part.write_text(text, "ascii")
        part.replace(folder / name)
        click.echo(str(folder / name))


@group.command("issue")
@click.argument("identifier")
@click.option("--by", required=True, help="The account that prints it.")
@click.option("--svg", type=click.Path(path_type=Path, dir_okay=False), help="Also draw the QR to this file.")
def issue(identifier: str, by: str, svg: Path | None) -> None:
    """Print a static code for the resident with this identifier; the one before is revoked."""
    django_setup()
    from luoshi.platform.access import queries as accounts
    from luoshi.platform.access.scope import Scope
    from luoshi.platform.store import people
    from luoshi.services.health_code import actions
    from luoshi.services.health_code.pages import picture

    user = accounts.user_named(by)
    scope = Scope.of(user)
    found = people.by_identifier(identifier, scope=scope)
    if len(found) != 1:
        raise UserError("nobody with this identifier lies in the scope of the account.", where=by)
    text, _row = actions.print_static(person=found[0], by=user, scope=scope)
    if svg is not None:
        svg.write_text(str(picture(text, "health code")), "utf-8")
    click.echo(text)


@group.command("verify")
@click.argument("code")
@click.option("--keys", "key_file", required=True, type=click.Path(path_type=Path), help="public-keys.json")
@click.option("--revoked", "revoked_file", type=click.Path(path_type=Path), help="revoked.json")
@click.option(
    "--skew", type=click.IntRange(0, 600), default=30, show_default=True, help="Seconds this clock may be off."
)
@click.option("--at", type=int, help="Seconds since 1970 to judge for, instead of now.")
def verify(code: str, key_file: Path, revoked_file: Path | None, skew: int, at: int | None) -> None:
    """Check CODE (`-`: read from standard input) without the platform: no database, no network.

    Exit status 0 when it holds, 1 when it does not, 2 when it could not be checked. Without --revoked a printed code
    that was reported lost cannot be told from a good one.
    """
    now = int(time.time()) if at is None else at
    text = sys.stdin.readline() if code == "-" else code
    public = health_code.read_public_keys(_text(key_file))
    revoked = health_code.read_revocations(_text(revoked_file), public, now=now) if revoked_file else frozenset()
    found = health_code.check(text, public, now=now, skew=skew, revoked=revoked)
    claims = found.claims
    if claims is None:
        click.echo(found.reason)
    else:
        until = datetime.fromtimestamp(claims.expires, CHINA)
        click.echo(f"{found.reason}  {claims.kind}  serial {claims.serial}  until {until:%Y-%m-%d %H:%M:%S}")
    if found.valid and claims is not None and claims.kind == health_code.STATIC and revoked_file is None:
        click.echo("not checked against revoked codes (give --revoked)", err=True)
    raise SystemExit(0 if found.valid else 1)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise UnreadableFile(f"cannot be read: {reason}.", where=str(path)) from error
