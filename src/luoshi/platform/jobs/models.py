"""A job and how far it is."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from datetime import datetime


class Job(models.Model):
    """One piece of long work. `total` is 0 while nobody knows how much there is; `beat` is the last sign of life."""

    class Status(models.TextChoices):
        """Where a job stands."""

        QUEUED = "queued", _("排队中")
        RUNNING = "running", _("进行中")
        DONE = "done", _("已完成")
        FAILED = "failed", _("未完成")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=60)
    by = models.CharField(max_length=150)
    arguments = models.JSONField(default=dict)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.QUEUED)
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(default=0)
    message = models.TextField(blank=True, default="")
    result = models.JSONField(default=dict)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at: models.DateTimeField[datetime, datetime] = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    beat = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                name="job_finished_when_over",
                condition=Q(status__in=["queued", "running"], finished_at__isnull=True)
                | Q(status__in=["done", "failed"], finished_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.status}"

    @property
    def percent(self) -> int | None:
        """How much is done, 0 to 100, or None while the total is unknown."""
        return min(100, self.done * 100 // self.total) if self.total else None


class Round(models.Model):
    """The last round of a job that runs by the clock: when it began, on which machine, and how it went."""

    name = models.CharField(max_length=60, primary_key=True)
    holder = models.CharField(max_length=255)
    began_at: models.DateTimeField[datetime, datetime] = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    failed = models.BooleanField(default=False)
    said = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name} {self.began_at:%Y-%m-%d %H:%M:%S}"
