"""Writes: make a paper, change its words, move it from draft to issued, correct it. Each one transaction, audited."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, Refused
from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.moving import advance
from luoshi.supervision.bulletins import making, queries, rules, wording
from luoshi.supervision.bulletins.models import File, Issue, Office, Template
from luoshi.supervision.bulletins.wording import Wording
from luoshi.supervision.papers.contents import Wanted
from luoshi.supervision.papers.model import Paper

By = User | str
# The longest each text of an office may be, as its columns.
_LONGEST = {"body": 60, "code": 20, "printer": 60, "copies": 300, "addressee": 300}


def make(
    *, kind: str, division: str, start: date, end: date, by: By, scope: Scope, subject: str = "", on: date | None = None,
    corrects: int | None = None, reason: str = "",
) -> Issue:  # fmt: skip
    """Draft a paper. `on` is the day up to which its figures go (default: today, or the end of the period when that is
    earlier). With `corrects` it is to replace an issued one, for a `reason`. Raises `InvalidValue`, `Refused`, `Http404`
    outside the scope, and what the provider of the kind raises."""
    scope.require("bulletin.make")
    place = queries.division(division, scope=scope)
    today = clock.today()
    if end < start:
        raise InvalidValue(_("结束日期早于开始日期。"))
    if start > today:
        raise InvalidValue(_("这一期还没有开始。"))
    known_on = min(on or today, today)
    if known_on < start:
        raise InvalidValue(_("数据日早于这一期的开始。"))
    old = _correctable(corrects, scope, reason) if corrects else None
    wanted = Wanted(kind, division, start, end, known_on, scope, subject)
    given = wording.current(kind, division)
    paper = making.compose(wanted, place, given)
    with transaction.atomic():
        made = Issue.objects.create(
            kind=kind, division=division, path=place.path, start=start, end=end, on=min(end, known_on),
            known_at=making.known_at(), subject=subject, title=paper.title, template=given.version,
            paper=making.kept(paper), figures=len(paper.index), made_by=_name(by), made_at=clock.now(), corrects=old,
            reason=reason[:500],
        )  # fmt: skip
        _audit("bulletin.make", made, by, {"kind": kind, "on": made.on, "corrects": corrects})
    return made


def _correctable(number: int, scope: Scope, reason: str) -> Issue:
    old = queries.issue(number, scope=scope)
    if old.state != rules.ISSUED:
        raise Refused(_("只有已印发的文件才能更正。"))
    if len(reason.strip()) < 4:
        raise InvalidValue(_("请写明更正的理由（至少4个字）。"))
    if Issue.objects.filter(corrects=old).exclude(state=rules.DROPPED).exists():
        raise Refused(_("这份文件的更正件已在拟稿中。"))
    return old


def remake(*, number: int, own: Mapping[str, str] | None, by: By, scope: Scope) -> Issue:
    """Make a draft anew from today's figures; with `own` (`title`, `addressee`, `body`) in these words, for this paper
    alone. Raises `Refused` for what is no draft, `InvalidValue` for a mistake in the words."""
    scope.require("bulletin.make")
    found = queries.issue(number, scope=scope)
    place = queries.division(found.division, scope=scope)
    given = wording.current(found.kind, found.division)
    words = dict(found.wording if own is None else own)
    changed = given.changed(words)
    wording.require(found.kind, changed)
    made_on = found.made_at.astimezone(clock.CHINA).date()
    # A draft that was asked for as of an earlier day stays with that day.
    known_on = found.on if found.on < min(found.end, made_on) else clock.today()
    wanted = Wanted(found.kind, found.division, found.start, found.end, known_on, scope, found.subject)
    paper = making.compose(wanted, place, changed)
    with transaction.atomic():
        fresh = Issue.objects.select_for_update().get(pk=found.pk)
        if fresh.state != rules.DRAFT:
            raise Refused(_("只有草稿可以修改。"))
        fresh.paper, fresh.title, fresh.figures = making.kept(paper), paper.title, len(paper.index)
        fresh.wording, fresh.template, fresh.known_at = words, given.version, making.known_at()
        fresh.on = min(fresh.end, known_on)
        fresh.save()
        _audit("bulletin.change", fresh, by, {"words": sorted(words)})
    return fresh


def move(*, number: int, name: str, by: User, scope: Scope, reason: str = "") -> Issue:
    """Review, sign, number and issue, send back or drop. Who drafted does not review; who reviewed does not sign. At
    issuing the paper gets its number and day, its files are written and kept; the one it corrects becomes corrected.
    Raises `Refused`."""
    found = queries.issue(number, scope=scope)
    if name == "correct":
        raise Refused(_("更正要另行拟稿，印发时原件自动标为已更正。"))
    who = by.get_username()
    if name == "review" and found.made_by == who:
        raise Refused(_("拟稿人不能核自己的稿。"))
    if name == "sign" and who in (found.made_by, found.reviewed_by):
        raise Refused(_("签发人不能是拟稿人或核稿人。"))
    fields: dict[str, object] = {}
    if name == "review":
        fields = {"reviewed_by": who}
    elif name == "sign":
        fields = {"signed_by": who, "signed_at": clock.now()}
    elif name == "return":
        fields = {"reviewed_by": "", "signed_by": "", "signed_at": None}
    given = {"reason": reason.strip()} if reason.strip() else {}
    if name == "issue":
        try:
            with transaction.atomic():
                _issue(found, by, scope)
        except IntegrityError:
            raise Refused(_("刚刚有人用了这个文号，请再试一次。")) from None
    else:
        with transaction.atomic():
            advance(
                found, rules.ISSUE, name, by=by, permissions=scope.permissions, given=given,
                scope_division=found.division, **fields,
            )  # fmt: skip
    return found


def _issue(found: Issue, by: User, scope: Scope) -> None:
    """Give the number, write the files, keep them."""
    today = clock.today()
    given = wording.current(found.kind, found.division)
    office = wording.office_of(queries.division(found.division, scope=scope))
    length = rules.kind(found.kind).period
    series, serial = "", None
    if "{序号}" in given.number:
        series = given.number.replace("{机关代字}", office.code)
        last = Issue.objects.filter(division=found.division, series=series, year=today.year).aggregate(
            last=Max("serial")
        )
        serial = (last["last"] or 0) + 1
    year = today.year if serial else found.start.year
    number = wording.number_of(
        given.number, office, year=year, serial=serial, issue=rules.serial_in_year(length, found.start)
    )
    paper = making.numbered(making.paper_of(found), number=number, day=today)
    advance(
        found, rules.ISSUE, "issue", by=by, permissions=scope.permissions, scope_division=found.division,
        given={"number": number}, issued_on=today, number=number, series=series, serial=serial,
        year=today.year if serial else None, paper=making.kept(paper),
    )  # fmt: skip
    keep_files(found, paper)
    if found.corrects is not None:
        # The one who signed the new paper has thereby corrected the old.
        advance(
            found.corrects, rules.ISSUE, "correct", by=found.signed_by, permissions={"bulletin.sign"},
            given={"reason": found.reason}, scope_division=found.division,
        )  # fmt: skip


def keep_files(issue: Issue, paper: Paper) -> None:
    """Write the files of a paper and keep them with their sums."""
    for form in rules.FORMATS:
        body = making.written(paper, form)
        File.objects.create(issue=issue, format=form, sha256=hashlib.sha256(body).hexdigest(), body=body)


def save_template(*, kind: str, division: str, given: Wording, note: str, by: By, scope: Scope) -> Template:
    """Keep a new version of an office's own template. Raises `InvalidValue` naming every mistake with its line,
    `Http404` outside the scope."""
    scope.require("bulletin.template")
    queries.division(division, scope=scope)
    wording.require(kind, given)
    try:
        with transaction.atomic():
            last = Template.objects.filter(kind=kind, division=division).aggregate(last=Max("version"))["last"] or 0
            made = Template.objects.create(
                kind=kind, division=division, version=last + 1, title=given.title.strip()[:200],
                addressee=given.addressee.strip()[:300], red_head=given.red_head, number=given.number.strip()[:60],
                body=given.body.replace("\r\n", "\n"), by=_name(by), at=clock.now(), note=note.strip()[:200],
            )  # fmt: skip
            audit.record(
                by=by, action="bulletin.template", object_type="bulletin-template", object_id=made.pk,
                scope_division=division, detail={"kind": kind, "version": made.version},
            )  # fmt: skip
    except IntegrityError:
        raise Refused(_("刚刚有人保存了另一个版本，请刷新后再看。")) from None
    return made


def save_office(*, division: str, given: Mapping[str, str], by: By, scope: Scope) -> Office:
    """Say how the papers of a division are signed. Raises `InvalidValue`, `Http404` outside the scope."""
    scope.require("bulletin.template")
    queries.division(division, scope=scope)
    cleaned = {name: str(given.get(name, "")).strip() for name in ("body", "code", "printer", "copies", "addressee")}
    if not (cleaned["body"] and cleaned["code"] and cleaned["printer"]):
        raise InvalidValue(_("发文机关、机关代字和印发机关不能为空。"))
    for name, value in cleaned.items():
        if len(value) > _LONGEST[name]:
            raise InvalidValue(_("“%(value)s…”太长。") % {"value": value[:12]})
    with transaction.atomic():
        found, _created = Office.objects.update_or_create(division=division, defaults=cleaned)
        audit.record(
            by=by, action="bulletin.office", object_type="bulletin-office", object_id=found.pk, scope_division=division,
            detail={"body": found.body, "code": found.code},
        )  # fmt: skip
    return found


def note_reissue(issue: Issue, *, by: By, identical: bool) -> None:
    """Note that an issued paper was made again, and whether it came out the same."""
    with transaction.atomic():
        _audit("bulletin.reissue", issue, by, {"identical": identical})


def _name(by: By) -> str:
    return by if isinstance(by, str) else by.get_username()


def _audit(action: str, issue: Issue, by: By, detail: dict[str, object]) -> None:
    audit.record(
        by=by, action=action, object_type="bulletin", object_id=issue.pk, scope_division=issue.division, detail=detail
    )
