"""Enrolments, saved visits, care cards, packs and their conflicts. Clinical facts themselves are FHIR in the store."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from luoshi.services.chronic import rules


class Enrolment(models.Model):
    """One person in one disease, as far as somebody decided about it here; whoever another system manages has no row until
    somebody does. `episode`: id of the EpisodeOfCare. `evidence`: what spoke for the disease when it was found."""

    person = models.BigIntegerField()
    programme = models.CharField(_("病种"), max_length=30)
    state = models.CharField(_("状态"), max_length=12)
    institution = models.CharField(_("管理机构"), max_length=60, blank=True, default="")
    division = models.CharField(_("区划"), max_length=24, blank=True, default="")
    since = models.DateField(_("建档日期"), null=True)
    ended = models.DateField(_("终止日期"), null=True)
    reason = models.CharField(_("原因"), max_length=30, blank=True, default="")
    evidence = models.JSONField(default=list)
    episode = models.CharField(max_length=64, blank=True, default="")
    by = models.CharField(_("经办人"), max_length=150)
    at = models.DateTimeField(_("时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("慢病管理")
        constraints = [
            models.UniqueConstraint(
                fields=["person", "programme"], condition=Q(state__in=rules.OPEN), name="chronic_one_open_enrolment"
            )
        ]
        indexes = [models.Index(fields=["person"], name="chronic_enrolment_person")]

    def __str__(self) -> str:
        return f"{self.programme} {self.state}"


class Visit(models.Model):
    """One visit saved here. `token` names it wherever it was filled in, so that the same visit sent twice is one.
    `values` by field; `encounters`: disease to id of the Encounter. `version` counts corrections."""

    token = models.CharField(max_length=40, unique=True)
    person = models.BigIntegerField()
    programmes = models.JSONField(default=list)
    day = models.DateField(_("随访日期"))
    mode = models.CharField(_("方式"), max_length=10)
    values = models.JSONField(default=dict)
    reserved = models.DateField(_("预约下次"), null=True)
    advice = models.CharField(_("指导"), max_length=500, blank=True, default="")
    institution = models.CharField(_("机构"), max_length=60)
    encounters = models.JSONField(default=dict)
    by = models.CharField(_("随访人"), max_length=150)
    at = models.DateTimeField(_("保存时间"))
    origin = models.CharField(max_length=60, default="page")
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = verbose_name_plural = _("慢病随访")
        ordering = ["-day", "-pk"]
        indexes = [models.Index(fields=["person", "day"], name="chronic_visit_person")]

    def __str__(self) -> str:
        return f"{self.token} {self.day}"


class Card(models.Model):
    """What workers keep about a person beside the record: where to find them, agreed goals, remarks. By field."""

    person = models.BigIntegerField(primary_key=True)
    fields = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1)
    by = models.CharField(max_length=150)
    at = models.DateTimeField()

    FIELDS = ("contact", "medicine", "goal", "remark")

    def __str__(self) -> str:
        return str(self.person)


class Pack(models.Model):
    """A part of the register taken to a village. `base`: what it holds about each person that may change on both sides;
    `key`: sealed, opens what comes back."""

    STATES = [(name, words[0]) for name, words in rules.PACK.states.items()]

    code = models.CharField(_("编号"), max_length=20, unique=True)
    state = models.CharField(_("状态"), max_length=10, choices=STATES, default=rules.PACK.start)
    institution = models.CharField(_("机构"), max_length=60, blank=True, default="")
    division = models.CharField(_("区划"), max_length=24, blank=True, default="")
    by = models.CharField(_("领取人"), max_length=150)
    made = models.DateTimeField(_("领取时间"))
    expires = models.DateField(_("有效期至"))
    persons = models.PositiveIntegerField(_("人数"))
    base = models.JSONField(default=dict)
    key = models.CharField(max_length=200)
    reason = models.CharField(_("原因"), max_length=200, blank=True, default="")

    class Meta:
        verbose_name = verbose_name_plural = _("离线包")
        ordering = ["-made"]

    def __str__(self) -> str:
        return self.code


class Upload(models.Model):
    """One file that came back. `body`: as it came (encrypted), kept also when it was refused; `told`: what became of it."""

    pack = models.ForeignKey(Pack, models.PROTECT, related_name="uploads")
    sha256 = models.CharField(max_length=64)
    at = models.DateTimeField()
    by = models.CharField(max_length=150)
    accepted = models.BooleanField()
    told = models.JSONField(default=dict)
    body = models.BinaryField()

    class Meta:
        ordering = ["-at"]
        constraints = [models.UniqueConstraint(fields=["pack", "sha256"], name="chronic_upload_once")]

    def __str__(self) -> str:
        return f"{self.pack_id} {self.sha256[:8]}"


class Conflict(models.Model):
    """Something a pack brought that differs from what the platform has meanwhile. `kind`: field, visit or state;
    `base`, `server`, `brought`: the three versions."""

    STATES = [(name, words[0]) for name, words in rules.CONFLICT.states.items()]

    pack = models.ForeignKey(Pack, models.PROTECT, related_name="conflicts")
    person = models.BigIntegerField()
    division = models.CharField(max_length=24, blank=True, default="")
    institution = models.CharField(max_length=60, blank=True, default="")
    kind = models.CharField(_("类别"), max_length=10)
    key = models.CharField(max_length=120)
    base = models.JSONField(null=True)
    server = models.JSONField(null=True)
    brought = models.JSONField(null=True)
    state = models.CharField(_("状态"), max_length=10, choices=STATES, default=rules.CONFLICT.start)
    at = models.DateTimeField()
    decided_by = models.CharField(max_length=150, blank=True, default="")
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        verbose_name = verbose_name_plural = _("离线冲突")
        ordering = ["at", "pk"]
        constraints = [models.UniqueConstraint(fields=["pack", "kind", "key"], name="chronic_conflict_once")]

    def __str__(self) -> str:
        return f"{self.pack_id} {self.kind} {self.key}"
