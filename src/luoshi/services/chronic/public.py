"""What other services may ask of chronic care: where people stand, and what a visit would change.

chronic.member(person, scope=scope)            # one person with the standing of every disease, or None
chronic.members(scope=scope, division=code)    # everybody of a place, those to visit first
chronic.why_not(disease)                       # why not managed to norm so far, in words
chronic.measured_at_home(person=…, at=…, values=…, by=…, scope=scope, token=…)   # never a visit
chronic.home_values(person, scope=scope)       # (time, field, value), the latest first
"""

from __future__ import annotations

from luoshi.platform.access.scope import Scope
from luoshi.services.chronic import queries, rules
from luoshi.services.chronic.actions import measured_at_home
from luoshi.services.chronic.members import Disease, Member, why_not
from luoshi.services.chronic.panel import TooMany
from luoshi.services.chronic.queries import home_values
from luoshi.services.chronic.words import field as field_word
from luoshi.web.manifest import in_language

__all__ = [
    "Disease",
    "Member",
    "TooMany",
    "field_word",
    "home_fields",
    "home_values",
    "home_warning",
    "measured_at_home",
    "member",
    "members",
    "why_not",
]


def home_warning() -> str:
    """When not to wait, told beside the form, in the language of the page."""
    return in_language(rules.diseases().home_warning, rules.diseases().home_warning_en)


def home_fields() -> dict[str, rules.FormField]:
    """What may be measured at home by id, in the order of the form."""
    known = rules.diseases()
    return {name: known.fields[name] for name in known.home}


def member(person: int, *, scope: Scope) -> Member | None:
    """One person, None where nobody manages them for a chronic disease. Raises `Http404` outside the scope."""
    return queries.seen(person, scope=scope).member


def members(*, scope: Scope, division: str = "", institution: str = "") -> list[Member]:
    """Everybody of a place inside the scope, those to visit first. Raises `Http404` for another place, `TooMany` for one
    too large for a list."""
    asked = queries.Chosen(division=division, institution=institution)
    return list(queries.place_members(asked, scope=scope)[0])
