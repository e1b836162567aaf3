"""What the desks keep: scores as they were, rows given back, findings and what people made of them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Score(models.Model):
    """What a source's records of one day scored when the checks were run; a new row only when something changed."""

    source = models.CharField(_("来源"), max_length=60)
    received = models.DateField(_("收到日期"))
    at = models.DateTimeField(_("评分时间"))
    rows = models.BigIntegerField(_("检查行次"))
    failing = models.BigIntegerField(_("未通过行次"))
    score = models.FloatField(_("得分"))

    class Meta:
        verbose_name = verbose_name_plural = _("质量得分")
        ordering = ["-received", "source", "-at"]
        indexes = [models.Index(fields=["source", "received", "-at"], name="quality_score_of")]

    def __str__(self) -> str:
        return f"{self.source} {self.received} {self.score:.1f}"


class Return(models.Model):
    """Rows given back to a sender to be mended. `check_id` empty: all checks."""

    source = models.CharField(_("来源"), max_length=60)
    received = models.DateField(_("收到日期"), null=True)
    check_id = models.CharField(_("检查"), max_length=60, blank=True, default="")
    by = models.CharField(_("退回人"), max_length=150)
    at = models.DateTimeField(_("退回时间"))
    total = models.PositiveIntegerField(_("行数"))

    class Meta:
        verbose_name = verbose_name_plural = _("退回批次")
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.source} {self.at:%Y-%m-%d}"


class ReturnedRow(models.Model):
    """One failure given back: which row, by which check, what it was then and what became of it."""

    OPEN, AGAIN, MENDED = "open", "again", "mended"
    STATES = [(OPEN, _("未改")), (AGAIN, _("重报仍未通过")), (MENDED, _("已改正"))]

    batch = models.ForeignKey(Return, models.CASCADE, related_name="lines")
    check_id = models.CharField(max_length=60)
    resource_type = models.CharField(max_length=40)
    key = models.CharField(max_length=64)
    person = models.BigIntegerField(null=True)
    version = models.IntegerField(null=True)
    state = models.CharField(max_length=10, choices=STATES, default=OPEN)
    settled = models.DateTimeField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("退回的记录")
        indexes = [models.Index(fields=["state"], name="quality_returned_state")]
        constraints = [
            models.CheckConstraint(
                name="quality_mended_with_time", condition=~Q(state="mended") | Q(settled__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.resource_type}/{self.key} {self.check_id}"


class Finding(models.Model):
    """A statistical sign at one unit. It asks a question; `Judgement` answers it. `detail` holds the expected and the
    observed, `rows` the records behind it: [person, resource type, id, day]."""

    OPEN, EXPLAINED, VISIT, CORRECTED = "open", "explained", "visit", "corrected"
    STATES = [
        (OPEN, _("待判断")),
        (EXPLAINED, _("有合理解释")),
        (VISIT, _("需现场核实")),
        (CORRECTED, _("记录已更正")),
    ]

    unit = models.CharField(_("单元"), max_length=80)
    institution = models.CharField(_("机构"), max_length=60)
    test = models.CharField(_("方法"), max_length=40)
    first_day = models.DateField(_("起"))
    last_day = models.DateField(_("止"))
    found_at = models.DateTimeField(_("发现时间"))
    # Still there in the latest run; what has gone is kept with its judgements.
    current = models.BooleanField(default=True)
    trials = models.BigIntegerField()
    observed = models.FloatField()
    expected = models.FloatField()
    statistic = models.FloatField()
    effect = models.FloatField()
    p_value = models.FloatField()
    q_value = models.FloatField()
    detail = models.JSONField(default=dict)
    rows = models.JSONField(default=list)
    state = models.CharField(_("状态"), max_length=12, choices=STATES, default=OPEN)

    class Meta:
        verbose_name = verbose_name_plural = _("真实性线索")
        ordering = ["q_value", "unit"]
        constraints = [models.UniqueConstraint(fields=["unit", "test"], name="quality_finding_once")]

    def __str__(self) -> str:
        return f"{self.unit} {self.test}"


class Judgement(models.Model):
    """What a person made of a finding, and why."""

    finding = models.ForeignKey(Finding, models.CASCADE, related_name="judgements")
    by = models.CharField(_("判断人"), max_length=150)
    at = models.DateTimeField(_("时间"))
    state = models.CharField(_("结论"), max_length=12, choices=Finding.STATES)
    note = models.CharField(_("理由"), max_length=500)

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.finding_id} {self.state}"
