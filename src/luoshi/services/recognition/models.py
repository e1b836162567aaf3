"""Quality marks of laboratories, and every alert with its answer."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from luoshi.platform.store.models import Source
from luoshi.services.recognition import rules


class QualityMark(models.Model):
    """A mark that a laboratory passed external assessment: `subject` is a group or an item of the catalogue."""

    LEVELS = [("nation", _("全国（HR）")), ("province", _("省级")), ("city", _("市级"))]

    institution = models.CharField(_("机构"), max_length=60)
    subject = models.CharField(_("专业或项目"), max_length=40)
    level = models.CharField(_("级别"), max_length=10, choices=LEVELS)
    valid_from = models.DateField(_("自"))
    valid_to = models.DateField(_("至"), null=True)
    document = models.CharField(_("依据"), max_length=200)
    by = models.CharField(_("登记人"), max_length=150)
    at = models.DateTimeField(_("登记时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("质量评价标识")
        ordering = ["institution", "subject", "level", "-valid_from"]
        constraints = [
            models.CheckConstraint(
                name="recognition_mark_days", condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from"))
            ),
            models.UniqueConstraint(
                fields=["institution", "subject", "level", "valid_from"], name="recognition_mark_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.institution} {self.subject} {self.level}"


class Alert(models.Model):
    """One reminder that an ordered item has an earlier result that may be recognised, and what the doctor did.

    `institution`: who orders; `producer`: who made the earlier result; `reach`: how it is recognised (`own` is no mutual
    recognition and is not counted); `order`: the order in the ordering system; `viewed`: when the earlier result was
    opened; `price` in yuan, of the catalogue on that day.
    """

    DOORS = [("page", _("本平台页面")), ("cds", _("院内系统")), ("api", _("接口"))]
    STATES = [(name, words[0]) for name, words in rules.ALERT.states.items()]

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.BigIntegerField()
    item = models.CharField(_("项目"), max_length=40)
    institution = models.CharField(_("开单机构"), max_length=60)
    division = models.CharField(_("开单机构所在区划"), max_length=160)
    by = models.CharField(_("开单人"), max_length=150)
    door = models.CharField(_("途径"), max_length=5, choices=DOORS)
    order = models.CharField(max_length=120, blank=True, default="")
    earlier_type = models.CharField(max_length=40)
    earlier_id = models.CharField(max_length=64)
    earlier_day = models.DateField(_("原结果日期"))
    producer = models.CharField(_("原结果机构"), max_length=60)
    reach = models.CharField(_("互认范围"), max_length=10)
    price = models.DecimalField(_("价格"), max_digits=9, decimal_places=2)
    raised = models.DateTimeField(_("提醒时间"))
    day = models.DateField(_("日期"))
    state = models.CharField(_("状态"), max_length=12, choices=STATES, default=rules.RAISED)
    reason = models.CharField(_("理由"), max_length=20, blank=True, default="")
    note = models.CharField(_("说明"), max_length=500, blank=True, default="")
    viewed = models.DateTimeField(_("调阅时间"), null=True)
    answered = models.DateTimeField(_("处理时间"), null=True)
    answered_by = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        verbose_name = verbose_name_plural = _("互认提醒")
        ordering = ["-raised"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "item", "institution", "day", "earlier_type", "earlier_id"],
                name="recognition_alert_once_a_day",
            ),
            models.CheckConstraint(
                name="recognition_repeat_needs_reason", condition=~Q(state="repeated") | ~Q(reason="")
            ),
        ]
        indexes = [
            models.Index(fields=["institution", "day"], name="recognition_alert_place"),
            models.Index(fields=["state", "day"], name="recognition_alert_state"),
        ]

    def __str__(self) -> str:
        return f"{self.item} {self.day} {self.state}"


class CdsClient(models.Model):
    """A system that signs its calls of CDS Hooks: its name (`iss`), its public keys (a JWK Set), and the registered source
    it speaks for."""

    issuer = models.CharField(max_length=200, unique=True)
    source = models.ForeignKey(Source, models.PROTECT, related_name="+")
    keys = models.JSONField()
    active = models.BooleanField(default=True)
    made = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.issuer


class UsedToken(models.Model):
    """A signed token that was used: the same again is refused until it has expired."""

    client = models.ForeignKey(CdsClient, models.CASCADE, db_index=False)
    jti = models.CharField(max_length=200)
    expires = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client", "jti"], name="recognition_token_once")]

    def __str__(self) -> str:
        return self.jti
