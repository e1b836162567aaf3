"""`/api/inbox/`: a person's own messages as data."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema

from luoshi.platform.access.views import signed_in
from luoshi.supervision.alerts import actions, queries, rules
from luoshi.web.api import needs

router = Router()


class MessageOut(Schema):
    """One event for one reader."""

    id: int
    kind: str
    urgent: bool
    at: datetime
    read: bool
    what: str = Field(description="What happened.")
    todo: str = Field(description="What to do.")
    link: str
    object_type: str
    object_id: str


class ReadIn(Schema):
    """Which messages were read; none: all."""

    ids: list[int] | None = None


@router.get("", response=list[MessageOut], summary="My messages")
@needs("alert.read")
def messages(request: HttpRequest, unread: bool = False, limit: int = 50) -> list[dict[str, Any]]:
    """The reader's own messages, newest first, at most 200."""
    found = queries.messages(signed_in(request), unread=unread)[: max(1, min(limit, 200))]
    return [
        {
            "id": m.pk, "kind": m.kind, "urgent": rules.kind(m.kind).urgent, "at": m.at, "read": m.read_at is not None,
            "what": m.texts[0], "todo": m.texts[1], "link": m.link, "object_type": m.object_type,
            "object_id": m.object_id,
        }
        for m in found
    ]  # fmt: skip


@router.post("/read", response=dict[str, int], summary="Note that messages were read")
@needs("alert.read")
def read(request: HttpRequest, given: ReadIn) -> dict[str, int]:
    """How many changed; another reader's messages stay as they are."""
    return {"read": actions.read(by=signed_in(request), numbers=given.ids)}
