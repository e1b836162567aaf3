"""One Luoshi on its own database and port, told what to do by lines of JSON on its input: the other side of
`test_exchange`. Not a test itself."""

from __future__ import annotations

import json
import os
import sys
import threading
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "luoshi.project.settings")
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection, transaction  # noqa: E402

from luoshi.kernel.errors import UserError  # noqa: E402
from luoshi.platform.access.models import User  # noqa: E402
from luoshi.platform.access.scope import Scope  # noqa: E402
from luoshi.services.referral import actions, capacity, queries  # noqa: E402
from luoshi.services.referral.exchange import outbox, peers  # noqa: E402
from luoshi.services.referral.models import Message, Referral, Step  # noqa: E402


class Server(ThreadingMixIn, WSGIServer):
    """Answers several at once."""

    daemon_threads = True


class Quiet(WSGIRequestHandler):
    """Writes no log."""

    def log_message(self, *args: object) -> None:
        """Nothing."""


def row(uid: str) -> Referral:
    return Referral.objects.get(uid=uid)


def told(uid: str) -> dict[str, object]:
    """How a referral stands here."""
    one = row(uid)
    return {
        "state": one.state, "version": one.version, "summary": one.summary, "subject": one.subject, "person": one.person,
        "attached": bool(one.attached), "steps": list(Step.objects.filter(referral=one).values_list("kind", flat=True)),
        "refusal": one.refusal, "arrive_on": one.arrive_on.isoformat() if one.arrive_on else "", "tests": one.tests,
    }  # fmt: skip


def do(what: str, more: dict) -> object:
    user = User.objects.get(username=more.pop("by", "doctor"))
    scope = Scope.of(user)
    if what == "down":
        down()
    elif what == "up":
        up(more["port"])
    elif what == "peer":
        peers.register(by="test", **more)
    elif what == "send":
        made = actions.send(
            wanted=actions.Wanted(**more), consented_by="patient", categories=("general",), by=user, scope=scope
        )
        return made.uid
    elif what == "told":
        return told(more["uid"])
    elif what == "attached":
        seen = queries.attached(row(more["uid"]), scope=scope, by=user)
        return [entry.title for entry in seen.entries] if seen else None
    elif what == "deliver":
        if more.get("again"):
            Message.objects.update(state=Message.WAITING)
        if more.get("now"):
            from django.utils import timezone

            Message.objects.filter(state=Message.WAITING).update(due=timezone.now())
        return outbox.deliver()
    elif what == "waiting":
        return list(Message.objects.exclude(state=Message.SENT).values_list("state", "attempts", "error"))
    elif what == "race":
        return race(more["uids"], more["slot"], user)
    elif what == "counts":
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM store_version")
            return [Referral.objects.count(), Step.objects.count(), cursor.fetchone()[0]]
    elif what == "reserve":
        capacity.reserve(number=row(more.pop("uid")).pk, by=user, scope=scope, **more)
    elif what == "bed":
        return capacity.declare(
            institution=more["institution"],
            department="心内科",
            kind="bed",
            total=5,
            free=more["free"],
            day=None,
            by=user,
            scope=scope,
        ).pk
    else:
        getattr(actions, what)(number=row(more.pop("uid")).pk, by=user, scope=scope, **more)
    return "done"


def race(uids: list[str], slot: int, user: User) -> list[str]:
    """Two reservers of the last bed, in threads of their own."""
    results: list[str] = []
    gate = threading.Barrier(len(uids))

    def one(uid: str) -> None:
        gate.wait()
        try:
            capacity.reserve(number=row(uid).pk, slot=slot, by=user, scope=Scope.of(user))
            results.append("reserved")
        except UserError:
            results.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(uid,)) for uid in uids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(results)


APP = get_wsgi_application()
SERVING: list[WSGIServer] = []


def up(port: int) -> int:
    """Listen, at a port of choice or any; the port."""
    SERVING.append(make_server("127.0.0.1", port, APP, Server, Quiet))
    threading.Thread(target=SERVING[-1].serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return SERVING[-1].server_port


def down() -> None:
    """Listen no more: whoever calls is refused."""
    server = SERVING.pop()
    server.shutdown()
    server.server_close()


def main() -> None:
    import luoshi.project.urls  # noqa: F401 (else the first request waits for it)

    print(json.dumps({"port": up(0)}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            with transaction.atomic() if asked["do"] in ("told", "counts") else _nothing():
                answer = {"answer": do(asked.pop("do"), asked)}
        except UserError as error:
            answer = {"error": str(error)}
        print(json.dumps(answer, ensure_ascii=False, default=str), flush=True)


class _nothing:  # noqa: N801 (stands for a context)
    def __enter__(self) -> None: ...
    def __exit__(self, *args: object) -> None: ...


main()
