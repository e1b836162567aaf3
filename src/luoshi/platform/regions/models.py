"""Divisions, institutions, departments, and the dated counts about them.

Every row that can end has `valid_from` and `valid_to`, both days counted; `valid_to` empty means still valid. A day
nobody knows is `SINCE_EVER`.
"""

from __future__ import annotations

from datetime import date
from typing import TypeVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

SINCE_EVER = date(1900, 1, 1)
_Row = TypeVar("_Row", bound=models.Model)


class Level(models.IntegerChoices):
    """The five levels of division."""

    PROVINCE = 1, _("省级")
    PREFECTURE = 2, _("地级")
    COUNTY = 3, _("县级")
    TOWNSHIP = 4, _("乡级")
    VILLAGE = 5, _("村级")


class InstitutionType(models.TextChoices):
    """The kinds of institution of the record guide."""

    GENERAL_HOSPITAL = "general-hospital", _("综合医院")
    TCM_HOSPITAL = "tcm-hospital", _("中医医院")
    MCH_HOSPITAL = "mch-hospital", _("妇幼保健院")
    SPECIALIST_HOSPITAL = "specialist-hospital", _("专科医院")
    TOWNSHIP_CENTRE = "township-centre", _("乡镇卫生院")
    COMMUNITY_CENTRE = "community-centre", _("社区卫生服务中心")
    VILLAGE_ROOM = "village-room", _("村卫生室")
    COMMUNITY_STATION = "community-station", _("社区卫生服务站")
    CDC = "cdc", _("疾病预防控制中心")
    EMERGENCY_CENTRE = "emergency-centre", _("急救中心")
    NURSING_HOME = "nursing-home", _("护理院")
    OTHER = "other", _("其他")


class ValidQuerySet(models.QuerySet[_Row]):
    """Rows by the day they are valid on."""

    def on(self, day: date) -> ValidQuerySet[_Row]:
        """Rows valid on `day`."""
        return self.filter(valid_from__lte=day).filter(Q(valid_to__isnull=True) | Q(valid_to__gte=day))

    def current(self) -> ValidQuerySet[_Row]:
        """Rows with no last day."""
        return self.filter(valid_to__isnull=True)


def _ends_after_it_starts(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(name=name, condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")))


class Division(models.Model):
    """One division for as long as it kept its name and parent.

    `code` is the statistical code (2, 4, 6, 9 or 12 digits) or, for a functional zone that has none, the code the
    region gave it. `path` is `/` and every code from the province down to this one, each followed by `/`.
    """

    class Kind(models.TextChoices):
        """Whether the state's list of divisions knows it."""

        STATUTORY = "statutory", _("法定区划")
        FUNCTIONAL = "functional", _("功能区")

    code = models.CharField(_("代码"), max_length=24)
    name = models.CharField(_("名称"), max_length=100)
    level = models.PositiveSmallIntegerField(_("级别"), choices=Level.choices)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    path = models.CharField(max_length=160, editable=False)
    kind = models.CharField(_("种类"), max_length=12, choices=Kind.choices, default=Kind.STATUTORY)
    urban = models.BooleanField(_("城镇"), null=True, blank=True)
    valid_from = models.DateField(_("启用日"), default=SINCE_EVER)
    valid_to = models.DateField(_("停用日"), null=True, blank=True)
    successor = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="predecessors")

    objects = ValidQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("区划")
        ordering = ["code", "valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["code", "valid_from"], name="division_once_per_start"),
            models.UniqueConstraint(fields=["code"], condition=Q(valid_to__isnull=True), name="division_one_current"),
            _ends_after_it_starts("division_ends_after_it_starts"),
            models.CheckConstraint(
                name="division_successor_needs_end", condition=Q(successor__isnull=True) | Q(valid_to__isnull=False)
            ),
        ]
        indexes = [models.Index(fields=["path"], name="division_path")]

    def __str__(self) -> str:
        return f"{self.name}({self.code})"


class Institution(models.Model):
    """A provider or other health body. `parent` is the head of its alliance or the township centre of a village room.

    `uscc` and `ws218` are kept only when their check characters are right.
    """

    code = models.CharField(_("代码"), max_length=40)
    name = models.CharField(_("名称"), max_length=120)
    type = models.CharField(_("类别"), max_length=24, choices=InstitutionType.choices)
    level = models.PositiveSmallIntegerField(_("等级"), default=0)
    division = models.ForeignKey(Division, models.PROTECT, related_name="institutions", verbose_name=_("所在区划"))
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="members")
    uscc = models.CharField(_("统一社会信用代码"), max_length=18, blank=True, default="")
    ws218 = models.CharField(_("卫生机构代码"), max_length=22, blank=True, default="")
    public = models.BooleanField(_("公立"), default=True)
    valid_from = models.DateField(_("启用日"), default=SINCE_EVER)
    valid_to = models.DateField(_("停用日"), null=True, blank=True)

    objects = ValidQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("机构")
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(fields=["code"], name="institution_code"),
            models.CheckConstraint(name="institution_level", condition=Q(level__lte=3)),
            _ends_after_it_starts("institution_ends_after_it_starts"),
        ]

    def __str__(self) -> str:
        return f"{self.name}({self.code})"


class Department(models.Model):
    """A department of government that can be made responsible. `level` as for divisions; 0 is national.

    `division` is empty for the pattern that holds for every division of the level (省卫生健康委).
    """

    code = models.CharField(_("代码"), max_length=40)
    name = models.CharField(_("名称"), max_length=120)
    level = models.PositiveSmallIntegerField(_("级别"))
    division = models.ForeignKey(Division, models.PROTECT, null=True, blank=True, related_name="departments")

    class Meta:
        verbose_name = verbose_name_plural = _("部门")
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["code"], name="department_code")]

    def __str__(self) -> str:
        return self.name


class DepartmentAlias(models.Model):
    """A name a department is printed by, and while it was."""

    department = models.ForeignKey(Department, models.CASCADE, related_name="aliases")
    text = models.CharField(_("写法"), max_length=120)
    valid_from = models.DateField(_("启用日"), default=SINCE_EVER)
    valid_to = models.DateField(_("停用日"), null=True, blank=True)

    objects = ValidQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("部门写法")
        ordering = ["text"]
        constraints = [
            models.UniqueConstraint(fields=["department", "text", "valid_from"], name="alias_once"),
            _ends_after_it_starts("alias_ends_after_it_starts"),
        ]
        indexes = [models.Index(fields=["text"], name="alias_text")]

    def __str__(self) -> str:
        return self.text


def _institution_or_division(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        name=name,
        condition=Q(institution__isnull=True, division__isnull=False)
        | Q(institution__isnull=False, division__isnull=True),
    )


class Title(models.Model):
    """A title an institution or a division holds (优质服务基层行 recommended standard, 卫生村 …), from `granted` on."""

    institution = models.ForeignKey(Institution, models.CASCADE, null=True, blank=True, related_name="titles")
    division = models.ForeignKey(Division, models.CASCADE, null=True, blank=True, related_name="titles")
    title = models.CharField(_("称号"), max_length=60)
    granted = models.DateField(_("授予日"))
    revoked = models.DateField(_("取消日"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("称号")
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "title", "granted"],
                condition=Q(institution__isnull=False),
                name="title_once_institution",
            ),
            models.UniqueConstraint(
                fields=["division", "title", "granted"],
                condition=Q(division__isnull=False),
                name="title_once_division",
            ),
            _institution_or_division("title_of_one"),
            models.CheckConstraint(
                name="title_revoked_after_granted", condition=Q(revoked__isnull=True) | Q(revoked__gte=F("granted"))
            ),
        ]

    def __str__(self) -> str:
        return self.title


class StaffCount(models.Model):
    """Number of staff of a role at an institution on a day."""

    institution = models.ForeignKey(Institution, models.CASCADE, related_name="staff")
    role = models.CharField(_("岗位"), max_length=24)
    count = models.PositiveIntegerField(_("人数"))
    as_of = models.DateField(_("截至"))

    class Meta:
        verbose_name = verbose_name_plural = _("人员数")
        constraints = [models.UniqueConstraint(fields=["institution", "role", "as_of"], name="staff_once")]

    def __str__(self) -> str:
        return f"{self.role} {self.count}"


class BedCount(models.Model):
    """Number of beds of a kind at an institution on a day."""

    institution = models.ForeignKey(Institution, models.CASCADE, related_name="beds")
    kind = models.CharField(_("种类"), max_length=12)
    count = models.PositiveIntegerField(_("床位数"))
    as_of = models.DateField(_("截至"))

    class Meta:
        verbose_name = verbose_name_plural = _("床位数")
        constraints = [models.UniqueConstraint(fields=["institution", "kind", "as_of"], name="bed_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.count}"


class Population(models.Model):
    """A count of people of a division: `kind` resident (常住), household (户籍), served (服务人口), insured, students, or
    those estimated to have a disease; ages in years, both counted, empty for all; with the publication it was taken from
    and its version."""

    division = models.ForeignKey(Division, models.CASCADE, related_name="populations")
    year = models.PositiveSmallIntegerField(_("年份"))
    kind = models.CharField(_("口径"), max_length=24)
    sex = models.CharField(_("性别"), max_length=8, default="all")
    age_from = models.PositiveSmallIntegerField(null=True, blank=True)
    age_to = models.PositiveSmallIntegerField(null=True, blank=True)
    value = models.PositiveBigIntegerField(_("人数"))
    source = models.CharField(_("来源"), max_length=120, blank=True, default="")
    version = models.CharField(_("版本"), max_length=40, blank=True, default="")

    class Meta:
        verbose_name = verbose_name_plural = _("人口数")
        constraints = [
            # Empty ages are counted as equal: SQL would let them repeat.
            models.UniqueConstraint(
                "division",
                "year",
                "kind",
                "sex",
                Coalesce("age_from", -1),
                Coalesce("age_to", -1),
                "source",
                "version",
                name="population_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.year} {self.kind} {self.value}"


class Unit(models.Model):
    """A body that is no health institution but is promised about: nursery, school, office, enterprise, canteen, home for
    the elderly … with its places, who takes them up, when it was filed or declared, and the award it holds."""

    code = models.CharField(_("代码"), max_length=40, unique=True)
    name = models.CharField(_("名称"), max_length=120)
    kind = models.CharField(_("种类"), max_length=24)
    division = models.ForeignKey(Division, models.CASCADE, related_name="units")
    public = models.BooleanField(_("公办"), null=True, blank=True)
    affordable = models.BooleanField(_("普惠"), null=True, blank=True)
    places = models.PositiveIntegerField(_("托位或床位数"), null=True, blank=True)
    enrolled = models.PositiveIntegerField(_("在托或入住人数"), null=True, blank=True)
    filed = models.DateField(_("备案或申报日"), null=True, blank=True)
    award = models.CharField(_("认定"), max_length=60, blank=True, default="")
    awarded = models.DateField(_("认定日"), null=True, blank=True)
    valid_from = models.DateField(_("启用日"), default=SINCE_EVER)
    valid_to = models.DateField(_("停用日"), null=True, blank=True)
    as_of = models.DateField(_("截至"))

    class Meta:
        verbose_name = verbose_name_plural = _("单位名录")
        constraints = [_ends_after_it_starts("unit_ends_after_start")]

    def __str__(self) -> str:
        return self.name


class Event(models.Model):
    """Something dated that is about no resident: a warning signal, an inspection drawn, a shortage reported … with the day
    it was dealt with, the day it was published and the outcome."""

    code = models.CharField(_("编号"), max_length=40)
    kind = models.CharField(_("种类"), max_length=24)
    division = models.ForeignKey(Division, models.CASCADE, related_name="events")
    institution = models.ForeignKey(Institution, models.CASCADE, null=True, blank=True, related_name="events")
    day = models.DateField(_("日期"))
    done_day = models.DateField(_("办结日"), null=True, blank=True)
    published = models.DateField(_("公开日"), null=True, blank=True)
    result = models.CharField(_("结果"), max_length=24, blank=True, default="")

    class Meta:
        verbose_name = verbose_name_plural = _("事件台账")
        constraints = [models.UniqueConstraint(fields=["kind", "code"], name="event_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.code}"


class Statistic(models.Model):
    """One figure of a periodic return of an institution, or of a division: the item, the last day it tells of, the sum."""

    institution = models.ForeignKey(Institution, models.CASCADE, null=True, blank=True, related_name="statistics")
    division = models.ForeignKey(Division, models.CASCADE, null=True, blank=True, related_name="statistics")
    item = models.CharField(_("指标项"), max_length=40)
    day = models.DateField(_("截止日"))
    value = models.BigIntegerField(_("数值"))

    class Meta:
        verbose_name = verbose_name_plural = _("统计报表")
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "item", "day"],
                condition=Q(institution__isnull=False),
                name="statistic_once_institution",
            ),
            models.UniqueConstraint(
                fields=["division", "item", "day"], condition=Q(division__isnull=False), name="statistic_once_division"
            ),
            _institution_or_division("statistic_of_one"),
        ]

    def __str__(self) -> str:
        return f"{self.item} {self.value}"


class Answer(models.Model):
    """One answer of a sample survey. No respondent is named: a number within the survey, the stratum and the cluster drawn,
    how many clusters the stratum holds, and the weight."""

    survey = models.CharField(_("调查"), max_length=40)
    respondent = models.CharField(_("受访者编号"), max_length=24)
    division = models.ForeignKey(Division, models.CASCADE, related_name="answers")
    stratum = models.CharField(_("层"), max_length=40)
    cluster = models.CharField(_("群"), max_length=40)
    clusters = models.PositiveIntegerField(_("层内群数"), null=True, blank=True)
    weight = models.PositiveIntegerField(_("权重"))
    sex = models.CharField(_("性别"), max_length=8, blank=True, default="")
    age = models.PositiveSmallIntegerField(_("年龄"), null=True, blank=True)
    question = models.CharField(_("问题"), max_length=40)
    value = models.IntegerField(_("回答"))
    day = models.DateField(_("调查日"))

    class Meta:
        verbose_name = verbose_name_plural = _("抽样调查")
        constraints = [models.UniqueConstraint(fields=["survey", "respondent", "question"], name="answer_once")]

    def __str__(self) -> str:
        return f"{self.survey} {self.question}"
