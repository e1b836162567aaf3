"""What was sent, to whom, and what became of each item."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from luoshi.kernel.period import Period
from luoshi.supervision.dispatching import rules


class Dispatch(models.Model):
    """What was sent for one target at one division. `*_before` is how it stood when it was sent (data up to `heard_before`),
    `*_now` when the data were last looked at (`edition` names the results, `heard_now` how far they reached). `told`:
    how many people were told, by institution."""

    target = models.BigIntegerField()
    plan_title = models.CharField(_("规划"), max_length=300)
    indicator = models.CharField(_("指标"), max_length=80)
    title = models.CharField(_("目标"), max_length=200)
    promise = models.CharField(_("目标值"), max_length=60)
    unit = models.CharField(max_length=30)
    division = models.CharField(_("区划"), max_length=24)
    path = models.CharField(max_length=200)
    period_start = models.DateField()
    period_end = models.DateField()
    period_kind = models.CharField(max_length=30)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("派单人"))
    at = models.DateTimeField(_("派单时间"))
    due = models.DateField(_("期限"))
    note = models.CharField(_("要求"), max_length=500, blank=True, default="")
    state = models.CharField(_("状态"), max_length=12, default=rules.OPEN)
    ended_at = models.DateTimeField(null=True)
    ended_why = models.CharField(max_length=500, blank=True, default="")
    heard_before = models.DateField(null=True)
    numerator_before = models.FloatField(null=True)
    denominator_before = models.FloatField(null=True)
    value_before = models.FloatField(null=True)
    missing_before = models.PositiveIntegerField()
    told = models.JSONField(default=dict)
    edition = models.CharField(max_length=80, blank=True, default="")
    heard_now = models.DateField(null=True)
    numerator_now = models.FloatField(null=True)
    denominator_now = models.FloatField(null=True)
    value_now = models.FloatField(null=True)
    missing_now = models.PositiveIntegerField()

    class Meta:
        verbose_name = verbose_name_plural = _("派单")
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["state", "indicator"], name="dispatching_open"),
            models.Index(fields=["path"], name="dispatching_path"),
        ]
        constraints = [
            models.CheckConstraint(name="dispatching_ended_once", condition=Q(state="open") | Q(ended_at__isnull=False))
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.title}"

    @property
    def period(self) -> Period:
        """The period the items are looked at in, also after it has ended."""
        return Period(self.period_start, self.period_end, self.period_kind)


class Item(models.Model):
    """One subject. `state` is what people say (`rules.ITEM`), `data` what the data show; `home` is the path of the
    division where the person lives or the place stands; `institution` is who is to act, empty where nobody was found."""

    DATA = [(rules.MISSING, _("仍未计入")), (rules.COUNTED, _("已计入")), (rules.LEFT, _("已不在统计范围"))]

    dispatch = models.ForeignKey(Dispatch, models.CASCADE, related_name="items")
    subject = models.CharField(max_length=80)
    person = models.BigIntegerField(null=True)
    division = models.CharField(max_length=24)
    home = models.CharField(max_length=200)
    institution = models.CharField(_("办理机构"), max_length=60, blank=True, default="")
    reason = models.CharField(_("派单时原因"), max_length=300)
    reason_en = models.CharField(max_length=300, blank=True, default="")
    state = models.CharField(_("办理"), max_length=10, default=rules.SENT)
    acted_by = models.CharField(max_length=150, blank=True, default="")
    acted_on = models.DateField(null=True)
    said = models.CharField(_("说明"), max_length=500, blank=True, default="")
    lapsed = models.PositiveSmallIntegerField(default=0)
    data = models.CharField(_("数据"), max_length=10, choices=DATA, default=rules.MISSING)
    reason_now = models.CharField(max_length=300, blank=True, default="")
    reason_now_en = models.CharField(max_length=300, blank=True, default="")
    settled_on = models.DateField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("派单事项")
        ordering = ["institution", "reason", "subject"]
        indexes = [
            models.Index(fields=["institution", "data", "state"], name="dispatching_of_institution"),
            models.Index(fields=["home"], name="dispatching_home"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["dispatch", "subject"], name="dispatching_once_each"),
            models.CheckConstraint(
                name="dispatching_settled_with_day", condition=Q(data="missing") | Q(settled_on__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dispatch_id} {self.subject}"

    @property
    def why(self) -> str:
        """The reason of now where it is still missing, else the one it was sent with; in the language of the page."""
        english = (get_language() or "").startswith("en")
        now, then = (self.reason_now_en, self.reason_en) if english else (self.reason_now, self.reason)
        return now or then
