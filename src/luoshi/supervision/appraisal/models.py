"""Schemes of an office, runs with all they were reckoned from, appeals; meetings and their decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from luoshi.supervision.appraisal import rules

if TYPE_CHECKING:  # what reckons brings numpy and the catalogue, which the tables do not need
    from luoshi.supervision.appraisal.computing import Input, Result
    from luoshi.supervision.appraisal.schemes import Scheme


def _states(states: dict[str, tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, words[0]) for name, words in states.items()]


class SchemeVersion(models.Model):
    """One version of an office's own scheme. Never changed: the next one gets the next number."""

    slug = models.CharField(_("方案"), max_length=60)
    version = models.PositiveIntegerField(_("版本"))
    division = models.CharField(_("区划"), max_length=24)
    path = models.CharField(max_length=160, editable=False)
    body = models.JSONField()
    note = models.CharField(_("修改说明"), max_length=300, blank=True, default="")
    by = models.CharField(_("修改人"), max_length=150)
    at = models.DateTimeField(_("时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("考核方案")
        ordering = ["slug", "-version"]
        constraints = [models.UniqueConstraint(fields=["division", "slug", "version"], name="appraisal_version_once")]

    def __str__(self) -> str:
        return f"{self.slug} {self.version}"

    @property
    def scheme(self) -> Scheme:
        """The scheme itself."""
        from luoshi.supervision.appraisal.schemes import Scheme

        return Scheme.model_validate(self.body)


class Run(models.Model):
    """One scheme applied to the divisions below `division` on `as_of`. `inputs` are the values as measured then and never
    change; `result` is what they came to, upheld appeals included; `digest` covers all three."""

    division = models.CharField(_("区划"), max_length=24)
    path = models.CharField(max_length=160, editable=False)
    title = models.CharField(_("标题"), max_length=120)
    slug = models.CharField(max_length=60)
    version = models.PositiveIntegerField(_("版本"))
    scheme_body = models.JSONField()
    as_of = models.DateField(_("截至"))
    state = models.CharField(_("状态"), max_length=12, choices=_states(dict(rules.RUN.states)), default=rules.DRAFT)
    inputs_body = models.JSONField()
    result_body = models.JSONField()
    digest = models.CharField(max_length=64)
    # Whether those appraised see the whole table or their own line only.
    open_table = models.BooleanField(_("公示全表"), default=False)
    appeals_until = models.DateField(_("申诉截止"), null=True)
    by = models.CharField(_("操作人"), max_length=150)
    at = models.DateTimeField(_("时间"))
    announced = models.DateTimeField(_("公示时间"), null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("考核结果")
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["path"], name="appraisal_run_path")]

    def __str__(self) -> str:
        return self.title

    @property
    def scheme(self) -> Scheme:
        """The scheme as it was."""
        from luoshi.supervision.appraisal.schemes import Scheme

        return Scheme.model_validate(self.scheme_body)

    @property
    def inputs(self) -> dict[str, dict[str, Input]]:
        """The values as measured."""
        from luoshi.supervision.appraisal.computing import Input

        body: dict[str, dict[str, dict[str, Any]]] = self.inputs_body
        return {code: {name: Input(**one) for name, one in items.items()} for code, items in body.items()}

    @property
    def result(self) -> Result:
        """The result as kept."""
        from luoshi.supervision.appraisal.computing import from_plain

        return from_plain(self.result_body)

    @property
    def announced_or_final(self) -> bool:
        """Whether those appraised may see it."""
        return self.state in (rules.ANNOUNCED, rules.FINAL)


class Appeal(models.Model):
    """A score contested. `value`, `numerator`, `denominator` are what the appellant says; `corrected` what was found, with
    its `source`; `effect` holds total and rank of the division before and after."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="appeals")
    division = models.CharField(_("区划"), max_length=24)
    item = models.CharField(_("指标"), max_length=60)
    claim = models.CharField(_("申诉理由"), max_length=1000)
    value = models.FloatField(_("主张数值"), null=True)
    state = models.CharField(_("状态"), max_length=12, choices=_states(dict(rules.APPEAL.states)), default=rules.FILED)
    by = models.CharField(_("申诉人"), max_length=150)
    at = models.DateTimeField(_("时间"))
    answer = models.CharField(_("复核意见"), max_length=1000, blank=True, default="")
    source = models.CharField(_("更正依据"), max_length=300, blank=True, default="")
    corrected = models.JSONField(null=True)
    effect = models.JSONField(null=True)
    decided_by = models.CharField(_("复核人"), max_length=150, blank=True, default="")
    decided = models.DateTimeField(_("复核时间"), null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("考核申诉")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["run", "division", "item"],
                condition=models.Q(state=rules.FILED),
                name="appraisal_one_open_appeal",
            )
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.division} {self.item}"


class Meeting(models.Model):
    """One dispatch meeting of an office about the divisions below it."""

    title = models.CharField(_("会议"), max_length=120)
    division = models.CharField(_("区划"), max_length=24)
    path = models.CharField(max_length=160, editable=False)
    day = models.DateField(_("日期"))
    chair = models.CharField(_("主持"), max_length=60, blank=True, default="")
    present = models.CharField(_("参加单位"), max_length=500, blank=True, default="")
    state = models.CharField(_("状态"), max_length=8, choices=_states(dict(rules.MEETING.states)), default=rules.OPEN)
    by = models.CharField(_("记录人"), max_length=150)
    at = models.DateTimeField(_("时间"))
    closed = models.DateTimeField(_("结束时间"), null=True)
    # What each screen showed when the minutes were fixed, by code of the division.
    shown = models.JSONField(default=dict)

    class Meta:
        verbose_name = verbose_name_plural = _("调度会")
        ordering = ["-day", "-pk"]
        indexes = [models.Index(fields=["path"], name="appraisal_meeting_path")]

    def __str__(self) -> str:
        return self.title


class Decision(models.Model):
    """What was decided at a meeting about a division: who does what by when. `duty` is the number of the duty it became;
    None where the register of duties would not take it, with `refused` saying why."""

    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="decisions")
    division = models.CharField(_("区划"), max_length=24)
    target = models.BigIntegerField(_("目标"), null=True)
    what = models.CharField(_("议定事项"), max_length=500)
    who = models.CharField(_("责任单位"), max_length=100)
    due = models.DateField(_("完成时限"))
    by = models.CharField(_("记录人"), max_length=150)
    at = models.DateTimeField(_("时间"))
    duty = models.BigIntegerField(null=True)
    refused = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        verbose_name = verbose_name_plural = _("议定事项")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.what
