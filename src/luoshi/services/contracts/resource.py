"""A contract as a FHIR CarePlan of the category `contract` in the store, so that lake, indicators and other systems see it.

One resource a contract, `contract-<number>` of the source `luoshi-contracts`, a new version with every change, in the
transaction of the change; see the record guide. The items of its packages are its activities.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.kernel.errors import Refused
from luoshi.platform.identity import links
from luoshi.platform.store import people, preparing, sets, writing
from luoshi.platform.store.models import Source
from luoshi.services.contracts import catalogue, rules
from luoshi.services.contracts.models import Contract

SOURCE = "luoshi-contracts"
PLAN = "urn:luoshi:cn:code:plan"
ITEM = "urn:luoshi:cn:code:contract-item"


def write(contracts: Sequence[Contract], *, by: str) -> None:
    """Say in the store how these contracts stand. In the caller's transaction; raises `Refused` for a resident without
    any identifier, who cannot be named to the store."""
    if not contracts:
        return
    named = identifiers({contract.person for contract in contracts})
    at = clock.now().isoformat(timespec="seconds")
    rows = []
    for contract in contracts:
        if contract.person not in named:
            raise Refused(_("这位居民没有身份证号或档案编号，签约无法写入健康档案。"), todo=_("请先补登身份标识。"))
        resource = care_plan(contract, named[contract.person], at)
        rows.append(preparing.row(resource, orjson.dumps(resource).decode()))
    source, _made = Source.objects.get_or_create(name=SOURCE, defaults={"title": "家庭医生签约"})
    writing.commit(preparing.Prepared(rows=rows), source=source, by=by)


def care_plan(contract: Contract, identifier: tuple[str, str], at: str) -> dict[str, Any]:
    """The CarePlan of a contract; `identifier` is the resident's (system, value)."""
    items = catalogue.items().items
    last = max(contract.start, contract.last)
    plan: dict[str, Any] = {
        "resourceType": "CarePlan",
        "id": contract.key,
        "meta": {"lastUpdated": at},
        "identifier": [{"system": "urn:luoshi:cn:id:contract", "value": contract.number}],
        "status": status(contract),
        "intent": "plan",
        "category": [{"coding": [{"system": PLAN, "code": "contract"}]}],
        "title": contract.package_name,
        "subject": {"type": "Patient", "identifier": {"system": identifier[0], "value": identifier[1]}},
        "period": {"start": contract.start.isoformat(), "end": last.isoformat()},
        "created": contract.signed_day.isoformat(),
        "author": {"reference": f"Organization/{contract.institution}"},
        "activity": [
            {
                "detail": {
                    "code": {"coding": [{"system": ITEM, "code": name}], "text": items[name].name},
                    "status": "in-progress" if contract.state in rules.RUNNING else "completed",
                    "scheduledTiming": {"repeat": {"frequency": items[name].times, "period": 1, "periodUnit": "a"}},
                }
            }
            for name in contract.items
            if name in items
        ],
    }
    if contract.team is not None:
        plan["careTeam"] = [{"display": contract.team.name}]
    if contract.predecessor_id is not None:
        plan["replaces"] = [{"reference": f"CarePlan/contract-{contract.predecessor_id}"}]
    elif contract.follows:
        plan["replaces"] = [{"reference": f"CarePlan/{contract.follows}"}]
    if contract.end_reason:
        plan["note"] = [{"text": catalogue.ends().reasons[contract.end_reason].name}]
    return plan


def status(contract: Contract) -> str:
    """The status of the CarePlan: active while it runs; after it ended what the reason says; revoked when it never began."""
    if contract.state in rules.RUNNING:
        return "active"
    if contract.state != rules.ENDED:
        return "completed"
    began = contract.ended is not None and contract.ended >= contract.start
    return catalogue.ends().reasons[contract.end_reason].status if began else "revoked"


def identifiers(persons: Iterable[int]) -> dict[int, tuple[str, str]]:
    """Of each person the identifier to name them by: the record number where there is one. Persons without any are left
    out. Two or three queries however many."""
    wanted = set(persons)
    of = {member: person for person in wanted for member in (links.members(person) if links.any_links() else [person])}
    rows = sets.select(
        "SELECT person, system, value FROM store_personidentifier WHERE person IN {values} ORDER BY id", list(of)
    )
    found: dict[int, tuple[str, str]] = {}
    for member, system, value in rows:
        person = of[member]
        if person not in found or (system == people.RECORD_NUMBER and found[person][0] != system):
            found[person] = (system, value)
    return found
