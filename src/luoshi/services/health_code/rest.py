"""`/api/health-code/`: check a code online, and what a scanner needs to check offline.

Annotations are not postponed here: the guard wraps the operations, and names of schemas would be looked for beside it.
"""

from datetime import date
from typing import Any

import orjson
from django.http import HttpRequest
from ninja import Field, Router, Schema

from luoshi.platform.access.views import scope_of
from luoshi.services.health_code import queries, verifying
from luoshi.web.api import needs

router = Router()


class CodeIn(Schema):
    """A code as scanned."""

    code: str = Field(max_length=2000)


class ShownOut(Schema):
    """Whom a valid code names; no medical content."""

    name: str
    sex: str
    birth_date: date | None
    person: int | None = Field(description="The number of the record, when it lies in the caller's scope.")


class VerifiedOut(Schema):
    """What became of a code."""

    valid: bool
    reason: str = Field(description="ok, malformed, unknown-key, forged, not-yet, expired, revoked, used or nobody")
    text: str
    kind: str = Field(description="static or dynamic; empty when unknown")
    shown: ShownOut | None


@router.post("/verify", response=VerifiedOut)
@needs("code.verify")
def verify(request: HttpRequest, body: CodeIn) -> dict[str, Any]:
    """Check one code; a dynamic one is accepted once."""
    result = verifying.verify(body.code, by=request.user, scope=scope_of(request))  # type: ignore[arg-type]
    shown = result.shown
    return {
        "valid": result.reason == "ok",
        "reason": result.reason,
        "text": verifying.say(result.reason),
        "kind": result.kind,
        "shown": {
            "name": shown.name,
            "sex": shown.sex,
            "birth_date": shown.birth_date,
            "person": shown.person if shown.inside else None,
        }
        if shown
        else None,
    }


@router.get("/keys", response=dict)
@needs("code.verify")
def public_keys(request: HttpRequest) -> Any:
    """Public keys for offline checks, as `luoshi code export` writes them."""
    return orjson.loads(queries.public_keys())


@router.get("/revocations", response=dict)
@needs("code.verify")
def revocations(request: HttpRequest) -> Any:
    """The signed list of revoked codes, as `luoshi code export` writes it."""
    return orjson.loads(queries.revocations())
