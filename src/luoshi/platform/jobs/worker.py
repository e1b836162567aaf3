"""The worker: one process that runs the queue, the timetable, and keeps the lake fresh.

Each has a thread of its own, so that a long import delays no clock; pages go before all of it. Stopped by SIGINT or
SIGTERM; what is cut off is found again at the next start.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
from collections.abc import Callable
from threading import Event, Thread

from luoshi.platform.jobs import queue, timetable

log = logging.getLogger("luoshi.jobs")
PATIENCE = 30.0  # seconds a thread has to end
Task = Callable[[Event], None]


def work(*, beside: tuple[Task, ...] = (), parent: int | None = None) -> None:
    """Run until told to stop. `beside`: functions that run beside queue and timetable, each until its event is set;
    `parent`: stop also when the process that started this one is gone (the number of its process)."""
    os.nice(10)
    timetable.free(socket.gethostname())
    stop = Event()
    tasks: tuple[Task, ...] = (timetable.keep_prompt, timetable.keep_patient, *beside)
    if parent is not None:
        tasks = (*tasks, lambda event: _follow(parent, event))
    threads = [Thread(target=task, args=(stop,), daemon=True) for task in tasks]
    for thread in threads:
        thread.start()
    try:
        queue.work()
    finally:
        stop.set()
        for thread in threads:
            thread.join(PATIENCE)
        if any(thread.is_alive() for thread in threads):
            # In the middle of something long that may be cut off. Native threads would complain of a usual exit.
            logging.shutdown()
            os._exit(0)


def again_and_again(task: Task, *, pause: float = 60.0) -> Task:
    """`task`, begun anew `pause` seconds after it failed; the failure is in the log."""

    def run(stop: Event) -> None:
        while not stop.is_set():
            try:
                task(stop)
            except Exception:
                log.exception("%s failed; it begins anew in %.0f s", getattr(task, "__name__", "a task"), pause)
                stop.wait(pause)

    return run


def _follow(parent: int, stop: Event) -> None:
    while not stop.wait(1.0):
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)
            return
