"""`luoshi account`: people who use Luoshi, and what they may do."""

from __future__ import annotations

import sys
from datetime import datetime

import click

from luoshi.cli.main import django_setup

_BY = click.option("--by", default="system", show_default=True, help="Who does it, for the audit trail.")


@click.group()
def group() -> None:
    """People who use Luoshi, and what they may do."""


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))


@group.command()
@click.argument("username")
@click.option("--name", default="", help="The name shown on pages.")
@click.option("--password-stdin", is_flag=True, help="Read the password from the first line of standard input.")
@click.option("--keep-password", is_flag=True, help="Do not ask for another password at the first sign-in.")
@_BY
def create(username: str, name: str, password_stdin: bool, keep_password: bool, by: str) -> None:
    """Make an account without any grant; the password is asked for."""
    django_setup()
    from luoshi.platform.access import actions

    actions.create_user(
        username=username,
        full_name=name,
        password=_password(password_stdin),
        by=by,
        must_change_password=not keep_password,
    )
    click.echo(f"{username}: made. Give it a role with `luoshi account grant {username} ROLE --division CODE`.")


@group.command()
@click.argument("username")
@click.argument("role")
@click.option("--division", default="", metavar="CODE", help="Over this division and all below.")
@click.option("--institution", default="", metavar="CODE", help="Over this institution and its members.")
@click.option("--everywhere", is_flag=True, help="Over the whole platform.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Last day it holds.")
@_BY
def grant(
    username: str, role: str, division: str, institution: str, everywhere: bool, until: datetime | None, by: str
) -> None:
    """Give an account a role over one place and all below."""
    django_setup()
    from luoshi.platform.access import actions, queries

    place, body = queries.place(division=division, institution=institution)
    row = actions.grant(
        user=queries.user_named(username),
        role_id=role,
        by=by,
        division=place,
        institution=body,
        everywhere=everywhere,
        valid_to=until.date() if until else None,
    )
    click.echo(f"{username}: {row.role_name} · {row.place}")


@group.command()
@click.argument("username")
@click.argument("role", required=False)
@_BY
def revoke(username: str, role: str | None, by: str) -> None:
    """Take away a role, or all of them."""
    django_setup()
    from luoshi.kernel import clock
    from luoshi.kernel.errors import NotFound
    from luoshi.platform.access import actions, queries

    held = queries.user_named(username).grants.on(clock.today())
    if role:
        held = held.filter(role=role)
    if not held:
        raise NotFound(f"{username} holds no such grant today.", todo="`luoshi account list` prints them.")
    for row in held:
        actions.revoke(grant=row, by=by)
        click.echo(f"{username}: no longer {row.role_name} · {row.place}")


@group.command("list")
def list_() -> None:
    """Print every account with the grants it holds today."""
    django_setup()
    from luoshi.platform.access import queries
    from luoshi.platform.access.scope import Scope

    for user in queries.users(scope=Scope.system()):
        grants = ", ".join(f"{row.role} {row.place}" for row in user.held) or "no grant"
        state = "" if user.is_active else "\tclosed"
        factor = "second factor" if user.has_second_factor else "no second factor"
        click.echo(f"{user.username}\t{user.get_full_name()}\t{grants}\t{factor}{state}")


@group.command()
def roles() -> None:
    """Print the roles and what each may do."""
    from luoshi.platform.access.roles import role_book

    for role_id, role in role_book().roles.items():
        click.echo(f"{role_id}\t{role.name}\t{role.name_en}\t{' '.join(role.permissions)}")


@group.command()
@click.argument("username")
@click.option("--password-stdin", is_flag=True, help="Read the password from the first line of standard input.")
@_BY
def password(username: str, password_stdin: bool, by: str) -> None:
    """Set a password; its owner must choose another at the next sign-in. Also ends a lockout."""
    django_setup()
    from axes.utils import reset

    from luoshi.platform.access import actions, queries

    user = queries.user_named(username)
    actions.set_password(user=user, password=_password(password_stdin), by=by, must_change_password=True)
    reset(username=username)
    click.echo(f"{username}: password set; it must be changed at the next sign-in.")


@group.command("reset-second-factor")
@click.argument("username")
@_BY
def reset_second_factor(username: str, by: str) -> None:
    """Forget a lost device, so that its owner enrols another."""
    django_setup()
    from luoshi.platform.access import queries, second_factor

    second_factor.clear(user=queries.user_named(username), by=by)
    click.echo(f"{username}: second factor forgotten.")


@group.command()
@click.argument("username")
@_BY
def close(username: str, by: str) -> None:
    """Close an account; nothing is deleted."""
    _set_active(username, False, by)


@group.command("open")
@click.argument("username")
@_BY
def open_(username: str, by: str) -> None:
    """Open a closed account again."""
    _set_active(username, True, by)


def _set_active(username: str, active: bool, by: str) -> None:
    django_setup()
    from luoshi.platform.access import actions, queries

    actions.set_active(user=queries.user_named(username), active=active, by=by)
    click.echo(f"{username}: {'open' if active else 'closed'}.")
