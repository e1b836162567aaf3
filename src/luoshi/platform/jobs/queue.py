"""The queue: Huey on a SQLite file of its own, or on Redis when several machines share it.

The queue carries only the job's id; what it is and how far it came is in the database, so that a page can show it and a
restarted worker can find what it left behind.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.util import find_spec
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import close_old_connections, transaction
from django.db.models import F
from huey import Huey, RedisHuey, SqliteHuey
from huey.consumer import Consumer

from luoshi.kernel.errors import NotFound, Refused, UserError
from luoshi.platform.access.models import User
from luoshi.platform.jobs.models import Job
from luoshi.platform.jobs.registry import declared

log = logging.getLogger("luoshi.jobs")
WRITE_EVERY = 1.0
DEAD_AFTER = timedelta(minutes=2)
MOST_ATTEMPTS = 3


@cache
def queue() -> Huey:
    """The Huey of this installation. Raises `Refused` when Redis is asked for and its client is not installed."""
    if settings.LUOSHI_REDIS:
        if find_spec("redis") is None:
            raise Refused(
                "the queue on Redis needs the package `redis`.",
                where="LUOSHI_REDIS",
                todo="Install it, or unset the variable.",
            )
        return RedisHuey("luoshi", url=settings.LUOSHI_REDIS, results=False)
    return SqliteHuey(
        "luoshi", filename=str(settings.LUOSHI_HOME / "jobs.sqlite3"), fsync=True, timeout=30, results=False
    )


@cache
def task() -> Callable[[str], Any]:
    """The one task there is: run the job of an id. Calling it queues."""
    return queue().task(name="run_job")(_run_queued)  # type: ignore[no-any-return]


def _run_queued(job_id: str) -> None:
    close_old_connections()
    try:
        run(UUID(job_id))
    finally:
        close_old_connections()


def start(name: str, *, by: User | str, **arguments: Any) -> Job:
    """Queue the job `name` with JSON `arguments`; it begins once the caller's transaction is committed.

    Raises `NotFound` for a job nobody declared.
    """
    declared(name)
    job = Job.objects.create(
        name=name,
        by=by if isinstance(by, str) else by.get_username(),
        arguments=arguments,
        created_at=datetime.now(UTC),
    )
    transaction.on_commit(lambda: task()(str(job.pk)))
    return job


def run(job_id: UUID) -> None:
    """Run one job to its end in this process, and write down how it went. A job that is not queued is left alone."""
    now = datetime.now(UTC)
    taken = Job.objects.filter(pk=job_id, status=Job.Status.QUEUED).update(
        status=Job.Status.RUNNING, started_at=now, beat=now, attempts=F("attempts") + 1
    )
    if not taken:
        return
    job = Job.objects.get(pk=job_id)
    try:
        result = declared(job.name).function(_Progress(job_id), **job.arguments) or {}
    except UserError as error:
        _finish(job_id, Job.Status.FAILED, message=str(error))
    except Exception:
        # What went wrong is for the log; it may hold what does not belong on a page.
        log.exception("job %s (%s) failed", job.name, job_id)
        _finish(job_id, Job.Status.FAILED, message="系统出错，任务没有完成；错误已记入日志。")
    else:
        _finish(job_id, Job.Status.DONE, result=result)


def _finish(job_id: UUID, status: Job.Status, **fields: Any) -> None:
    Job.objects.filter(pk=job_id).update(status=status, finished_at=datetime.now(UTC), **fields)


class _Progress:
    """Writes at most once a second, and always the last word."""

    def __init__(self, job_id: UUID) -> None:
        self.job_id, self.written = job_id, 0.0

    def __call__(self, done: int, total: int = 0, message: str = "") -> None:
        now = time.monotonic()
        if now - self.written < WRITE_EVERY and done != total:
            return
        self.written = now
        Job.objects.filter(pk=self.job_id).update(done=done, total=total, message=message, beat=datetime.now(UTC))


def recover() -> int:
    """After a restart: queue again what a dead worker left running and may be run again, and say of the rest that it
    was cut off; queue again what was lost before it began. Answers how many were found. One worker at a time."""
    now = datetime.now(UTC)
    found = 0
    for job in Job.objects.filter(status=Job.Status.RUNNING, beat__lt=now - DEAD_AFTER):
        found += 1
        try:
            again = declared(job.name).restartable and job.attempts < MOST_ATTEMPTS
        except NotFound:
            again = False
        if again:
            Job.objects.filter(pk=job.pk).update(status=Job.Status.QUEUED, started_at=None, beat=None)
        else:
            _finish(job.pk, Job.Status.FAILED, message="服务重启时任务中断，没有完成；请重新提交。")
    waiting = {str(task_.args[0]) for task_ in queue().pending()}
    for job in Job.objects.filter(status=Job.Status.QUEUED):
        if str(job.pk) not in waiting:
            found += 1
            task()(str(job.pk))
    return found


def work(*, workers: int = 1) -> None:
    """Run the queue in this process until it is told to stop (SIGINT, SIGTERM)."""
    task()
    recover()
    Consumer(queue(), workers=workers, worker_type="thread", periodic=False).run()
