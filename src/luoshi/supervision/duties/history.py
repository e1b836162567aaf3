"""What happened to a duty or a promise, in words, newest first: read from the audit trail, where nothing can be changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from luoshi.platform.access import queries as accounts
from luoshi.platform.audit import trail
from luoshi.platform.audit.models import Entry
from luoshi.supervision.duties import noting, rules
from luoshi.supervision.duties.models import Comment, Duty
from luoshi.web.lights import light as shape
from luoshi.web.manifest import in_language


@dataclass(frozen=True)
class Line:
    """One thing that happened: when, who (a name as people know it), what in words."""

    at: datetime
    by: str
    text: str


def of_duty(duty: Duty, *, limit: int = 100) -> list[Line]:
    """The history of a duty. Two queries."""
    entries = list(trail.entries(object_=f"duty:{duty.pk}")[:limit])
    lines = _lines(entries)
    if not any(e.action == "duty.issue" for e in entries):
        names = _names([duty.issued_by])
        lines.append(
            Line(
                duty.issued_at,
                names.get(duty.issued_by, duty.issued_by),
                _("下达给%(unit)s，%(day)s前签收") % {"unit": duty.unit_name, "day": f"{duty.receipt_due:%Y-%m-%d}"},
            )
        )
    return lines


def of_promise(target: int, division: str, *, limit: int = 100) -> list[Line]:
    """The history of a promise at a division: lights set by hand and what was said. Two queries."""
    return _lines(list(trail.entries(object_=f"promise:{target}@{division}")[:limit]))


def _lines(entries: Iterable[Entry]) -> list[Line]:
    entries = list(entries)
    names = _names(entry.by for entry in entries)
    comments = _comments(entries)
    found = []
    for entry in entries:
        text = words(entry.action, {**entry.detail, "comment_text": comments.get(entry.detail.get("comment"), "")})
        if text:
            found.append(Line(_when(entry), names.get(entry.by, entry.by), text))
    return found


def _when(entry: Entry) -> datetime:
    """The time people lived it at; rows of others carry only that of the trail."""
    try:
        return datetime.fromisoformat(str(entry.detail[noting.WHEN]))
    except (KeyError, ValueError):
        return entry.at


def _comments(entries: Iterable[Entry]) -> dict[Any, str]:
    numbers = [e.detail["comment"] for e in entries if "comment" in e.detail]
    return dict(Comment.objects.filter(pk__in=numbers).values_list("pk", "text")) if numbers else {}


def _names(usernames: Iterable[str]) -> dict[str, str]:
    return accounts.names_of(usernames) | {"clock": _("到时自动"), "system": _("系统")}


def words(action: str, detail: dict[str, Any]) -> str:
    """One row of the trail in words; empty for what is told by another row beside it."""
    move = action.removeprefix("duty.")
    reason = str(detail.get("reason") or detail.get("note") or detail.get("ground") or "")
    known = {m.name: in_language(m.label, m.label_en) for m in rules.DUTY.moves}
    if "from" in detail and move in known:
        extra = f"（{detail['unit']}）" if detail.get("unit") else ""
        return (
            _("%(move)s%(extra)s：%(reason)s") % {"move": known[move], "extra": extra, "reason": reason}
            if reason
            else known[move]
        )
    match move:
        case "issue":
            return _("下达给%(unit)s") % {"unit": detail.get("unit", "")}
        case "delegate":
            return _("指定经办人 %(handler)s") % {"handler": detail.get("handler", "")}
        case "split":
            parts = "；".join(f"{name} {value:g}" for name, value in (detail.get("parts") or {}).items())
            text = _("向下分解：%(parts)s") % {"parts": parts}
            return f"{text}（{reason}）" if reason else text
        case "report":
            return _("报告进展：填写 %(asked)s 项，免填 %(spared)s 项") % {
                "asked": detail.get("asked", 0),
                "spared": detail.get("spared", 0),
            }
        case "query":
            return _("数据与填报不符，提出疑问：填报 %(said)s，数据 %(found)s") % {
                "said": detail.get("said", ""),
                "found": detail.get("found", ""),
            }
        case "file":
            return _("提交材料“%(title)s”") % {"title": detail.get("title", "")}
        case "comment" | "promise.comment":
            return _("留言：%(text)s") % {"text": detail.get("comment_text", "")}
        case "promise.light":
            return _("人工定为%(light)s灯，有效期至 %(until)s：%(reason)s") % {
                "light": shape(str(detail.get("colour"))).name,
                "until": detail.get("until", ""),
                "reason": reason,
            }
        case "promise.light-end":
            return _("撤销人工定灯：%(reason)s") % {"reason": reason}
        case "promise.light-expire":
            return _("人工定灯到期失效")
    return _of_parts(move, detail, reason)


def _of_parts(move: str, detail: dict[str, Any], reason: str) -> str:
    """The moves of files and queries."""
    if move.startswith("file-"):
        label = {m.name: in_language(m.label, m.label_en) for m in rules.EVIDENCE.moves}.get(move[5:], move)
        text = _("材料“%(title)s”：%(move)s") % {"title": detail.get("title", ""), "move": label}
        return f"{text}（{reason}）" if reason else text
    if move.startswith("query-"):
        label = {m.name: in_language(m.label, m.label_en) for m in rules.QUERY.moves}.get(move[6:], move)
        return _("填报疑问：%(move)s。%(text)s") % {"move": label, "text": detail.get("text", "")}
    return ""
