"""The worked cases that stand beside each rule: what the norm says of a person in a given situation. Run by the tests,
and by `luoshi`'s own check of a changed catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from luoshi.kernel.errors import CatalogError
from luoshi.services.visits import planning
from luoshi.services.visits.rulebook import Programme
from luoshi.services.visits.subjects import Subject, Visit

_VISIT = {"day", "service", "mode", "reserved"}
_SITUATION = {"says", "entered", "born", "sex", "facts", "visits", "today", "status", "left", "year"}
_ANSWERS = {
    "next",
    "opens",
    "closes",
    "state",
    "overdue",
    "result",
    "do",
    "streak",
    "missed",
    "late",
    "counted",
    "eligible",
    "met",
    "due",
}


def run(programme: Programme, case: Mapping[str, Any]) -> list[str]:
    """What the interpreter answers otherwise than the case says, in words; empty when it agrees. Raises `CatalogError`
    for a key nobody knows or a case that asks nothing."""
    where = f"{programme.programme}: {case.get('says')}"
    if unknown := set(case) - _SITUATION - _ANSWERS:
        raise CatalogError(f"unknown keys {sorted(unknown)}.", where=where)
    asked = {key: case[key] for key in _ANSWERS & set(case)}
    if not asked:
        raise CatalogError("the case asks nothing.", where=where)
    subject, today = subject_of(programme, case), case["today"]
    found = answers(programme, subject, today, case.get("year"))
    return [f"{where}: {key} is {found[key]}, not {asked[key]}" for key in sorted(asked) if found[key] != asked[key]]


def subject_of(programme: Programme, case: Mapping[str, Any]) -> Subject:
    """The person of a case."""
    service = programme.on(case["today"]).services[0]
    visits = [
        Visit(
            day=given["day"],
            service=given.get("service", service),
            mode=given.get("mode", "face"),
            values={name: value for name, value in given.items() if name not in _VISIT},
            reserved=given.get("reserved"),
        )
        for given in case.get("visits", ())
    ]
    return Subject(
        entered=case["entered"],
        visits=tuple(sorted(visits, key=lambda visit: visit.day)),
        facts=case.get("facts", {}),
        born=case.get("born"),
        sex=case.get("sex", ""),
        state=case.get("status", "managed"),
        left=case.get("left"),
    )


def answers(programme: Programme, subject: Subject, today: date, year: int | None) -> dict[str, Any]:
    """Everything a case may ask."""
    found = planning.standing(programme, subject, today)
    version = programme.on(today)
    begin = date(year or today.year, 1, 1)
    made = planning.measure(version, subject, begin, today)
    due, judged = found.next, found.judged
    return {
        "next": due.day if due else None,
        "opens": due.opens if due else None,
        "closes": due.closes if due else None,
        "state": due.state if due else None,
        "overdue": found.overdue.day if found.overdue else None,
        "result": judged.result if judged else None,
        "do": judged.do if judged else None,
        "streak": judged.streak if judged else 0,
        "missed": sum(d.state == "missed" for d in found.dues),
        "late": sum(d.state == "late" for d in found.dues),
        "counted": planning.state(programme, subject.state).counted,
        "eligible": planning.eligible(version, subject, today),
        "met": made.met,
        "due": made.visits_due,
    }
