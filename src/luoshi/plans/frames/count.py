"""Counted things: 培育专科35个, 新建50个次中心, 在88个县开展筛查, 为12万老人提供服务, 每年至少开展一次评估."""

from __future__ import annotations

import re
from dataclasses import dataclass

from luoshi.kernel.comparator import Op
from luoshi.plans import metrics
from luoshi.plans.frames.site import PER_HEAD, PER_TIME, PREDICATE, Site, counts_persons
from luoshi.plans.reading import Reading, Refusal
from luoshi.plans.words import patterns

_NAMELIKE = re.compile(
    r"^[”\"]?(?:圈|制|级|型|层|线|大类|化|式|步|网|员|岁|周年|年制|模式|工程|计划|行动|战略|政策|原则|方针|理念|精神(?!科|病|卫生|障碍|专科|医)|规定|纪律|路径)"
)
_THING = re.compile(
    r"医院|中心|卫生院|门诊|基地|平台|实验室|学科|专科|站|点$|试点|机构|病区|病房|床|工作室|工作站|队|馆|阁|药房|车|县|区|市|卫生室|人才|项目|品牌|"
    r"集团|医共体|联盟|病种|示范|单位|社区|食堂|学校|企业|(?:人|人员|医师|医生|专家|学生|患者|次|件|期)$"
)
_PLACE = re.compile(
    r"(?:在|选取|选择|从|依托)(?:每个[\u4e00-\u9fff]{1,6})?(?:全国|全省|全市|全县|全区|全州|省内|市内)?$"
)
_GIVE = re.compile(
    r"(?:免费)?(?:为|对|给|向|覆盖|惠及|服务|支持|帮助|组织|推动|推进)(?:全省|全市|全县|全区|辖区内?|不少于|至少|约|近)?$"
)
_DOING = re.compile(r"(?:启动|开展|提供|实施|推行|试行|试点|建设|创建|进行|发放|推广|筛查|体检|接种|免费)")
_DONE = re.compile(r"(?:达标|建成|完成|实现|验收|创建|开工|投用|通过|开展|启动|提升)")
_STATED_EARLIER = re.compile(r"(?P<c>至少|不少于|不低于|最少|不超过|最多)(?P<v>[\u4e00-\u9fff\d]{1,10})$")
_EACH = re.compile(r"每(?:个|家|所|名|支|\d+万?|百|千|万)?[^，。]{1,14}$")
_EACH_DOES = re.compile(
    r"(?:至少|不少于|不低于|建成|建设|建立|设立|培养|培训|配备|打造|创建|新增|完成|开展|组织|安排|确定|办好|办|有|拥有|设置|选择|选派).*$"
)
_RATIO_TAIL = re.compile(r"^的?(?:标准|比例|要求)?(?:配备|设置|配置|安排|建设)(?P<n>[^，。；、]*)")
_PER_AT_END = re.compile(
    r"(?:达到|不低于|不少于|为|按照?)?(?P<per>每(?:百|千|万|十万|百万|\d+万?)(?:名|个)?(?:常住|户籍|服务)?(?:人口|人|居民|儿童|床))$"
)


_SPENT_ON = re.compile(r"(?:对|用于|支持|建设|实施|新建|改造|购置|完成|为|在|开展|推进)")
_LISTED = re.compile(r"[^，。；：]、[^，。；：]*等$")
_KINDS = frozenset(("种", "类", "项", "大类", "小类", "个", "方面"))
_BUILDS = frozenset(("新建", "建成", "建设", "打造", "创建", "新增", "培育", "引进", "获批", "建立", "组建", "完成"))


@dataclass(frozen=True)
class _Verb:
    """The verb that promises the things: its word, its place in `left` (None where inherited), and how sure it is."""

    word: str
    at: int | None
    inherited: bool = False


def count(site: Site, compare: Op | None = None) -> list[Reading] | Refusal:
    """A promise of so many things, people or times; `compare` where a comparator stood before the number."""
    words = patterns()
    first = site.first
    noun = site.noun
    if (
        re.match(r"^[，、]?(?:确保|实现|推动|全国|全省|全市|全县)*所有", site.left)
        and first.op is None
        and compare is None
    ):
        return site.refusal("describes what all must do; the promise is that all do it")
    if compare is None and (earlier := _STATED_EARLIER.search(site.left)):
        compare = words.compare.get(earlier["c"])
    if site.right.startswith("的") and noun and not stated_before(site) and first.op is None and compare is None:
        return site.refusal("describes something else, promises no number")
    if compare is None and first.op is None and _same_floor(site):
        compare = ">="
    stated = compare is not None or any(q.op is not None or q.approximate for q in site.run)
    if noun and _NAMELIKE.match(noun) and not stated:
        return site.refusal("a number inside a name")
    verb = _verb(site)
    if per := _PER_AT_END.search(site.left):
        return _per_head(site, per, compare)
    if (given := _given(site, verb, compare)) is not None:
        return given
    if first.unit in ("剂次", "剂", "针") and first.value <= 5 and re.search(r"接种|疫苗|程序|免疫", noun + site.left):
        return site.refusal("a rule of care, not a promise")
    managed = not noun and counts_persons(first) and re.search(r"(?:规范|健康|随访|登记)管理$", site.left)
    if verb.word in words.continuing and not stated and not managed and not first.unit.endswith("元"):
        return site.refusal(f"sizes what exists ({verb.word}), promises no number")
    if _LISTED.search(site.left) and first.unit in _KINDS and not stated and verb.word not in _BUILDS:
        return site.refusal("counts the list before it")
    per_time = PER_TIME.search(site.left)
    if per_time is None and len(site.left) < 4:
        per_time = PER_TIME.search(site.context.previous_clause)
    often = per_time is not None and first.unit in ("次", "场", "期", "轮", "轮次", "批", "批次", "场次")
    if (
        often
        and first.chinese
        and re.search(
            r"对[^，。；]{2,30}(?:者|患者|病人|人员|儿童|孕妇)每[^，。；]{1,6}[\u4e00-\u9fff]{0,4}$", site.left
        )
    ):
        return site.refusal("a rule of care, not a promise")
    confidence = _confidence(site, verb, stated=stated or often)
    if confidence is None:
        return site.refusal("a number that no verb promises")
    if first.unit.endswith("元") and noun and _SPENT_ON.match(noun):
        name = f"{verb.word}{'' if verb.word.endswith(('资', '金')) else '资金'}额"
        return _all(
            site, site.span(verb.at), [name] * len(site.run), "count-tail", 0.8, compare=compare, verb=verb.word
        )
    if noun and not re.match(r"^(?:的$|等$)", noun):
        return _head(site, verb, per_time, often=often, compare=compare, confidence=confidence)
    return _tail(site, verb, per_time, often=often, compare=compare, confidence=confidence)


def stated_before(site: Site) -> bool:
    """Whether what stands left of a number is a verb alone, so that 的 after the unit still belongs to what it promises."""
    verb = metrics.governing_verb(site.left)
    rest = site.left if verb is None else site.left[verb[1] + len(verb[0]) :]
    return len(metrics.bare(rest)) < 2


_BY_RATIO = re.compile(r"(?:按照?|以)(?:不低于|不少于|不超过)?(?P<who>[\u4e00-\u9fff、]{0,16})$")
_RATIO_PAYS = re.compile(r"资金|经费|补助|配套|分担|承担|缴|出资")


def by_ratio(site: Site) -> list[Reading]:
    """按医护1∶2的比例配备护理人员: a ratio that says how many are to be there; nothing where it shares out money."""
    match = _BY_RATIO.search(site.left)
    if match is None or site.first.unit not in ("1:N", "N:1") or len(site.run) != 1:
        return []
    tail = re.match(r"的?(?:比例|标准|要求)(?P<does>[^，。；、]*)", site.right)
    if tail is None or _RATIO_PAYS.search(tail["does"]):
        return []
    compare = patterns().compare.get(next((w for w in ("不低于", "不少于", "不超过") if w in match[0]), ""))
    name = f"{match['who']}比例" if match["who"] else metrics.bare(tail["does"]) + "比例"
    return [site.reading(site.first, site.span(match.start(), tail.end()), name, "ratio", compare=compare)]


def _same_floor(site: Site) -> bool:
    """至少建成1个A和1个B: the floor of the first holds for the second."""
    previous = site.context.previous
    return (
        previous is not None
        and previous.kind == "count"
        and previous.op == ">="
        and previous.unit == site.first.unit
        and bool(re.match(r"^(?:和|与|及|以及)", site.left))
        and bool(
            _STATED_EARLIER.search(
                site.context.text[max(site.context.clause_start, previous.number_at - 12) : previous.number_at]
            )
        )
    )


def _verb(site: Site) -> _Verb:
    found = metrics.governing_verb(site.left)
    if found is not None:
        return _Verb(found[0], found[1])
    context = site.context
    if re.match(r"^[，、]?(?:以及|及|并|和)", site.left) and context.previous_clause:
        carried = metrics.governing_verb(context.previous_clause)
        if carried is not None:
            return _Verb(carried[0], None)
    if context.previous is not None and context.previous.verb and context.previous.kind == "count":
        return _Verb(context.previous.verb, None, inherited=True)
    if context.previous is not None and context.previous.kind == "count" and not site.noun and site.follows():
        carried = metrics.governing_verb(context.previous.metric)  # 制作短视频不少于3部，公益广告2条
        if carried is not None and carried[0] in patterns().strong:
            return _Verb(carried[0], None, inherited=True)
    return _Verb("", None)


def _confidence(site: Site, verb: _Verb, *, stated: bool) -> float | None:
    words = patterns()
    if verb.word in words.strong or stated or verb.inherited:
        return 0.92
    if verb.word:
        return 0.85
    lead = metrics.bare(site.left)
    previous = site.context.previous
    if site.left.startswith("其中") and previous is not None and previous.unit == site.first.unit:
        return 0.7
    if _listed_per_head(site):
        return 0.85
    if not site.noun and (metrics.is_measure(lead) or PER_HEAD.search(lead)):
        return 0.85
    if site.first.unit in ("课时", "学时") and len(lead) >= 2:
        return 0.7
    if not site.noun and re.search(r"[\u4e00-\u9fff]{2}任务(?:数|量|指标)?$", site.left):
        return 0.8  # 血检任务20万人次
    if site.noun and not site.left.strip("，、") and "达到" in site.noun:
        return 0.6  # 2家卫生院达到推荐标准; 全省29个县达到 tells of all of them
    if (site.noun and _DONE.search(site.noun)) or (not site.noun and len(lead) >= 3 and _THING.search(lead)):
        return 0.6
    return None


def _listed_per_head(site: Site) -> str:
    """每万人口拥有全科医师3人、护士4人: the base of the first member, for those that follow it; empty where there is none."""
    previous = site.context.previous
    if (
        previous is None
        or previous.unit != site.first.unit
        or not (site.left.startswith(("、", "和", "与", "及", "其中")) or site.follows())
    ):
        return ""
    base = re.search(PER_HEAD.pattern + "(?:拥有)?", previous.metric)
    return base[0] if base else ""


def _per_head(site: Site, per: re.Match[str], compare: Op | None) -> list[Reading]:
    """床位数达到每千人口7.5张 · 按每3万人口1辆配备 · 按照每万人口0.5名的标准配备急救医师."""
    thing = metrics.bare(re.sub(r"(?:按照?|以)$", "", site.left[: per.start()]))
    used = 0
    if tail := _RATIO_TAIL.match(site.right):
        thing, used = thing or tail["n"], site.used()
    elif site.noun:
        thing, used = metrics.bare(f"{thing}{site.noun}"), site.used()
    if not thing:
        thing = site.topic()
    if compare is None and (word := re.search(r"(不低于|不少于|至少|不超过)每", site.left)):
        compare = patterns().compare.get(word[1])
    name = metrics.counted("", f"{per['per']}{thing}")
    return _all(site, site.span(used=used), [name] * len(site.run), "count-per-head", 0.9, compare=compare)


def _given(site: Site, verb: _Verb, compare: Op | None) -> list[Reading] | None:
    """在88个县开展筛查 · 为12万失能老年人提供服务 · 支持5家机构建设中医科; None when it is another frame."""
    left, noun = site.left.rstrip(), site.noun
    if not noun or site.first.chinese:
        return None
    place, give = _PLACE.search(left), _GIVE.search(left)
    doing = PREDICATE.search(noun) or _DOING.search(noun)
    if (place or give) and doing:
        who, action = noun[: doing.start()].removesuffix("免费"), noun[doing.start() :]
        metric = f"{action}的{who}数" if who else metrics.counted(verb.word, noun)
        offset = 0 if place else give.start() if give else None
        return _all(
            site, site.span(offset, site.used()), [metric] * len(site.run), "count-place", 0.88, compare=compare,
            verb=verb.word or action[:2],
        )  # fmt: skip
    if give and "为" in give[0] and counts_persons(site.first):
        names = [metrics.counted("", noun)] * len(site.run)
        return _all(site, site.span(give.start(), site.used()), names, "count-place", 0.8, compare=compare, verb="为")
    return None


def _head(
    site: Site, verb: _Verb, per_time: re.Match[str] | None, *, often: bool, compare: Op | None, confidence: float
) -> list[Reading]:
    """The thing counted stands right of the number: 新建50个次中心 · 每个县至少1个乡镇建设… · 每年开展2次演练."""
    left, noun = site.left, site.noun
    after = left[verb.at + len(verb.word) :] if verb.at is not None else ""
    thing = noun if often else metrics.bare(after) + noun
    metric = metrics.counted(verb.word, thing if len(thing) < 40 else noun[-30:])
    span = site.span(verb.at, site.used())
    per = ""
    if per_time is not None:
        per = per_time["per"].removeprefix("每")
        metric = f"{per_time['per']}{metric}"
        if often:
            at = left.find(per_time["per"])
            action = metrics.bare(left[at + len(per_time["per"]) :]) if at >= 0 else ""
            action = re.sub(r"(?:至少|不少于|不低于)", "", action)
            metric = f"{per_time['per']}{action or verb.word}{noun}次数"
            span = site.span(used=site.used())
    elif each := _EACH.search(left):
        per = _EACH_DOES.sub("", each[0])
        metric = per + metrics.counted("", noun)
        span = site.span(each.start(), site.used())
    names = [metric] if len(site.run) == 1 else [f"{metric}({q.unit})" for q in site.run]
    return _all(site, span, names, "count-head", confidence, compare=compare, verb=verb.word, per=per)


def _tail(
    site: Site, verb: _Verb, per_time: re.Match[str] | None, *, often: bool, compare: Op | None, confidence: float
) -> list[Reading]:
    """The thing counted stands left of the number: 培育国家级临床重点专科35个."""
    name = metrics.bare(site.left)
    previous = site.context.previous
    if site.left.startswith("其中") and len(name) <= 4 and previous is not None:
        name = f"{previous.metric}（{name}）"
        return _all(
            site, site.span(), [name] * len(site.run), "count-tail", confidence, compare=compare, verb=verb.word
        )
    group = re.match(r"(.+)（[^（）]{1,8}）$", previous.metric) if previous is not None else None
    if group and site.left[:1] in ("、", "和", "及") and previous is not None and previous.unit == site.first.unit:
        name = f"{group[1]}（{name}）"  # 其中宫颈癌8000人、乳腺癌4000人
        return _all(site, site.span(), [name] * len(site.run), "count-tail", confidence, compare=compare)
    if (per_head := _listed_per_head(site)) and not PER_HEAD.search(name):
        if previous is not None and re.search(r"(?:机构|医院|卫生院|中心|卫生室)$", name):
            name += metrics.head_of(previous.metric, name)
        name = per_head + name
    if often and len(name) < 6:
        topic = re.sub(r"\d+(?:个|处|块|家|名|次|场|期)?$", "", site.topic())
        name = f"{'' if re.search(r'[0-9]', topic) else topic}{name}"
    elif len(name) < 2:
        name = site.named(site.left)
    names = (metrics.distribute(site.left, len(site.run)) if len(site.run) > 1 else None) or [name] * len(site.run)
    titled = [metrics.counted("" if verb.word in n else verb.word, n) for n in names]
    per = per_time["per"].removeprefix("每") if per_time else ""
    return _all(site, site.span(), titled, "count-tail", confidence, compare=compare, verb=verb.word, per=per)


def _all(
    site: Site, span: tuple[int, int], names: list[str], rule: str, confidence: float, *, compare: Op | None,
    verb: str = "", per: str = "",
) -> list[Reading]:  # fmt: skip
    out = []
    for name, quantity in zip(names, site.run, strict=True):
        reading = site.reading(
            quantity, span, name, rule, verb_kind="count", compare=compare, confidence=confidence, verb=verb, per=per
        )
        if reading.op == "=" and reading.kind != "rate":
            reading.op_alt = []
        out.append(reading)
    return out
