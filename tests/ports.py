"""Ports for the servers tests start in processes of their own."""

from __future__ import annotations

import os
import random
import socket

# The system takes the ports of outgoing connections, and those of servers that name none, from 32768 on.
FIRST, LAST = 11_000, 32_000
_draw = random.Random(os.getpid())


def free_port() -> int:
    """A port of this machine that is free, and stays so until a server listens there and while it is started again:
    no connection is given one of these, and each worker draws for itself."""
    while True:
        port = _draw.randrange(FIRST, LAST)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
