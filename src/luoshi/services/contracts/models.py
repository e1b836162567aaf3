"""Teams, packages an institution keeps, contracts, notes of groups the records cannot tell, signs to be judged."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from luoshi.services.contracts import rules
from luoshi.web.manifest import in_language


class Team(models.Model):
    """A family-doctor team of an institution; a team, not a doctor, holds contracts."""

    institution = models.CharField(_("机构"), max_length=40, db_index=True)
    name = models.CharField(_("团队名称"), max_length=60)
    phone = models.CharField(_("联系电话"), max_length=30, blank=True, default="")
    since = models.DateField(_("成立日期"))
    until = models.DateField(_("撤销日期"), null=True, blank=True)

    class Meta:
        ordering = ["institution", "name"]
        constraints = [
            models.UniqueConstraint(fields=["institution", "name"], name="contracts_team_name"),
            models.CheckConstraint(
                name="contracts_team_days", condition=Q(until__isnull=True) | Q(until__gte=F("since"))
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Member(models.Model):
    """Somebody of a team for a time. `practitioner`: their id in the records, where these hold them."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="members")
    name = models.CharField(_("姓名"), max_length=60)
    role = models.CharField(_("角色"), max_length=20, choices=[(k, v[0]) for k, v in rules.ROLES.items()])
    practitioner = models.CharField(max_length=64, blank=True, default="")
    username = models.CharField(max_length=150, blank=True, default="")
    leads = models.BooleanField(_("团队长"), default=False)
    since = models.DateField(_("加入日期"))
    until = models.DateField(_("离开日期"), null=True, blank=True)

    class Meta:
        ordering = ["team", "-leads", "pk"]

    def __str__(self) -> str:
        return self.name


class OwnPackage(models.Model):
    """A package an institution keeps: items of the catalogue at its own price."""

    institution = models.CharField(_("机构"), max_length=40, db_index=True)
    name = models.CharField(_("名称"), max_length=60)
    kind = models.CharField(_("类别"), max_length=10, choices=[("paid", _("付费包")), ("personal", _("个性化包"))])
    items = models.JSONField(_("项目"), default=list)
    fee = models.PositiveIntegerField(_("年费（元）"))
    since = models.DateField(_("启用日期"))
    until = models.DateField(_("停用日期"), null=True, blank=True)

    class Meta:
        ordering = ["institution", "name"]
        constraints = [models.UniqueConstraint(fields=["institution", "name", "since"], name="contracts_package_name")]

    def __str__(self) -> str:
        return self.name


class Contract(models.Model):
    """One contract made or taken over here. `items` and `fee` are those of the day it was signed; `end` is the last day
    agreed, `ended` the last day it held where it ended before. `act` is common to those who signed together."""

    person = models.BigIntegerField(_("居民"))
    institution = models.CharField(_("签约机构"), max_length=40)
    team = models.ForeignKey(Team, models.PROTECT, null=True, related_name="contracts", verbose_name=_("签约团队"))
    package = models.CharField(max_length=80)
    package_name = models.CharField(_("服务包"), max_length=60)
    items = models.JSONField(default=list)
    fee = models.PositiveIntegerField(_("年费（元）"), default=0)
    start = models.DateField(_("起始日期"))
    end = models.DateField(_("到期日期"))
    state = models.CharField(
        max_length=10, default=rules.ACTIVE, choices=[(k, v[0]) for k, v in rules.CONTRACT.states.items()]
    )
    signed_day = models.DateField(_("签约日期"))
    signed_at = models.DateTimeField(null=True)
    signed_by = models.CharField(_("经办人"), max_length=150)
    way = models.CharField(_("签约方式"), max_length=10, choices=[(k, v[0]) for k, v in rules.WAYS.items()])
    act = models.CharField(max_length=32, db_index=True)
    head = models.BooleanField(default=True)
    relation = models.CharField(_("与户主关系"), max_length=60, blank=True, default="")
    predecessor = models.OneToOneField("self", models.PROTECT, null=True, related_name="successor")
    follows = models.CharField(max_length=80, blank=True, default="")
    ended = models.DateField(_("解约日期"), null=True)
    end_reason = models.CharField(max_length=20, blank=True, default="")
    end_note = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        ordering = ["-start", "-pk"]
        indexes = [
            models.Index(fields=["person", "start"], name="contracts_person"),
            models.Index(fields=["institution", "state", "end"], name="contracts_institution"),
            models.Index(fields=["state", "end"], name="contracts_ends"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["person"], condition=Q(state="active"), name="contracts_one_active"),
            models.CheckConstraint(name="contracts_days_in_order", condition=Q(end__gte=F("start"))),
            models.CheckConstraint(
                name="contracts_end_has_reason",
                condition=Q(state="ended", ended__isnull=False) & ~Q(end_reason="")
                | ~Q(state="ended") & Q(ended__isnull=True, end_reason=""),
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """The number printed on it."""
        return f"QY{self.signed_day:%Y%m%d}-{self.pk:06d}"

    @property
    def package_text(self) -> str:
        """The name of its package in the language of the page; one an institution keeps has one name."""
        from luoshi.services.contracts import catalogue  # here, not above: it brings the language of conditions

        known = catalogue.packages().packages.get(self.package)
        return in_language(known.name, known.name_en) if known else self.package_name

    @property
    def key(self) -> str:
        """The id of its record in the store."""
        return f"contract-{self.pk}"

    @property
    def last(self) -> date:
        """The last day it holds: the one agreed, or the one it ended on."""
        return self.ended or self.end

    def holds(self, day: date) -> bool:
        """Whether it is in force on a day."""
        return self.start <= day <= self.last and self.end_reason != "void"


class Note(models.Model):
    """A resident belongs to a group that the records cannot tell (disabled, low income …), with the evidence seen."""

    person = models.BigIntegerField(_("居民"), db_index=True)
    group = models.CharField(_("人群"), max_length=40)
    evidence = models.CharField(_("依据"), max_length=200)
    since = models.DateField(_("起"))
    until = models.DateField(_("止"), null=True)
    by = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "group"], condition=Q(until__isnull=True), name="contracts_noted_once"
            )
        ]

    def __str__(self) -> str:
        return self.group


class Sign(models.Model):
    """A sign that contracts of an institution were made at the desk, for a human to judge. `unit` tells two signs of a
    kind apart (a day, a signer, a telephone's number in the lake); `persons` are the residents it is about."""

    kind = models.CharField(_("类别"), max_length=12)
    institution = models.CharField(_("机构"), max_length=40)
    unit = models.CharField(max_length=60)
    observed = models.PositiveIntegerField(_("实际"))
    expected = models.FloatField(_("预期"), null=True)
    p_value = models.FloatField(null=True)
    detail = models.JSONField(default=dict)
    persons = models.JSONField(default=list)
    found = models.DateField(_("发现日期"))
    state = models.CharField(
        max_length=10, default=rules.OPEN, choices=[(k, v[0]) for k, v in rules.SIGN.states.items()]
    )
    judged_by = models.CharField(max_length=150, blank=True, default="")
    judged_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        ordering = ["kind", "-observed"]
        constraints = [models.UniqueConstraint(fields=["kind", "institution", "unit"], name="contracts_sign_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.unit}"
