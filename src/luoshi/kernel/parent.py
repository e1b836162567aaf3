"""Worker processes that end with the one that began them, even if that was killed and could not say so."""

from __future__ import annotations

import multiprocessing
import os
import threading
from multiprocessing.connection import wait


def end_with_parent() -> None:
    """In a worker of `multiprocessing`: end, whatever is being done, as soon as the parent is gone. Called elsewhere it does
    nothing."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
