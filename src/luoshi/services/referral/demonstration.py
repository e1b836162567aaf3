"""What the demonstration shows of referrals: a year of them with known truth, some still open, beds and slots declared,
and the account of a hospital that receives."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db import transaction

from luoshi.kernel import clock
from luoshi.kernel.clock import CHINA
from luoshi.platform.access.models import Grant
from luoshi.platform.consent import actions as consent
from luoshi.platform.consent.categories import book as consent_book
from luoshi.platform.lake.files import default_lake
from luoshi.platform.regions.models import Division, Institution
from luoshi.platform.store.models import Person
from luoshi.services.referral import book, clocks, constraint, places, routing, rules
from luoshi.services.referral.models import Capacity, Referral, Step
from luoshi.simulate.referrals import UP, Body, Patient, Story, stories

EVERY = 12  # one resident in so many was referred
AT_MOST = 500
SHARED = 20
_DEPARTMENTS = (("心血管内科", 30, 6), ("内分泌科", 24, 3), ("神经内科", 28, 0), ("康复医学科", 20, 5))
_DIAGNOSES = {
    "htn-uncontrolled": "原发性高血压（未控制）",
    "dm-uncontrolled": "2型糖尿病（血糖控制不佳）",
    "beyond-capacity": "腹痛待查",
}

_NOTES = {  # what people wrote at a step; a reason comes first
    "ask": "tests 请补充近两周的检查结果",
    "resubmit": "已补充近两周的检查结果",
    "cancel": "patient",
    "close": "已查看诊疗小结，按建议随访",
}
_SUMMARY = {"diagnosis": "原发性高血压2级", "treatment": "调整降压方案后血压平稳。", "advice": "2周内随访一次。"}


def prepare() -> list[tuple[str, str, str, str, str]]:
    """Referrals, beds and the account `hospital`. Does nothing where there is no account `clinic` with a hospital above."""
    grant = (
        Grant.objects.filter(user__username="clinic", institution__isnull=False).select_related("institution").first()
    )
    hospital = grant.institution.parent if grant and grant.institution else None
    if hospital is None:
        return []
    with transaction.atomic():
        _declare()
        made = load(cast())
        _share([row for row in made if row.active and row.direction == UP][:SHARED])
    clocks.tick()
    return [
        ("hospital", "转诊办医生", "institution-clinician", hospital.code, f"{hospital.name}: referrals in and out"),
    ]


def cast(lake: Any = None) -> list[Story]:
    """The invented referrals of this region: a part of the real stays at higher hospitals, and others from every
    township centre to the hospital above it."""
    paths = dict(Division.objects.order_by("valid_from").values_list("code", "path"))
    bodies: dict[str, tuple[Body, Body | None, str]] = {}
    for row in Institution.objects.current().select_related("division", "parent__division"):
        body = Body(row.code, row.name, row.division.path)
        above = Body(row.parent.code, row.parent.name, row.parent.division.path) if row.parent else None
        bodies[row.code] = (body, above, routing.tier(row.type, row.level, row.division.level))
    year = (date(clock.today().year, 1, 1), clock.today())
    folder = lake or default_lake()
    stays = constraint.higher_stays(folder, book.rules().unreferred, *year) if folder.exists() else []
    managed = dict(Person.objects.exclude(institution="").values_list("pk", "institution"))
    patients: list[Patient] = []
    for number, (person, division, institution, day) in enumerate(stays):
        sender = bodies.get(_centre(managed.get(person, ""), bodies))
        if number % 3 == 0 and sender and len(patients) < AT_MOST // 2:
            patients.append(Patient(person, paths.get(division, ""), sender[0], bodies[institution][0], day))
    taken = {p.person for p in patients}
    rows = Person.objects.exclude(institution="").order_by("pk").values_list("pk", "division", "institution")
    for person, division, institution in rows:
        if person % EVERY or person in taken or len(patients) >= AT_MOST:
            continue
        sender = bodies.get(_centre(institution, bodies))
        if sender and sender[1] is not None:
            patients.append(Patient(person, paths.get(division, ""), sender[0], sender[1]))
    return stories(patients, now=clock.now())


def _centre(code: str, bodies: dict[str, tuple[Body, Body | None, str]]) -> str:
    """The township centre a resident belongs to: itself, or the one above their village room."""
    found = bodies.get(code)
    if found and found[2] == "village" and found[1]:
        return found[1].code
    return code if found and found[2] == "township" else ""


def load(made: list[Story]) -> list[Referral]:
    """Keep stories as referrals with their timelines. Gives the rows in the same order."""
    criteria = list(_DIAGNOSES)
    now = clock.now()
    rows = []
    for number, story in enumerate(made):
        criterion = criteria[number % len(criteria)] if story.direction == UP else ""
        state, priority = story.state, story.priority
        since = story.moves[-1][1]
        rows.append(
            Referral(
                direction=story.direction, state=state, version=len(story.moves), since=since,
                due=rules.due(state, priority, since) if state not in rules.MACHINE.final else None,  # type: ignore[arg-type]
                lapse=rules.lapses(state, priority, since) if state == "accepted" and story.answered == since else None,  # type: ignore[arg-type]
                priority=priority, green=story.green,
                green_due=story.submitted + timedelta(hours=book.rules().clocks.green_filing_hours) if story.green else None,
                green_filed=story.filed, person=story.patient.person, home=story.patient.home,
                sender=story.sender.code, sender_name=story.sender.name, sender_path=story.sender.path,
                receiver=story.receiver.code, receiver_name=story.receiver.name, receiver_path=story.receiver.path,
                criteria=[criterion] if criterion else [], disease="" if criterion else "hypertension",
                diagnosis=_DIAGNOSES.get(criterion, "原发性高血压（稳定）"),
                reason="连续两次随访未达标，请上级医院评估调整方案。" if criterion else "病情稳定，转回居住地随访。",
                consent="patient", categories=["general", "chronic"], refusal=story.refusal,
                summary=dict(_SUMMARY) if story.summarised else {},
                made=story.submitted, made_by="demo", submitted=story.submitted, sent_by="demo", answered=story.answered,
                arrived=story.arrived, summarised=story.summarised, ended=story.ended,
            )
        )  # fmt: skip
    kept = Referral.objects.bulk_create(rows)
    steps = []
    for row, story in zip(kept, made, strict=True):
        state = "draft"
        for version, (name, at) in enumerate(story.moves, 1):
            target = rules.MACHINE.move(state, name).target
            note = story.refusal if name == "reject" else _NOTES.get(name, "")
            steps.append(
                Step(
                    referral=row,
                    version=version,
                    kind=name,
                    at=min(at, now),
                    by="demo",
                    before=state,
                    after=target,
                    note=note,
                )
            )
            state = target
    Step.objects.bulk_create(steps)
    return kept


def _share(rows: list[Referral]) -> None:
    """The consents of open referrals, as if they had been given at the counter."""
    purpose = next(iter(consent_book().purposes))
    until = clock.today() + timedelta(days=book.rules().summary.days_valid)
    for row in rows:
        if row.person is not None:
            row.shares = consent.share_many(
                person=row.person,
                institution=row.receiver,
                categories=row.categories,
                by="demo",
                purpose=purpose,
                until=until,
            )
    Referral.objects.bulk_update(rows, ["shares"])


def _declare() -> None:
    """Beds and slots of every hospital; those of every fifth were not told for days."""
    now = clock.now()
    hospitals = [p for p in places.every_place(below=False) if not p.peer]
    rows = []
    for number, place in enumerate(hospitals):
        at = now - timedelta(hours=50 if number % 5 == 4 else 2 + number % 7)
        for department, total, free in _DEPARTMENTS:
            rows.append(
                Capacity(
                    institution=place.code, department=department, kind=Capacity.BED, total=total,
                    free=max(0, free - number % 4), updated_at=at, updated_by="demo",
                )
            )  # fmt: skip
        for ahead in (1, 2):
            day = (now.astimezone(CHINA) + timedelta(days=ahead)).date()
            rows.append(
                Capacity(
                    institution=place.code, department="专家门诊", kind=Capacity.SLOT, day=day, total=20, free=8 - number % 5,
                    updated_at=at, updated_by="demo",
                )
            )  # fmt: skip
    Capacity.objects.bulk_create(rows)
