"""Which criteria the record of a patient meets, and why. Pure: facts in, reasons out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from luoshi.services.referral import book


@dataclass(frozen=True)
class Value:
    """One measured value or coded answer of a day."""

    code: str
    day: date
    number: float | None = None
    answer: str = ""


@dataclass(frozen=True)
class Facts:
    """What the record tells: present diagnoses (ICD-10) and values, in any order."""

    diagnoses: tuple[str, ...] = ()
    values: tuple[Value, ...] = ()


@dataclass(frozen=True)
class Met:
    """A criterion that the record meets: by which finding, and the values that show it (newest first)."""

    criterion: book.Criterion
    finding: book.Finding
    shown: tuple[Value, ...]


def in_ranges(code: str, ranges: Iterable[str]) -> bool:
    """Whether an ICD-10 code falls into one of the ranges `I10-I15` or single `J44`, by its first three characters."""
    head = code[:3].upper()
    return any(low <= head <= (high or low) for low, _, high in (r.partition("-") for r in ranges))


def has(facts: Facts, disease: book.Affected | None) -> bool:
    """Whether the patient has the disease a criterion is about; true where it is about none."""
    return disease is None or any(in_ranges(code, disease.icd) for code in facts.diagnoses)


def met(facts: Facts, *, tier: str, on: date) -> list[Met]:
    """The criteria met by the record for a patient at an institution of that tier, the most pressing first. Signs are
    never met by the record: a doctor ticks them."""
    found: list[Met] = []
    for criterion in book.criteria(on):
        if tier in criterion.tiers and has(facts, criterion.disease):
            for finding in criterion.any:
                shown = _shown(finding, facts.values, on)
                if shown:
                    found.append(Met(criterion, finding, shown))
                    break
    return sorted(found, key=lambda m: book.PRIORITIES.index(m.criterion.priority))


def offered(facts: Facts, *, tier: str, on: date) -> list[book.Criterion]:
    """Every criterion the doctor may tick for a patient at that tier: those of diseases the record does not have come
    last, because a record may be incomplete."""
    held = [c for c in book.criteria(on) if tier in c.tiers]
    return sorted(held, key=lambda c: not has(facts, c.disease))


def going_down(facts: Facts, on: date) -> list[book.Disease]:
    """Diseases of the down-referral list: those the record has first."""
    return sorted(book.diseases(on), key=lambda d: not any(in_ranges(code, d.icd) for code in facts.diagnoses))


def _shown(finding: book.Finding, values: Sequence[Value], on: date) -> tuple[Value, ...]:
    """The newest `times` values of different days, when all of them lie where the finding says and within its days."""
    if not finding.code:
        return ()
    by_day: dict[date, Value] = {}
    for value in values:
        if value.code == finding.code and on - timedelta(days=finding.days) <= value.day <= on:
            kept = by_day.get(value.day)
            if kept is None or _speaks(finding, value) > _speaks(finding, kept):
                by_day[value.day] = value
    newest = [by_day[day] for day in sorted(by_day, reverse=True)[: finding.times]]
    if len(newest) < finding.times or not all(_speaks(finding, value) for value in newest):
        return ()
    return tuple(newest)


def _speaks(finding: book.Finding, value: Value) -> bool:
    if finding.is_:
        return value.answer == finding.is_
    if value.number is None:
        return False
    if finding.at_least is not None:
        return value.number >= finding.at_least
    return finding.at_most is not None and value.number <= finding.at_most


def read(resources: Iterable[Mapping[str, Any]]) -> Facts:
    """Facts out of FHIR resources of one patient: Conditions that are not resolved or wrong, Observations with their
    components."""
    diagnoses: list[str] = []
    values: list[Value] = []
    for resource in resources:
        kind = resource.get("resourceType")
        if kind == "Condition" and not _over(resource):
            diagnoses += [c["code"] for c in resource.get("code", {}).get("coding", []) if c.get("code")]
        elif kind == "Observation" and resource.get("status") not in ("cancelled", "entered-in-error"):
            day = _day(resource.get("effectiveDateTime") or resource.get("effectivePeriod", {}).get("start"))
            for part in [resource, *resource.get("component", [])] if day else []:
                values += [_value(code, day, part) for code in _codes(part)]  # type: ignore[arg-type]
    return Facts(tuple(dict.fromkeys(diagnoses)), tuple(v for v in values if v.number is not None or v.answer))


def _over(condition: Mapping[str, Any]) -> bool:
    def codes(key: str) -> set[str]:
        return {c.get("code", "") for c in condition.get(key, {}).get("coding", [])}

    return bool(codes("clinicalStatus") & {"resolved", "inactive", "remission"}) or (
        "entered-in-error" in codes("verificationStatus")
    )


def _codes(part: Mapping[str, Any]) -> list[str]:
    return [c["code"] for c in part.get("code", {}).get("coding", []) if c.get("code")]


def _value(code: str, day: date, part: Mapping[str, Any]) -> Value:
    number = part.get("valueQuantity", {}).get("value", part.get("valueInteger"))
    answers = part.get("valueCodeableConcept", {}).get("coding", [])
    return Value(
        code, day, float(number) if number is not None else None, answers[0].get("code", "") if answers else ""
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text[:10]) if text and len(text) >= 10 else None
