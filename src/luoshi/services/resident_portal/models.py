"""Accounts of residents, codes of the counter, and guardians."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q


class Account(models.Model):
    """A resident's sign-in. The user holds no grant, so no page of staff opens to it. One open account a person."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, related_name="resident_account")
    person = models.BigIntegerField()
    opened_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(closed_at__isnull=True), name="resident_account_once"
            )
        ]

    def __str__(self) -> str:
        return str(self.user_id)


class Invitation(models.Model):
    """A code given at a counter: for the resident (`self`), or for a guardian of the person (`guardian`). Only its slow
    hash is kept; it ends when used, when its day has passed, or after too many wrong tries."""

    SELF, GUARDIAN = "self", "guardian"

    person = models.BigIntegerField()
    kind = models.CharField(max_length=10, default=SELF)
    code = models.CharField(max_length=200)
    institution = models.CharField(max_length=60, blank=True, default="")
    issued_by = models.CharField(max_length=150)
    issued_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    failures = models.PositiveSmallIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["person", "kind"], name="resident_invitation_person")]

    def __str__(self) -> str:
        return f"{self.kind} {self.issued_at:%Y-%m-%d}"


class Proxy(models.Model):
    """A guardian's account may read the record of `person` between two days (both counted)."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="proxies")
    person = models.BigIntegerField()
    since = models.DateField()
    until = models.DateField()
    invitation = models.ForeignKey(Invitation, models.PROTECT)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["person"], name="resident_proxy_person")]

    def __str__(self) -> str:
        return f"{self.since} – {self.until}"
