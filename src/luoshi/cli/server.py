"""`luoshi server`: make the store ready, and serve the pages."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from threading import Event

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
@click.option(
    "--with-worker", is_flag=True, help="Also start a worker (`luoshi server work`) that ends with the server."
)
def run(host: str, port: int, workers: int, with_worker: bool) -> None:
    """Serve the pages until stopped. Takes the place of this process."""
    _ready()
    if not _free(host, port):
        raise UserError(f"port {port} of {host} is taken or not ours.", todo="Give another with --port.")
    serve(host=host, port=port, workers=workers, with_worker=with_worker)


@group.command("work")
@click.option("--no-lake", is_flag=True, help="Leave the lake alone: `luoshi lake watch` runs elsewhere.")
@click.option("--parent", type=int, hidden=True, help="Stop when this process is gone.")
def work(no_lake: bool, parent: int | None) -> None:
    """Do in the background what pages and clocks ask for, until stopped: queued jobs (imports, exports), everything that
    happens by the clock (see `luoshi server clock`), and a fresh lake. One process is enough for one machine."""
    _ready()
    from luoshi.platform.jobs.worker import again_and_again
    from luoshi.platform.jobs.worker import work as run

    run(beside=() if no_lake else (again_and_again(_lake),), parent=parent)


@group.command("clock")
@click.option("--turn", is_flag=True, help="Run what is due now, as the worker would.")
@click.option("--all", "everything", is_flag=True, help="With --turn: also what is not due.")
def clock(turn: bool, everything: bool) -> None:
    """What happens by the clock, how often, when it last began and how it went. Exit status 1 when something failed."""
    _ready()
    from luoshi.platform.jobs import timetable

    if turn:
        timetable.turn(everything=everything)
    failed = False
    for line in timetable.lines():
        last, every = line.last, str(line.every).removesuffix(", 0:00:00")
        began = last.began_at.strftime("%Y-%m-%d %H:%M:%SZ") if last else "never"
        how = "" if last is None else "running" if last.ended_at is None else "failed" if last.failed else "done"
        click.echo(f"{line.declared.name:24}{every:>9}  {began:21} {how:8}{last.said if last else ''}".rstrip())
        failed = failed or bool(last and last.failed)
    if failed:
        raise SystemExit(1)


def _lake(stop: Event) -> None:
    """Keep the lake and its results fresh, once there is one."""
    from luoshi.kernel import clock
    from luoshi.platform.identity.arrivals import settle
    from luoshi.platform.lake.files import default_lake, read_manifest
    from luoshi.platform.lake.source import StoreSource
    from luoshi.platform.lake.watch import watch

    while read_manifest(default_lake()) is None:
        if stop.wait(10.0):
            return
    for _report in watch(StoreSource(), default_lake(), clock=clock.now, before=settle, stop=stop):
        pass


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
    # Anew: a copied or restored home has files that look younger than those of a new version.
    call_command("collectstatic", clear=True, verbosity=0, interactive=False)


def serve(*, host: str = "127.0.0.1", port: int, workers: int = 2, with_worker: bool = False) -> None:
    """Become the server (Granian); `with_worker` starts a worker first that ends with it. Does not return."""
    if with_worker:
        command = [sys.executable, "-m", "luoshi.cli.main", "server", "work", "--parent", str(os.getpid())]
        subprocess.Popen(command, stdin=subprocess.DEVNULL)
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
