"""Plans as loaded: the document, its items, what was corrected, and how each promise can be measured."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from luoshi.kernel.comparator import OPS, Threshold
from luoshi.platform.regions.models import Division
from luoshi.services.plan_desk import rules, why, wording


class Plan(models.Model):
    """One document, loaded for one division. `text` is what the offsets of all items count in; `blocks` are its
    paragraphs `[start, end, kind, level, page]`; `notes` are plain sentences about the reading."""

    class Status(models.TextChoices):
        """Whether its promises count."""

        LOADED = "loaded", _("待确认")
        CONFIRMED = "confirmed", _("已确认")
        SUPERSEDED = "superseded", _("已被修订")

    division = models.ForeignKey(Division, models.PROTECT, related_name="plans", verbose_name=_("区划"))
    title = models.CharField(_("标题"), max_length=300)
    issuer = models.CharField(_("发文机关"), max_length=200, blank=True, default="")
    region = models.CharField(_("文中地区"), max_length=100, blank=True, default="")
    doc_number = models.CharField(_("文号"), max_length=100, blank=True, default="")
    published = models.DateField(_("发布日"), null=True, blank=True)
    period_start = models.PositiveSmallIntegerField(_("起始年"), null=True, blank=True)
    period_end = models.PositiveSmallIntegerField(_("截止年"), null=True, blank=True)
    kind = models.CharField(max_length=40, blank=True, default="plan")
    kind_reason = models.CharField(max_length=300, blank=True, default="")
    based_on = models.JSONField(default=list)
    default_units = models.JSONField(default=list)
    notes = models.JSONField(default=list)
    # Figures that are only told as done (`luoshi.plans.model.Result` as data).
    results = models.JSONField(default=list)
    # Why each field of the head reads as it does (`luoshi.plans.evidence.Evidence` as data).
    evidence = models.JSONField(default=list)
    # Document spans in reading order where the print is out of order, and who accepted or changed that order.
    page_order = models.JSONField(default=list)
    order_by = models.CharField(max_length=150, blank=True, default="")
    text = models.TextField()
    blocks = models.JSONField(default=list)
    format = models.CharField(max_length=8)
    file_name = models.CharField(_("文件名"), max_length=255)
    file_hash = models.CharField(max_length=64)
    status = models.CharField(_("状态"), max_length=10, choices=Status.choices, default=Status.LOADED)
    loaded_by = models.CharField(_("载入人"), max_length=150)
    loaded_at = models.DateTimeField(_("载入时间"))
    confirmed_by = models.CharField(_("确认人"), max_length=150, blank=True, default="")
    confirmed_at = models.DateTimeField(_("确认时间"), null=True, blank=True)
    # The earlier text of the same plan; it leaves the board when this one is confirmed.
    amends = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="amendments")
    # When the officer first touched an item in this pass, and what all passes took.
    check_started_at = models.DateTimeField(null=True, blank=True)
    check_seconds = models.PositiveIntegerField(_("核对用时"), default=0)

    class Meta:
        verbose_name = verbose_name_plural = _("规划")
        ordering = ["-loaded_at"]
        constraints = [
            models.UniqueConstraint(fields=["division", "file_hash"], name="plan_once_per_division"),
            models.CheckConstraint(
                name="plan_confirmed_with_time",
                condition=Q(status="loaded", confirmed_at__isnull=True)
                | Q(status="confirmed", confirmed_at__isnull=False)
                | Q(status="superseded"),
            ),
            models.CheckConstraint(name="plan_amends_another", condition=Q(amends__isnull=True) | ~Q(amends=F("pk"))),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def years(self) -> str:
        """2023, 2021–2025 or nothing."""
        start, end = self.period_start, self.period_end
        if start and end and start != end:
            return f"{start}–{end}"
        return str(end or start or "")

    @property
    def why(self) -> list[dict[str, Any]]:
        """Each field of the head with what speaks for it, in the language of the page."""
        return [why.said(entry) for entry in self.evidence]

    @property
    def told(self) -> list[dict[str, Any]]:
        """The figures only told as done, each with its words: 签约率 62%（2024年）."""
        return [entry | {"words": wording.result(entry)} for entry in self.results]

    @property
    def check_time(self) -> str:
        """What the confirmation took, in words; empty before the plan was confirmed once."""
        return rules.duration(self.check_seconds) if self.confirmed_at else ""


class PlanFile(models.Model):
    """The file as it came, so that it can be read again by a better reader."""

    plan = models.OneToOneField(Plan, models.CASCADE, related_name="file")
    content = models.BinaryField()

    def __str__(self) -> str:
        return self.plan.file_name


class Status(models.TextChoices):
    """What an officer has said about an item."""

    PROPOSED = "proposed", _("待确认")
    CONFIRMED = "confirmed", _("已确认")
    CORRECTED = "corrected", _("已更正")
    REJECTED = "rejected", _("已剔除")


class Action(models.Model):
    """A section that groups tasks (专项行动, 重点任务)."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="actions")
    key = models.CharField(max_length=20)
    number = models.CharField(max_length=40, blank=True, default="")
    title = models.CharField(max_length=300)
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    evidence = models.JSONField(default=list)

    class Meta:
        ordering = ["start", "pk"]
        constraints = [models.UniqueConstraint(fields=["plan", "key"], name="action_key")]

    def __str__(self) -> str:
        return f"{self.number} {self.title}".strip()


class Item(models.Model):
    """What tasks and targets share: their place in the text, the reader's doubt, the officer's word."""

    key = models.CharField(max_length=20)
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    confidence = models.FloatField(default=1.0)
    flags = models.JSONField(default=list)
    evidence = models.JSONField(default=list)
    deadline = models.CharField(_("时限"), max_length=20, blank=True, default="")
    deadline_inferred = models.BooleanField(default=False)
    status = models.CharField(_("状态"), max_length=10, choices=Status.choices, default=Status.PROPOSED)
    added_by = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        abstract = True

    @property
    def accepted(self) -> bool:
        """Whether an officer stands behind it."""
        return self.status in (Status.CONFIRMED, Status.CORRECTED)

    @property
    def is_doubtful(self) -> bool:
        """Whether the reader asks for a look."""
        return rules.doubtful(self.confidence, self.flags)

    @property
    def why(self) -> list[dict[str, Any]]:
        """Each field of the item with what speaks for it, in the language of the page."""
        return [why.said(entry) for entry in self.evidence]

    @property
    def doubts(self) -> list[str]:
        """The reader's reasons for doubt, in the language of the page."""
        unsure = [_("读取把握不大，请核对原文")] if self.is_doubtful and not self.flags else []
        return [wording.doubt(flag) for flag in self.flags] + [str(words) for words in unsure]


class Task(Item):
    """One piece of work, with the departments that must do it. `spans` are its runs `[start, end]` of the text."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="tasks")
    action = models.ForeignKey(Action, models.SET_NULL, null=True, blank=True, related_name="tasks")
    number = models.CharField(_("序号"), max_length=40, blank=True, default="")
    title = models.CharField(_("标题"), max_length=300, blank=True, default="")
    text = models.TextField(_("内容"))
    spans = models.JSONField(default=list)
    lead_units = models.JSONField(_("牵头单位"), default=list)
    units = models.JSONField(_("责任单位"), default=list)
    inherited_units = models.JSONField(_("默认责任单位"), default=list)
    begins = models.CharField(_("起始"), max_length=20, blank=True, default="")
    repeats = models.CharField(_("频次"), max_length=60, blank=True, default="")
    restored = models.TextField(blank=True, default="")
    safeguard = models.BooleanField(_("保障措施"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("任务")
        ordering = ["start", "pk"]
        constraints = [models.UniqueConstraint(fields=["plan", "key"], name="task_key")]

    def __str__(self) -> str:
        return f"{self.number} {self.title or self.text[:30]}".strip()


class Target(Item):
    """One promise with a number. `value` (and `upper` for `between`) carry `unit` as printed."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="targets")
    task = models.ForeignKey(Task, models.SET_NULL, null=True, blank=True, related_name="targets")
    quote = models.TextField(_("原文"))
    metric = models.CharField(_("指标"), max_length=300)
    op = models.CharField(_("比较"), max_length=8, choices=[(op, op) for op in OPS])
    value = models.FloatField(_("目标值"))
    upper = models.FloatField(_("上限"), null=True, blank=True)
    unit = models.CharField(_("单位"), max_length=30, blank=True, default="")
    baseline = models.FloatField(_("基期值"), null=True, blank=True)
    baseline_year = models.PositiveSmallIntegerField(null=True, blank=True)
    kind = models.CharField(max_length=10, default="rate")
    force = models.CharField(max_length=20, default="expected")
    scope = models.CharField(_("范围"), max_length=200, blank=True, default="")
    per = models.CharField(max_length=20, blank=True, default="")
    rule = models.CharField(max_length=80, blank=True, default="")
    op_alt = models.JSONField(default=list)
    approximate = models.BooleanField(default=False)
    # In an amendment: the promise of the earlier text that this one goes on with (its progress is this one's), and what
    # the new text changed: {"kind": "same" | "changed" | "added", "fields": [...]}. Both texts are read by one reader.
    continues = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="continued_by", verbose_name=_("承接")
    )
    amended = models.JSONField(default=dict)

    class Meta:
        verbose_name = verbose_name_plural = _("目标")
        ordering = ["start", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "key"], name="target_key"),
            models.CheckConstraint(name="target_known_op", condition=Q(op__in=OPS)),
            models.CheckConstraint(
                name="target_upper_with_between",
                condition=Q(op="between", upper__isnull=False, upper__gte=F("value"))
                | (~Q(op="between") & Q(upper__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return self.metric

    @property
    def promise(self) -> str:
        """The promise in short: `≥ 90%`."""
        return rules.promise(self.op, self.value, self.upper, self.unit)

    @property
    def force_name(self) -> str:
        """约束性, 预期性, 力争, 原则上."""
        return str(rules.FORCES.get(self.force, self.force))

    @property
    def threshold(self) -> Threshold:
        """The promise as the kernel compares it."""
        return Threshold(self.op, self.value, self.upper)  # type: ignore[arg-type]


class Binding(models.Model):
    """How a target is measured. `reason` says why this was proposed; `missing` names the source that is lacking."""

    class Kind(models.TextChoices):
        """The four origins of a number."""

        INDICATOR = "indicator", _("由记录计算")
        REGISTER = "register", _("由登记册计数")
        DELIVERABLE = "deliverable", _("佐证材料")
        REPORT = "report", _("填报")

    class Verdict(models.TextChoices):
        """Whether records can tell."""

        COMPUTABLE = "computable", _("可计算")
        PARTLY = "partly", _("部分可计算")
        NOT = "not", _("不可计算")

    target = models.OneToOneField(Target, models.CASCADE, related_name="binding")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    indicator = models.CharField(max_length=60, blank=True, default="")
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    missing = models.CharField(max_length=300, blank=True, default="")
    missing_en = models.CharField(max_length=300, blank=True, default="")
    reason = models.CharField(max_length=300, blank=True, default="")
    reason_en = models.CharField(max_length=300, blank=True, default="")
    score = models.FloatField(default=0)
    candidates = models.JSONField(default=list)
    confirmed = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(name="binding_indicator_named", condition=~Q(kind="indicator") | ~Q(indicator="")),
            # No silent green: what cannot be computed says what is missing.
            models.CheckConstraint(name="binding_missing_said", condition=Q(verdict="computable") | ~Q(missing="")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.indicator}".strip()

    @property
    def indicator_name(self) -> str:
        """The name of the indicator in the language of the page; empty when the catalogue has none of that id."""
        from luoshi.indicators.catalogue import Catalogue  # here, not above: tables do not need the language

        entry = Catalogue.load().indicators.get(self.indicator)
        return wording.in_language(entry.name, entry.name_en) if entry else ""

    @property
    def missing_words(self) -> str:
        """What is lacking, in the language of the page."""
        return wording.in_language(self.missing, self.missing_en)

    @property
    def reason_words(self) -> str:
        """Why it was proposed, in the language of the page."""
        return wording.in_language(self.reason, self.reason_en)


class Correction(models.Model):
    """One field of one item, before and after; rows are never changed."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="corrections")
    task = models.ForeignKey(Task, models.CASCADE, null=True, blank=True, related_name="corrections")
    target = models.ForeignKey(Target, models.CASCADE, null=True, blank=True, related_name="corrections")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    field = models.CharField(max_length=30)
    old = models.JSONField(null=True)
    new = models.JSONField(null=True)

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="correction_of_at_most_one", condition=Q(task__isnull=True) | Q(target__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.field} {self.at:%Y-%m-%d}"

    @property
    def words(self) -> str:
        """What changed, in words: 目标值：60 → 65."""
        return wording.correction(self.field, self.old, self.new)
