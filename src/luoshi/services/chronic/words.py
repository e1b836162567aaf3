"""How chronic care reads on a page: states, reasons, days, findings, in the language of the page."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from luoshi.services.chronic import rules
from luoshi.services.chronic.members import JOINT, Disease, Member
from luoshi.services.records_desk import public as records
from luoshi.services.visits import public as visits
from luoshi.web.manifest import in_language


def disease(name: str) -> str:
    """The name of a disease; the three highs too."""
    if name == JOINT:
        programme = visits.programme(JOINT)
        return in_language(programme.name, programme.name_en)
    known = rules.diseases().diseases.get(name)
    return in_language(known.name, known.name_en) if known else name


def diseases(names: Any) -> str:
    """Several, joined."""
    return _("、").join(disease(name) for name in names)


def state(name: str) -> str:
    """A state of enrolment."""
    return in_language(*rules.ENROLMENT.states.get(name, (name, name)))


def do(name: str) -> str:
    """What a finding asks for."""
    return {"continue": _("继续常规随访"), "adjust": _("调整用药，2周内随访"), "refer": _("建议转诊，2周内随访")}.get(
        name, name
    )


def reason(name: str) -> str:
    """Why management ended or nobody was reached."""
    return {
        "died": _("死亡"),
        "moved": _("迁出"),
        "lost": _("失访"),
        "refused": _("拒绝"),
        "not-a-patient": _("诊断排除"),
        "away-for-work": _("外出务工"),
        "unreachable": _("联系不上"),
        "other": _("其他"),
    }.get(name, name)


def mode(name: str) -> str:
    """How a visit was made."""
    return {"face": _("面访"), "home": _("入户"), "phone": _("电话随访")}.get(name, name or "—")


def option(name: str) -> str:
    """A choice on the form."""
    return {"regular": _("规律"), "intermittent": _("间断"), "none": _("不服药")}.get(name, name)


def field(name: str) -> str:
    """A field of the form with its unit."""
    known = rules.diseases().fields[name]
    title = in_language(known.name, known.name_en)
    return f"{title} {known.unit}".strip()


def measured(name: str, number: float) -> str:
    """A field with a value: `空腹血糖 8.8 mmol/L`."""
    known = rules.diseases().fields[name]
    return f"{in_language(known.name, known.name_en)} {number:g} {known.unit}".strip()


def condition(text: str) -> str:
    """A condition of the rules as people write it: `systolic >= 180 or danger_sign` is 收缩压 ≥ 180 或 有危险症状."""
    known = rules.diseases().fields
    spoken = {
        "or": _("或"), "and": _("且"), "not": _("没有"), ">=": "≥", "<=": "≤", "==": "=", "!=": "≠",
        "systolic_goal": _("收缩压目标"), "ldl_goal": _("低密度脂蛋白目标"), "stability": _("病情稳定性"),
        "danger": _("危险性分级"), "'stable'": _("稳定"), "'basic'": _("基本稳定"), "'unstable'": _("不稳定"), "in": _("属于"),
    }  # fmt: skip

    def word(found: re.Match[str]) -> str:
        part = found[0]
        if part in known:
            return in_language(known[part].name, known[part].name_en).partition("（")[0].partition(" (")[0]
        return spoken.get(part, part)

    return re.sub(r"'\w+'|[A-Za-z_]\w*|[<>=!]=", word, text).replace("没有 有", "没有")


def value(name: str, what: Any) -> str:
    """A value of a field."""
    known = rules.diseases().fields.get(name)
    if known is None:
        return str(what)
    if known.kind == "yes":
        return _("有") if what else _("无")
    if known.kind == "choice":
        return option(str(what))
    return f"{what:g}" if isinstance(what, float) else str(what)


def values(given: dict[str, Any]) -> str:
    """The values of a visit in one line, the pressures as one."""
    parts = []
    if "systolic" in given:
        title = _("血压")
        parts.append(f"{title} {given['systolic']}/{given.get('diastolic', '—')}")
    for name, what in given.items():
        if name in ("systolic", "diastolic"):
            continue
        known = rules.diseases().fields.get(name)
        title = in_language(known.name, known.name_en).partition("（")[0].partition(" (")[0] if known else name
        unit = known.unit if known and known.kind in ("whole", "decimal") else ""
        parts.append(f"{title} {value(name, what)}{unit}")
    return _("；").join(parts) or "—"


def result(one: Disease) -> str:
    """What the last visit found and asks for; a dash before the first."""
    judged = one.standing.judged
    if judged is None:
        return "—"
    found = visits.programme(one.programme).on(one.standing.today).result(judged.result)
    title = in_language(found.name, found.name_en) if found else judged.result
    if judged.streak > 1 and judged.do != "continue":
        return _("%(title)s（连续%(n)s次）") % {"title": title, "n": judged.streak}
    return title


def waits(one: Disease) -> str:
    """Why a visit is due, or when the next one is."""
    standing = one.standing
    if standing.overdue is not None:
        kinds = {"recheck": _("2周复查"), "first": _("首次随访")}
        kind = kinds.get(standing.overdue.kind, _("随访"))
        return _("%(kind)s逾期%(days)s天") % {"kind": kind, "days": standing.days_over}
    due = standing.next
    if due is None:
        return _("无计划")
    kind = {"recheck": _("复查"), "first": _("首次随访"), "routine": _("常规随访")}.get(due.kind, _("随访"))
    if due.state == "open":
        return _("%(kind)s，%(day)s前") % {"kind": kind, "day": due.closes}
    return _("%(kind)s：%(day)s") % {"kind": kind, "day": due.day}


def due_state(due: visits.Due) -> str:
    """What became of a due visit."""
    return {
        "done": _("按期完成"),
        "late": _("逾期完成"),
        "missed": _("未完成"),
        "open": _("待随访"),
        "coming": _("未到期"),
    }[due.state]


def due_kind(due: visits.Due) -> str:
    """What kind of visit it is."""
    return {"recheck": _("复查"), "first": _("首次随访"), "routine": _("常规随访"), "step": _("随访")}[due.kind]


def age(born: date | None, today: date) -> str:
    """Completed years."""
    if born is None:
        return "—"
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    return _("%(n)s岁") % {"n": years}


def sex(code: str) -> str:
    """Male or female."""
    return records.sex(code)


def level(member: Member) -> str:
    """Which level manages somebody now."""
    return in_language(member.level.name, member.level.name_en)


def finding(kind: str) -> str:
    """Why somebody is a candidate."""
    found = rules.discovery().findings[kind]
    return in_language(found.name, found.name_en)
