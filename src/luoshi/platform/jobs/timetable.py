"""What happens by the clock: jobs declared with `every`, run by the worker one after another: the frequent ones in one
row, those that may take their time in another.

When each last began is in the database. A round that an outage kept from happening happens at the next turn, once; of
several workers one runs it; a clock that was set back starts it anew. Real time counts here, also in a demonstration
region: its day stands still, its worker does not.
"""

from __future__ import annotations

import json
import logging
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event

from django.db import close_old_connections

from luoshi.kernel.errors import UserError
from luoshi.platform.jobs.models import Round
from luoshi.platform.jobs.registry import Declared, by_the_clock

log = logging.getLogger("luoshi.jobs")
LOOK_EVERY = 2.0  # seconds
PROMPT = timedelta(minutes=5)  # what is wanted as often as this waits for nothing that is wanted less often
LEASE = timedelta(hours=2)  # a round that has not ended by then died with its machine


@dataclass(frozen=True)
class Line:
    """One job of the timetable and its last round, if there was one."""

    declared: Declared
    every: timedelta
    last: Round | None


def lines() -> list[Line]:
    """The timetable. One query."""
    rounds = {r.name: r for r in Round.objects.all()}
    return [Line(d, d.every, rounds.get(d.name)) for d in by_the_clock() if d.every is not None]


def turn(*, now: datetime | None = None, everything: bool = False) -> int:
    """Run what is due (with `everything` also what is not), and write down how it went; how many ran."""
    return sum(_run(line, now, everything=everything) for line in lines())


def keep_prompt(stop: Event) -> None:
    """Run what is frequent until `stop` is set."""
    _keep(stop, prompt=True)


def keep_patient(stop: Event) -> None:
    """Run what may take its time until `stop` is set."""
    _keep(stop, prompt=False)


def _keep(stop: Event, *, prompt: bool) -> None:
    while not stop.is_set():
        close_old_connections()
        try:
            for line in lines():
                if not stop.is_set() and (line.every <= PROMPT) == prompt:
                    _run(line)
        except Exception:
            # The database may be away for a while; the next look tries again.
            log.exception("the timetable could not be read")
        stop.wait(LOOK_EVERY)
    close_old_connections()


def free(holder: str) -> int:
    """After a restart: end the rounds this machine had begun and cannot be running any more; how many."""
    cut = {"ended_at": datetime.now(UTC), "failed": True, "said": "cut off; it runs again when it is due."}
    return Round.objects.filter(holder=holder, ended_at=None).update(**cut)


def _run(line: Line, now: datetime | None = None, *, everything: bool = False) -> bool:
    """Run one job if it is due and nobody else has it; whether it ran."""
    at, name = now or datetime.now(UTC), line.declared.name
    if not _free(line.last, at) or not (everything or _due(line.last, line.every, at)):
        return False
    mine = {"holder": socket.gethostname(), "began_at": at, "ended_at": None, "failed": False, "said": ""}
    if line.last is None:
        _row, taken = Round.objects.get_or_create(name=name, defaults=mine)
    else:
        taken = bool(Round.objects.filter(name=name, began_at=line.last.began_at).update(**mine))
    if taken:
        failed, said = _outcome(line.declared)
        over = Round.objects.filter(name=name, began_at=at)
        over.update(ended_at=max(datetime.now(UTC), at), failed=failed, said=said)
    return taken


def _free(last: Round | None, now: datetime) -> bool:
    return last is None or last.ended_at is not None or not now - LEASE < last.began_at <= now


def _due(last: Round | None, every: timedelta, now: datetime) -> bool:
    return last is None or not now - every < last.began_at <= now


def _outcome(declared: Declared) -> tuple[bool, str]:
    """Whether it failed, and its result or what is wrong. A bug is for the log; it may hold what is nobody's business."""
    try:
        result = declared.function(_no_progress)
    except UserError as error:
        return True, str(error)
    except Exception:
        log.exception("%s failed", declared.name)
        return True, "it failed; the error is in the log."
    return False, json.dumps(result, ensure_ascii=False, default=str) if result else ""


def _no_progress(done: int, total: int = 0, message: str = "") -> None:
    """Rounds are short, and nobody waits for them."""
