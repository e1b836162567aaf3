"""Projects, who approved them, and who took what."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from luoshi.services.research import rules


class Project(models.Model):
    """One request for data. `columns` maps each chosen column to its step. `key` names residents within the project; it
    is made at approval and destroyed at closing."""

    STATES = [
        (rules.REQUESTED, _("待审批")),
        (rules.APPROVED, _("已批准")),
        (rules.REJECTED, _("已退回")),
        (rules.CLOSED, _("已关闭")),
    ]

    title = models.CharField(_("课题"), max_length=200)
    purpose = models.CharField(_("用途"), max_length=1000)
    ethics = models.CharField(_("伦理审查批件号"), max_length=100, blank=True, default="")
    applicant = models.CharField(_("申请人"), max_length=150)
    division = models.CharField(_("区划"), max_length=24)
    table = models.CharField(_("数据表"), max_length=30)
    columns = models.JSONField(_("字段"), default=dict)
    start = models.DateField(_("起"))
    end = models.DateField(_("止"))
    k = models.PositiveSmallIntegerField(_("k值"))
    state = models.CharField(_("状态"), max_length=10, choices=STATES, default=rules.REQUESTED)
    requested = models.DateTimeField(_("申请时间"))
    expires = models.DateField(_("有效期至"), null=True)
    closed = models.DateTimeField(_("关闭时间"), null=True)
    key = models.BinaryField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("科研数据申请")
        ordering = ["-requested"]
        constraints = [
            models.CheckConstraint(name="research_days_in_order", condition=Q(end__gte=models.F("start"))),
            models.CheckConstraint(
                name="research_key_only_while_approved", condition=Q(key__isnull=True) | Q(state="approved")
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Approval(models.Model):
    """One person's yes or no."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="approvals")
    by = models.CharField(_("审批人"), max_length=150)
    at = models.DateTimeField(_("时间"))
    yes = models.BooleanField()
    note = models.CharField(_("意见"), max_length=500, blank=True, default="")

    class Meta:
        ordering = ["at"]
        constraints = [models.UniqueConstraint(fields=["project", "by"], name="research_one_voice_each")]

    def __str__(self) -> str:
        return f"{self.project_id} {self.by}"


class Taking(models.Model):
    """One package that was taken. `package` is in its readme; `left_out`: rows left out to reach k."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="takings")
    package = models.CharField(_("数据包"), max_length=40, unique=True)
    by = models.CharField(_("领取人"), max_length=150)
    at = models.DateTimeField(_("时间"))
    format = models.CharField(_("格式"), max_length=10)
    rows = models.BigIntegerField(_("行数"))
    persons = models.BigIntegerField(_("人数"))
    left_out = models.BigIntegerField(_("略去行数"))
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return self.package
