"""Writes about files: hand in, accept, refuse, take back. The file is safe on the disk before its row is written."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, Refused
from luoshi.platform import moving
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.supervision.duties import events, keeping, noting, queries, rules, sniffing
from luoshi.supervision.duties.events import Happened
from luoshi.supervision.duties.models import Duty, File

LIVE = ("offered", "accepted")


def hand_in(
    *, duty: Duty, name: str, chunks: Iterable[bytes], title: str, dated: date, by: User, scope: Scope,
    counts: float = 1, kind: str = File.Kind.EVIDENCE,
) -> File:  # fmt: skip
    """Take a file for a duty. Evidence is handed in at the unit's seat; an attachment by whoever sees the duty and may act
    or judge. Raises `UnreadableFile` for what is not taken, `InvalidValue`, `Refused` for one that is there already."""
    held = queries.permissions_on(duty, scope)
    if not held or (kind == File.Kind.EVIDENCE and rules.ACT not in held):
        raise Refused(_("您没有做这一步的权限。"))
    if not duty.open:
        raise Refused(_("任务已经办结或撤回。"))
    if kind == File.Kind.EVIDENCE and duty.state == "issued":
        raise Refused(_("请先签收任务。"))
    title = title.strip()
    if len(title) < 2:
        raise InvalidValue(_("请写明材料名称。"), where="title")
    if dated > clock.today():
        raise InvalidValue(_("材料日期不能晚于今天。"), where="dated")
    if not 0 < counts <= 1_000_000:
        raise InvalidValue(_("计数应大于零。"), where="counts")
    limits = rules.declared().files
    if duty.target and File.objects.filter(duty=duty, state__in=LIVE).count() >= limits.per_promise_at_most:
        raise Refused(_("这项任务的材料已达 %(n)s 件。") % {"n": limits.per_promise_at_most})
    draft = keeping.take(chunks, most=limits.bytes_at_most)
    try:
        name = keeping.clean(name)
        media = sniffing.sniff(draft.path.read_bytes(), name, limits)
        _refuse_again(duty, draft.sha256, kind)
        keeping.keep(draft)
    finally:
        draft.path.unlink(missing_ok=True)
    try:
        with transaction.atomic():
            row = File.objects.create(
                duty=duty, target=duty.target, kind=kind, title=title[:200], dated=dated, counts=counts, name=name,
                media=media, size=draft.size, sha256=draft.sha256, by=by.get_username(), by_name=by.get_full_name(),
                at=clock.now(), state="offered" if kind == File.Kind.EVIDENCE else "accepted",
            )  # fmt: skip
            if kind == File.Kind.EVIDENCE and duty.state == "received":
                moving.advance(
                    duty,
                    rules.DUTY,
                    "work",
                    by=by,
                    permissions=held,
                    given=noting.dated(),
                    scope_division=duty.division,
                )
            noting.record("file", by, duty, {"title": title, "sha256": draft.sha256, "size": draft.size, "kind": kind})
            events.tell(Happened("evidence-offered", by.get_username(), duty, text=title))
    except IntegrityError:
        raise _again() from None
    return row


def accept(*, file: File, by: User, scope: Scope) -> File:
    """Let evidence count. Nobody accepts what they handed in themselves."""
    return _judge(file, "accept", "", by, scope)


def refuse(*, file: File, reason: str, by: User, scope: Scope) -> File:
    """Not let it count, and say why."""
    return _judge(file, "refuse", reason, by, scope)


def revoke(*, file: File, reason: str, by: User, scope: Scope) -> File:
    """No longer let it count, and say why."""
    return _judge(file, "revoke", reason, by, scope)


def remove(*, file: File, by: User, scope: Scope) -> File:
    """Take back what was not judged yet. The bytes stay, as does the row: what was once handed in can be seen."""
    return _judge(file, "remove", "", by, scope)


def _judge(file: File, move: str, reason: str, by: User, scope: Scope) -> File:
    duty = file.duty
    if move == "accept" and file.by == by.get_username():
        raise Refused(_("不能审核自己提交的材料，请由另一人审核。"))
    with transaction.atomic():
        moving.advance(
            file, rules.EVIDENCE, move, by=by, permissions=queries.permissions_on(duty, scope),
            given=noting.dated({"reason": reason.strip()} if reason.strip() else {}), scope_division=duty.division,
            judged_by=by.get_username(), judged_at=clock.now(), note=reason.strip()[:500],
        )  # fmt: skip
        noting.record(f"file-{move}", by, duty, {"title": file.title, "reason": reason.strip()[:200]})
        events.tell(Happened("evidence-judged", by.get_username(), duty, text=file.title))
    return file


def _refuse_again(duty: Duty, sha256: str, kind: str) -> None:
    same = File.objects.filter(sha256=sha256, state__in=LIVE)
    if same.filter(duty=duty).exists():
        raise _again()
    # One paper cannot be counted twice for one promise, also not by two units.
    if kind == File.Kind.EVIDENCE and duty.target and same.filter(target=duty.target, kind=kind).exists():
        raise Refused(_("同一份材料已经用于这项指标，不能重复计数。"), todo=_("如需说明，请作为附件上传。"))


def _again() -> Refused:
    return Refused(_("这份材料已经提交过（内容相同）。"), todo=_("如有更新，请上传新的版本。"))
