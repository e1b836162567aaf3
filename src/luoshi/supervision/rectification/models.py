"""Findings, what was handed in, every check, every step of the ladder."""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from luoshi.supervision.rectification import rules


class Finding(models.Model):
    """One thing that is wrong at one unit. `division`/`path` (and `institution`, or the printed `unit`) are where;
    `raised_division`/`raised_path` the office that raised it and checks it. `found` is how it stood then, in words."""

    KINDS = [
        ("target", _("目标滞后")),
        ("contradiction", _("自报与数据不符")),
        ("inspection", _("检查发现")),
        ("quality", _("数据质量")),
        ("authenticity", _("数据真实性")),
    ]

    kind = models.CharField(_("来源"), max_length=16, choices=KINDS)
    title = models.CharField(_("事项"), max_length=200)
    text = models.CharField(_("问题"), max_length=2000)
    target = models.BigIntegerField(null=True)
    plan_title = models.CharField(_("规划"), max_length=300, blank=True, default="")
    claimed = models.FloatField(null=True)
    origin = models.CharField(max_length=80, blank=True, default="")
    division = models.CharField(_("区划"), max_length=24)
    path = models.CharField(max_length=200)
    institution = models.CharField(_("机构"), max_length=60, blank=True, default="")
    unit = models.CharField(_("责任单位"), max_length=120, blank=True, default="")
    raised_division = models.CharField(max_length=24)
    raised_path = models.CharField(max_length=200)
    found = models.CharField(_("发现时"), max_length=300, blank=True, default="")
    found_on = models.DateField(_("发现日期"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True)
    at = models.DateTimeField()
    repeat_of = models.ForeignKey("self", models.PROTECT, null=True, related_name="repeats")
    state = models.CharField(_("状态"), max_length=12, default=rules.FOUND)
    noticed_at = models.DateTimeField(null=True)
    plan_due = models.DateField(_("方案期限"), null=True)
    finish_due = models.DateField(_("整改期限"), null=True)
    plan = models.CharField(_("整改方案"), max_length=3000, blank=True, default="")
    planned_by = models.CharField(max_length=150, blank=True, default="")
    submitted_by = models.CharField(max_length=150, blank=True, default="")
    submitted_at = models.DateTimeField(null=True)
    returned = models.PositiveSmallIntegerField(_("退回次数"), default=0)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=150, blank=True, default="")
    closed_how = models.CharField(
        max_length=10, blank=True, default="", choices=[("data", _("数据达标")), ("signed", _("签字"))]
    )
    ground = models.CharField(_("销号依据"), max_length=600, blank=True, default="")
    edition = models.CharField(max_length=80, blank=True, default="")

    class Meta:
        verbose_name = verbose_name_plural = _("整改事项")
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["path"], name="rectification_path"),
            models.Index(fields=["institution"], name="rectification_institution"),
            models.Index(fields=["state", "finish_due"], name="rectification_running"),
            models.Index(fields=["division", "target", "found_on"], name="rectification_repeats"),
        ]
        constraints = [
            models.CheckConstraint(
                name="rectification_closed_with_ground",
                condition=~Q(state="closed") | (Q(closed_at__isnull=False) & ~Q(closed_how="") & ~Q(ground="")),
            ),
            models.UniqueConstraint(
                fields=["target", "division", "institution", "kind"],
                condition=Q(target__isnull=False, state__in=["found", "noticed", "planned", "submitted"]),
                name="rectification_one_open",
            ),
            models.UniqueConstraint(fields=["origin"], condition=~Q(origin=""), name="rectification_one_origin"),
            models.CheckConstraint(
                name="rectification_noticed_with_dates",
                condition=Q(state__in=["found", "dismissed"]) | Q(plan_due__isnull=False, finish_due__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.title}"

    @property
    def running(self) -> tuple[str, date] | None:
        """The date that runs now (`plan` or `finish`) and its day; None while none does."""
        basis = rules.RUNNING.get(self.state)
        day = self.plan_due if basis == "plan" else self.finish_due
        return (basis, day) if basis and day else None

    @property
    def is_open(self) -> bool:
        """Whether it is neither closed nor dismissed."""
        return self.state in rules.OPEN


class Account(models.Model):
    """What a unit handed in, in words, with at most one file: its kind (`media`: `pdf`), name and hash, empty
    without one."""

    finding = models.ForeignKey(Finding, models.CASCADE, related_name="accounts")
    text = models.CharField(_("整改情况"), max_length=3000)
    media = models.CharField(max_length=120, blank=True, default="")
    file_name = models.CharField(_("材料"), max_length=150, blank=True, default="")
    sha256 = models.CharField(max_length=64, blank=True, default="")
    by = models.CharField(_("提交人"), max_length=150)
    at = models.DateTimeField(_("提交时间"))

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.finding_id} {self.at:%Y-%m-%d}"


class Check(models.Model):
    """The value computed anew at one time, and whether it passes; None where nothing can be computed."""

    finding = models.ForeignKey(Finding, models.CASCADE, related_name="checks")
    at = models.DateTimeField(_("重算时间"))
    by = models.CharField(_("由"), max_length=150)
    passed = models.BooleanField(null=True)
    words = models.CharField(_("结果"), max_length=500)
    heard = models.DateField(_("数据截至"), null=True)
    edition = models.CharField(max_length=80, blank=True, default="")

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.finding_id} {self.passed}"


class Step(models.Model):
    """A step of the ladder that came. `missed` is the date that was not kept, `due` when the step was due by the rules,
    `done_at` when it was done: later where the clock stood still. `told`: how many people were told."""

    finding = models.ForeignKey(Finding, models.CASCADE, related_name="steps")
    basis = models.CharField(max_length=10)
    missed = models.DateField(_("逾期日"))
    step = models.CharField(max_length=30)
    name = models.CharField(_("步骤"), max_length=30)
    name_en = models.CharField(max_length=40)
    due = models.DateField(_("应办日期"))
    done_at = models.DateTimeField(_("实际办理"))
    told = models.PositiveSmallIntegerField(default=0)
    minutes = models.CharField(_("约谈记录"), max_length=2000, blank=True, default="")
    held_on = models.DateField(_("约谈日期"), null=True)
    minuted_by = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        verbose_name = verbose_name_plural = _("督办步骤")
        ordering = ["due", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["finding", "basis", "missed", "step"], name="rectification_step_once"),
        ]

    def __str__(self) -> str:
        return f"{self.finding_id} {self.name} {self.due}"
