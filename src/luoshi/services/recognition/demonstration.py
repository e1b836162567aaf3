"""The demonstration: marks of laboratories, earlier results in the records, a season of orders with their answers, and
alerts that wait. Deterministic; about a second."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import count

from luoshi.kernel import clock
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.regions.models import Institution
from luoshi.services.recognition import actions, filing, queries, rules
from luoshi.services.recognition.models import Alert, QualityMark
from luoshi.simulate import exams

SOURCE = "exams"
_REASONS = ("changed", "fast", "decisive", "emergency", "legal", "other", "patient")


def prepare() -> list[tuple[str, str, str, str, str]]:
    """Fill the service. Adds no account: the clinic orders, the county looks on."""
    clinic = _clinic()
    if clinic is None or QualityMark.objects.exists():
        return []
    head = clinic.parent or clinic
    marked, unmarked = _marks(clinic)
    persons = list(filing.recordable(clinic.code).order_by("pk").values_list("pk", flat=True)[:32])
    today = clock.today()
    windows = {i.id: i.days for i in rules.catalogue(today).items.values()}
    doctor = User.objects.get(username="clinic")
    scope = Scope.of(doctor)
    orderer = queries.place(clinic.code)
    # A season of orders, a day of them each month; then those of today, which wait.
    turns = count()
    days = [today - timedelta(days=n) for n in (88, 61, 33, 0)]
    for month, day in enumerate(days):
        some = persons[month * 8 : month * 8 + 8]
        subjects = [filing.subject(person) for person in some]
        made = exams.laboratory(
            subjects, windows=windows, marked=[head.code, *marked], unmarked=unmarked, today=day, seed=100 + month
        )
        with clock.at(_noon(day)):
            results = [e.resource for own in made for e in own]
            filing.file(results, source=SOURCE, title="检验结果（演示）", institution="", by="demo")
            for n, (person, own) in enumerate(zip(some, made, strict=True)):
                raised = actions.check(
                    person=person, items={e.item: "" for e in own}, orderer=orderer, scope=scope, by=doctor, door="page"
                )
                if day == today and n >= 3:
                    continue
                for found, _earlier in raised:
                    _answer(found, next(turns), doctor, scope)
    actions.lapse(on=today)
    return []


def _answer(found: Alert, turn: int, doctor: User, scope: Scope) -> None:
    """What the doctor does, in turn: three in five recognise, some repeat with each of the reasons, a few do not answer."""
    if found.state != rules.RAISED or turn % 11 == 5:
        return
    if turn % 5 < 3:
        move, reason, note = "recognise", "", ""
        actions.view(found, by=doctor)
    elif turn % 10 == 9:
        move, reason, note = "override", "", ""
    else:
        move, reason = "repeat", _REASONS[turn % len(_REASONS)]
        note = "治疗方案调整前复核" if reason == "other" else ""
    actions.answer(found=found, move=move, by=doctor, permissions=scope.permissions, reason=reason, note=note)


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=clock.CHINA)


def _clinic() -> Institution | None:
    """Where the account `clinic` works."""
    user = User.objects.filter(username="clinic").first()
    return next(iter(queries.workplaces(Scope.of(user))), None) if user else None


def _marks(clinic: Institution) -> tuple[list[str], list[str]]:
    """Marks of three levels for the first three hospitals of the city, one mark that ran out, and two hospitals without a
    valid one."""
    today = clock.today()
    city = "/".join(clinic.division.path.split("/")[:3])
    known = Institution.objects.filter(
        type__in=("general-hospital", "tcm-hospital"), level__gte=2, division__path__startswith=city
    ).exclude(members=clinic)
    hospitals = [h.code for h in known.order_by("-level", "code")]
    marked, unmarked = hospitals[:3], hospitals[-2:]
    rows = [
        _mark(code, subject, level, today.year - 1, today.year, "室间质量评价合格证（演示）")
        for code, level in zip(marked, ("nation", "province", "city"), strict=False)
        for subject in ("liver", "kidney", "lipid", "sugar", "thyroid", "infection", "ct")
    ]
    rows.append(_mark(unmarked[0], "blood", "city", today.year - 2, today.year - 1, "已到期的合格证（演示）"))
    QualityMark.objects.bulk_create(rows)
    return marked, unmarked


def _mark(code: str, subject: str, level: str, first: int, last: int, document: str) -> QualityMark:
    """A mark good from the first day of one year to the last of another."""
    return QualityMark(
        institution=code, subject=subject, level=level, valid_from=date(first, 1, 1), valid_to=date(last, 12, 31),
        document=document, by="demo", at=clock.now(),
    )  # fmt: skip
