"""Choices, sharings, broken glass and disputes. Rows are added and ended, never deleted. `person` is the dense number of
the store."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Choice(models.Model):
    """A category opened or closed by the resident; of several in force the latest counts."""

    person = models.BigIntegerField()
    category = models.CharField(_("类别"), max_length=40)
    open = models.BooleanField(_("开放"))
    since = models.DateField(_("自"))
    until = models.DateField(_("至"), null=True, blank=True)
    made_at = models.DateTimeField(auto_now_add=True)
    made_by = models.CharField(max_length=150)

    class Meta:
        indexes = [models.Index(fields=["person"], name="consent_choice_person")]

    def __str__(self) -> str:
        return f"{self.category} {'open' if self.open else 'closed'}"


class Sharing(models.Model):
    """An institution let in or kept out. Withdrawing sets `until` to the day before."""

    person = models.BigIntegerField()
    institution = models.CharField(_("机构"), max_length=60)
    permit = models.BooleanField(_("允许"))
    category = models.CharField(_("类别"), max_length=40, blank=True, default="")
    purpose = models.CharField(_("目的"), max_length=40, blank=True, default="")
    since = models.DateField(_("自"))
    until = models.DateField(_("至"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True)
    made_at = models.DateTimeField(auto_now_add=True)
    made_by = models.CharField(max_length=150)

    class Meta:
        indexes = [models.Index(fields=["person"], name="consent_sharing_person")]

    def __str__(self) -> str:
        return f"{self.institution} {'permit' if self.permit else 'deny'}"


class BreakGlass(models.Model):
    """A look in an emergency. `verdict`: `justified` or `unjustified` once reviewed."""

    JUSTIFIED, UNJUSTIFIED = "justified", "unjustified"

    person = models.BigIntegerField()
    user = models.CharField(_("操作人"), max_length=150)
    institution = models.CharField(_("机构"), max_length=60, blank=True, default="")
    division = models.CharField(_("区划"), max_length=24, blank=True, default="")
    kind = models.CharField(_("情形"), max_length=20)
    reason = models.CharField(_("事由"), max_length=500)
    started_at = models.DateTimeField(_("开始"))
    expires_at = models.DateTimeField(_("失效"))
    verdict = models.CharField(_("复核结论"), max_length=12, blank=True, default="")
    note = models.CharField(_("复核意见"), max_length=500, blank=True, default="")
    reviewed_by = models.CharField(max_length=150, blank=True, default="")
    reviewed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["person", "user", "expires_at"], name="consent_glass_person"),
            models.Index(fields=["verdict", "started_at"], name="consent_glass_queue"),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.started_at:%Y-%m-%d %H:%M}"


class Dispute(models.Model):
    """An entry the resident holds to be wrong, and what was answered. `resource_type` empty: about the record as a whole.
    `institution`: who is asked: the maker of the entry, else the responsible institution."""

    OPEN, CORRECTED, KEPT, WITHDRAWN = "open", "corrected", "kept", "withdrawn"

    person = models.BigIntegerField()
    resource_type = models.CharField(max_length=40, blank=True, default="")
    resource_id = models.CharField(max_length=64, blank=True, default="")
    title = models.CharField(max_length=200, blank=True, default="")
    institution = models.CharField(max_length=60, blank=True, default="")
    text = models.CharField(_("异议"), max_length=1000)
    state = models.CharField(_("状态"), max_length=12, default=OPEN)
    due = models.DateField(_("答复期限"))
    made_at = models.DateTimeField(auto_now_add=True)
    made_by = models.CharField(max_length=150)
    answer = models.CharField(_("答复"), max_length=1000, blank=True, default="")
    answered_by = models.CharField(max_length=150, blank=True, default="")
    answered_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["person"], name="consent_dispute_person"),
            models.Index(fields=["state", "due"], name="consent_dispute_queue"),
        ]

    def __str__(self) -> str:
        return f"{self.resource_type}/{self.resource_id} {self.state}"
