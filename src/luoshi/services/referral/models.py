"""Referrals with their timeline, what beds and slots are declared, and the systems one refers to."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from luoshi.services.referral import rules


def _uid() -> str:
    return str(uuid.uuid4())


class Peer(models.Model):
    """Another system one refers to and from. `address`: its FHIR base; `client_id` and `secret` (sealed) are ours there;
    `source`: the name under which it is registered here. `places`: institutions reached there, as
    `{code, name, type, level}`."""

    name = models.SlugField(_("名称"), max_length=40, unique=True)
    title = models.CharField(_("说明"), max_length=120, blank=True, default="")
    address = models.URLField(_("FHIR 地址"), max_length=300)
    token_address = models.URLField(_("令牌地址"), max_length=300)
    client_id = models.CharField(max_length=60)
    secret = models.CharField(max_length=300)
    source = models.CharField(_("对方在本平台的来源名"), max_length=60, unique=True)
    places = models.JSONField(default=list)
    active = models.BooleanField(_("启用"), default=True)
    heard = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        verbose_name = verbose_name_plural = _("转诊对接系统")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.title or self.name


class Capacity(models.Model):
    """Beds (no day) or slots of a day that a department declares. `free` goes down with every reservation and never
    below nothing; the database sees to it."""

    BED, SLOT = "bed", "slot"
    KINDS = [(BED, _("床位")), (SLOT, _("号源"))]

    institution = models.CharField(_("机构"), max_length=40)
    department = models.CharField(_("科室"), max_length=60)
    kind = models.CharField(_("种类"), max_length=4, choices=KINDS)
    day = models.DateField(_("日期"), null=True, blank=True)
    total = models.PositiveIntegerField(_("总数"))
    free = models.IntegerField(_("可用"))
    updated_at = models.DateTimeField(_("更新时间"))
    updated_by = models.CharField(max_length=150)

    class Meta:
        verbose_name = verbose_name_plural = _("床位与号源")
        ordering = ["institution", "department", "kind", "day"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "department", "day"], condition=Q(kind="slot"), name="referral_slots_once"
            ),
            models.UniqueConstraint(
                fields=["institution", "department"], condition=Q(kind="bed"), name="referral_beds_once"
            ),
            models.CheckConstraint(name="referral_free_in_range", condition=Q(free__gte=0) & Q(free__lte=F("total"))),
            models.CheckConstraint(
                name="referral_slots_have_days",
                condition=Q(kind="slot", day__isnull=False) | Q(kind="bed", day__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.institution} {self.department} {self.free}/{self.total}"


class Referral(models.Model):
    """One patient sent from one institution to another.

    `person` is the dense number of the store, None for a patient of a peer nobody knows here; then `subject` names them
    (`name, sex, birth_date, system, value`) until the referral ends. Division paths are those of the day it was made.
    `version` counts the moves. `due` is the deadline of the present state, `lapse` when the clock notes that nobody came;
    `escalated` how many steps of escalation were taken for this state. `shares`: numbers of the consents given for it.
    `far`: which side sits at the peer (`send`, `receive`, or ""), `far_version`: the last version heard from it.
    """

    DIRECTIONS = [(rules.UP, _("上转")), (rules.DOWN, _("下转"))]
    STATES = [(name, words[0]) for name, words in rules.MACHINE.states.items()]

    uid = models.CharField(max_length=36, unique=True, default=_uid)
    direction = models.CharField(_("方向"), max_length=4, choices=DIRECTIONS)
    state = models.CharField(_("状态"), max_length=12, choices=STATES, default=rules.MACHINE.start)
    version = models.PositiveIntegerField(default=0)
    since = models.DateTimeField()
    due = models.DateTimeField(_("时限"), null=True)
    lapse = models.DateTimeField(null=True)
    escalated = models.PositiveSmallIntegerField(default=0)
    priority = models.CharField(_("优先级"), max_length=10)
    green = models.BooleanField(_("绿色通道"), default=False)
    green_due = models.DateTimeField(null=True)
    green_filed = models.DateTimeField(null=True)
    person = models.BigIntegerField(null=True)
    subject = models.JSONField(default=dict, blank=True)
    home = models.CharField(max_length=160, blank=True, default="")
    sender = models.CharField(_("转出机构"), max_length=40)
    sender_name = models.CharField(max_length=120)
    sender_path = models.CharField(max_length=160, blank=True, default="")
    receiver = models.CharField(_("转入机构"), max_length=40)
    receiver_name = models.CharField(max_length=120)
    receiver_path = models.CharField(max_length=160, blank=True, default="")
    department = models.CharField(_("科室"), max_length=60, blank=True, default="")
    criteria = models.JSONField(default=list, blank=True)
    disease = models.CharField(max_length=40, blank=True, default="")
    diagnosis = models.CharField(_("诊断"), max_length=200)
    reason = models.CharField(_("转诊原因与病情摘要"), max_length=2000)
    tests = models.CharField(_("主要检查检验结果"), max_length=2000, blank=True, default="")
    advice = models.CharField(_("注意事项与康复建议"), max_length=1000, blank=True, default="")
    route = models.JSONField(default=dict, blank=True)
    consent = models.CharField(_("同意"), max_length=12, blank=True, default="")
    categories = models.JSONField(default=list, blank=True)
    shares = models.JSONField(default=list, blank=True)
    attached = models.TextField(blank=True, default="")
    origin = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="followed")
    slot = models.ForeignKey(Capacity, models.PROTECT, null=True, blank=True, related_name="referrals")
    arrive_on = models.DateTimeField(null=True)
    refusal = models.CharField(max_length=40, blank=True, default="")
    summary = models.JSONField(default=dict, blank=True)
    made = models.DateTimeField()
    made_by = models.CharField(max_length=150)
    submitted = models.DateTimeField(null=True)
    sent_by = models.CharField(max_length=150, blank=True, default="")
    answered = models.DateTimeField(null=True)
    arrived = models.DateTimeField(null=True)
    summarised = models.DateTimeField(null=True)
    ended = models.DateTimeField(null=True)
    peer = models.ForeignKey(Peer, models.PROTECT, null=True, blank=True, related_name="referrals")
    far = models.CharField(max_length=8, blank=True, default="")
    far_version = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = verbose_name_plural = _("转诊")
        indexes = [
            models.Index(fields=["receiver", "state", "due"], name="referral_incoming"),
            models.Index(fields=["sender", "state", "due"], name="referral_outgoing"),
            models.Index(fields=["state", "due"], name="referral_clock"),
            models.Index(fields=["person"], name="referral_person"),
            models.Index(fields=["submitted"], name="referral_submitted"),
        ]
        constraints = [
            models.CheckConstraint(
                name="referral_between_two", condition=~Q(sender=F("receiver")) | ~Q(far="") | Q(receiver="")
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """What people call it: the day it was made and its number."""
        return f"{self.made:%Y%m%d}-{self.pk:05d}"

    @property
    def active(self) -> bool:
        """Whether the receiver may see the patient through it."""
        return self.state in rules.ACTIVE

    @property
    def open(self) -> bool:
        """Whether something is still to be done."""
        return self.state in rules.OPEN


class Step(models.Model):
    """One line of the timeline: a move, an escalation, a filing, or what a peer overruled. `level` is that of an
    escalation, 0 otherwise. A move of one version, and an escalation of one level in it, stand here once."""

    referral = models.ForeignKey(Referral, models.CASCADE, related_name="steps")
    version = models.PositiveIntegerField()
    kind = models.CharField(max_length=16)
    level = models.PositiveSmallIntegerField(default=0)
    at = models.DateTimeField()
    by = models.CharField(max_length=150)
    before = models.CharField(max_length=12, blank=True, default="")
    after = models.CharField(max_length=12, blank=True, default="")
    note = models.CharField(max_length=1000, blank=True, default="")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["referral", "version", "kind", "level"], name="referral_step_once")
        ]

    def __str__(self) -> str:
        return f"{self.referral_id} {self.version} {self.kind}"


class Message(models.Model):
    """One message to a peer: the whole Bundle as text, until it was taken (`sent`) or refused for good. In order of
    `pk` for each referral; sending twice changes nothing there."""

    WAITING, SENT, REFUSED = "waiting", "sent", "refused"

    peer = models.ForeignKey(Peer, models.CASCADE, related_name="messages")
    referral = models.ForeignKey(Referral, models.CASCADE, related_name="messages")
    version = models.PositiveIntegerField()
    body = models.TextField()
    state = models.CharField(max_length=8, default=WAITING)
    attempts = models.PositiveIntegerField(default=0)
    due = models.DateTimeField()
    made = models.DateTimeField()
    sent = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["peer", "referral", "version"], name="referral_message_once")]
        indexes = [models.Index(fields=["state", "due"], name="referral_outbox")]

    def __str__(self) -> str:
        return f"{self.peer_id} {self.referral_id} {self.version} {self.state}"
