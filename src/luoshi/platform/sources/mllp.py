"""A listener for HL7 v2 over MLLP: framing, who may send, one message after the other.

One listener speaks for one source; who may connect is said by networks, by client certificates, or both. A message is
acknowledged after its commit, so a sender that hears nothing sends it again, and nothing is doubled.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from django.db import close_old_connections

from luoshi.platform.sources.hl7v2 import handle
from luoshi.platform.store.models import Source
from luoshi.records.hl7v2 import answer
from luoshi.records.hl7v2.message import LARGEST

START, END, RETURN = b"\x0b", b"\x1c", b"\r"
IDLE = 600.0  # seconds without a message before a connection is closed
SLOW = 60.0  # seconds a message may take to arrive
MOST_CONNECTIONS = 64
LINGER = 1.0  # seconds
log = logging.getLogger("luoshi.mllp")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass
class Listener:
    """A listener for one source. `handle_one` may be replaced in tests; `allowed`: networks, empty for all."""

    source: Source
    allowed: Sequence[Network] = ()
    tls: ssl.SSLContext | None = None
    handle_one: Callable[[bytes], bytes] | None = None
    idle: float = IDLE
    counts: dict[str, int] = field(default_factory=lambda: {"messages": 0, "refused": 0, "connections": 0})

    def __post_init__(self) -> None:
        # One thread: messages are written in the order they came, and the store has one writer anyway.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="mllp")
        self._open: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Begin to listen; the port (that was free, for 0)."""
        self._server = await asyncio.start_server(self._connected, host, port, ssl=self.tls, limit=LARGEST + 1024)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Listen no more; messages under way are finished and acknowledged."""
        if self._server is not None:
            self._server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()
        self._thread.shutdown(wait=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        peer = str((writer.get_extra_info("peername") or ("",))[0])
        if not self._may(peer) or len(self._open) >= MOST_CONNECTIONS:
            self.counts["refused"] += 1
            log.warning("a connection was refused")
            writer.close()
            return
        self._open.add(task)
        self.counts["connections"] += 1
        try:
            while await self._message(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, TimeoutError, ssl.SSLError):
            pass  # whoever went away sends again what was not acknowledged
        finally:
            self._open.discard(task)
            writer.close()

    def _may(self, peer: str) -> bool:
        if not self.allowed:
            return True
        try:
            address = ipaddress.ip_address(peer)
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return any(address in network for network in self.allowed)

    async def _message(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One message and its answer; whether to go on. After a framing error nobody knows where the next message
        begins, so the connection is closed."""
        first = await asyncio.wait_for(reader.read(1), self.idle)
        if not first:
            return False
        if first in (RETURN, b"\n"):
            return True
        if first != START:
            return await self._framing(reader, writer, "a message begins with the byte 0x0B")
        try:
            data = await asyncio.wait_for(reader.readuntil(END), SLOW)
        except asyncio.LimitOverrunError:
            return await self._framing(reader, writer, f"a message is at most {LARGEST >> 20} MiB")
        after = await asyncio.wait_for(reader.read(1), SLOW)
        if after != RETURN:
            return await self._framing(reader, writer, "a message ends with the bytes 0x1C 0x0D")
        # A message that is being written is finished even while the listener stops.
        ack = await asyncio.shield(self._handled(data[:-1]))
        writer.write(START + ack + END + RETURN)
        await writer.drain()
        return True

    async def _handled(self, data: bytes) -> bytes:
        self.counts["messages"] += 1
        return await asyncio.get_running_loop().run_in_executor(self._thread, self.handle_one or self._store, data)

    def _store(self, data: bytes) -> bytes:
        close_old_connections()
        try:
            # Read anew: the source may have been switched off or registered elsewhere meanwhile.
            source = Source.objects.select_related("registration").get(pk=self.source.pk)
            return handle(data, source=source).ack
        finally:
            close_old_connections()

    async def _framing(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, words: str) -> bool:
        self.counts["refused"] += 1
        writer.write(START + answer(None, "AR", f"framing: {words}", at="", control="0") + END + RETURN)
        await writer.drain()
        # Let the answer arrive: closing on unread bytes would throw it away.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER):
                while await reader.read(1 << 16):
                    pass
        return False
