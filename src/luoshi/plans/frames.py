"""The grammar of a promise: subject, verb, comparator, number, unit, and what stands to the right of it.

Chinese plans write a measured promise in few frames:

| frame | example |
|---|---|
| reach | 孕产妇系统管理率**达**92%以上 · 死亡率**控制在**12/10万以下 |
| change | 健康素养水平**提升**2个百分点 |
| share | 推动**30%以上**县级综合医院达到推荐标准 · 医疗机构**100%**设立… |
| tail | 培育国家级临床重点专科**35个** |
| head | 新建**50个**县域医疗次中心 |
| place | 在**88个**县开展筛查 |
| rate by subject | **每个县至少1个**乡镇建设… · **每年不少于8项** |

`read` takes the words left and right of a number (or of a list of numbers) and answers with readings or a refusal.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

from luoshi.kernel.comparator import Op
from luoshi.plans import metrics
from luoshi.plans.model import Kind
from luoshi.plans.quantities import COUNT_UNITS, LEVEL_UNITS, PERSON_UNITS, Quantity
from luoshi.plans.reading import Context, Reading, Refusal
from luoshi.plans.words import patterns

_TIME_UNITS = {"分钟", "小时", "个小时", "个工作日", "工作日", "个月", "天", "日", "秒", "年", "周"}
_SIZE_UNITS = {
    "平方米",
    "立方米",
    "平方公里",
    "平方千米",
    "公里",
    "千米",
    "米",
    "吨",
    "千克",
    "公斤",
    "克",
    "毫克",
    "微克",
    "毫升",
    "升",
    "亩",
    "度",
    "分贝",
}
_DOWN_NAMES = re.compile(r"死亡率|发病率|患病率|发生率|感染率|吸烟率|流失率|差错|负担|自付|个人卫生支出|次均|费用|平均住院日|等候|排名|时间|患龋|近视率|肥胖|超重|缺陷|药占比|耗占比")  # fmt: skip
_PER_HEAD = re.compile(
    r"每(?P<n>百|千|万|十万|百万|\d+万?|[一二三四五六七八九十]+)?(?P<unit>个|名|家|所|张|位)?(?P<what>(?:常住|户籍|服务)?(?:人口|人|居民|儿童|卫技人员|卫生技术人员|床位?|职工|学生|老年人|县|市|区|乡镇|街道|村|社区|机构|医院|团队|户|万人口)[^，。]{0,8}?)(?=.)"
)
_PER_TIME = re.compile(
    r"(?P<per>每(?:(?:\d|[一二两三四五])个?)?(?:半年|年|季度|季|月|周|日|天|学期|学年|班次|次|两年|三年|旬)|(?<!\d)\d年(?=(?:不少于|至少|不低于|内)))"
)
_PREDICATE = re.compile(
    r"(?:能够|均能|都能|可以|均|都|具有|具备|达到|达|设立|设置|设有|建成|建立|建有|配备|配有|开展|提供|实现|完成|纳入|通过|成为|符合|接入|"
    r"使用|拥有|参加|参与|接受|执行|实行|实施|落实|推行|创建|创成|建设|入网|上线|联通|互认|开设|享有|享受|签约|进行|转诊|下沉|掌握|获得|取得|实现|覆盖|解决|办理|在)"
)
_BOUNDARY_R = re.compile(r"^(?:$|[，。；、：）”\"」和与及并或]|以及|的(?:目标|任务|要求|水平|标准|比例)|，)")
_NAMELIKE = re.compile(r"^[”\"]?(?:圈|制|级|型|层|线|大类|化|式|步|网|员|岁|周年|年制|模式|工程|计划|行动|战略|政策|原则|方针|理念|精神|规定|纪律|路径)")  # fmt: skip
_CLAUSE_PAST = {"现有", "共有", "已有", "已建", "现已", "累计", "已经", "已达", "已完成", "已实现", "荣获", "获得了"}
_FACILITY = re.compile(
    r"医院|中心|卫生院|门诊|基地|平台|实验室|学科|专科|站|点$|试点|机构|病区|病房|床|工作室|工作站|队|馆|阁|药房|车|县|区|市|卫生室|专科|团队|人才|项目|品牌|集团|医共体|联盟|病种|示范|单位|社区|食堂|学校|企业"
)


def kind_of(quantity: Quantity, metric: str, *, change: bool = False) -> Kind:
    """rate, count, level or change, from the unit and from what is measured."""
    if change or quantity.unit == "个百分点":
        return "change"
    unit = quantity.unit.lstrip("万亿")
    if quantity.is_share or quantity.unit.startswith("/") or quantity.unit in ("1:N",):
        return "rate"
    if (
        re.search(r"每(?:百|千|万|十万|百万|\d+万?)(?:名|人|人口|常住|户籍|儿童|张|床)?|^(?:百|千|万)(?:人|名)", metric)
        or "人均" in metric
    ):
        return "rate" if not unit.startswith("岁") else "level"
    if unit in ("位", "位次", "级", "星", "星级", "等", "分") and not re.search(r"(?:人员?|医[生师]|专家)数?$", metric):
        return "level"
    if unit in LEVEL_UNITS or unit == "元" and "人均" not in metric:
        return "level" if unit != "元" else "count"
    return "count"


def falls(name: str) -> bool:
    """Whether less is better, so that a bare value is a ceiling (死亡率, 平均住院日, 个人卫生支出)."""
    return bool(_DOWN_NAMES.search(name))


def read(left: str, run: list[Quantity], right: str, context: Context) -> list[Reading] | Refusal:
    """The promises in a run of numbers joined by 、 or 和 between the words `left` and `right` of one clause."""
    first, last = run[0], run[-1]
    refuse = _refuse(left, run, right, context)
    if refuse:
        return Refusal(first.start, last.end, first.printed, refuse)
    words = patterns()
    bare_left = left.rstrip('“" ')
    change = words.change.search(bare_left)
    comparator = words.comparator.search(left)
    reaches = comparator is not None and bool(
        comparator["verb"] or comparator["compare"] or (comparator["tail"] or "").endswith("前")
    )
    if change and not (
        comparator and comparator["verb"] and words.reaching[comparator["verb"]] != "plain" and not change["reach"]
    ):
        if all(q.unit in ("%", "‰", "个百分点", "倍", "岁", "天", "个位次") for q in run):
            return _change(left, run, right, context, change)
    if reaches and comparator is not None:
        return _reach(left, run, right, context, comparator)
    labelled = _labelled(left, run, context)
    if labelled:
        return labelled
    if first.is_share and all(q.is_share for q in run):
        return _share(left, run, right, context)
    if first.unit in _TIME_UNITS | _SIZE_UNITS | {"岁", "级", "星", "星级", "分", "等", ""}:
        return _level_without_verb(left, run, right, context)
    return _count(left, run, right, context)


def _span(context: Context, left: str, run: list[Quantity], right_used: int = 0) -> tuple[int, int]:
    """From the first word of `left` that is no blank or mark to the end of the number or of the words used right of it."""
    start = run[0].start - len(left)
    while start < run[0].start and context.text[start] in "，、；：。 \n":
        start += 1
    return start, run[-1].end + right_used


def _op(quantity: Quantity, verb_kind: str, compare: Op | None) -> tuple[Op, list[Op], bool]:
    """The comparator of a value, the other readings the print allows, and whether it is only approximate."""
    if quantity.upper is not None:
        return "between", [], quantity.approximate
    if quantity.approximate:
        return "=", [], True
    if quantity.op in (">=", "<="):
        return (
            quantity.op,
            ([">"] if quantity.op == ">=" and compare == ">" else ["<"] if quantity.op == "<=" else []),
            False,
        )
    if compare is not None:
        return compare, [], False
    if quantity.op == ">":
        return ">", [">=", "="], False
    if quantity.op is not None:
        return quantity.op, [], False
    if verb_kind == "cap":
        return "<=", ["="], False
    if verb_kind == "down":
        return "=", ["<="], False
    if quantity.is_share and quantity.value == 100:
        return "=", [], False
    return "=", [">="], False


def _make(
    context: Context, quantity: Quantity, span: tuple[int, int], metric: str, *, verb_kind: str, compare: Op | None,
    rule: str, confidence: float = 0.95, change: bool = False, verb: str = "", per: str = "",
) -> Reading:  # fmt: skip
    op, alternatives, approximate = _op(quantity, verb_kind, compare)
    if op == "=" and alternatives == [">="] and _DOWN_NAMES.search(metric) and not change:
        alternatives = ["<="]
    flags = list(quantity.flags)
    if approximate:
        flags.append("about (左右)")
    if flags and any("misread" in f for f in flags):
        confidence = min(confidence, 0.6)
    if quantity.chinese:
        confidence = min(confidence, 0.75)
    value: float | list[float] = quantity.value if quantity.upper is None else [quantity.value, quantity.upper]
    unit = quantity.unit
    if unit == "万" and re.search(r"人数|人次|患者|老年人|人员|居民|学生|儿童|妇女|人$", metric):
        unit = "万人次" if "人次" in metric else "万人"
    per = per or quantity.per
    if not per and (m := _PER_TIME.search(metric)):
        per = re.sub(r"^每", "", m["per"])
    if not per and (m := _PER_HEAD.search(metric)):
        per = m[0].removeprefix("每") if m["n"] else m[0]
        per = (
            re.match(r"(?:百|千|万|十万|百万|\d+万)?(?:名|个)?(?:常住|户籍|服务)?(?:人口|人|儿童|卫技人员|床)?", per)[0]
            or per
        )  # type: ignore[index]
    return Reading(
        start=span[0], end=span[1], number_at=quantity.start, metric=metric, op=op, value=value, unit=unit,
        kind=kind_of(quantity, metric, change=change), rule=rule, confidence=confidence, flags=flags, op_alt=alternatives,
        approximate=approximate, verb=verb, per=per,
    )  # fmt: skip


def _trailing(run: list[Quantity]) -> list[Quantity]:
    """以上 after the last of a list governs the whole list (95%和90%以上), unless an earlier one has its own word."""
    last = run[-1]
    if last.op is None or last.upper is not None or last.op == ">" or len(run) == 1:
        return run
    if any(q.op is not None for q in run[:-1]):
        return run
    return [replace(q, op=last.op) if not q.approximate else q for q in run[:-1]] + [last]


def _topic(context: Context) -> str:
    """What the clause before was about, for a clause that names no subject of its own."""
    return metrics.bare(context.previous_clause)


def _named(subject: str, context: Context) -> str:
    """The subject of a measure; where the clause has none, the previous clause gives it."""
    name = metrics.measured(subject)
    if len(name) < 2 or name in ("占比", "比例", "其中", "覆盖率", "数量", "人数", "每年"):
        if context.previous is not None and context.clause_start - context.previous.end <= 2:
            before = re.sub(r"(?:提升|下降)幅度$", "", context.previous.metric)
            return before if not name or before.endswith(name) else f"{before}{name}"
        before = _topic(context)
        name = f"{before}{name}" if len(before) <= 24 else name or before[-24:]
    return name


def _reach(
    left: str, run: list[Quantity], right: str, context: Context, comparator: re.Match[str]
) -> list[Reading] | Refusal:
    words = patterns()
    verb = comparator["verb"] or ""
    verb_kind = words.reaching.get(verb, "plain")
    compare: Op | None = words.compare.get(comparator["compare"] or "")
    ahead = (comparator["tail"] or "").endswith("前")
    subject = left[: comparator.start()]
    if comparator["about"]:
        run = [_with_approximate(q) for q in run]
    if verb_kind == "cap" and compare is None:
        compare = None
    first = run[0]
    if ahead and first.unit in ("位", "名", "%", "位次", "个"):
        compare = "<="
    run = _trailing(run)
    unit = first.unit.lstrip("万亿")
    countable = unit in COUNT_UNITS or unit in PERSON_UNITS or (first.unit in ("万", "亿") and bool(right))
    noun = _right_noun(right)
    subject_bare = metrics.bare(subject)
    if first.is_share and noun and verb in ("实现", "完成", "达到", "") and not subject_bare and compare is None:
        return _share(left[: comparator.start()], run, right, context)
    if verb == "为" and not metrics.is_measure(subject_bare) and countable and noun:
        return _count(left[: comparator.start()] + "为", run, right, context, compare=compare)
    if (
        first.is_share
        and noun
        and compare is not None
        and right.startswith("的")
        and not metrics.is_measure(subject_bare)
    ):
        if not subject_bare or metrics.governing_verb(subject):
            return _share(left[: comparator.start()], [replace(q, op=q.op or compare) for q in run], right, context)
    # 形成不少于3个评价案例 · 每个县至少1个乡镇建设…: the thing counted stands on the right.
    if (
        countable
        and noun
        and not metrics.is_measure(subject_bare)
        and not (verb and verb not in ("完成", "实现", "为", "拥有", "占"))
    ):
        return _count(
            left[: comparator.start()] + (verb if verb in ("完成", "实现") else ""),
            run,
            right,
            context,
            compare=compare,
        )
    if right.startswith("的") and not _BOUNDARY_R.match(right):
        if not metrics.governing_verb(subject_bare) or first.is_share:
            return Refusal(first.start, run[-1].end, first.printed, "a condition that limits a group, not a promise")
    if (
        verb in ("为", "占", "占到", "占比")
        and compare is None
        and first.op is None
        and not _AIM.search(_sentence(context))
    ):
        return Refusal(first.start, run[-1].end, first.printed, "a statement, not a promise")
    if first.unit in LEVEL_UNITS and noun and not metrics.is_measure(subject_bare):
        return Refusal(first.start, run[-1].end, first.printed, "a measure that describes something else")
    if verb in ("为", "占", "拥有") and compare is None and not metrics.is_measure(subject_bare) and not first.is_share:
        return Refusal(first.start, run[-1].end, first.printed, "a statement, not a promise")
    if first.unit == "" and compare is None and run[0].op is None and not metrics.is_measure(subject_bare):
        return Refusal(first.start, run[-1].end, first.printed, "a number without a unit")
    span = _span(context, left, run)
    if len(run) > 1:
        return _several(subject, run, context, span, verb_kind, compare, "reach-list")
    name = _named(subject, context)
    used = 0
    if noun and first.is_share and not right.startswith("的"):
        used = _used(right)
        name = f"{name}{verb}{noun}比例" if verb in ("延伸到", "延伸至", "覆盖到", "覆盖", "覆盖至", "扩大到") else name
        span = _span(context, left, run, used)
    elif countable and verb in ("达到", "达", "完成", "实现", "") and not metrics.is_measure(name):
        name = metrics.counted("", name)
    return [_make(context, run[0], span, name, verb_kind=verb_kind, compare=compare, rule="reach", verb=verb)]


_LABEL = re.compile(r"[“\"]?(?P<label>[\u4e00-\u9fff]{2,6})$")


def _labelled(left: str, run: list[Quantity], context: Context) -> list[Reading]:
    """控制在“城区9分钟、乡镇15分钟”以内: each value with its own label under one comparator."""
    words = patterns()
    for size in range(2, 7):
        head, label = left[:-size].rstrip('“"'), left[-size:]
        if not re.fullmatch(r"[\u4e00-\u9fff]{2,6}", label) or not head:
            continue
        comparator = words.comparator.search(head)
        if comparator is None or not (comparator["verb"] or comparator["compare"]):
            continue
        subject = head[: comparator.start()]
        if not metrics.is_measure(subject) or len(run) == 1:
            continue
        labels = [label]
        for before, after in pairwise(run):
            labels.append(context.text[before.end : after.start].strip('，、和与及“”"'))
        verb_kind = words.reaching.get(comparator["verb"] or "", "plain")
        compare = words.compare.get(comparator["compare"] or "")
        name = metrics.measured(subject)
        span = _span(context, left, run)
        return [
            _make(
                context,
                q,
                span,
                f"{each}{name}",
                verb_kind=verb_kind,
                compare=compare,
                rule="reach-labelled",
                confidence=0.88,
            )
            for each, q in zip(labels, _trailing(run), strict=True)
        ]
    return []


_AIM = re.compile(r"目标|指标|力争|确保|争取|努力|到(?:19|20)\d{2}年|20\d{2}年(?:底|末|前)|十[四五六]五|分别为")


def _sentence(context: Context) -> str:
    return context.text[context.sentence_start : context.clause_end]


def _with_approximate(quantity: Quantity) -> Quantity:
    return replace(quantity, approximate=True) if quantity.op is None else quantity


def _several(
    subject: str,
    run: list[Quantity],
    context: Context,
    span: tuple[int, int],
    verb_kind: str,
    compare: Op | None,
    rule: str,
) -> list[Reading]:
    """One value each for several subjects (分别), or for several years, which the caller deals out."""
    names = metrics.distribute(subject, len(run))
    confidence = 0.93
    flags: list[str] = []
    if names is None:
        whole = _named(subject, context)
        names = [whole] * len(run)
        confidence = 0.8
        flags = ["several values for one subject: which belongs to which?"]
    topic = "" if names is None else ""
    out = []
    for name, quantity in zip(names, run, strict=True):
        reading = _make(
            context,
            quantity,
            span,
            topic + name,
            verb_kind=verb_kind,
            compare=compare,
            rule=rule,
            confidence=confidence,
        )
        reading.flags.extend(flags)
        out.append(reading)
    return out


def _change(
    left: str, run: list[Quantity], right: str, context: Context, match: re.Match[str]
) -> list[Reading] | Refusal:
    words = patterns()
    compare = words.compare.get(match["compare"] or match["compare2"] or "")
    subject = left[: match.start()]
    name = metrics.measured(subject) or _topic(context)
    down = match["verb"] in (
        "降低",
        "下降",
        "降幅",
        "减少",
        "缩短",
        "压减",
        "压缩",
        "减轻",
        "年均下降",
        "年均降低",
        "削减",
        "降",
    )
    span = _span(context, left, run)
    tail = "" if name.endswith(("幅度", "增速", "增长率", "降幅")) else ("下降幅度" if down else "提升幅度")
    run = _trailing([_with_approximate(q) if match["about"] else q for q in run])
    out = []
    if len(run) > 1:
        names = metrics.distribute(subject, len(run)) or [name] * len(run)
    else:
        names = [name]
    for each, quantity in zip(names, run, strict=True):
        reading = _make(
            context, quantity, span, f"{each}{tail}", verb_kind="plain", compare=compare, rule="change",
            change=quantity.unit in ("%", "‰", "个百分点", "倍", "岁", "天"), confidence=0.9,
        )  # fmt: skip
        out.append(reading)
    return out


def _right_noun(right: str) -> str:
    """The noun phrase that begins right of a number, without 的; empty where a mark or nothing follows."""
    if _BOUNDARY_R.match(right):
        return ""
    text = right[1:] if right.startswith("的") else right
    text = text[: _used(text, "，。；、：\n")]
    if not text or _BOUNDARY_R.match(text) or text[0] in "）)”":
        return ""
    return text.strip()


def _used(right: str, marks: str = "，。；：\n") -> int:
    """How many characters stand before the first of `marks` that is outside brackets."""
    depth = 0
    for i, char in enumerate(right):
        if char in "（《〔":
            depth += 1
        elif char in "）》〕":
            if depth == 0:
                return i
            depth -= 1
        elif depth == 0 and char in marks:
            return i
    return len(right) if depth == 0 else min((right.find(c) for c in marks if c in right), default=len(right))


_PART_OF = re.compile(
    r"(?:提高到|提升到|提高至|提升至|达到|扩大到|占到?|增加到|不低于|不少于|超过|控制在|降低到|下降到)(?P<whole>[\u4e00-\u9fff（）]{2,16})的$"
)


def _share(left: str, run: list[Quantity], right: str, context: Context) -> list[Reading] | Refusal:
    """Shares without a comparator verb: 40%的X达到Y · X100%达到Y · 优秀率25%以上 · 20%建成Y."""
    first = run[0]
    subject = metrics.bare(left)
    noun = _right_noun(right)
    run = _trailing(run)
    if several := re.search(r"(?P<n>[二两三四五六]个)[“\"]?$", left):
        name = f"{_topic(context)}{several['n']}{first.printed.strip('”')}"
        return [
            _make(
                context,
                first,
                _span(context, several[0], run),
                name,
                verb_kind="plain",
                compare=None,
                rule="several-of",
                confidence=0.8,
            )
        ]
    if part := _PART_OF.search(left):
        whole = part["whole"]
        name = f"{metrics.measured(left[: part.start()])}占{whole}的比例"
        return [
            _make(
                context, first, _span(context, left, run), name, verb_kind="plain", compare=None, rule="share-of-whole"
            )
        ]
    if subject and metrics.is_measure(subject) and (not noun or _PREDICATE.match(noun) is None):
        if noun and right.startswith("的"):
            return Refusal(first.start, run[-1].end, first.printed, "a share that limits a group, not a promise")
        span = _span(context, left, run)
        if len(run) > 1:
            return _several(left, run, context, span, "plain", None, "share-list")
        return [_make(context, first, span, _named(left, context), verb_kind="plain", compare=None, rule="share-tail")]
    if noun:
        predicate = _PREDICATE.search(noun)
        span = _span(context, left if subject and not metrics.governing_verb(subject) else "", run, _used(right))
        if predicate is not None and predicate.start() == 0:
            if subject and (not metrics.governing_verb(subject) or _ends_with_agent(subject)):
                name = metrics.share_of(subject, noun)
                span = _span(context, left, run, _used(right))
            elif context.previous is not None and context.previous.rule == "share" and context.previous.scope:
                name = metrics.share_of(context.previous.scope, noun)
            else:
                name = metrics.share_of(_topic(context)[-20:], noun)
            scope = context.previous.scope if context.previous else ""
            reading = _make(context, first, span, name, verb_kind="share", compare=None, rule="share")
            reading.scope = scope
            return [reading]
        if predicate is not None:
            who, what = noun[: predicate.start()], noun[predicate.start() :]
            if subject and not metrics.governing_verb(subject) and right.startswith("的"):
                return Refusal(first.start, run[-1].end, first.printed, "a share that limits a group, not a promise")
            reading = _make(
                context, first, _span(context, "", run, _used(right)), metrics.share_of(who, what),
                verb_kind="share", compare=None, rule="share",
            )  # fmt: skip
            reading.scope = who
            return [reading]
        verb = metrics.governing_verb(subject)
        if verb is None and subject:
            return Refusal(first.start, run[-1].end, first.printed, "a share inside a description")
        name = metrics.share_of(noun.lstrip("的"), verb[0] if verb else "")
        return [
            _make(context, first, _span(context, left, run, _used(right)), name, verb_kind="share", compare=None,
                  rule="share-object", confidence=0.75)
        ]  # fmt: skip
    if not subject:
        if context.previous is not None and context.topic:
            subject = context.topic
        else:
            return Refusal(first.start, run[-1].end, first.printed, "a share of nothing named")
    if len(run) > 1:
        return _several(left, run, context, _span(context, left, run), "plain", None, "share-list")
    reading = _make(
        context, first, _span(context, left, run), _named(left, context), verb_kind="plain", compare=None,
        rule="share-tail", confidence=0.8 if first.op or first.approximate else 0.7,
    )  # fmt: skip
    return [reading]


def _ends_with_agent(subject: str) -> bool:
    return bool(
        re.search(
            r"(?:机构|医院|卫生院|中心|卫生室|站|学校|社区|村|县|市|区|企业|单位|人员|医师|患者|居民|部门|[)）])$",
            subject,
        )
    )


def _level_without_verb(left: str, run: list[Quantity], right: str, context: Context) -> list[Reading] | Refusal:
    """Minutes, grades, ages, sizes with no comparator verb: a promise only as the tail of a measure with 以内, 以上."""
    first, last = run[0], run[-1]
    subject = metrics.bare(left)
    if (
        last.op is not None
        and subject
        and re.search(r"(?:时间|时长|时限|日|天数|寿命|面积|年龄|得分|评分|半径)$", subject)
        and not _right_noun(right)
    ):
        run = _trailing(run)
        if len(run) > 1:
            return _several(left, run, context, _span(context, left, run), "plain", None, "level-list")
        return [
            _make(context, first, _span(context, left, run), subject, verb_kind="plain", compare=None, rule="level")
        ]
    if first.unit == "":
        return Refusal(first.start, last.end, first.printed, "a number without a unit")
    return Refusal(first.start, last.end, first.printed, "a duration, size, age or grade that no verb promises")


def _count(
    left: str, run: list[Quantity], right: str, context: Context, compare: Op | None = None
) -> list[Reading] | Refusal:
    """Counted things: 培育专科35个 · 新建50个次中心 · 在88个县开展筛查 · 为12万老人提供服务 · 每年至少开展一次评估."""
    words = patterns()
    first, last = run[0], run[-1]
    run = _trailing(run)
    noun = _right_noun(right)
    stated = compare is not None or any(q.op is not None or q.approximate for q in run)
    lead = metrics.bare(left)
    if re.match(r"^[，、]?(?:确保|实现|推动|全国|全省|全市|全县)*所有", left) and not stated:
        return Refusal(
            first.start, last.end, first.printed, "describes what all must do; the promise is that all do it"
        )
    verb = metrics.governing_verb(left)
    if verb is None and re.match(r"^[，、]?(?:以及|及|并|和)", left) and context.previous_clause:
        carried = metrics.governing_verb(context.previous_clause)
        verb = (carried[0], -len(carried[0])) if carried else None
    if compare is None and (
        m := re.search(r"(?P<c>至少|不少于|不低于|最少|不超过|最多)(?P<v>[\u4e00-\u9fff]{1,6})$", left)
    ):
        compare = words.compare.get(m["c"])
    per_time = _PER_TIME.search(left) or (_PER_TIME.search(context.previous_clause) if len(left) < 4 else None)
    frequency = first.unit in ("次", "场", "期", "轮", "批", "批次", "场次") and per_time is not None
    name_verb = verb[0] if verb else ""
    inherited = False
    if verb is None and context.previous is not None and context.previous.verb and context.previous.kind == "count":
        name_verb, inherited = context.previous.verb, True
    if noun and _NAMELIKE.match(noun) and not stated:
        return Refusal(first.start, last.end, first.printed, "a number inside a name")
    if first.chinese and not (stated or frequency):
        solid = noun and _FACILITY.search(noun) and not re.search(r"[“”]", noun)
        if not (
            solid
            and name_verb
            in ("新建", "建成", "新增", "创建", "新创建", "引进", "建设", "争创", "创成", "设立", "组建", "成立")
            and first.value >= 2
        ):
            return Refusal(first.start, last.end, first.printed, "a small number in words: a name or an aside")
    place = re.search(r"(?:在|选取|选择|从)(?:全国|全省|全市|全县|全区|全州|省内|市内)?$", left.rstrip())
    give = re.search(
        r"(?:为|对|给|向|覆盖|惠及|服务|支持|帮助|组织|推动|推进)(?:全省|全市|全县|全区|不少于|至少|约|近)?$",
        left.rstrip(),
    )
    doing = _PREDICATE.search(noun) or re.search(
        r"(?:启动|开展|提供|实施|推行|试行|试点|建设|创建|进行|发放|推广|筛查|体检|接种|免费)", noun
    )
    if noun and (place or give) and doing and not first.chinese:
        agent, action = noun[: doing.start()], noun[doing.start() :]
        metric = f"{action}的{agent}数" if agent else metrics.counted(name_verb, noun)
        span = _span(context, left if place else (give[0] if give else ""), run, _used(right))
        return _counts(context, run, span, [metric] * len(run), compare, "count-place", name_verb or action[:2], 0.88)
    if noun and give and give[0].startswith("为") and unit_is_person(first):
        span = _span(context, give[0], run, _used(right))
        return _counts(context, run, span, [metrics.counted("", noun)] * len(run), compare, "count-place", "为", 0.8)
    if name_verb in words.continuing and not stated:
        return Refusal(first.start, last.end, first.printed, f"sizes what exists ({name_verb}), promises no number")
    if not name_verb and not stated and not frequency and not inherited:
        if not noun and (metrics.is_measure(lead) or _PER_HEAD.search(lead)):
            confidence = 0.85
        elif (
            noun
            and re.search(r"(?:达标|建成|完成|实现|验收|创建|开工|投用|通过|开展|启动|提升)", noun)
            or (not noun and _object_like(lead))
        ):
            confidence = 0.6
        else:
            return Refusal(first.start, last.end, first.printed, "a number that no verb promises")
    else:
        confidence = 0.92 if name_verb in words.strong or stated or inherited else 0.85
    if noun and not _tail_only(left, noun):
        after = "" if verb is None or verb[1] < 0 else left[verb[1] + len(verb[0]) :]
        thing = metrics.bare(after) + noun if after and not frequency else noun
        metric = metrics.counted(name_verb, thing) if len(thing) < 40 else metrics.counted(name_verb, noun[-30:])
        start_words = left[verb[1] :] if verb is not None and verb[1] >= 0 else ""
        span = _span(context, start_words, run, _used(right))
        per = ""
        if per_time:
            per = per_time["per"].removeprefix("每")
            if frequency:
                at = left.find(per_time["per"])
                action = metrics.bare(left[at + len(per_time["per"]) :]) if at >= 0 else ""
                action = re.sub(r"(?:至少|不少于|不低于)", "", action)
                metric = f"{per_time['per']}{action or name_verb}{noun}次数"
                span = _span(context, left, run, _used(right))
            else:
                metric = f"{per_time['per']}{metric}"
        elif m := re.search(r"每(?:个|家|所|名|支)?[^，。]{1,14}$", left):
            per = re.sub(
                r"(?:至少|不少于|不低于|建成|建设|建立|设立|培养|培训|配备|打造|创建|新增|完成|开展|组织|安排|确定).*$",
                "",
                m[0],
            )
            metric = per + metrics.counted("", noun)
            span = _span(context, m[0], run, _used(right))
        return _counts(context, run, span, _many(metric, run), compare, "count-head", name_verb, confidence, per)
    name = lead
    if len(name) < 2 or frequency and len(name) < 6:
        name = _named(left, context)
    names = metrics.distribute(left, len(run)) if len(run) > 1 else None
    per = per_time["per"].removeprefix("每") if per_time else ""
    metric_names = [
        metrics.counted("" if n.startswith(name_verb) or name_verb in n else name_verb, n)
        for n in (names or [name] * len(run))
    ]
    return _counts(
        context, run, _span(context, left, run), metric_names, compare, "count-tail", name_verb, confidence, per
    )


def unit_is_person(quantity: Quantity) -> bool:
    """Whether the unit counts persons or households."""
    return quantity.unit.lstrip("万亿") in (*PERSON_UNITS, "户")


def _many(metric: str, run: list[Quantity]) -> list[str]:
    return [metric] if len(run) == 1 else [f"{metric}({q.unit})" for q in run]


def _object_like(lead: str) -> bool:
    return len(lead) >= 3 and bool(
        _FACILITY.search(lead) or re.search(r"(?:人|人员|医师|医生|专家|人才|学生|患者|次|件|期)$", lead)
    )


def _tail_only(left: str, noun: str) -> bool:
    """Words right of the number that belong to no counted thing (以供…)."""
    return bool(re.match(r"^(?:的$|等$|，)", noun))


def _counts(
    context: Context, run: list[Quantity], span: tuple[int, int], names: list[str], compare: Op | None, rule: str, verb: str,
    confidence: float, per: str = "",
) -> list[Reading]:  # fmt: skip
    out = []
    for name, quantity in zip(names, run, strict=True):
        reading = _make(
            context,
            quantity,
            span,
            name,
            verb_kind="count",
            compare=compare,
            rule=rule,
            confidence=confidence,
            verb=verb,
            per=per,
        )
        if reading.op == "=" and not reading.approximate:
            reading.op_alt = []
        out.append(reading)
    return out


def _refuse(left: str, run: list[Quantity], right: str, context: Context) -> str:
    """A plain-words reason why this number can be no target, or nothing."""
    words = patterns()
    first = run[0]
    unit = first.unit.lstrip("万亿")
    tail = left[-8:]
    clause = context.text[context.clause_start : context.clause_end]
    if re.match(r"^(?:[A-Za-z/]|mm|:)", right) and not right.startswith("ICU"):
        return "a clinical or technical measure"
    if words.limits.search(left) and unit not in ("%", "‰") and not re.search(r"(?:达到|控制在)$", left):
        return "a limit of whom or what is meant"
    if unit in ("岁", "周岁") and not re.search(r"寿命|平均年龄|年龄中位", left):
        return "an age that scopes a population"
    if unit in ("年", "个月", "周", "天", "日") and re.search(
        r"(?:每|近|未来|过去|前|后|满|为期|建设周期|期限|任期|第)$", tail
    ):
        return "a duration"
    if unit == "年" and not re.search(r"寿命|时间|年限", left):
        return "a duration"
    if unit in ("分",) and (
        re.search(r"(?:得|扣|记|计|加|减|满分|各|共|每\S{0,4}|总分|分值)$", tail)
        or re.search(r"扣|得分|分值|满分", right[:6])
    ):
        return "marks in a scoring table"
    if (
        re.search(r"(?:扣|得|加|减|记|计)\d", clause)
        and unit in ("分", "项", "个", "次", "")
        and re.search(r"[扣得加减记计]\d+(?:\.\d+)?分", clause)
    ):
        return "marks in a scoring table"
    if re.search(r"(?:第|十[二三四五六]|“十|[A-Za-z])$", tail):
        return "part of a name"
    if words.advice.search(clause[: max(0, first.start - context.clause_start)]) and not re.search(
        r"率|比例|水平", left
    ):
        return "advice to persons"
    before = context.text[context.sentence_start : first.start]
    past = None
    for match in words.past.finditer(before):
        if match[0] in _CLAUSE_PAST and re.search(r"[，；：]", before[match.end() :]):
            continue
        past = match
    if past is not None and not (past[0] == "累计" and re.search(r"(?:19|20)\d{2}年|年底|年内|力争|确保", before)):
        since = before[past.end() :]
        if not re.search(r"(?:到|至|力争|确保|争取|20\d{2}年(?:底|前|末))", since):
            return f"reported, not promised ({past[0]})"
    if unit in ("个工作日", "工作日", "日", "天", "小时", "分钟", "个小时") and not re.search(
        r"(?:时间|时长|时限|日|天数|半径|响应|等候|周期|活动|锻炼|睡眠|学习|培训)", metrics.bare(left)
    ):
        return "a term of procedure"
    if first.unit == "元" or unit == "元":
        if not re.search(r"标准|经费|补助|投入|资金|收入|支出|费用|产值|规模|投资|筹资|额", left):
            return "an amount of money that nothing promises"
    return ""
