"""Offices, their templates, the papers issued and the sending of them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from luoshi.supervision.bulletins import rules

KINDS = [(name, one.name) for name, one in rules.kinds().items()]


class Office(models.Model):
    """How the papers of a division are signed: the issuing body, the characters that begin its numbers (机关代字), the
    office that prints, the bodies that get copies, to whom bulletins go."""

    division = models.CharField(_("区划"), max_length=24, unique=True)
    body = models.CharField(_("发文机关"), max_length=60)
    code = models.CharField(_("机关代字"), max_length=20)
    printer = models.CharField(_("印发机关"), max_length=60)
    copies = models.CharField(_("抄送"), max_length=300, blank=True, default="")
    addressee = models.CharField(_("主送"), max_length=300, blank=True, default="")

    class Meta:
        verbose_name = verbose_name_plural = _("发文机关")

    def __str__(self) -> str:
        return self.body


class Template(models.Model):
    """One version of an office's own template; the newest of a division and kind counts. What is shipped stands in the
    catalogue."""

    division = models.CharField(max_length=24)
    kind = models.CharField(_("种类"), max_length=12, choices=KINDS)
    version = models.PositiveIntegerField(_("版本"))
    title = models.CharField(_("标题"), max_length=200)
    addressee = models.CharField(_("主送"), max_length=300, blank=True, default="")
    red_head = models.BooleanField(_("红头"), default=False)
    number = models.CharField(_("文号"), max_length=60, blank=True, default="")
    body = models.TextField(_("正文"))
    by = models.CharField(_("编辑人"), max_length=150)
    at = models.DateTimeField(_("时间"))
    note = models.CharField(_("说明"), max_length=200, blank=True, default="")

    class Meta:
        verbose_name = verbose_name_plural = _("模板")
        ordering = ["-version"]
        constraints = [
            models.UniqueConstraint(fields=["division", "kind", "version"], name="bulletins_template_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.division} {self.version}"


class Issue(models.Model):
    """One paper. `on` is the day its figures stand for, `known_at` the instant up to which records counted; `paper` is
    the whole paper as data (`papers.model.Paper`), `wording` what was changed of the template for this one alone.
    `reader` names who may read one that was made for them by a schedule."""

    kind = models.CharField(_("种类"), max_length=12, choices=KINDS)
    division = models.CharField(_("区划"), max_length=24)
    path = models.CharField(max_length=200)
    start = models.DateField(_("起"))
    end = models.DateField(_("止"))
    on = models.DateField(_("数据日"))
    known_at = models.DateTimeField(_("数据知悉时点"))
    subject = models.CharField(_("事项"), max_length=60, blank=True, default="")
    title = models.CharField(_("标题"), max_length=300)
    state = models.CharField(
        _("状态"),
        max_length=10,
        choices=[(name, words[0]) for name, words in rules.ISSUE.states.items()],
        default=rules.ISSUE.start,
    )
    template = models.CharField(_("模板版本"), max_length=40)
    wording = models.JSONField(default=dict)
    paper = models.JSONField()
    figures = models.PositiveIntegerField(_("数据条数"), default=0)
    year = models.PositiveSmallIntegerField(null=True)
    serial = models.PositiveIntegerField(null=True)
    series = models.CharField(max_length=60, blank=True, default="")
    number = models.CharField(_("文号"), max_length=60, blank=True, default="")
    made_by = models.CharField(_("拟稿"), max_length=150)
    made_at = models.DateTimeField(_("拟稿时间"))
    reviewed_by = models.CharField(_("核稿"), max_length=150, blank=True, default="")
    signed_by = models.CharField(_("签发"), max_length=150, blank=True, default="")
    signed_at = models.DateTimeField(_("签发时间"), null=True)
    issued_on = models.DateField(_("印发日期"), null=True)
    corrects = models.OneToOneField("self", models.PROTECT, null=True, related_name="corrected_by")
    reason = models.CharField(_("理由"), max_length=500, blank=True, default="")
    automatic = models.BooleanField(_("自动生成"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("公文与通报")
        ordering = ["-made_at", "-id"]
        indexes = [models.Index(fields=["path", "kind", "-end"], name="bulletins_issue_place")]
        constraints = [
            models.UniqueConstraint(
                fields=["division", "series", "year", "serial"],
                condition=Q(serial__isnull=False),
                name="bulletins_number_once",
            ),
            models.CheckConstraint(
                name="bulletins_issued_has_day",
                condition=~Q(state__in=[rules.ISSUED, rules.CORRECTED]) | Q(issued_on__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.title


class File(models.Model):
    """One file of an issued paper, as it went out."""

    issue = models.ForeignKey(Issue, models.PROTECT, related_name="files")
    format = models.CharField(max_length=4)
    sha256 = models.CharField(max_length=64)
    body = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issue", "format"], name="bulletins_one_file_each")]
        ordering = ["format"]

    def __str__(self) -> str:
        return f"{self.issue_id}.{self.format}"


class Schedule(models.Model):
    """Papers that go out by themselves: each period's, `day` days after it ended, to every reader as what that reader
    may see. `since` is the first period that counts; `folder` is a folder below that of outgoing papers."""

    CHANNELS = [("mail", _("邮件")), ("folder", _("文件夹"))]

    division = models.CharField(_("区划"), max_length=24)
    path = models.CharField(max_length=200)
    kind = models.CharField(_("种类"), max_length=12, choices=KINDS)
    day = models.PositiveSmallIntegerField(_("期满后第几天"), default=3)
    channel = models.CharField(_("方式"), max_length=6, choices=CHANNELS)
    formats = models.JSONField(default=list)
    since = models.DateField(_("自"))
    active = models.BooleanField(default=True)
    by = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        verbose_name = verbose_name_plural = _("定期发送")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.division}"


class Reader(models.Model):
    """Somebody a schedule sends to."""

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="readers")
    user = models.ForeignKey("access.User", models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["schedule", "user"], name="bulletins_reader_once")]

    def __str__(self) -> str:
        return f"{self.schedule_id} {self.user_id}"


class Sending(models.Model):
    """One period's paper sent to one reader, or why it was not. Once for each, whatever happens to the clock."""

    schedule = models.ForeignKey(Schedule, models.PROTECT, related_name="sendings")
    username = models.CharField(_("收件人"), max_length=150)
    start = models.DateField(_("期间"))
    issue = models.ForeignKey(Issue, models.PROTECT, null=True, related_name="sendings")
    at = models.DateTimeField(_("时间"))
    outcome = models.CharField(_("结果"), max_length=10, choices=[("sent", _("已发送")), ("skipped", _("未发送"))])
    note = models.CharField(_("说明"), max_length=300, blank=True, default="")

    class Meta:
        verbose_name = verbose_name_plural = _("发送记录")
        ordering = ["-at", "-id"]
        constraints = [models.UniqueConstraint(fields=["schedule", "username", "start"], name="bulletins_sent_once")]

    def __str__(self) -> str:
        return f"{self.username} {self.start}"
