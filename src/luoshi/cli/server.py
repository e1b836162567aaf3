"""`luoshi server`: make the store ready, and serve the pages."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import click

from luoshi.cli.main import django_setup
from luoshi.kernel.errors import UserError


@click.group()
def group() -> None:
    """Prepare and serve the pages."""


@group.command("prepare")
def prepare() -> None:
    """Make or update the tables of the store and collect the static files. Safe to run again."""
    prepare_store()
    click.echo("The store is ready.")


@group.command("run")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--workers", type=click.IntRange(1), default=2, show_default=True, help="Processes.")
def run(host: str, port: int, workers: int) -> None:
    """Serve the pages until stopped. Takes the place of this process."""
    _ready()
    if not _free(host, port):
        raise UserError(f"port {port} of {host} is taken or not ours.", todo="Give another with --port.")
    serve(host=host, port=port, workers=workers)


@group.command("work")
def work() -> None:
    """Run queued jobs (imports, exports, matching) until stopped. One process is enough for one machine."""
    _ready()
    from luoshi.platform.jobs.queue import work as run_queue

    run_queue()


@group.command("mllp")
@click.option("--source", required=True, help="The registered source this listener speaks for.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=2575, show_default=True, help="0: any free one.")
@click.option("--allow", multiple=True, metavar="NETWORK", help="Who may connect, for instance 10.1.0.0/16.")
@click.option("--cert", type=click.Path(exists=True, dir_okay=False), help="Certificate and chain: speak TLS.")
@click.option("--key", type=click.Path(exists=True, dir_okay=False), help="Its private key.")
@click.option("--clients-ca", type=click.Path(exists=True, dir_okay=False), help="Who must have signed the senders.")
def mllp(
    source: str, host: str, port: int, allow: tuple[str, ...], cert: str | None, key: str | None, clients_ca: str | None
) -> None:
    """Listen for HL7 v2 (ADT, ORU^R01) over MLLP until stopped; every message is acknowledged after its commit."""
    _ready()
    from luoshi.cli.mllp import listen

    listen(source=source, host=host, port=port, allow=allow, cert=cert, key=key, clients_ca=clients_ca)


def _ready() -> None:
    """Raises `UserError` when the store has no tables, or those of an older Luoshi."""
    django_setup()
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise UserError(
            "the store has no tables yet, or those of an older Luoshi.", todo="Run `luoshi server prepare`, then again."
        )


def prepare_store() -> None:
    """Migrate the tables and collect the static files."""
    django_setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    call_command("collectstatic", verbosity=0, interactive=False)


def serve(*, host: str = "127.0.0.1", port: int, workers: int = 2) -> None:
    """Become the server (Granian). Does not return."""
    granian = Path(sys.executable).parent / "granian"
    arguments = ["--interface", "wsgi", "--host", host, "--port", str(port), "--workers", str(workers)]
    arguments += ["--blocking-threads", "4", "--no-access-log", "--log-level", "warning"]
    os.execv(granian, [str(granian), *arguments, "luoshi.project.wsgi:application"])


def free_port(wanted: int) -> int:
    """`wanted`, or the next free port above it. Raises `UserError` when there is none near."""
    for port in range(wanted, min(wanted + 50, 65536)):
        if _free("127.0.0.1", port):
            return port
    raise UserError(f"no free port from {wanted} on.", todo="Give another with --port.")


def _free(host: str, port: int) -> bool:
    """Whether a server may listen there."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError:
        return False
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError:
            return False
    return True
