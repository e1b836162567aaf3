"""Papers that go out by themselves: each period once to each reader, as what that reader may see, also after an outage.

What goes out is the issued paper of the reader's own division where there is one; else one made for that division by
itself, which says that nobody signed it. A reader who may not read bulletins, or whose grants hold no division, gets
nothing, and the record says why.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import IntegrityError, transaction
from django.http import Http404
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, UserError
from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.supervision.bulletins import making, queries, rules, wording
from luoshi.supervision.bulletins.models import Issue, Reader, Schedule, Sending
from luoshi.supervision.papers.contents import Wanted

MOST_PERIODS = 24  # periods made up for after an outage


@dataclass(frozen=True)
class Sent:
    """What a run did: how many papers went out and how many did not, with the reasons."""

    sent: int
    skipped: int
    notes: Sequence[str]


def plan(
    *, division: str, kind: str, day: int, channel: str, formats: Sequence[str], readers: Sequence[str],
    since: date | None, by: User | str, scope: Scope,
) -> Schedule:  # fmt: skip
    """Set up a schedule. Raises `InvalidValue` for a kind without a period, a channel, format or reader that is not
    known, `Http404` for a division outside the scope."""
    scope.require("bulletin.make")
    place = queries.division(division, scope=scope)
    found = rules.kind(kind)
    if found.period == "day" or kind == "score":
        raise InvalidValue(_("“%(name)s”不按期编发，不能定期发送。") % {"name": found.name})
    if channel not in dict(Schedule.CHANNELS) or not formats or set(formats) - set(rules.FORMATS):
        raise InvalidValue(_("请选择发送方式和文件格式。"))
    if not 1 <= day <= 28:
        raise InvalidValue(_("发送日须在期满后第 1 天至第 28 天。"))
    users = {user.get_username(): user for user in User.objects.filter(username__in=readers, is_active=True)}
    if missing := sorted(set(readers) - set(users)):
        raise InvalidValue(_("没有这些账号：%(names)s。") % {"names": _("、").join(missing[:5])})
    if not users:
        raise InvalidValue(_("请至少选择一名收件人。"))
    start = since or rules.last_period(found.period, clock.today())[0]
    with transaction.atomic():
        made = Schedule.objects.create(
            division=division, path=place.path, kind=kind, day=day, channel=channel,
            formats=[form for form in rules.FORMATS if form in formats], since=start, by=_name(by), at=clock.now(),
        )  # fmt: skip
        Reader.objects.bulk_create(Reader(schedule=made, user=user) for user in users.values())
        audit.record(
            by=by, action="bulletin.schedule", object_type="bulletin-schedule", object_id=made.pk,
            scope_division=division, detail={"kind": kind, "channel": channel, "readers": sorted(users)},
        )  # fmt: skip
    return made


def stop(*, number: int, by: User | str, scope: Scope) -> Schedule:
    """End a schedule. Raises `Http404` when out of sight."""
    scope.require("bulletin.make")
    with transaction.atomic():
        found = queries.schedules(scope=scope).filter(pk=number).first()
        if found is None:
            raise Http404
        found.active = False
        found.save(update_fields=["active"])
        audit.record(
            by=by, action="bulletin.unschedule", object_type="bulletin-schedule", object_id=found.pk,
            scope_division=found.division, detail={},
        )  # fmt: skip
    return found


def due(schedule: Schedule, today: date) -> list[tuple[date, date]]:
    """The periods whose day has come, the oldest first, at most the last `MOST_PERIODS`."""
    length = rules.kind(schedule.kind).period
    found = []
    start, end = rules.period_of(length, schedule.since)
    while end + timedelta(days=schedule.day) <= today:
        found.append((start, end))
        start, end = rules.period_of(length, rules.next_start(length, start))
    return found[-MOST_PERIODS:]


def run(*, today: date | None = None) -> Sent:
    """Send everything that is due and was not sent. Doing it again, or at the same time, sends nothing twice."""
    today = today or clock.today()
    sent, skipped, notes = 0, 0, []
    for schedule in Schedule.objects.filter(active=True).prefetch_related("readers__user"):
        done = set(schedule.sendings.values_list("username", "start"))
        for start, end in due(schedule, today):
            for reader in schedule.readers.all():
                if (reader.user.get_username(), start) in done:
                    continue
                made = _send(schedule, reader.user, start, end)
                if made is not None:
                    sent += made.outcome == "sent"
                    skipped += made.outcome == "skipped"
                    if made.note:
                        notes.append(f"{made.username}: {made.note}")
    return Sent(sent, skipped, notes)


def _send(schedule: Schedule, user: User, start: date, end: date) -> Sending | None:
    """Send one paper to one reader and note it; None where another process was quicker. The note is made first, in the
    transaction that also holds the paper; a file is written and a mail handed over before it is committed."""
    try:
        with transaction.atomic():
            made = Sending.objects.create(
                schedule=schedule, username=user.get_username(), start=start, at=clock.now(), outcome="sent"
            )
            try:
                with transaction.atomic():
                    issue = _issue_for(schedule, Scope.of(user), start, end)
                    made.issue = issue
                    made.note = _deliver(schedule, user, issue)
            except (UserError, Http404, OSError) as error:
                made.outcome = "skipped"
                made.note = (error.message if isinstance(error, UserError) else _("看不到这份文件，或无法送达。"))[:300]
                made.issue = None
            made.save()
            audit.record(
                by="system", action="bulletin.send", object_type="bulletin-schedule", object_id=schedule.pk,
                scope_division=schedule.division,
                detail={"to": made.username, "start": start, "issue": made.issue_id, "outcome": made.outcome},
            )  # fmt: skip
    except IntegrityError:
        return None
    return made


def _issue_for(schedule: Schedule, scope: Scope, start: date, end: date) -> Issue:
    """The paper a reader gets: of the schedule's division where the reader may see that, else of the reader's own."""
    scope.require("bulletin.read")
    code = schedule.division if scope.covers_division(schedule.division) else scope.root_division()
    place = queries.division(code, scope=scope) if code else None
    if place is None or not place.path.startswith(schedule.path):
        raise InvalidValue(_("这名收件人的授权里没有这个区划内的地方。"))
    asked = {"kind": schedule.kind, "division": place.code, "start": start, "end": end}
    found = Issue.objects.filter(**asked, state=rules.ISSUED).order_by("-issued_on", "-id").first()
    found = found or Issue.objects.filter(**asked, automatic=True).order_by("-id").first()
    if found is not None:
        return found
    given = wording.current(schedule.kind, place.code)
    wanted = Wanted(schedule.kind, place.code, start, end, clock.today(), scope)
    paper = making.compose(wanted, place, given, draft=making.BY_ITSELF)
    return Issue.objects.create(
        kind=schedule.kind, division=place.code, path=place.path, start=start, end=end, on=min(end, clock.today()),
        known_at=making.known_at(), title=paper.title, template=given.version, paper=making.kept(paper),
        figures=len(paper.index), made_by="system", made_at=clock.now(), automatic=True,
    )  # fmt: skip


def files_of(issue: Issue, formats: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of a paper's files: as they went out, or written now for one that was not issued."""
    known = {file.format: bytes(file.body) for file in issue.files.all()}
    for form in formats:
        body = known.get(form) or making.written(making.paper_of(issue), form)
        yield f"{file_name(issue)}.{form}", body


def file_name(issue: Issue) -> str:
    """What a file of the paper is called: its title and number, without characters a file system refuses."""
    plain = re.sub(r'[\\/:*?"<>|\s]+', "", f"{issue.title}{'-' + issue.number if issue.number else ''}")
    return plain[:80] or f"bulletin-{issue.pk}"


def _deliver(schedule: Schedule, user: User, issue: Issue) -> str:
    """Write the files into the reader's folder, or mail them; gives where they went."""
    files = list(files_of(issue, schedule.formats))
    if schedule.channel == "folder":
        folder = Path(settings.LUOSHI_HOME) / "outgoing" / user.get_username() / f"{issue.start:%Y-%m-%d}"
        folder.mkdir(parents=True, exist_ok=True)
        for name, body in files:
            part = folder / f".{name}.part"
            part.write_bytes(body)
            part.replace(folder / name)
        return f"outgoing/{user.get_username()}/{issue.start:%Y-%m-%d}"
    if not settings.LUOSHI_MAIL:
        raise InvalidValue(_("没有设置邮件服务（LUOSHI_MAIL）。"))
    if not user.email:
        raise InvalidValue(_("这名收件人没有邮箱地址。"))
    words = _("附件是%(title)s。数据截至 %(on)s，由系统依据收件人的权限生成。") % {"title": issue.title, "on": issue.on}
    mail = EmailMessage(subject=issue.title, body=words, to=[user.email])
    for name, body in files:
        mail.attach(name, body, making.TYPES[name.rpartition(".")[2]])
    mail.send()
    return user.email


def _name(by: User | str) -> str:
    return by if isinstance(by, str) else by.get_username()


__all__ = ["Sent", "due", "file_name", "files_of", "plan", "run", "stop"]
