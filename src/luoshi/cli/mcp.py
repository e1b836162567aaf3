"""`luoshi mcp`: let a program ask, over standard streams, in the name of an account."""

from __future__ import annotations

import os

import click

from luoshi.cli.main import django_setup
from luoshi.kernel.errors import Refused


@click.command("mcp")
def group() -> None:
    """Serve the Model Context Protocol on standard input and output until the program closes them.

    The token of an account, made on the page /assistant/, is read from LUOSHI_MCP_TOKEN. The program may do what the
    account may and sees what it sees; every call is in the audit trail.
    """
    secret = os.environ.get("LUOSHI_MCP_TOKEN", "").strip()
    if not secret:
        raise Refused("there is no token.", where="LUOSHI_MCP_TOKEN", todo="Make one on the page /assistant/.")
    django_setup()
    import anyio

    from luoshi.services.mcp_server import serving, tokens

    if tokens.caller(secret) is None:
        raise Refused(
            "the token is unknown, revoked or over.", where="LUOSHI_MCP_TOKEN", todo="Make one on the page /assistant/."
        )
    anyio.run(serving.over_streams, lambda: tokens.caller(secret))
