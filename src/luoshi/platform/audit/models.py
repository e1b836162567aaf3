"""The chain of rows and its signed head."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Entry(models.Model):
    """One thing that happened. `number` counts 1, 2, 3 … without a gap. `by` is the username as text, so that the row
    says the same after an account is gone. `hash` is SHA-256 of the row as canonical JSON with the hash before it."""

    number = models.BigIntegerField(_("序号"), primary_key=True)
    at = models.DateTimeField(_("时间"))
    by = models.CharField(_("操作人"), max_length=150)
    action = models.CharField(_("动作"), max_length=60)
    object_type = models.CharField(_("对象类型"), max_length=40)
    object_id = models.CharField(_("对象"), max_length=120)
    scope_division = models.CharField(_("区划"), max_length=24, blank=True, default="")
    detail = models.JSONField(_("详情"), default=dict)
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        verbose_name = verbose_name_plural = _("审计记录")
        ordering = ["-number"]
        indexes = [
            models.Index(fields=["object_type", "object_id"], name="audit_object"),
            models.Index(fields=["by", "at"], name="audit_by"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.action}"


class Head(models.Model):
    """The last number and hash, signed with the secret key. One row; writers queue on it."""

    number = models.BigIntegerField()
    hash = models.CharField(max_length=64)
    signature = models.CharField(max_length=120)

    def __str__(self) -> str:
        return f"{self.number} {self.hash[:12]}"
