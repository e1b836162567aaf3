"""Holders of health codes, printed codes, and codes already used."""

from __future__ import annotations

from django.db import models


class Holder(models.Model):
    """A person with the opaque id their codes carry: random, so it tells nothing and cannot be derived."""

    person = models.BigIntegerField(unique=True)
    opaque_id = models.CharField(max_length=32, unique=True)
    made_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.pk)


class StaticCode(models.Model):
    """A printed code. The code itself is not kept, only its serial: a lost one is revoked and another printed."""

    holder = models.ForeignKey(Holder, models.PROTECT, related_name="codes")
    serial = models.CharField(max_length=16, unique=True)
    key_id = models.PositiveIntegerField()
    issued_at = models.DateTimeField()
    issued_by = models.CharField(max_length=150)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.CharField(max_length=150, blank=True, default="")
    reason = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="health_code_expires")]

    def __str__(self) -> str:
        return self.serial


class Used(models.Model):
    """The serial of a dynamic code that was accepted; forgotten once the code would have expired anyway."""

    serial = models.CharField(max_length=16, primary_key=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.serial
