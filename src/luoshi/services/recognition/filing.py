"""Writing what these services make - orders, alerts, reports - into the store by its normal door: checked as anybody's
records are, under the resident's identifier, in one transaction with its audit row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from luoshi.kernel.errors import Refused
from luoshi.platform.access.models import User
from luoshi.platform.identity import links
from luoshi.platform.store import people, preparing, writing
from luoshi.platform.store.models import Person, PersonIdentifier, Source


def recordable(institution: str) -> QuerySet[Person]:
    """The residents of an institution a record can be written about: those `subject` does not refuse for their own lack of
    a number (somebody linked may still have one)."""
    return Person.objects.filter(
        Exists(PersonIdentifier.objects.filter(person=OuterRef("pk"))), institution=institution
    )


def subject(person: int) -> dict[str, Any]:
    """A reference to a person as any source may write it: by an identifier. Raises `Refused` for somebody without one:
    a record about them would be about nobody."""
    named = PersonIdentifier.objects.filter(person__in=links.members(person)).order_by("pk")
    identifier = named.filter(system=people.RECORD_NUMBER).first() or named.first()
    if identifier is None:
        raise Refused(_("该居民没有任何证件号或档案号，不能登记。"), todo=_("请先补录证件号。"))
    return {"type": "Patient", "identifier": {"system": identifier.system, "value": identifier.value}}


def file(
    resources: Sequence[dict[str, Any]], *, source: str, title: str, institution: str, by: User | str
) -> list[writing.Written]:
    """Write valid resources as the source `source`, of `institution`. Gives what became of each, in order.

    Raises `Refused` naming the first place that is not valid; nothing is written then.
    """
    lines = b"\n".join(orjson.dumps(resource) for resource in resources)
    prepared = preparing.prepare(lines, 1, False)
    if prepared.refused:
        first = prepared.refused[0]
        raise Refused(first.text, where=first.place)
    # A source of a division (`source:name`) orders nowhere in particular.
    institution = "" if ":" in institution else institution
    kept, _made = Source.objects.get_or_create(
        name=f"{source}-{institution}"[:60] if institution else source,
        defaults={"title": title, "institution": institution},
    )
    told: list[writing.Written] = []
    writing.commit(prepared, source=kept, by=by if isinstance(by, str) else by.get_username(), told=told)
    return told
