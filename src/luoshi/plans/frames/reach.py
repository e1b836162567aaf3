"""达到, 控制在, 不低于 …: a subject, a verb or comparator that ends on the number; and 提升2个百分点, a change."""

from __future__ import annotations

import re
from itertools import pairwise

from luoshi.kernel.comparator import Op
from luoshi.plans import metrics
from luoshi.plans.frames import count, share
from luoshi.plans.frames.site import AIM, BOUNDARY, Site
from luoshi.plans.quantities import COUNT_UNITS, LEVEL_UNITS, PERSON_UNITS
from luoshi.plans.reading import Reading, Refusal
from luoshi.plans.words import patterns

_STATING = ("为", "占", "占到", "占比")
_SPREADING = ("延伸到", "延伸至", "覆盖到", "覆盖至", "扩大到", "扩展到", "拓展到")
_DOWN = re.compile(r"降|减|缩短|压")


def reach(site: Site, comparator: re.Match[str]) -> list[Reading] | Refusal:
    """A promise whose verb or comparator stands right before the number."""
    words = patterns()
    verb = comparator["verb"] or ""
    compare: Op | None = words.compare.get(comparator["compare"] or "")
    subject = site.left[: comparator.start()]
    bare = metrics.bare(subject)
    first = site.first
    if comparator["about"]:
        site = site.about()
    if (comparator["tail"] or "").endswith("前") and first.unit in ("位", "名", "%", "位次", "个"):
        compare = "<="
    if (answer := _elsewhere(site, verb, compare, subject, bare)) is not None:
        return answer
    if reason := _no_promise(site, verb, compare, bare):
        return site.refusal(reason)
    verb_kind = words.reaching.get(verb, "plain")
    if len(site.run) > 1:
        return site.several(subject, "reach-list", verb_kind=verb_kind, compare=compare)
    apart = bool(
        re.search(r"[均都各](?:要|应|须|需|能)?$", subject) or re.search("[均都各]", comparator["adverb"] or "")
    )
    alike = [] if site.noun else metrics.each_of(subject, apart=apart)
    opening = _opening_list(site) if apart else []
    if opening:
        alike = [*opening, *(alike or [site.named(subject)])]
    if alike:
        start, end = site.span()
        if opening:
            start = site.context.clause_start - 1 - len(site.context.previous_clause)
        readings = [
            site.reading(site.first, (start, end), each, "reach-each", verb_kind=verb_kind, compare=compare, verb=verb)
            for each in alike
        ]
        for reading in readings:
            reading.flags.append("one value printed for several measures")
        return readings
    name = site.named(subject)
    if verb in ("排名", "位列", "位居", "名列") and not name.endswith(("排名", "位次")):
        name = f"{name}排名"
    span = site.span()
    if site.noun and first.is_share and not site.right.startswith("的"):
        span = site.span(used=site.used())
        if verb in _SPREADING:
            name = f"{name}{verb}{site.noun}比例"
    elif _countable(site) and verb in ("达到", "达", "完成", "实现", "") and not metrics.is_measure(name):
        name = metrics.counted("", name)
    return [site.reading(site.first, span, name, "reach", verb_kind=verb_kind, compare=compare, verb=verb)]


def _opening_list(site: Site) -> list[str]:
    """The measures of the clause before that only lists some: 申报率、检测率、检查率，负责人和劳动者培训率均达到95%."""
    before, previous = site.context.previous_clause, site.context.previous
    start = site.context.clause_start - 1 - len(before)
    if (previous is not None and previous.end > start) or site.context.text[
        start + len(before) : start + len(before) + 1
    ] != "，":
        return []
    return metrics.each_of(before, apart=False)


def _countable(site: Site) -> bool:
    unit = site.first.unit.lstrip("万亿")
    return unit in COUNT_UNITS or unit in PERSON_UNITS or (site.first.unit in ("万", "亿") and bool(site.right))


def _elsewhere(site: Site, verb: str, compare: Op | None, subject: str, bare: str) -> list[Reading] | Refusal | None:
    """Sites that look like a reach but are a share (确保不少于60%的X达到Y) or a count (形成不少于3个案例)."""
    first, measure = site.first, metrics.is_measure(bare)
    if first.is_share and site.noun and not measure:
        if not bare and (compare is None or site.right.startswith("的")):
            return share.share(site.cut(subject).with_op(compare))
        if compare is not None and site.right.startswith("的") and metrics.governing_verb(subject):
            return share.share(site.cut(subject).with_op(compare))
    if not _countable(site) or not site.noun or measure:
        return None
    if verb == "为":
        return count.count(site.cut(subject + "为"), compare=compare)
    if verb in ("完成", "实现", "拥有", "占", ""):
        return count.count(site.cut(subject + (verb if verb in ("完成", "实现") else "")), compare=compare)
    return None


def _no_promise(site: Site, verb: str, compare: Op | None, bare: str) -> str:
    """Why a number after such a verb may yet promise nothing."""
    first = site.first
    measure = metrics.is_measure(bare)
    attributive = site.right.startswith("的") and not BOUNDARY.match(site.right)
    if attributive and (first.is_share or not metrics.governing_verb(bare)):
        return "a condition that limits a group, not a promise"
    sentence = site.before() + site.clause()
    if verb in _STATING and compare is None and first.op is None and not AIM.search(sentence):
        return "a statement, not a promise"
    if first.unit in LEVEL_UNITS and site.noun and site.noun not in ("甲等", "乙等") and not measure:
        return "a measure that describes something else"
    if verb in (*_STATING, "拥有") and compare is None and not measure and not first.is_share:
        return "a statement, not a promise"
    if first.unit == "" and compare is None and first.op is None and not measure:
        return "a number without a unit"
    return ""


def labelled(site: Site) -> list[Reading]:
    """控制在“城区9分钟、乡镇15分钟”以内: each value with its own label under one comparator."""
    if len(site.run) == 1:
        return []
    words = patterns()
    for size in range(2, 7):
        head, label = site.left[:-size].rstrip('“"'), site.left[-size:]
        if not re.fullmatch(r"[\u4e00-\u9fff]{2,6}", label) or not head:
            continue
        comparator = words.comparator.search(head)
        if comparator is None or not (comparator["verb"] or comparator["compare"]):
            continue
        subject = head[: comparator.start()]
        if not metrics.is_measure(subject):
            continue
        between = [site.context.text[a.end : b.start].strip('，、和与及“”"') for a, b in pairwise(site.run)]
        name = metrics.measured(subject)
        return [
            site.reading(
                quantity, site.span(), f"{each}{name}", "reach-labelled", confidence=0.88,
                verb_kind=words.reaching.get(comparator["verb"] or "", "plain"),
                compare=words.compare.get(comparator["compare"] or ""),
            )
            for each, quantity in zip([label, *between], site.run, strict=True)
        ]  # fmt: skip
    return []


def change(site: Site, match: re.Match[str]) -> list[Reading] | Refusal:
    """A difference: 提升2个百分点, 下降30%, 每年提高1-3个百分点."""
    if site.left[: match.start()].endswith("每") or re.match(r"^[，、]?(?:扣|加|减|得)", site.right):
        return site.refusal("marks in a scoring table")
    compare = patterns().compare.get(match["compare"] or match["compare2"] or "")
    subject = site.left[: match.start()]
    name = metrics.measured(subject) or site.named("")
    tail = (
        ""
        if re.search(r"(?:幅度|增速|增长率|降幅)$", name)
        else ("下降幅度" if _DOWN.search(match["verb"]) else "提升幅度")
    )
    if match["about"]:
        site = site.about()
    names = (metrics.distribute(subject, len(site.run)) if len(site.run) > 1 else None) or [name] * len(site.run)
    return [
        site.reading(
            quantity, site.span(), f"{each}{tail}", "change", compare=compare, confidence=0.9,
            change=quantity.unit.endswith("元") or quantity.unit in ("%", "‰", "个百分点", "倍", "岁", "天"),
        )
        for each, quantity in zip(names, site.run, strict=True)
    ]  # fmt: skip


def level(site: Site) -> list[Reading] | Refusal:
    """Minutes, grades, ages, sizes with no comparator verb: a promise only as the tail of a measure (时间30分钟以内)."""
    subject = metrics.bare(site.left)
    measure = re.search(r"(?:时间|时长|时限|日|天数|寿命|面积|年龄|得分|评分|满意度|半径)$", subject)
    if site.run[-1].op is not None and measure and not site.noun:
        if len(site.run) > 1:
            return site.several(site.left, "level-list")
        return [site.reading(site.first, site.span(), subject, "level")]
    if site.run[-1].op is not None and not site.noun and (name := _other_place(site)):
        return [site.reading(site.first, site.span(), name, "level")]
    if site.first.unit == "":
        return site.refusal("a number without a unit")
    return site.refusal("a duration, size, age or grade that no verb promises")


_PLACE_LABEL = r"(?:城区|城市|市区|城镇|县城|农村|乡镇|乡村|山区|平原|偏远地区)"


def _other_place(site: Site) -> str:
    """The measure of the promise before, for another place: 服务半径城区≤4公里、农村≤12公里; empty where there is none."""
    previous = site.context.previous
    label = re.fullmatch(rf"[、，和]?(?P<place>{_PLACE_LABEL})", site.left)
    if label is None or previous is None or previous.unit != site.first.unit:
        return ""
    bare = re.sub(rf"^{_PLACE_LABEL}|{_PLACE_LABEL}$", "", previous.metric)
    return label["place"] + bare
