"""The work of `luoshi server mllp`: who may connect, and running until stopped."""

from __future__ import annotations

import asyncio
import ipaddress
import signal
import ssl
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from luoshi.kernel.errors import InvalidValue, UserError

if TYPE_CHECKING:
    from luoshi.platform.sources.mllp import Listener, Network


def listen(
    *,
    source: str,
    host: str,
    port: int,
    allow: Sequence[str],
    cert: str | None,
    key: str | None,
    clients_ca: str | None,
) -> None:
    """Listen until SIGTERM or SIGINT. Raises `UserError` for a source that is not registered, a network or certificate
    that cannot be meant, a port that is taken, and for an open door: an address others reach, without saying who."""
    from luoshi.cli.source import _source
    from luoshi.platform.sources.mllp import Listener
    from luoshi.platform.store.rules import rules_of

    sender = _source(source)
    if not hasattr(sender, "registration"):
        raise UserError(f"{source} is not registered.", todo=f"Run `luoshi source register {source}` first.")
    rules_of(sender)
    allowed = [_network(text) for text in allow]
    tls = _tls(cert, key, clients_ca)
    if not allowed and clients_ca is None and not _only_here(host):
        raise UserError(
            f"anybody who reaches {host} could send.", todo="Say who may: --allow NETWORK, or --cert with --clients-ca."
        )
    asyncio.run(_run(Listener(sender, allowed, tls), host, port))


async def _run(listener: Listener, host: str, port: int) -> None:
    try:
        bound = await listener.start(host, port)
    except OSError as error:
        raise UserError(f"port {port} of {host} is taken or not ours.", todo="Give another with --port.") from error
    click.echo(f"Listening for {listener.source.name} on {host}:{bound}.")
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    await stop.wait()
    await listener.stop()
    click.echo(f"Stopped after {listener.counts['messages']} messages.")


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise InvalidValue(f"{text!r} is no network.", todo="For example 10.1.0.0/16 or 10.1.2.3.") from None


def _only_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _tls(cert: str | None, key: str | None, clients_ca: str | None) -> ssl.SSLContext | None:
    if cert is None:
        if key or clients_ca:
            raise InvalidValue("TLS needs --cert.")
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(cert, key)
        if clients_ca:
            context.load_verify_locations(clients_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (ssl.SSLError, OSError) as error:
        raise InvalidValue("the certificate or its key cannot be used.", where=cert) from error
    return context
