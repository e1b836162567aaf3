"""Reads: a person's own messages. Nobody reads another's."""

from __future__ import annotations

from django.core.cache import cache
from django.db.models import QuerySet

from luoshi.platform.access.models import User
from luoshi.supervision.alerts import rules
from luoshi.supervision.alerts.models import Message, Outgoing, Preference

REMEMBERED = 30  # seconds the number in the page head may be old


def messages(user: User, *, unread: bool = False, kind: str = "") -> QuerySet[Message]:
    """A person's messages, newest first."""
    found = Message.objects.filter(user=user)
    if unread:
        found = found.filter(read_at__isnull=True)
    return found.filter(kind=kind) if kind else found


def cache_key(user: int) -> str:
    """Where the number of unread messages is remembered."""
    return f"alerts.unread.{user}"


def unread(user: User) -> int:
    """How many messages wait; remembered for half a minute, because every page shows it."""
    found: int | None = cache.get(cache_key(user.pk))
    if found is None:
        found = Message.objects.filter(user=user, read_at__isnull=True).count()
        cache.set(cache_key(user.pk), found, REMEMBERED)
    return found


def preference(user: User) -> Preference:
    """What a person wants to hear; the defaults where they chose nothing (not saved)."""
    hours = rules.book().quiet
    found = Preference.objects.filter(user=user).first()
    return found or Preference(user=user, quiet_from=hours.from_, quiet_to=hours.to)


def outgoing(user: User) -> QuerySet[Outgoing]:
    """What left or waits to leave to a person, newest first."""
    return Outgoing.objects.filter(user=user)
