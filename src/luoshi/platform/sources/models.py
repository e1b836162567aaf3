"""Tables of registered sources. Secrets and tokens are kept as SHA-256 digests only: both are 256 random bits, which
no dictionary holds, so a slow hash would add nothing but delay to every request.

Instants the store writes (`Tally.last`, `Flag.at`) are microseconds since 1970, as in the store.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from luoshi.platform.store.models import Refusal, Source


class Mode(models.TextChoices):
    """What happens to a resource that is not valid."""

    REJECT = "reject", _("退回")
    QUARANTINE = "quarantine", _("隔离")
    FLAG = "flag", _("收下并标记")


class Registration(models.Model):
    """A source as it was registered. Name, title, division and institution stand on `store.Source`. `mode`: see `Mode`;
    `profile`: the rules beside R4 itself (`cn`, or none). A source that is not `active` may send nothing."""

    source = models.OneToOneField(Source, models.PROTECT, primary_key=True, related_name="registration")
    contact = models.CharField(_("联系人"), max_length=200, blank=True, default="")
    mode = models.CharField(_("不合格时"), max_length=12, choices=Mode.choices, default=Mode.REJECT)
    profile = models.CharField(_("校验规则"), max_length=12, blank=True, default="")
    active = models.BooleanField(_("启用"), default=True)

    class Meta:
        verbose_name = verbose_name_plural = _("来源登记")

    def __str__(self) -> str:
        return self.source.name


class Client(models.Model):
    """A pair of id and secret. While `previous_until` lies ahead the secret before the last rotation works too, so that
    a sender can change over without a gap. `scopes`: the most a token may have, separated by spaces."""

    source = models.ForeignKey(Source, models.PROTECT, related_name="clients")
    client_id = models.CharField(max_length=60, unique=True)
    secret = models.CharField(max_length=64)
    previous = models.CharField(max_length=64, blank=True, default="")
    previous_until = models.DateTimeField(null=True)
    scopes = models.CharField(max_length=500)
    made = models.DateTimeField(auto_now_add=True)
    rotated = models.DateTimeField(null=True)
    used = models.DateTimeField(null=True)
    revoked = models.DateTimeField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("接入凭据")

    def __str__(self) -> str:
        return self.client_id


class Token(models.Model):
    """An access token, by its digest, until `expires`."""

    client = models.ForeignKey(Client, models.CASCADE, related_name="tokens")
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.CharField(max_length=500)
    issued = models.DateTimeField()
    expires = models.DateTimeField(db_index=True)
    revoked = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.client_id} {self.expires}"


class Attempt(models.Model):
    """How often a key (an address, a client) asked for a token within one window of time, for the rate limit."""

    key = models.CharField(max_length=140)
    window = models.BigIntegerField()
    count = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "window"], name="sources_attempt_once")]

    def __str__(self) -> str:
        return f"{self.key} {self.count}"


class Feed(models.Model):
    """What a source declared to send: `kind` is a resource type, a kind of document or message (`cda:prescription`,
    `hl7v2:ADT`, `csv:NAME`), or empty for anything at all; at least every `hours` hours from the day `since` on, until
    it is `ended`."""

    source = models.ForeignKey(Source, models.PROTECT, related_name="feeds")
    kind = models.CharField(_("内容"), max_length=60, blank=True, default="")
    hours = models.PositiveIntegerField(_("至少每几小时一次"), default=24)
    since = models.DateField(_("起始日"))
    ended = models.DateField(_("停止日"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("申报的数据")
        constraints = [
            models.UniqueConstraint(
                fields=["source", "kind"], condition=models.Q(ended__isnull=True), name="sources_feed_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.source_id} {self.kind or '*'} {self.hours} h"


class Tally(models.Model):
    """What came from a source on one Chinese day, by kind (as in `Feed`; "" is the total, with what could not be read).
    `received` counts resources whatever became of them, `last` is the instant of the last set."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="tallies")
    day = models.DateField()
    kind = models.CharField(max_length=60)
    received = models.BigIntegerField(default=0)
    refused = models.BigIntegerField(default=0)
    quarantined = models.BigIntegerField(default=0)
    flagged = models.BigIntegerField(default=0)
    last = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "kind", "day"], name="sources_tally_once")]

    def __str__(self) -> str:
        return f"{self.source_id} {self.day} {self.kind or '*'} {self.received}"


class Quarantined(models.Model):
    """An invalid resource kept whole (the text is that of the refusal) until somebody decides.

    `held` → `released` (by a correction or because newer rules accept it: `version` tells which resource it became) or
    `discarded` with a reason. `issues`: every reason, not only the first."""

    HELD, RELEASED, DISCARDED = "held", "released", "discarded"

    refusal = models.OneToOneField(Refusal, models.CASCADE, primary_key=True, related_name="quarantined")
    source = models.ForeignKey(Source, models.PROTECT, db_index=False)
    state = models.CharField(max_length=10, default=HELD)
    issues = models.JSONField(default=list)
    at = models.BigIntegerField()
    by = models.CharField(max_length=150, blank=True, default="")
    decided = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["source", "state"], name="sources_quarantine")]

    def __str__(self) -> str:
        return f"{self.refusal_id} {self.state}"


class Flag(models.Model):
    """Rules that a stored version breaks, kept with it: it was accepted because its source is in the mode `flag`."""

    resource = models.BigIntegerField()
    version = models.IntegerField()
    source = models.ForeignKey(Source, models.CASCADE, db_index=False)
    issues = models.JSONField()
    at = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["resource", "version"], name="sources_flag_once")]
        indexes = [models.Index(fields=["source", "-at"], name="sources_flag_source")]

    def __str__(self) -> str:
        return f"{self.resource}/{self.version}"


class Message(models.Model):
    """A message of a door that numbers its messages (MSH-10), as it came, so that a repeated one is answered again and
    not read again. `digest`: of its text: the same number with another text is another message."""

    source = models.ForeignKey(Source, models.CASCADE, db_index=False)
    key = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    kind = models.CharField(max_length=20, blank=True, default="")
    body = models.BinaryField(default=b"")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "key", "digest"], name="sources_message_once")]

    def __str__(self) -> str:
        return f"{self.source_id} {self.key}"


class Document(models.Model):
    """A document of a door: which version of it is kept (`version` counts up as its sender counts), and which
    resources (`Type/id`) were made of it, so that what a newer version leaves out goes."""

    source = models.ForeignKey(Source, models.CASCADE, db_index=False)
    key = models.CharField(max_length=64)
    version = models.IntegerField(default=0)
    made = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "key"], name="sources_document_once")]

    def __str__(self) -> str:
        return f"{self.source_id} {self.key}"


class Mapping(models.Model):
    """A declared mapping of a source's tables (YAML as `records.mapping` reads it), by name."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="mappings")
    name = models.CharField(max_length=60)
    text = models.TextField()
    changed = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "name"], name="sources_mapping_once")]

    def __str__(self) -> str:
        return f"{self.source_id} {self.name}"
