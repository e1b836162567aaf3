"""Tables of identity. Persons and resources are named by their numbers in the store."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Link(models.Model):
    """`child` is the person `parent`, until `ended_at`. `root`: the top of the tree, kept for reading. `basis`: `desk`
    (a human), `auto` (the band "same" of the matching), `source` (the sender said so). Instants are microseconds since
    1970, as in the store; `chunk`: the transaction."""

    DESK, AUTO, SOURCE = "desk", "auto", "source"

    child = models.BigIntegerField()
    parent = models.BigIntegerField(db_index=True)
    root = models.BigIntegerField(db_index=True)
    basis = models.CharField(max_length=10)
    reason = models.CharField(max_length=500)
    by = models.CharField(max_length=150)
    at = models.BigIntegerField()
    chunk = models.BigIntegerField()
    ended_at = models.BigIntegerField(null=True)
    ended_by = models.CharField(max_length=150, blank=True, default="")
    ended_reason = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["child"], condition=models.Q(ended_at__isnull=True), name="identity_one_parent"
            )
        ]

    def __str__(self) -> str:
        return f"{self.child} → {self.parent}"


class Origin(models.Model):
    """The person a resource came in under, where that is not the one it counts for."""

    resource = models.BigIntegerField(primary_key=True)
    person = models.BigIntegerField(db_index=True)

    def __str__(self) -> str:
        return f"{self.resource} {self.person}"


class Belonging(models.Model):
    """For whom a resource counted from `known_from` to `known_to` (null: still). Only resources that a link ever moved
    have rows; theirs cover all time."""

    resource = models.BigIntegerField(db_index=True)
    person = models.BigIntegerField(null=True, db_index=True)
    known_from = models.BigIntegerField()
    known_to = models.BigIntegerField(null=True)

    def __str__(self) -> str:
        return f"{self.resource} {self.person}"


class Record(models.Model):
    """A Patient resource in the index: its raw texts (JSON), and whether it was matched against the others yet."""

    resource = models.BigIntegerField(primary_key=True)
    raw = models.TextField()
    matched = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["resource"], condition=models.Q(matched=False), name="identity_record_waiting"),
        ]

    def __str__(self) -> str:
        return str(self.resource)


class Key(models.Model):
    """A record may be found by this key. `slot` counts the records of a key; beyond the scheme's block none is kept, so
    a key never costs more than the block."""

    id = models.BigAutoField(primary_key=True)
    key = models.BigIntegerField()
    slot = models.SmallIntegerField()
    resource = models.BigIntegerField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "slot"], name="identity_key_slot")]

    def __str__(self) -> str:
        return str(self.key)


class State(models.Model):
    """The one row of settings and progress. `mode`: `auto` joins the band "same" by itself, `review` asks for all,
    `off` matches nothing. `chunk`, `resource`: how far the Patients of the store are in the index."""

    AUTO, REVIEW, OFF = "auto", "review", "off"

    mode = models.CharField(max_length=10, default=REVIEW)
    chunk = models.BigIntegerField(default=0)
    resource = models.BigIntegerField(default=0)
    model = models.TextField(blank=True, default="")
    learned_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.mode


class Case(models.Model):
    """Two persons (as they came in, `left` < `right`) who may be one, for a human. `evidence`: findings as plain data;
    `risk`: what deciding late may cost, the queue's order. `origin`: `match` (probabilities) or `source` (the sender
    said so)."""

    OPEN, SAME, DIFFERENT, UNSURE = "open", "same", "different", "unsure"

    left = models.BigIntegerField()
    right = models.BigIntegerField(db_index=True)
    left_record = models.BigIntegerField()
    right_record = models.BigIntegerField()
    origin = models.CharField(max_length=10, default="match")
    probability = models.FloatField()
    weight = models.FloatField()
    band = models.CharField(max_length=10)
    evidence = models.JSONField(default=list)
    note = models.CharField(max_length=200, blank=True, default="")
    risk = models.FloatField(default=0)
    state = models.CharField(_("状态"), max_length=10, default=OPEN)
    at = models.DateTimeField()
    changed = models.DateTimeField()
    revision = models.IntegerField(default=0)
    link = models.ForeignKey(Link, models.SET_NULL, null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["left", "right"], name="identity_case_once")]
        indexes = [models.Index(fields=["state", "-risk"], name="identity_case_queue")]

    def __str__(self) -> str:
        return f"{self.left} {self.right} {self.state}"


class Answer(models.Model):
    """What somebody said of a case, in order; `undone` when it was taken back."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="answers")
    answer = models.CharField(max_length=10)
    reason = models.CharField(max_length=500, blank=True, default="")
    by = models.CharField(max_length=150)
    at = models.DateTimeField()
    undone = models.BooleanField(default=False)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.case_id} {self.answer}"
