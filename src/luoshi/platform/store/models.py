"""Tables of the store. They are written in sets by raw SQL (`sets`, `writing`); the models describe and migrate them.

Instants of versions are microseconds since 1970 (UTC) in a BIGINT: exact, the same on SQLite and PostgreSQL, and they
become Arrow timestamps without being parsed. Keys of the big tables are given by the one writer (`writing` takes a
lock), not by sequences; their foreign keys are not checked row by row by the database, which would cost a third of the
speed.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Source(models.Model):
    """A system that sends records."""

    name = models.CharField(_("名称"), max_length=60, unique=True)
    title = models.CharField(_("说明"), max_length=200, blank=True, default="")
    division = models.CharField(_("区划"), max_length=24, blank=True, default="")
    institution = models.CharField(_("机构"), max_length=60, blank=True, default="")
    registered = models.DateTimeField(_("登记时间"), auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = _("数据来源")

    def __str__(self) -> str:
        return self.name


class Run(models.Model):
    """One ingest: who, from which source, how it ended. `counts` as in `ingest.Report`."""

    RUNNING, DONE, STOPPED = "running", "done", "stopped"

    source = models.ForeignKey(Source, models.PROTECT)
    by = models.CharField(max_length=150)
    started = models.DateTimeField(auto_now_add=True)
    finished = models.DateTimeField(null=True)
    state = models.CharField(max_length=10, default=RUNNING)
    counts = models.JSONField(default=dict)
    message = models.CharField(max_length=500, blank=True, default="")

    def __str__(self) -> str:
        return f"{self.pk} {self.source_id} {self.state}"


class RunFile(models.Model):
    """How far a file was read. `position` and `lines` count uncompressed bytes and lines that are committed. A file is
    known again by path, size and time of change."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="files")
    path = models.CharField(max_length=1000)
    size = models.BigIntegerField()
    changed = models.BigIntegerField()
    position = models.BigIntegerField(default=0)
    lines = models.BigIntegerField(default=0)
    done = models.BooleanField(default=False)
    message = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["path"], name="store_runfile_path")]

    def __str__(self) -> str:
        return f"{self.path} {self.position}"


class Chunk(models.Model):
    """One transaction of the store. `id` counts up in the order of commits, so it marks a position in time: whatever
    changed after chunk n has `touched` (or stands in `PersonChange`) with a greater number."""

    id = models.BigAutoField(primary_key=True)
    source = models.ForeignKey(Source, models.PROTECT)
    file = models.ForeignKey(RunFile, models.SET_NULL, null=True)
    at = models.BigIntegerField()
    counts = models.JSONField(default=dict)

    def __str__(self) -> str:
        return str(self.pk)


class Person(models.Model):
    """A resident by dense number. `division`, `institution`: codes from their latest Patient, for scopes; `name`: from
    there too, cut at `NAME_LENGTH` characters, to be found by."""

    NAME_LENGTH = 100

    number = models.BigAutoField(primary_key=True)
    division = models.CharField(max_length=24, blank=True, default="")
    institution = models.CharField(max_length=60, blank=True, default="")
    name = models.CharField(max_length=NAME_LENGTH, blank=True, default="", db_default="")
    chunk = models.BigIntegerField()

    class Meta:
        indexes = [
            models.Index(fields=["division"], name="store_person_division"),
            # Beginnings are looked for; PostgreSQL needs to be told, other databases do not mind.
            models.Index(fields=["name"], name="store_person_name", opclasses=["varchar_pattern_ops"]),
        ]

    def __str__(self) -> str:
        return str(self.number)


class PersonIdentifier(models.Model):
    """An identifier that belongs to one person in the whole region (normalised)."""

    id = models.BigAutoField(primary_key=True)
    system = models.CharField(max_length=120)
    value = models.CharField(max_length=120)
    person = models.ForeignKey(Person, models.PROTECT, related_name="identifiers", db_column="person")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["system", "value"], name="store_identifier_once")]

    def __str__(self) -> str:
        return self.system


class Resource(models.Model):
    """A resource of a source and what is believed of it now. `key` is the id as sent (or made from the content when
    none was sent); `public_id` is the id it is read by: the same, unless another source had taken it."""

    id = models.BigAutoField(primary_key=True)
    type = models.CharField(max_length=40)
    key = models.CharField(max_length=64)
    public_id = models.CharField(max_length=64)
    source = models.ForeignKey(Source, models.PROTECT, db_index=False, db_constraint=False)
    person = models.BigIntegerField(null=True)
    version = models.IntegerField()
    hash = models.CharField(max_length=32)
    deleted = models.BooleanField(default=False)
    touched = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["type", "key", "source"], name="store_resource_once")]
        indexes = [
            models.Index(fields=["type", "person"], name="store_resource_person"),
            models.Index(fields=["touched"], name="store_resource_touched"),
            models.Index(
                fields=["type", "public_id"],
                name="store_resource_renamed",
                condition=~models.Q(public_id=models.F("key")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type}/{self.public_id}"


class Version(models.Model):
    """A version of a resource: the text as received, believed from `known_from` until `known_to` (null: still)."""

    id = models.BigAutoField(primary_key=True)
    resource = models.ForeignKey(Resource, models.PROTECT, related_name="versions", db_index=False, db_constraint=False)
    version = models.IntegerField()
    known_from = models.BigIntegerField()
    known_to = models.BigIntegerField(null=True)
    hash = models.CharField(max_length=32)
    chunk = models.BigIntegerField()
    body = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["resource", "version"], name="store_version_once")]

    def __str__(self) -> str:
        return f"{self.resource_id}/{self.version}"


class Mark(models.Model):
    """A resource that has an identifier or a code, on its day; see `marks`. On SQLite the key is the table."""

    pk = models.CompositePrimaryKey("mark", "day", "resource")
    mark = models.BigIntegerField()
    day = models.IntegerField()
    resource = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.mark} {self.day} {self.resource}"


class Pending(models.Model):
    """A resource that refers to a Patient who has not arrived. `key`: `Patient/<id>` of the same source, or
    `system|value`."""

    id = models.BigAutoField(primary_key=True)
    source = models.ForeignKey(Source, models.PROTECT, db_index=False)
    key = models.CharField(max_length=250)
    resource = models.ForeignKey(Resource, models.CASCADE)

    class Meta:
        indexes = [models.Index(fields=["key"], name="store_pending_key")]

    def __str__(self) -> str:
        return str(self.pk)


class PersonChange(models.Model):
    """A person who lost or gained resources other than by a new version, for whoever keeps copies."""

    id = models.BigAutoField(primary_key=True)
    chunk = models.BigIntegerField(db_index=True)
    person = models.BigIntegerField()

    def __str__(self) -> str:
        return str(self.pk)


class Refusal(models.Model):
    """A resource that was not accepted, as it came, with the first reason. `run`: the last ingest that met it."""

    id = models.BigAutoField(primary_key=True)
    source = models.ForeignKey(Source, models.PROTECT)
    file = models.ForeignKey(RunFile, models.SET_NULL, null=True)
    run = models.ForeignKey(Run, models.SET_NULL, null=True)
    line = models.BigIntegerField()
    hash = models.CharField(max_length=32)
    reason = models.CharField(max_length=40)
    place = models.CharField(max_length=300)
    text = models.CharField(max_length=500)
    at = models.BigIntegerField()
    body = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "hash"], name="store_refusal_once")]

    def __str__(self) -> str:
        return f"{self.reason} {self.line}"


class Review(models.Model):
    """A doubt about identity for a human. `kind`: `conflict` (points to two people), `borrowed` (somebody else's
    number), `checksum` (a wrong number). `person`: who the record counts for; `other`: who else it names."""

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=20)
    resource = models.ForeignKey(Resource, models.PROTECT)
    person = models.BigIntegerField()
    other = models.BigIntegerField(null=True)
    at = models.BigIntegerField()
    state = models.CharField(max_length=10, default="open")

    class Meta:
        indexes = [models.Index(fields=["state", "kind"], name="store_review_state")]

    def __str__(self) -> str:
        return f"{self.kind} {self.person}"
