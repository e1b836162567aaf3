"""The ladder by the clock: what is due is done once, in order, dated when it was due and when it was done.

What was due while the clock stood still is done at the next run, and before any move of the finding (`catch_up`), so that
handing in late does not wipe out that it was late.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db import transaction

from luoshi.kernel import clock
from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.supervision.alerts.actions import tell
from luoshi.supervision.alerts.recipients import nearest
from luoshi.supervision.rectification import queries, rules
from luoshi.supervision.rectification.models import Finding, Step


@dataclass(frozen=True)
class Planned:
    """What would happen: to which finding, which step, on which day, because which date was missed."""

    finding: Finding
    due: rules.DueStep
    basis: str
    missed: date


def planned(until: date, *, scope: Scope) -> list[Planned]:
    """What would happen up to and with a day if nobody did anything, in order of day. Nothing is written. Two queries."""
    found = []
    running = queries.findings(scope=scope).filter(state__in=rules.RUNNING).prefetch_related("steps")
    for finding in running:
        for due in _due(finding, until):
            basis, missed = finding.running or ("", until)
            found.append(Planned(finding, due, basis, missed))
    return sorted(found, key=lambda p: (p.due.on, p.finding.pk))


def run() -> int:
    """Do every step that is due today, each finding in a transaction of its own; how many were done. Run as often as one
    likes: what was done is not done again."""
    done = 0
    running = Finding.objects.filter(state__in=rules.RUNNING).order_by("pk").values_list("pk", flat=True)
    for number in list(running):
        with transaction.atomic():
            done += catch_up(number)
    return done


def catch_up(number: int) -> int:
    """Do what is due for one finding, in the caller's transaction; how many steps."""
    finding = Finding.objects.select_for_update().get(pk=number)
    made = 0
    for due in _due(finding, clock.today()):
        basis, missed = finding.running or ("", due.on)
        step, fresh = Step.objects.get_or_create(
            finding=finding, basis=basis, missed=missed, step=due.step.id,
            defaults={
                "name": due.step.name, "name_en": due.step.name_en, "due": due.on, "done_at": clock.now(),
            },
        )  # fmt: skip
        if not fresh:
            continue
        made += 1
        step.told = _tell(finding, step, due.step)
        step.save(update_fields=["told"])
        audit.record(
            by="clock", action="finding.escalate", object_type="finding", object_id=finding.pk,
            scope_division=finding.division,
            detail=rules.dated(
                {"step": due.step.name, "missed": missed, "due": due.on, "done": clock.today(), "told": step.told}
            ),
        )  # fmt: skip
    return made


def _due(finding: Finding, until: date) -> list[rules.DueStep]:
    if finding.running is None:
        return []
    basis, missed = finding.running
    done = [s.step for s in finding.steps.all() if s.basis == basis and s.missed == missed]
    return rules.due_steps(basis, missed, repeat=finding.repeat_of_id is not None, until=until, done=done)


def _tell(finding: Finding, step: Step, rule: rules.Step) -> int:
    users: dict[int, User] = {}
    for whom in rule.tell:
        users |= {user.pk: user for user in people(finding, whom)}
    return tell(
        "finding-escalated", key=f"finding:{finding.pk}:{step.basis}:{step.missed}:{step.step}", users=users.values(),
        link=f"/rectification/{finding.pk}/", object_type="finding", object_id=finding.pk, title=finding.title,
        step=rule.name, step_en=rule.name_en, due=step.missed,
    )  # fmt: skip


def people(finding: Finding, whom: str) -> list[User]:
    """The people behind a word of the rules: `unit`, `issuer`, `leader`."""
    if whom == "unit":
        if finding.institution:
            return nearest(rules.ACT, institution=finding.institution)
        return nearest(rules.ACT, division=finding.division)
    if whom == "issuer" and finding.by is not None and finding.by.is_active:
        return [finding.by]
    return nearest(rules.ISSUE if whom == "issuer" else rules.SIGN, division=finding.raised_division)
