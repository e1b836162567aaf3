"""A message as a transaction Bundle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from luoshi.kernel.errors import InvalidValue
from luoshi.records.hl7v2 import people, results
from luoshi.records.hl7v2.mapping import mapping
from luoshi.records.hl7v2.message import Message, NotSupported
from luoshi.records.translating import Resource, Translated, transaction, without_empty


def translate(message: Message, *, institution: str = "") -> Translated:
    """The message as FHIR; `institution` (a code of the register) stands for the sender's own name for itself (MSH-4).

    Raises `NotSupported` for a type or event that is not read, `InvalidValue` where something that is needed is missing
    or wrong.
    """
    rules = mapping()
    pid = message.first("PID")
    if message.type == "ADT":
        if message.event not in rules.events:
            raise NotSupported(
                f"the event {message.event[:5]!r} of ADT is not read here.", todo=f"Read are {', '.join(rules.events)}."
            )
    elif (message.type, message.event) != ("ORU", "R01"):
        raise NotSupported(f"messages {message.type[:5]}^{message.event[:5]} are not read here.")
    if pid is None:
        raise InvalidValue("the message has no PID.")
    patient = people.patient(pid, rules)
    subject = {"reference": f"Patient/{patient['id']}"}
    notes: list[str] = []
    made: list[Resource] = [patient]
    if message.type == "ADT":
        event = rules.events[message.event]
        if event.merge:
            mrg = message.first("MRG")
            if mrg is None:
                raise InvalidValue("the merge does not say which number is given up (MRG).")
            made.append(people.merged(mrg, rules, patient["id"]))
        elif event.visit:
            encounter = people.visit(message, rules, subject, event.visit, institution)
            made += [encounter] if encounter else []
            made += people.conditions(message, rules, subject, encounter)
        made += people.allergies(message, rules, subject)
    else:
        encounter = people.visit(message, rules, subject, "in-progress", institution)
        # A result tells about a visit, it does not change it.
        made += results.resources(message, rules, subject, encounter, institution, notes)
    return Translated(
        transaction(_once(without_empty(resource) for resource in made)),
        kinds=Counter({"hl7v2": 1, f"hl7v2:{message.type}": 1}),
        notes=sorted(set(notes)),
    )


def _once(resources: Iterable[Resource]) -> list[Resource]:
    """Each resource once; of two with one id the later."""
    found: dict[tuple[str, str], Resource] = {}
    for resource in resources:
        found[resource["resourceType"], resource["id"]] = resource
    return list(found.values())
