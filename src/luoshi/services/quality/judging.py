"""The authenticity desk: findings kept from the statistics, and what people made of them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue
from luoshi.kernel.period import Period
from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.lake.files import default_lake
from luoshi.platform.regions.models import Institution
from luoshi.services.quality import signs
from luoshi.services.quality.models import Finding, Judgement


def look(*, by: User | str, lake: Path | None = None, period: Period | None = None) -> signs.Examined:
    """Run every method over the lake and keep what is to be shown. A finding that is gone stays, no longer current, with
    what was made of it; one that comes back after it was judged keeps its judgement."""
    examined = signs.examine(lake or default_lake(), period=period)
    now = clock.now()
    with transaction.atomic():
        before = {(f.unit, f.test): f for f in Finding.objects.all()}
        seen = set()
        fresh, changed = [], []
        for sign in examined.shown:
            seen.add((sign.unit, sign.method))
            values = _values(sign, examined.period)
            old = before.get((sign.unit, sign.method))
            if old is None:
                fresh.append(Finding(unit=sign.unit, test=sign.method, found_at=now, **values))
            else:
                for name, value in values.items():
                    setattr(old, name, value)
                changed.append(old)
        Finding.objects.bulk_create(fresh)
        if changed:
            names = [*_values(examined.shown[0], examined.period)]
            Finding.objects.bulk_update(changed, names)
        gone = [f.pk for key, f in before.items() if key not in seen and f.current]
        Finding.objects.filter(pk__in=gone).update(current=False)
        audit.record(
            by=by, action="authenticity.look", object_type="lake", object_id="authenticity",
            detail={"units": examined.units, "tests": len(examined.signs), "shown": len(seen), "gone": len(gone)},
        )  # fmt: skip
    return examined


def _values(sign: signs.Sign, period: Period) -> dict[str, object]:
    first = min((row[3] for row in sign.rows if row[3]), default=None)
    last = max((row[3] for row in sign.rows if row[3]), default=None)
    return {
        "institution": sign.institution,
        "first_day": date.fromisoformat(first) if first else period.start,
        "last_day": date.fromisoformat(last) if last else period.end,
        "current": True,
        "trials": int(sign.trials),
        "observed": sign.observed,
        "expected": sign.expected,
        "statistic": sign.statistic,
        "effect": sign.effect,
        "p_value": sign.p_value,
        "q_value": sign.q_value,
        "detail": sign.detail,
        "rows": [list(row) for row in sign.rows],
    }


def findings(*, scope: Scope) -> QuerySet[Finding]:
    """Findings at institutions inside the scope, the surest first."""
    if scope.everywhere:
        return Finding.objects.all()
    inside = Institution.objects.filter(scope.path_filter("division__path")).values("code")
    return Finding.objects.filter(Q(institution__in=inside) | Q(institution__in=scope.institution_codes))


def finding(number: int, *, scope: Scope) -> Finding:
    """One of `findings`. Raises `Http404`."""
    found = findings(scope=scope).filter(pk=number).first()
    if found is None:
        raise Http404
    return found


def judge(*, number: int, state: str, note: str, by: User, scope: Scope) -> Finding:
    """Note what a person made of a finding. A reason is always needed; no state says that anybody is guilty.

    Raises `InvalidValue` for an unknown state or a missing reason, `Http404` outside the scope.
    """
    found = finding(number, scope=scope)
    note = note.strip()
    if state not in dict(Finding.STATES):
        raise InvalidValue(_("没有这种结论。"))
    if len(note) < 4:
        raise InvalidValue(_("请写明理由（至少4个字）。"))
    with transaction.atomic():
        Judgement.objects.create(finding=found, by=by.get_username(), at=clock.now(), state=state, note=note[:500])
        Finding.objects.filter(pk=found.pk).update(state=state)
        audit.record(
            by=by, action="authenticity.judge", object_type="finding", object_id=found.pk,
            detail={"state": state, "test": found.test, "unit": found.unit},
        )  # fmt: skip
    found.refresh_from_db()
    return found
