"""Shares without a verb before them: 40%的X达到Y, X100%达到Y, 优秀率25%以上, 提高到全国总数的50%, 三个95%."""

from __future__ import annotations

import re

from luoshi.plans import metrics
from luoshi.plans.frames.site import AIM, PREDICATE, Site, right_noun
from luoshi.plans.reading import Reading, Refusal
from luoshi.plans.words import patterns

_PART_OF = re.compile(
    r"(?P<verb>提高到|提升到|提高至|提升至|达到|扩大到|占(?!比)到?|增加到|不低于|不少于|不超过|超过|控制在|降低到|下降到)(?P<whole>[\u4e00-\u9fff（）]{2,16})的$"
)
_AMONG = re.compile(r"(?:^|[，、])(?:[\u4e00-\u9fff]{0,4})在(?:全国|全省|全市|全县|全区|全州)?$")
_SEVERAL = re.compile(r"(?P<n>[二两三四五六]个)[“\"]?$")
_AGENT = re.compile(
    r"(?:机构|医院|卫生院|中心|卫生室|站|学校|社区|村|县|市|区|企业|单位|人员|医师|患者|居民|部门|[)）])$"
)


def share(site: Site) -> list[Reading] | Refusal:
    """A share of subjects that do or have something, or the tail of a rate."""
    first = site.first
    if re.search(r"按照?$", site.left) and not re.match(r"的?(?:标准|比例)", site.right):
        return site.refusal("a rule of payment or reckoning, not a promise")
    if several := _SEVERAL.search(site.left):
        own = metrics.bare(site.left[: several.start()])
        name = f"{own if len(own) >= 2 else site.topic()}{several['n']}{first.printed.strip('”')}"
        return [site.reading(first, site.span(several.start()), name, "several-of", confidence=0.8)]
    if part := _PART_OF.search(site.left):
        if part["verb"] == "占" and first.op is None and not AIM.search(site.clause()):
            return site.refusal("a statement, not a promise")
        words = patterns()
        name = f"{metrics.measured(site.left[: part.start()])}占{part['whole']}的比例"
        return [
            site.reading(
                first, site.span(), name, "share-of-whole", compare=words.compare.get(part["verb"]),
                verb_kind=words.reaching.get(part["verb"], "plain"),
            )
        ]  # fmt: skip
    subject = metrics.bare(site.left)
    noun = right_noun(site.right, "，。；：\n")
    doing = PREDICATE.search(noun)
    if _AMONG.search(site.left) and doing and doing.start() >= 1:
        name = metrics.share_of(noun[: doing.start()], noun[doing.start() :])
        return [site.reading(first, site.span(None, site.used()), name, "share", verb_kind="share", confidence=0.85)]
    if subject and metrics.is_measure(subject) and (not noun or PREDICATE.match(noun) is None):
        if noun and site.right.startswith("的"):
            return site.refusal("a share that limits a group, not a promise")
        if len(site.run) > 1:
            return site.several(site.left, "share-list")
        apart = bool(re.search(r"[均都各](?:要|应|须|需)?(?:为|达|在|≥)?$", site.left.strip()))
        if alike := [] if noun else metrics.each_of(site.left, apart=apart):
            return [site.reading(first, site.span(), each, "share-each") for each in alike]
        return [site.reading(first, site.span(), site.named(site.left), "share-tail")]
    if noun:
        return _of_subject(site, subject, noun)
    stated = re.sub(r"^[\d.]+[%‰]", "", site.topic())
    if not subject and re.search(r"(?:率|比例|占比|比重)$", stated):
        return [site.reading(first, site.span(), stated, "share-tail", confidence=0.85)]
    previous = site.context.previous
    if not subject and first.op is not None and previous is not None and previous.unit == first.unit and site.follows():
        return [
            site.reading(first, site.span(), previous.metric, "share-tail", confidence=0.85)
        ]  # 2022年≥30%，2030年≥80%
    if not subject:
        return site.refusal("a share of nothing named")
    if len(site.run) > 1:
        return site.several(site.left, "share-list")
    sure = 0.8 if first.op or first.approximate else 0.7
    return [site.reading(first, site.span(), site.named(site.left), "share-tail", confidence=sure)]


def _of_subject(site: Site, subject: str, noun: str) -> list[Reading] | Refusal:
    """The words right of the share say who (and what they do); the words left may say who as well."""
    first, used = site.first, site.used()
    verb = metrics.governing_verb(subject)
    predicate = PREDICATE.search(noun)
    previous = site.context.previous
    if predicate is not None and predicate.start() == 0:
        scope = previous.scope if previous is not None and previous.rule == "share" else ""
        span = site.span(None, used)
        if subject and (verb is None or _AGENT.search(subject)):
            name, span = metrics.share_of(subject, noun), site.span(used=used)
        elif scope:
            name = metrics.share_of(scope, noun)
        else:
            name = metrics.share_of(site.topic()[-24:], noun)
        reading = site.reading(first, span, name, "share", verb_kind="share")
        reading.scope = scope
        return [reading]
    placed = re.search(r"[\u4e00-\u9fff](?:省|市|县|区|州|旗|镇|乡|地区)$", subject) and site.right.startswith("的")
    spread = re.search(r"(?:向|对|在|覆盖)$", site.left) and re.search(r"(?:延伸|推广|覆盖|开放|推开|铺开)$", noun)
    if spread:  # 向50%的乡镇卫生院延伸
        who, what = noun[: spread.start()].lstrip("的"), spread[0]
        return [
            site.reading(first, site.span(None, used), f"{what}{who}比例", "share", verb_kind="share", confidence=0.8)
        ]
    if subject and verb is None and not placed and not re.search(r"(?:[、和与及]|以及)$", site.left):
        return site.refusal("a share inside a description")
    if predicate is not None:
        who, what = (
            re.sub(r"(?:至少|基本|均|都|能|要|应|各)+$", "", noun[: predicate.start()]),
            noun[predicate.start() :],
        )
        name, span = metrics.share_of(who, what), site.span(None, used)
        readings = [site.reading(quantity, span, name, "share", verb_kind="share") for quantity in site.run]
        for reading in readings:
            reading.scope = who
        return readings
    name = metrics.share_of(noun.lstrip("的"), verb[0] if verb else "")
    offset = site.left.find(verb[0]) if verb else None
    return [site.reading(first, site.span(offset, used), name, "share-object", verb_kind="share", confidence=0.75)]
