"""Messages to people, what they want to hear, and what waits to leave the house."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from luoshi.supervision.alerts import rules


class Message(models.Model):
    """One event for one reader. `values` fill the words of the kind; `key` tells the same event apart from another, so
    that nobody is told twice; `left` is when it went out by a digest or at once."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="messages_received")
    kind = models.CharField(_("类别"), max_length=40)
    key = models.CharField(max_length=200)
    values = models.JSONField(default=dict)
    link = models.CharField(max_length=300, blank=True, default="")
    object_type = models.CharField(max_length=40, blank=True, default="")
    object_id = models.CharField(max_length=60, blank=True, default="")
    at = models.DateTimeField(_("时间"))
    read_at = models.DateTimeField(_("阅读时间"), null=True)
    left_at = models.DateTimeField(_("发出时间"), null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("消息")
        ordering = ["-at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="alerts_told_once")]
        indexes = [
            models.Index(fields=["user", "-at"], name="alerts_of_reader"),
            models.Index(fields=["user"], name="alerts_unread", condition=Q(read_at__isnull=True)),
            models.Index(fields=["at"], name="alerts_not_left", condition=Q(left_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"

    @property
    def texts(self) -> tuple[str, str]:
        """What happened and what to do, in the language of the page."""
        values: dict[str, Any] = self.values
        return rules.said(self.kind, values, english=(get_language() or "").startswith("en"))


class Preference(models.Model):
    """What one person wants to hear outside the pages. The address and secret of a robot are sealed."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="alert_preference")
    mail = models.BooleanField(_("用邮件发送"), default=True)
    hook_kind = models.CharField(_("群机器人"), max_length=10, blank=True, default="")
    hook_url = models.CharField(max_length=1200, blank=True, default="", editable=False)
    hook_secret = models.CharField(max_length=400, blank=True, default="", editable=False)
    quiet_from = models.PositiveSmallIntegerField(_("免打扰自"), default=21)
    quiet_to = models.PositiveSmallIntegerField(_("免打扰至"), default=7)
    muted = models.JSONField(_("不接收"), default=list)

    class Meta:
        verbose_name = verbose_name_plural = _("消息设置")
        constraints = [
            models.CheckConstraint(name="alerts_hours_of_a_day", condition=Q(quiet_from__lte=23) & Q(quiet_to__lte=23))
        ]

    def __str__(self) -> str:
        return str(self.user)


class Outgoing(models.Model):
    """Something that leaves: written in the transaction that decided it, sent after, tried again until it arrived or is
    given up. `key` is of the digest (`digest:2025-11-03`) or of the urgent message, once for a reader and channel."""

    WAITING, SENT, GIVEN_UP = "waiting", "sent", "given-up"
    STATES = [(WAITING, _("待发送")), (SENT, _("已发送")), (GIVEN_UP, _("多次失败，已停止"))]

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    channel = models.CharField(_("方式"), max_length=10)
    key = models.CharField(max_length=200)
    title = models.CharField(_("标题"), max_length=200)
    body = models.TextField()
    urgent = models.BooleanField(default=False)
    at = models.DateTimeField(_("生成时间"))
    state = models.CharField(_("状态"), max_length=10, choices=STATES, default=WAITING)
    attempts = models.PositiveSmallIntegerField(_("尝试次数"), default=0)
    due = models.DateTimeField()
    sent_at = models.DateTimeField(_("发送时间"), null=True)
    error = models.CharField(_("失败原因"), max_length=200, blank=True, default="")

    class Meta:
        verbose_name = verbose_name_plural = _("待发消息")
        ordering = ["-at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["user", "channel", "key"], name="alerts_leaves_once")]
        indexes = [models.Index(fields=["due"], name="alerts_waiting", condition=Q(state="waiting"))]

    def __str__(self) -> str:
        return f"{self.channel} {self.key} {self.state}"


class SeenLight(models.Model):
    """The light of a target at a division when it was last looked at, to notice that it turned."""

    target = models.BigIntegerField()
    division = models.CharField(max_length=24)
    light = models.CharField(max_length=10)
    since = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["target", "division"], name="alerts_one_light")]

    def __str__(self) -> str:
        return f"{self.target} {self.division} {self.light}"
