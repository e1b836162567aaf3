"""What other services may ask of the portal."""

from __future__ import annotations

from luoshi.platform.identity import joined
from luoshi.services.resident_portal.actions import invite
from luoshi.services.resident_portal.guards import PortalRequest, resident_page
from luoshi.services.resident_portal.models import Account
from luoshi.services.resident_portal.queries import Subject
from luoshi.services.resident_portal.rules import portal_rules, written

__all__ = ["PortalRequest", "Subject", "has_account", "invite", "portal_rules", "resident_page", "written"]


def has_account(person: int) -> bool:
    """Whether the resident can sign in. One query."""
    return Account.objects.filter(joined.of(person), closed_at__isnull=True).exists()
