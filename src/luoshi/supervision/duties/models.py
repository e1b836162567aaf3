"""Duties, what is handed in for them, lights set by hand, reports and queries, and what people said about them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from luoshi.kernel.comparator import OPS, Threshold
from luoshi.kernel.machine import Machine
from luoshi.supervision.duties import rules
from luoshi.web.manifest import in_language

COLOURS = ("green", "yellow", "red", "grey")


def _states(machine: Machine) -> list[tuple[str, str]]:
    return [(name, words[0]) for name, words in machine.states.items()]


class Duty(models.Model):
    """One promise or task given to one unit. `target` and `task` are numbers at the plan desk (0: none); the words and
    the promise are kept as they were on the day it was issued. `quota` (in `unit`) is what this unit answers for; empty
    where the unit only supports or the work is judged by what is handed in. `weight` is what its part was measured by
    when its parent was split. `division` is where the unit sits; `institution` its code where it is one.
    """

    class Role(models.TextChoices):
        """Lead answers for the result; support helps."""

        LEAD = "lead", _("牵头")
        SUPPORT = "support", _("配合")

    class Origin(models.TextChoices):
        """Where it came from."""

        PLAN = "plan", _("工作计划")
        MEETING = "meeting", _("会议议定")
        HAND = "hand", _("临时交办")

    plan = models.PositiveBigIntegerField(default=0)
    plan_title = models.CharField(_("计划"), max_length=300, blank=True, default="")
    target = models.PositiveBigIntegerField(default=0)
    task = models.PositiveBigIntegerField(default=0)
    origin = models.CharField(_("来源"), max_length=8, choices=Origin.choices, default=Origin.PLAN)
    title = models.CharField(_("任务"), max_length=300)
    words = models.TextField(_("原文"), blank=True, default="")
    promise = models.CharField(_("承诺"), max_length=60, blank=True, default="")
    op = models.CharField(max_length=8, blank=True, default="")
    value = models.FloatField(null=True, blank=True)
    upper = models.FloatField(null=True, blank=True)
    unit = models.CharField(_("单位"), max_length=30, blank=True, default="")
    better = models.CharField(max_length=8, default="higher")
    binding = models.CharField(max_length=12, blank=True, default="")
    additive = models.BooleanField(default=False)

    role = models.CharField(_("角色"), max_length=8, choices=Role.choices, default=Role.LEAD)
    unit_kind = models.CharField(max_length=12)
    unit_name = models.CharField(_("责任单位"), max_length=120)
    unit_printed = models.CharField(max_length=120, blank=True, default="")
    unit_key = models.CharField(max_length=200)
    department = models.CharField(max_length=40, blank=True, default="")
    division = models.CharField(_("区划"), max_length=24)
    division_path = models.CharField(max_length=160)
    institution = models.CharField(_("机构"), max_length=40, blank=True, default="")
    handler = models.CharField(_("经办人"), max_length=150, blank=True, default="")

    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="parts")
    issuer_division = models.CharField(max_length=24)
    issuer_path = models.CharField(max_length=160)
    quota = models.FloatField(_("分解指标"), null=True, blank=True)
    weight = models.FloatField(null=True, blank=True)
    weight_source = models.CharField(max_length=200, blank=True, default="")
    split_reason = models.CharField(_("不均衡分解的理由"), max_length=500, blank=True, default="")
    split_at = models.DateTimeField(null=True, blank=True)
    due = models.DateField(_("期限"), null=True, blank=True)
    due_inferred = models.BooleanField(default=False)

    state = models.CharField(_("状态"), max_length=12, choices=_states(rules.DUTY), default=rules.DUTY.start)
    issued_by = models.CharField(_("下达人"), max_length=150)
    issued_at = models.DateTimeField(_("下达时间"))
    receipt_due = models.DateField(_("签收期限"))
    received_by = models.CharField(max_length=150, blank=True, default="")
    received_at = models.DateTimeField(_("签收时间"), null=True, blank=True)
    submitted_by = models.CharField(max_length=150, blank=True, default="")
    submitted_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.CharField(max_length=150, blank=True, default="")
    closed_at = models.DateTimeField(null=True, blank=True)
    ground = models.CharField(_("办结依据"), max_length=500, blank=True, default="")

    class Meta:
        verbose_name = verbose_name_plural = _("任务")
        ordering = ["due", "pk"]
        indexes = [
            models.Index(fields=["division_path", "state"], name="duty_seat"),
            models.Index(fields=["institution", "state"], name="duty_institution"),
            models.Index(fields=["target", "division"], name="duty_target"),
            models.Index(fields=["plan", "task"], name="duty_plan"),
            models.Index(fields=["state", "receipt_due"], name="duty_receipt"),
        ]
        constraints = [
            # One unit has one promise or task once under one parent, unless it was withdrawn.
            models.UniqueConstraint(
                fields=["plan", "target", "task", "unit_key"],
                condition=Q(parent__isnull=True, origin="plan") & ~Q(state="withdrawn"),
                name="duty_once_from_a_plan",
            ),
            models.UniqueConstraint(
                fields=["parent", "unit_key"],
                condition=Q(parent__isnull=False) & ~Q(state="withdrawn"),
                name="duty_once_below_a_parent",
            ),
            models.CheckConstraint(name="duty_not_its_own_part", condition=Q(parent__isnull=True) | ~Q(parent=F("pk"))),
            models.CheckConstraint(
                name="duty_received_by_somebody",
                condition=Q(received_at__isnull=True) | ~Q(received_by=""),
            ),
            models.CheckConstraint(
                name="duty_closed_with_a_ground",
                condition=~Q(state="closed") | (Q(closed_at__isnull=False) & ~Q(ground="")),
            ),
            models.CheckConstraint(name="duty_known_op", condition=Q(op="") | Q(op__in=OPS)),
        ]

    def __str__(self) -> str:
        return f"{self.title} · {self.unit_name}"

    @property
    def state_words(self) -> str:
        """The state in the language of the page."""
        return in_language(*rules.DUTY.states[self.state])

    @property
    def open(self) -> bool:
        """Whether something is still to be done."""
        return self.state not in rules.DUTY.final

    @property
    def threshold(self) -> Threshold | None:
        """What this unit must reach: its quota with the comparator of the promise, or the promise itself for a rate.
        None for support, and for what carries no number."""
        if self.role != self.Role.LEAD or not self.op or self.value is None:
            return None
        if self.quota is not None:
            op = ">=" if self.op == "between" else self.op
            return Threshold(op, self.quota)  # type: ignore[arg-type]
        if self.additive and self.parent_id:
            return None
        return Threshold(self.op, self.value, self.upper)  # type: ignore[arg-type]


class Report(models.Model):
    """What a unit said at one time. `asked` are the fields it filled in, `locked` those the computer filled
    (`{name, name_en, text, source, as_of}` each): their number is what the unit was spared. `claim` is the unit's own
    judgement; `value` its own figure, asked for only where no record can tell."""

    CLAIMS = [("done", _("已完成")), ("on-track", _("按进度推进")), ("behind", _("滞后"))]

    duty = models.ForeignKey(Duty, models.CASCADE, related_name="reports")
    by = models.CharField(_("报告人"), max_length=150)
    by_name = models.CharField(max_length=150, blank=True, default="")
    at = models.DateTimeField(_("时间"))
    on = models.DateField(_("截至"))
    claim = models.CharField(_("自评"), max_length=10, choices=CLAIMS)
    progress = models.TextField(_("进展"), blank=True, default="")
    problems = models.TextField(_("问题"), blank=True, default="")
    value = models.FloatField(_("自报数值"), null=True, blank=True)
    locked = models.JSONField(default=list)
    asked = models.PositiveSmallIntegerField(default=0)
    spared = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = verbose_name_plural = _("进展报告")
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.duty_id} {self.on:%Y-%m-%d}"


class Query(models.Model):
    """Where a report and the data disagree: what was said, what was found, from which source."""

    report = models.ForeignKey(Report, models.CASCADE, related_name="queries")
    duty = models.ForeignKey(Duty, models.CASCADE, related_name="queries")
    field = models.CharField(max_length=12)
    said = models.CharField(_("报告"), max_length=200)
    found = models.CharField(_("数据"), max_length=200)
    source = models.CharField(_("依据"), max_length=200)
    as_of = models.DateField(_("数据截至"), null=True, blank=True)
    state = models.CharField(_("状态"), max_length=12, choices=_states(rules.QUERY), default=rules.QUERY.start)
    opened_at = models.DateTimeField()
    answer = models.TextField(_("说明"), blank=True, default="")
    answered_by = models.CharField(max_length=150, blank=True, default="")
    closed_by = models.CharField(max_length=150, blank=True, default="")
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("填报疑问")
        ordering = ["-opened_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["duty", "field"], condition=Q(state__in=("open", "answered")), name="query_once_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.duty_id} {self.field}"

    @property
    def state_words(self) -> str:
        """The state in the language of the page."""
        return in_language(*rules.QUERY.states[self.state])


class File(models.Model):
    """A file of a duty, kept outside the database under its hash. `evidence` counts for the promise once accepted:
    `counts` is how many things it attests, `dated` the day of the thing; an attachment is only there to be read."""

    class Kind(models.TextChoices):
        """What it is for."""

        EVIDENCE = "evidence", _("佐证材料")
        ATTACHMENT = "attachment", _("附件")

    duty = models.ForeignKey(Duty, models.CASCADE, related_name="files")
    target = models.PositiveBigIntegerField(default=0, db_index=True)
    kind = models.CharField(_("用途"), max_length=10, choices=Kind.choices, default=Kind.EVIDENCE)
    title = models.CharField(_("名称"), max_length=200)
    dated = models.DateField(_("材料日期"))
    counts = models.FloatField(_("计数"), default=1)
    name = models.CharField(_("文件名"), max_length=255)
    media = models.CharField(_("格式"), max_length=8)
    size = models.PositiveBigIntegerField(_("大小"))
    sha256 = models.CharField(max_length=64, db_index=True)
    state = models.CharField(_("状态"), max_length=12, choices=_states(rules.EVIDENCE), default=rules.EVIDENCE.start)
    by = models.CharField(_("上传人"), max_length=150)
    by_name = models.CharField(max_length=150, blank=True, default="")
    at = models.DateTimeField(_("上传时间"))
    judged_by = models.CharField(max_length=150, blank=True, default="")
    judged_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(_("审核意见"), max_length=500, blank=True, default="")

    class Meta:
        verbose_name = verbose_name_plural = _("材料")
        ordering = ["-dated", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["duty", "sha256"], condition=Q(state__in=("offered", "accepted")), name="file_once_for_a_duty"
            ),
            models.CheckConstraint(name="file_counts_something", condition=Q(counts__gt=0)),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def state_words(self) -> str:
        """The state in the language of the page."""
        return in_language(*rules.EVIDENCE.states[self.state])


class Override(models.Model):
    """A light set by hand for one promise at one place (the code of a division or institution), until a day."""

    target = models.PositiveBigIntegerField()
    place = models.CharField(max_length=40)
    path = models.CharField(max_length=160)
    colour = models.CharField(max_length=8, choices=[(c, c) for c in COLOURS])
    computed = models.CharField(max_length=8)
    reason = models.CharField(_("理由"), max_length=500)
    by = models.CharField(_("设定人"), max_length=150)
    by_name = models.CharField(max_length=150, blank=True, default="")
    at = models.DateTimeField(_("设定时间"))
    until = models.DateField(_("有效期至"))
    state = models.CharField(max_length=12, choices=_states(rules.OVERRIDE), default=rules.OVERRIDE.start)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        verbose_name = verbose_name_plural = _("人工定灯")
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(
                fields=["target", "place"], condition=Q(state="standing"), name="override_one_standing"
            ),
            models.CheckConstraint(name="override_with_a_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.target} {self.place} {self.colour}"


class Comment(models.Model):
    """What somebody said about a duty, or about a promise at a place (`place` and its `path`)."""

    duty = models.ForeignKey(Duty, models.CASCADE, null=True, blank=True, related_name="comments")
    target = models.PositiveBigIntegerField(default=0)
    place = models.CharField(max_length=40, blank=True, default="")
    path = models.CharField(max_length=160, blank=True, default="")
    text = models.TextField(_("内容"))
    by = models.CharField(_("发言人"), max_length=150)
    by_name = models.CharField(max_length=150, blank=True, default="")
    at = models.DateTimeField(_("时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("留言")
        ordering = ["at", "pk"]
        indexes = [models.Index(fields=["target", "place"], name="comment_promise")]
        constraints = [
            models.CheckConstraint(
                name="comment_about_something",
                condition=Q(duty__isnull=False) | (Q(target__gt=0) & ~Q(place="")),
            )
        ]

    def __str__(self) -> str:
        return self.text[:30]


class Watch(models.Model):
    """Somebody who wants to hear of a duty, or of a promise at a place."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    duty = models.ForeignKey(Duty, models.CASCADE, null=True, blank=True, related_name="watches")
    target = models.PositiveBigIntegerField(default=0)
    place = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        verbose_name = verbose_name_plural = _("关注")
        constraints = [
            models.UniqueConstraint(fields=["user", "duty"], condition=Q(duty__isnull=False), name="watch_duty_once"),
            models.UniqueConstraint(
                fields=["user", "target", "place"], condition=Q(duty__isnull=True), name="watch_promise_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.duty_id or self.target}"
