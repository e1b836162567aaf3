"""What a pack holds, and the page it is."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from django.template.loader import render_to_string
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.platform.regions import queries as regions
from luoshi.platform.store.people import Card as Resident
from luoshi.services.chronic import members, rules, words
from luoshi.services.chronic.members import Member
from luoshi.services.chronic.models import Card
from luoshi.services.visits import public as visits
from luoshi.web.manifest import in_language


def base_of(found: list[Member], notes: dict[int, Card]) -> dict[str, Any]:
    """What both sides start with: notes and states, by person (as text, as JSON has it)."""
    return {
        str(m.person.number): {
            "fields": dict(notes[m.person.number].fields) if m.person.number in notes else {},
            "states": {d.programme: d.managed.state for d in m.diseases},
        }
        for m in found
    }


def contents(
    found: list[Member],
    cards: dict[int, Resident],
    notes: dict[int, Card],
    *,
    code: str,
    expires: date,
    today: date,
    who: str,
) -> dict[str, Any]:
    """Everything the page needs, in plain JSON: people, forms, rules of decision as words and thresholds."""
    villages = regions.division_names({m.person.division for m in found})
    return {
        "code": code,
        "expires": expires.isoformat(),
        "made": today.isoformat(),
        "who": who,
        "people": [_person(m, cards[m.person.number], notes.get(m.person.number), villages) for m in found],
        "fields": {
            name: {
                "title": in_language(f.name, f.name_en),
                "unit": f.unit,
                "kind": f.kind,
                "least": f.least,
                "most": f.most,
                "options": [[o, words.option(o)] for o in f.options],
                "for": list(f.for_),
            }
            for name, f in rules.diseases().fields.items()
        },
        "modes": {name: words.mode(name) for name in ("face", "home", "phone")},
        "programmes": {name: words.disease(name) for name in rules.diseases().diseases},
        "losses": {name: words.reason(name) for name in rules.LOSS_REASONS},
        "notes": {"contact": _("联系方式"), "medicine": _("用药"), "goal": _("约定目标"), "remark": _("备注")},
        "rules": {name: _rule(name, today) for name in rules.diseases().diseases},
    }


def _person(member: Member, card: Resident, note: Card | None, villages: dict[str, str]) -> dict[str, Any]:
    return {
        "id": member.person.number,
        "name": card.name,
        "about": f"{words.sex(member.person.sex)} {words.age(member.person.born, member.diseases[0].standing.today)}",
        "age": _age(member),
        "village": villages.get(member.person.division, ""),
        "level": words.level(member),
        "diseases": [
            {
                "id": d.programme,
                "state": d.managed.state,
                "waits": words.waits(d),
                "result": words.result(d),
                "why": members.why_not(d),
                "due": d.standing.is_open,
                "over": d.standing.days_over,
            }
            for d in member.diseases
        ],
        "last": {name: [day.isoformat(), what] for name, (day, what) in member.values.items()},
        "notes": dict(note.fields) if note else {},
    }


def _age(member: Member) -> int | None:
    today = member.diseases[0].standing.today
    born = member.person.born
    return None if born is None else today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _rule(name: str, today: date) -> dict[str, Any]:
    """The classes of findings: the condition as the rule has it, and what it asks for. The page reads the same language."""
    version = visits.programme(name).on(today)
    return {
        "results": [
            {"title": in_language(r.name, r.name_en), "when": r.when, "do": words.do(r.reactions[0].do), "risk": r.risk}
            for r in version.results
        ],
        "values": {key: [[d.when, d.value] for d in several] for key, several in version.values.items()},
    }


def page(closed: str, lock: dict[str, Any], *, code: str, expires: date) -> bytes:
    """The one file: a page with its script and the closed contents, which needs nothing else."""
    pack = json.dumps({"code": code, "expires": expires.isoformat(), "lock": lock, "body": closed})
    texts = json.dumps(_texts(), ensure_ascii=False)
    context = {
        "code": code,
        "expires": expires,
        "pack": pack.replace("</", "<\\/"),
        "texts": texts.replace("</", "<\\/"),
        "lang": get_language() or "zh-hans",
    }
    return render_to_string("chronic/offline.html", context).encode()


def _texts() -> dict[str, Any]:
    """What the page says, in the language it was taken in. `demonstration`: a region on a fixed day, which the page keeps."""
    return {
        "demonstration": clock.demonstration_day() is not None,
        "browser": _("这个浏览器不能解密，请换用较新的浏览器。"),
        "wrong": _("口令不对。"),
        "expired": _("离线包已过期，内容仍可导出交回，须由管理人员核对。"),
        "kept": _("已保存在本机。"),
        "nostore": _("本机不能保存，请立即导出。"),
        "people": _("共 {n} 人，已填写 {m} 人"),
        "done": _("已填写"),
        "day": _("随访日期"),
        "mode": _("方式"),
        "yes": _("有"),
        "no": _("无"),
        "last": _("上次"),
        "advice": _("指导与处理"),
        "save": _("保存随访"),
        "back": _("返回"),
        "none": _("请选择这次随访的病种。"),
        "notes": _("工作备注"),
        "savenotes": _("保存备注"),
        "notreached": _("未访到"),
        "unchanged": _("不变"),
        "lost": _("失访"),
        "refused": _("拒绝随访"),
        "exported": _("已导出，请回单位后交回。"),
    }
