"""What leaves the house: one digest a reader and day, a few urgent messages at once, each until it arrived.

`digest` and `urgent` decide and write down what leaves, in one transaction with the messages it holds; `deliver` sends
what is written down. A run that dies between sending and noting it sends again: at least once, never none. All three may
be run by a timer as often as one likes.
"""

from __future__ import annotations

import json
import logging
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F
from django.utils.translation import override

from luoshi.kernel import clock
from luoshi.kernel.errors import UserError
from luoshi.platform import audit
from luoshi.platform.access import at_rest
from luoshi.platform.access.models import User
from luoshi.supervision.alerts import bodies, queries, rules
from luoshi.supervision.alerts.actions import check_hook
from luoshi.supervision.alerts.models import Message, Outgoing, Preference

log = logging.getLogger("luoshi.alerts")
LEASE = timedelta(minutes=10)
TIMEOUT = 15
STALE = timedelta(days=30)  # what nobody could be reached for so long is only in the inbox


@dataclass(frozen=True)
class Sent:
    """What one run did."""

    sent: int = 0
    failed: int = 0
    given_up: int = 0


def inbox() -> str:
    """The absolute address of the inbox."""
    return f"{settings.LUOSHI_ADDRESS}/inbox/"


def channels(preference: Preference) -> list[str]:
    """How a reader is reached outside the pages; none where nothing is set up."""
    found = [rules.MAIL] if preference.mail and preference.user.email and settings.LUOSHI_MAIL else []
    return found + ([rules.HOOK] if preference.hook_kind and preference.hook_url else [])


def digest(*, at: datetime | None = None) -> int:
    """Write the digest of the day for every reader with unread messages that have not left: one a reader, channel and
    day. Before the hour of the digest, and in a reader's quiet hours, nothing. Gives how many were written.

    Run again the same day it writes none for those who had theirs: what came since waits for tomorrow's.
    """
    now = at or clock.now()
    if now.astimezone(clock.CHINA).hour < rules.book().digest_at:
        return 0
    made = 0
    for user, waiting in _waiting(now, urgent=False):
        made += _leave(user, waiting, key=f"digest:{now.astimezone(clock.CHINA).date()}", now=now, urgent=False)
    return made


def urgent(*, at: datetime | None = None) -> int:
    """Write what leaves at once: urgent messages, joined into one for a reader and run, at most the declared number a
    reader and day. In quiet hours none: they go when these end. Gives how many were written."""
    now = at or clock.now()
    midnight = now.astimezone(clock.CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
    made = 0
    for user, waiting in _waiting(now, urgent=True):
        today = Outgoing.objects.filter(user=user, urgent=True, at__gte=midnight).values("key").distinct().count()
        if today < rules.book().urgent_a_day:
            made += _leave(user, waiting, key=f"urgent:{max(m.pk for m in waiting)}", now=now, urgent=True)
    return made


def _waiting(now: datetime, *, urgent: bool) -> list[tuple[User, list[Message]]]:
    """Unread messages of the last weeks that have not left, by reader, newest first. One query."""
    found = Message.objects.filter(
        left_at__isnull=True, read_at__isnull=True, user__is_active=True, at__gte=now - STALE
    )
    if urgent:
        found = found.filter(kind__in=[name for name, kind in rules.book().kinds.items() if kind.urgent])
    by_user: dict[int, tuple[User, list[Message]]] = {}
    for message in found.select_related("user").order_by("-at", "-pk"):
        by_user.setdefault(message.user_id, (message.user, []))[1].append(message)
    return list(by_user.values())


def _leave(user: User, waiting: Sequence[Message], *, key: str, now: datetime, urgent: bool) -> int:
    preference = queries.preference(user)
    hour = now.astimezone(clock.CHINA).hour
    reached = channels(preference)
    wanted = [m for m in waiting if m.kind not in preference.muted]
    if not reached or not wanted or rules.quiet(hour, preference.quiet_from, preference.quiet_to):
        return 0
    with transaction.atomic(), override("zh-hans"):
        if Outgoing.objects.filter(user=user, key=key).exists():
            return 0
        title, lines = _title(wanted, now, urgent=urgent), [_line(m) for m in wanted]
        most = rules.book().most_listed
        made = Outgoing.objects.bulk_create(
            [
                Outgoing(
                    user=user, channel=channel, key=key, title=title, urgent=urgent, at=now, due=now,
                    body=bodies.text(lines, most=most, inbox=inbox())
                    if channel == rules.MAIL
                    else bodies.markdown(title, lines, most=most, inbox=inbox()),
                )
                for channel in reached
            ],
            ignore_conflicts=True,
        )  # fmt: skip
        Message.objects.filter(pk__in=[m.pk for m in wanted]).update(left_at=now)
        detail = {"key": key, "channels": reached, "messages": len(wanted)}
        audit.record(by="clock", action="alerts.leave", object_type="user", object_id=user.pk, detail=detail)
    return len(made)


def _title(messages: Sequence[Message], now: datetime, *, urgent: bool) -> str:
    if urgent and len(messages) == 1:
        return f"落实：{rules.kind(messages[0].kind).name}"
    day = now.astimezone(clock.CHINA).date()
    return f"落实：{len(messages)} 条{'紧急' if urgent else ''}待办提醒（{day}）"


def _line(message: Message) -> bodies.Line:
    say, todo = rules.said(message.kind, message.values)
    link = f"{settings.LUOSHI_ADDRESS}{message.link}" if message.link else ""
    return bodies.Line(rules.kind(message.kind).name, say, todo, link)


def deliver(*, at: datetime | None = None, most: int = 500) -> Sent:
    """Send what is written down and due; what fails is tried again with longer waits, then given up and shown.

    Each is taken under a lease, so of two runs at once one sends it; a lease of a run that died ends by itself.
    """
    now = at or clock.now()
    sent = failed = given_up = 0
    waiting = Outgoing.objects.filter(state=Outgoing.WAITING, due__lte=now).order_by("due", "pk")
    for row in list(waiting.select_related("user")[:most]):
        mine = Outgoing.objects.filter(pk=row.pk, state=Outgoing.WAITING, due=row.due)
        if not mine.update(due=now + LEASE, attempts=F("attempts") + 1):
            continue
        problem = _send(row)
        if not problem:
            sent += 1
            Outgoing.objects.filter(pk=row.pk).update(state=Outgoing.SENT, sent_at=now, error="")
            continue
        again = rules.next_attempt(row.attempts + 1, now)
        failed, given_up = failed + 1, given_up + (again is None)
        log.warning("alert %s by %s was not taken: %s", row.pk, row.channel, problem)
        state = Outgoing.WAITING if again else Outgoing.GIVEN_UP
        Outgoing.objects.filter(pk=row.pk).update(error=problem[:200], due=again or now, state=state)
    return Sent(sent, failed, given_up)


def _send(row: Outgoing) -> str:
    """Hand one over; "" when it was taken, else why not (without addresses or secrets)."""
    try:
        return _mail(row) if row.channel == rules.MAIL else _hook(row)
    except UserError as error:
        return error.message
    except (OSError, HTTPException, ValueError) as error:
        return f"cannot be reached ({type(error).__name__})"


def _mail(row: Outgoing) -> str:
    if not row.user.email:
        return "the reader has no address of mail any more"
    # The same number at every attempt: a reader's program can tell a repeated mail from a new one.
    headers = {"Message-ID": f"<luoshi-alert-{row.pk}@{settings.ALLOWED_HOSTS[0].lstrip('.*') or 'localhost'}>"}
    sent = EmailMessage(row.title, row.body, settings.DEFAULT_FROM_EMAIL, [row.user.email], headers=headers).send()
    return "" if sent else "no mail server is set up (LUOSHI_MAIL)"


def _hook(row: Outgoing) -> str:
    preference = queries.preference(row.user)
    if not preference.hook_kind or not preference.hook_url:
        return "the reader has no robot any more"
    url = check_hook(preference.hook_kind, at_rest.unseal(preference.hook_url, context=f"hook:{row.user_id}"))
    body: dict[str, Any]
    if preference.hook_kind == "dingtalk":
        body = bodies.dingtalk(row.title, row.body)
        if preference.hook_secret:
            secret = at_rest.unseal(preference.hook_secret, context=f"hook-secret:{row.user_id}")
            url = bodies.signed(url, secret, int(time.time() * 1000))
    else:
        body = bodies.wecom(row.title, row.body, rules.book().hooks["wecom"].most_bytes)
    return post(url, body)


class _StayHere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: Any, **_more: Any) -> None:
        """A robot does not send us elsewhere."""
        return


_opener = urllib.request.build_opener(_StayHere)


def post(url: str, body: dict[str, Any]) -> str:
    """Send JSON to a robot; "" when it took it. Robots answer 200 also when they refuse: `errcode` tells."""
    data = json.dumps(body, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "luoshi"}
    request = urllib.request.Request(url, data=data, headers=headers, method="POST")  # noqa: S310 (checked by check_hook)
    try:
        with _opener.open(request, timeout=TIMEOUT) as answer:
            said = json.loads(answer.read(65536) or b"{}")
    except urllib.error.HTTPError as error:
        return f"the robot answered {error.code}"
    code = said.get("errcode") if isinstance(said, dict) else None
    return "" if code == 0 else f"the robot refused (errcode {code})"
