"""What the server keeps beside the store: who is to be told of what, and how far bulk work is."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    from datetime import datetime


class Subscriber(models.Model):
    """The working side of a Subscription resource (known by `source`, `key`). `position`: number of the store's version up
    to which everything was told; the log of versions is the outbox, so nothing is lost while nobody listens. `state`:
    active, error (given up for now) or off; `attempts`: failures in a row; `due`: not before."""

    ACTIVE, ERROR, OFF = "active", "error", "off"

    source = models.BigIntegerField()
    key = models.CharField(max_length=64)
    type = models.CharField(max_length=40)
    criteria = models.CharField(max_length=1000)
    endpoint = models.CharField(max_length=500)
    payload = models.BooleanField(default=False)
    headers = models.JSONField(default=list)
    until = models.BigIntegerField(null=True)
    state = models.CharField(max_length=10, default=ACTIVE)
    position = models.BigIntegerField()
    attempts = models.IntegerField(default=0)
    due: models.DateTimeField[datetime, datetime] = models.DateTimeField()
    delivered = models.BigIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "key"], name="fhir_subscriber_once")]

    def __str__(self) -> str:
        return f"Subscription {self.source}/{self.key} {self.state}"


class Bulk(models.Model):
    """An export or import. `request`: the address that asked for it; `asked`: its parameters; `progress`: how far it is
    (by type: last resource, bytes, lines); `files`: what can be fetched. `by`, `source`: who may ask for it."""

    EXPORT, IMPORT = "export", "import"
    RUNNING, DONE, FAILED, CANCELLED = "running", "done", "failed", "cancelled"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=6)
    by = models.CharField(max_length=150)
    source = models.BigIntegerField(null=True)
    request = models.CharField(max_length=2000)
    asked = models.JSONField(default=dict)
    at: models.DateTimeField[datetime, datetime] = models.DateTimeField()
    state = models.CharField(max_length=10, default=RUNNING)
    progress = models.JSONField(default=dict)
    files = models.JSONField(default=list)
    message = models.CharField(max_length=500, blank=True, default="")

    def __str__(self) -> str:
        return f"{self.kind} {self.id} {self.state}"
