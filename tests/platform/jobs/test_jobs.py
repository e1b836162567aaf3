"""Work in the background: queued, run, seen, and found again after a restart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from huey import MemoryHuey

from luoshi.kernel.errors import NotFound, Refused
from luoshi.platform.jobs import queue, registry
from luoshi.platform.jobs.models import Job


@pytest.fixture
def huey(monkeypatch):
    """A queue in memory, and a registry of this test's own."""
    memory = MemoryHuey("test", results=False)
    monkeypatch.setattr(registry, "_declared", {})
    monkeypatch.setattr(registry, "_discover", lambda: None)
    queue.queue.cache_clear()
    queue.task.cache_clear()
    monkeypatch.setattr(queue, "queue", lambda: memory)
    # A worker closes stale connections; here the connection holds the test's transaction.
    monkeypatch.setattr(queue, "close_old_connections", lambda: None)
    yield memory
    queue.task.cache_clear()


def work(huey) -> None:
    while (task := huey.dequeue()) is not None:
        huey.execute(task)


@pytest.mark.django_db
class TestJobs:
    def test_runs_to_its_end_with_progress(self, huey, django_capture_on_commit_callbacks):
        @registry.job("count")
        def count(progress, *, to: int):
            progress(to, to, "counted")
            return {"sum": sum(range(to))}

        with django_capture_on_commit_callbacks(execute=True):
            job = queue.start("count", by="tester", to=5)
        assert job.status == "queued"
        work(huey)
        job.refresh_from_db()
        assert (job.status, job.percent, job.message, job.result) == ("done", 100, "counted", {"sum": 10})

    def test_does_not_begin_before_the_commit(self, huey):
        registry.job("nothing")(lambda progress: None)
        queue.start("nothing", by="tester")
        assert huey.pending_count() == 0

    def test_unknown_job_names_the_nearest(self, huey):
        registry.job("ingest")(lambda progress: None)
        with pytest.raises(NotFound, match="ingest"):
            queue.start("ingst", by="tester")

    def test_a_users_mistake_is_said_and_a_bug_is_not(self, huey, caplog):
        def refused(progress):
            raise Refused("disk is full.")

        def bug(progress):
            raise KeyError("secret name")

        registry.job("refused")(refused)
        registry.job("bug")(bug)
        first = Job.objects.create(name="refused", by="x", created_at=datetime.now(UTC))
        second = Job.objects.create(name="bug", by="x", created_at=datetime.now(UTC))
        queue.run(first.pk)
        queue.run(second.pk)
        first.refresh_from_db()
        second.refresh_from_db()
        assert (first.status, first.message) == ("failed", "disk is full.")
        assert second.status == "failed"
        assert "secret" not in second.message

    def test_a_job_runs_once(self, huey):
        runs = []
        registry.job("once")(lambda progress: runs.append(1))
        job = Job.objects.create(name="once", by="x", created_at=datetime.now(UTC))
        queue.run(job.pk)
        queue.run(job.pk)
        assert runs == [1]

    def test_after_a_restart(self, huey):
        registry.job("again", restartable=True)(lambda progress: None)
        registry.job("never")(lambda progress: None)
        long_ago = datetime.now(UTC) - timedelta(hours=1)

        def left(name: str, **fields) -> Job:
            values = {"status": "running", "beat": long_ago, "started_at": long_ago, "attempts": 1, **fields}
            return Job.objects.create(name=name, by="x", created_at=long_ago, **values)

        again, never = left("again"), left("never")
        worn, alive = left("again", attempts=3), left("never", beat=datetime.now(UTC))
        lost = left("again", status="queued", beat=None, started_at=None)
        assert queue.recover() == 5
        work(huey)
        for job in (again, never, worn, alive, lost):
            job.refresh_from_db()
        assert [j.status for j in (again, never, worn, alive, lost)] == ["done", "failed", "failed", "running", "done"]
        assert "重启" in never.message


class TestPage:
    def test_own_job_and_foreign_job(self, client, make_user):
        owner, other = make_user("plan-officer", division="9901"), make_user("county-officer", division="990101")
        job = Job.objects.create(name="x", by=owner.username, created_at=datetime.now(UTC), done=3, total=4)
        url = f"/jobs/{job.pk}/"
        assert client.get(url).headers["Location"].startswith("/sign-in/")
        client.force_login(owner)
        page = client.get(url).content.decode()
        assert "3/4（75%）" in page
        assert 'hx-trigger="every 2s"' in page
        assert "<html" not in client.get(url, headers={"HX-Request": "true"}).content.decode()
        client.force_login(other)
        assert client.get(url).status_code == 404
