"""Reads of remote ECG: requests of who asks and who reads, tracings, times. Scope first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from statistics import median
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import Http404

from luoshi.kernel import clock
from luoshi.platform.access.scope import Scope
from luoshi.platform.consent import public as consent
from luoshi.platform.regions.models import Institution
from luoshi.services.ecg import rules
from luoshi.services.ecg.models import Request, Tracing
from luoshi.services.ecg.waveforms import Tracing as Waveform
from luoshi.services.ecg.waveforms import unpack

# What a reader does first: emergencies, then what falls due first.
OPEN = (rules.REQUESTED, rules.READING, rules.CRITICAL, rules.RETURNED, rules.REPORTED)


def asked(*, scope: Scope) -> QuerySet[Request]:
    """Requests of the institutions and divisions in the scope."""
    rows = Request.objects.select_related("tracing").defer("tracing__samples")
    if scope.everywhere:
        return rows
    return rows.filter(Q(institution__in=scope.institution_codes) | scope.path_filter("division"))


def to_read(*, scope: Scope) -> QuerySet[Request]:
    """Requests sent to the centres the viewer reads for."""
    rows = Request.objects.select_related("tracing").defer("tracing__samples")
    if scope.everywhere:
        return rows
    inside = Institution.objects.filter(scope.path_filter("division__path")).values("code")
    return rows.filter(Q(center__in=scope.institution_codes) | Q(center__in=inside))


def mine(uuid: str | UUID, *, scope: Scope) -> Request:
    """One of `asked`. Raises `Http404`."""
    return _one(asked(scope=scope), uuid)


def reading(uuid: str | UUID, *, scope: Scope) -> Request:
    """One of `to_read`. Raises `Http404`."""
    return _one(to_read(scope=scope), uuid)


def _one(rows: QuerySet[Request], uuid: str | UUID) -> Request:
    try:
        found = rows.filter(uuid=uuid).first()
    except (ValidationError, ValueError):
        raise Http404 from None
    if found is None:
        raise Http404
    return found


def tracing(uuid: str | UUID, *, scope: Scope) -> Tracing:
    """A tracing that the viewer may see: of a resident they may look at (who consented), or sent to them to be read.
    Raises `Http404`."""
    try:
        found = Tracing.objects.filter(uuid=uuid).first()
    except (ValidationError, ValueError):
        raise Http404 from None
    if found is None:
        raise Http404
    if scope.can(rules.READ) and to_read(scope=scope).filter(tracing=found).exists():
        return found
    if scope.can(rules.ASK) and asked(scope=scope).filter(tracing=found).exists():
        return found
    consent.admit(found.person, scope=scope)
    if not scope.can("record.read"):
        raise Http404
    return found


def waveform(found: Tracing) -> Waveform:
    """The leads of a stored tracing."""
    leads = tuple(found.leads)
    return Waveform(leads, unpack(bytes(found.samples), leads), found.frequency, found.taken, "", found.format)


def center_of(institution: str) -> str:
    """Who reads for an institution: the head of its alliance; itself where it has none. One query."""
    row = Institution.objects.filter(code=institution).values_list("parent__parent__code", "parent__code").first()
    return next((code for code in row or () if code), institution)


@dataclass
class Times:
    """How fast the requests of one institution were read. `late` counts those running out unread, too; minutes from
    request to report."""

    institution: str
    asked: int = 0
    reported: int = 0
    late: int = 0
    critical: int = 0
    critical_late: int = 0
    minutes: list[float] = field(default_factory=list)

    @property
    def in_time(self) -> int:
        """How many reports came in time, of those asked and due."""
        return self.asked - self.late

    @property
    def median(self) -> float | None:
        """Median minutes to the report."""
        return median(self.minutes) if self.minutes else None


def times(start: date, end: date, *, scope: Scope) -> tuple[Times, list[Times]]:
    """All in all, and by asking institution, of the requests asked in a period (both days counted); withdrawn ones do
    not count. One query."""
    first = datetime.combine(start, time.min, clock.CHINA)
    last = datetime.combine(end, time.max, clock.CHINA)
    rows = asked(scope=scope).filter(asked__gte=first, asked__lte=last).exclude(state=rules.WITHDRAWN)
    now, whole = clock.now(), Times("")
    by: dict[str, Times] = {}
    for request in rows.order_by():
        for told in (whole, by.setdefault(request.institution, Times(request.institution))):
            told.asked += 1
            told.late += rules.reading_clock(request.asked, request.urgency, request.reported, now).late
            if request.reported:
                told.reported += 1
                told.minutes.append((request.reported - request.asked).total_seconds() / 60)
                if request.critical:
                    told.critical += 1
                    told.critical_late += rules.answer_clock(request.reported, request.acknowledged, now).late
    return whole, [by[code] for code in sorted(by)]


def in_order(requests: Iterable[Request]) -> list[Request]:
    """Those to be read, the first due first."""
    waiting = (rules.REQUESTED, rules.READING)
    now = clock.now()
    return sorted(
        requests, key=lambda r: (r.state not in waiting, rules.reading_clock(r.asked, r.urgency, None, now).due, r.pk)
    )
