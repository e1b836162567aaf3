"""Writes about sources: register, change, declare feeds. Keyword-only, with `by`, one transaction with its audit row."""

from __future__ import annotations

import re
from datetime import date

from django.db import transaction

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, NotFound, Refused, nearest
from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.regions.models import Division, Institution
from luoshi.platform.sources.models import Feed, Mode, Registration
from luoshi.platform.store.models import Source
from luoshi.records.structure import resource_types
from luoshi.records.validate import PROFILES

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}")
DOORS = ("cda", "hl7v2", "csv")


def register(
    *,
    name: str,
    by: User | str,
    scope: Scope,
    title: str = "",
    division: str = "",
    institution: str = "",
    contact: str = "",
    mode: str = Mode.REJECT,
    profile: str = "",
    active: bool = True,
) -> Registration:
    """Register a source, or change its registration (what it sent before under this name stays its own).

    `division` or `institution` (codes; one of them) is whose residents it may read; a source inside an institution is
    named by that. Both must lie in `scope`. Raises `InvalidValue`, `NotFound` for codes nobody knows.
    """
    if not NAME.fullmatch(name):
        raise InvalidValue("a source is named by letters, digits, dots and hyphens, at most 60.", where="name")
    if mode not in Mode.values:
        raise InvalidValue(f"there is no mode {mode!r}.", where="mode", todo=f"Use {', '.join(Mode.values)}.")
    if profile and profile not in PROFILES:
        raise InvalidValue(f"there is no profile {profile!r}.", where="profile", todo=nearest(profile, PROFILES))
    place = _place(division.strip(), institution.strip(), scope)
    told = {"mode": str(mode), "profile": profile, "contact": contact.strip()[:200], "active": active}
    with transaction.atomic():
        source, _made = Source.objects.get_or_create(name=name)
        existing = Registration.objects.filter(source=source).first()
        if existing is not None and not _inside(source, scope):
            raise Refused(f"{name} belongs to another place.", todo="Ask whoever registered it.")
        source.title, source.division, source.institution = title.strip()[:200], *place
        source.save(update_fields=["title", "division", "institution"])
        registration, _made = Registration.objects.update_or_create(source=source, defaults=told)
        registration.source = source
        audit.record(
            by=by,
            action="source.change" if existing else "source.register",
            object_type="source",
            object_id=name,
            scope_division=source.division,
            detail={"division": place[0], "institution": place[1], "mode": str(mode), "profile": profile}
            | {"active": active},
        )
    return registration


def _place(division: str, institution: str, scope: Scope) -> tuple[str, str]:
    if institution:
        found = Institution.objects.select_related("division").filter(code=institution).first()
        if found is None or not scope.covers_institution(institution):
            raise NotFound(f"there is no institution {institution!r} here.", where="institution")
        return found.division.code, institution
    if division:
        if not Division.objects.filter(code=division).exists() or not scope.covers_division(division):
            raise NotFound(f"there is no division {division!r} here.", where="division")
    elif not scope.everywhere:
        raise InvalidValue("say which division or institution the source belongs to.", where="division")
    return division, ""


def _inside(source: Source, scope: Scope) -> bool:
    if scope.everywhere:
        return True
    if source.institution and scope.covers_institution(source.institution):
        return True
    return bool(source.division) and not source.institution and scope.covers_division(source.division)


def declare(*, source: Source, by: User | str, kind: str = "", hours: int = 24, since: date | None = None) -> Feed:
    """What the source will send and how often; declaring a kind again replaces how often. Raises `InvalidValue`."""
    kind = kind.strip()
    door, _, rest = kind.partition(":")
    if kind and kind not in resource_types() and not (door in DOORS and len(rest) <= 50):
        raise InvalidValue(
            f"{kind!r} is nothing a source can send.",
            where="kind",
            todo=nearest(kind, [*resource_types(), *DOORS]) or "Use a resource type, cda, hl7v2:ADT or csv:NAME.",
        )
    if not 1 <= hours <= 24 * 366:
        raise InvalidValue("at least every 1 to 8784 hours.", where="hours")
    with transaction.atomic():
        feed, _made = Feed.objects.update_or_create(
            source=source, kind=kind, ended=None, defaults={"hours": hours, "since": since or clock.today()}
        )
        _note(by, "source.feed", source, {"kind": kind, "hours": hours, "since": str(feed.since)})
    return feed


def end(*, feed: Feed, by: User | str) -> None:
    """The source sends this no more; its silence is no alarm from today on."""
    with transaction.atomic():
        if Feed.objects.filter(pk=feed.pk, ended__isnull=True).update(ended=clock.today()):
            _note(by, "source.feed.end", feed.source, {"kind": feed.kind})


def _note(by: User | str, action: str, source: Source, detail: dict[str, object]) -> None:
    audit.record(
        by=by,
        action=action,
        object_type="source",
        object_id=source.name,
        scope_division=source.division,
        detail=detail,
    )
