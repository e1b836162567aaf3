"""Tracings as received, and what became of the request to read them."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from luoshi.services.ecg import rules


class Tracing(models.Model):
    """A waveform. `samples`: whole microvolts of 16 bits, compressed (`waveforms.pack`); `sha256` of the file as it came;
    `measures` as `measuring.Measures`, empty where nothing was measured."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.BigIntegerField(db_index=True)
    institution = models.CharField(_("机构"), max_length=60)
    taken = models.DateTimeField(_("采集时间"), null=True)
    received = models.DateTimeField(_("接收时间"))
    by = models.CharField(max_length=150)
    format = models.CharField(_("格式"), max_length=10)
    leads = models.JSONField(_("导联"))
    frequency = models.FloatField(_("采样率"))
    seconds = models.FloatField(_("时长"))
    samples = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    measures = models.JSONField(default=dict)

    class Meta:
        verbose_name = verbose_name_plural = _("心电波形")
        ordering = ["-received"]
        constraints = [models.UniqueConstraint(fields=["person", "sha256"], name="ecg_tracing_once")]

    def __str__(self) -> str:
        return str(self.uuid)


class Request(models.Model):
    """One request to read a tracing. `division`: path of where the asking institution stands; `asked` is when the clock
    of the present tracing began; `reader_place`: the institution that reports; `report`: id of the DiagnosticReport."""

    STATES = [(name, words[0]) for name, words in rules.ECG.states.items()]

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    tracing = models.ForeignKey(Tracing, models.PROTECT, related_name="requests")
    person = models.BigIntegerField(db_index=True)
    institution = models.CharField(_("申请机构"), max_length=60)
    division = models.CharField(max_length=160)
    center = models.CharField(_("判读机构"), max_length=60)
    urgency = models.CharField(_("紧急程度"), max_length=12)
    question = models.CharField(_("临床情况"), max_length=500)
    by = models.CharField(_("申请人"), max_length=150)
    asked = models.DateTimeField(_("申请时间"))
    state = models.CharField(_("状态"), max_length=12, choices=STATES, default=rules.REQUESTED)
    reader = models.CharField(_("判读医生"), max_length=150, blank=True, default="")
    reported = models.DateTimeField(_("报告时间"), null=True)
    findings = models.CharField(_("心电图所见"), max_length=2000, blank=True, default="")
    conclusion = models.CharField(_("诊断意见"), max_length=1000, blank=True, default="")
    critical = models.JSONField(_("危急值"), default=list)
    report = models.CharField(max_length=64, blank=True, default="")
    reason = models.CharField(_("退回原因"), max_length=500, blank=True, default="")
    acknowledged = models.DateTimeField(_("确认时间"), null=True)
    measures_taken = models.CharField(_("处置"), max_length=500, blank=True, default="")

    class Meta:
        verbose_name = verbose_name_plural = _("远程心电申请")
        ordering = ["-asked"]
        constraints = [
            models.CheckConstraint(
                name="ecg_reported_has_report",
                condition=~Q(state__in=["reported", "critical", "closed"]) | ~Q(report=""),
            )
        ]
        indexes = [
            models.Index(fields=["center", "state"], name="ecg_request_center"),
            models.Index(fields=["institution", "asked"], name="ecg_request_asked"),
        ]

    def __str__(self) -> str:
        return f"{self.uuid} {self.state}"
