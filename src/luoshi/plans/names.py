"""Numbers that are part of a name, a grade or an aside, told apart before the clause is read: 五大中心, 3人制, 二级以上医院.

They must not cut a clause into pieces, so they are taken out first.
"""

from __future__ import annotations

import re

from luoshi.plans.frames.site import TIME_UNITS
from luoshi.plans.quantities import Quantity
from luoshi.plans.words import patterns

_TAIL = re.compile(
    r"^[”\"]?(?:一[”\"]|统一[”\"，]|一批|圈|制(?!定|度|作|订)|型|岁|周年|[\u4e00-\u9fff]{0,8}(?:圈|生活圈|健身圈)(?!层)|年(?:行动|计划|规划|工程|攻坚|提升|制)|[”\"])"
)
_GRADE_UNITS = ("级", "星", "星级", "等", "甲", "层")
_FREQUENT = re.compile(r"每(?:\d|[一二两三四五半])?个?(?:半年|年|季度|季|月|周|日|天|学期|学年|旬)")
_OFTEN_UNITS = ("次", "场", "期", "轮", "批", "批次", "场次", "遍", "课时", "学时", "节", "人次")
_BUILDING = re.compile(
    r"(?:新建|建成|新增|新创建|创建|创成|新设|引进|建设|争创|设立|组建|成立|新增加|获批|增设|改扩建|改造|培育|打造|遴选|认定|完成|培养)(?:至少|约)?$"
)
_SOLID = re.compile(
    r"^(?:[^，。；“”]{0,20})(?:医院|中心|卫生院|门诊部?|基地|平台|实验室|学科|专科|站|试点|机构|病区|病房|床位|工作室|团队|馆|车|县|市|卫生室|医共体|联盟)"
)
_ROUND_NAME = re.compile(
    r"^(?:大|个(?:一|统一|全覆盖|允许|务必|同等|中心(?!建)|机制|平台(?!建)|方面|环节|层面|维度|阶段|关键|重点|严格|确保|一批|转变|不|百分百|到位|结合|聚焦|坚持|加强|必须|优化|提升))"
)


_TIMES = ("*", "×", "✕", "＊")
_BOUNDS = ("以上", "及以上", "以下", "及以下", "以内")
_SIZES = ("张床位", "张床", "张病床", "张", "床", "床位", "人", "名", "户")
_BODIES = re.compile(
    r"^的(?:[\u4e00-\u9fff、]{0,8})(?:机构|院(?!士|校)|企业|单位|学校|园所|幼儿园|乡镇|街道|社区|村|场所|工地|食堂|县(?!级)|市(?![级场民])|地区|城市)"
)


_REACHES = re.compile(r"(?:达到|提高到|提升到|增长到|延长到|提高至|增至|至|超过)$")


def _bounds_a_group(quantity: Quantity, before: str, after: str) -> bool:
    """Whether a size only says which bodies are meant: 100张床位以上的医院, 600名学生以上的学校, 人口超过10万人的街道."""
    if quantity.suffix in _BOUNDS:
        nameless = quantity.unit in ("", "万") and after.startswith("的") and not re.search(r"[\u4e00-\u9fff]$", before)
        over = quantity.unit == "倍" and after.startswith("的")  # 超标3倍以上的企业
        return nameless or over or (quantity.unit in _SIZES and bool(_BODIES.match(after)))
    peopled = quantity.unit.lstrip("万") in ("人", "") and re.search(
        r"人口(?:超过|超|大于|低于|少于|不足|达到)$", before
    )
    return bool((peopled and after.startswith("的")) or re.match(r"[\u4e00-\u9fff]{1,4}(?:及?以[上下])的", after))


def _ends_a_measure(before: str, after: str) -> bool:
    """Whether a stretch of time closes a measure or a labelled value: 等候时间10分钟, 城区9分钟、"""
    closes = after[:1] in ("", "，", "。", "；", "、", "”", "）")
    named = re.search(r"(?:时间|时长|时限|住院日|天数|寿命|提高|提升|延长|缩短|增加|减少)(?:约|近)?$", before)
    return closes and bool(named or re.search(r"[\u4e00-\u9fff]{2,6}$", before[-8:]))


def reason(text: str, quantity: Quantity, clause_start: int) -> str:
    """Why this number belongs to a name or limits a group, in plain words; empty when it may be a promise."""
    before = text[max(clause_start, quantity.start - 200) : quantity.start]
    if quantity.unit == "部" and text.startswith(("门", "委", "分"), quantity.core_end):
        return "a number of departments or parts"
    if text[max(0, quantity.start - 1) : quantity.start] in _TIMES and quantity.unit in ("%", "‰", "/10万", "万", ""):
        return "part of a formula"
    after = text[quantity.end : quantity.end + 24]
    if len(re.findall(r"[A-Za-z]", before[-24:])) >= 12 and not re.search(r"[\u4e00-\u9fff]", before[-24:]):
        return "a sentence in another language"
    words = patterns()
    if (
        not quantity.suffix
        and _TAIL.match(text[quantity.core_end : quantity.core_end + 16])
        and not (after[:1] in '”"' and quantity.is_share)
    ):
        inside = text[quantity.core_end : quantity.core_end + 1] in '”"'
        if (
            not inside
            or not re.search(r"[“\"][^”\"]*$", before)
            or not re.search(r"\d", quantity.printed)
            or quantity.unit in ("", "G")
        ):
            return "a number inside a name"
    if quantity.unit in ("岁", "周岁") and not re.search(
        r"寿命|平均年龄", before + text[max(0, clause_start - (60 if _REACHES.search(before) else 24)) : clause_start]
    ):
        return "an age that scopes a population"
    listed = re.sub(r"(?:[\d.]+|[一二三四五])(?:%|级|星)(?:以上)?[、和及]$", "", before)
    reaching = words.comparator.search(listed)
    reaches = reaching is not None and bool(reaching["verb"] or reaching["compare"])
    if (
        before.endswith("每")
        and quantity.unit.lstrip("万亿") in ("人", "名", "户", "个", "张", "位", "")
        and (quantity.op is None or quantity.upper is not None)
    ):
        return "a base to count by"
    starts = re.search(r"[由从][^，。；\d]{0,14}$", before) and re.match(
        r"(?:进一步|逐步)?(?:压缩|压减|缩短|缩减|降|减|提高|延长|增)", after
    )
    if starts:
        return ""  # 由15个工作日压缩至3个工作日: where the way begins
    if quantity.unit in TIME_UNITS and quantity.op is None and not reaches and not _ends_a_measure(before, after):
        return "a duration"
    if quantity.unit in _GRADE_UNITS:
        measured = re.search(
            r"(?:等级|分级|水平|测评|成熟度|评级|评价|智慧服务|智慧管理|电子病历|互联互通|级别|风险)", before
        )
        rated = re.match(r"^(?:[甲乙]等)?(?:以上|及以上)?(?:[，。；、）]|$)", after)
        if quantity.chinese and reaches and measured and rated:
            return ""  # 互联互通测评达到四级甲等
        if quantity.chinese:
            return "a grade that names a group"
        if not reaches:
            return "a grade that names a group"
    if (
        quantity.op is not None
        and re.match(
            r"[^，。；、\d]{0,16}的(?:人数|人口数?|人群|比例|占比|人员|患者|学生|居民)(?:比例|占比)?(?:分别|均|都)*(?:达|占|不|超|控制|提|降|在)",
            after,
        )
        and not (quantity.unit == "%" and re.match(r"的?(?:患者|居民|人员|人群|学生|人口)[在能可均都]", after))
    ):
        return "a threshold that names a group"
    if _bounds_a_group(quantity, before, after):
        return "a threshold that names a group"
    if not quantity.chinese or (before.endswith("前") and quantity.unit in ("名", "位")):
        return ""
    if _ROUND_NAME.match(text[quantity.core_end - len(quantity.unit) : quantity.core_end + 8]):
        return "a small number in words: a name or an aside"
    if (
        quantity.op is not None
        or (reaching is not None and reaching["compare"])
        or re.search(r"(?:至少|不少于|不低于)[\u4e00-\u9fff]{1,6}$", before)
    ):
        return ""
    if _FREQUENT.search(before) and quantity.unit in _OFTEN_UNITS:
        return ""
    if (
        quantity.value >= 2
        and _BUILDING.search(before)
        and _SOLID.match(after)
        and quantity.unit in ("个", "家", "所", "处", "座", "支", "辆", "名", "位", "批")
    ):
        return ""
    return "a small number in words: a name or an aside"


_NAME_GOES_ON = re.compile(r"^(?:的?[\u4e00-\u9fff\d（）”“\"]{2,24}?(?:率|比例|占比|比重|水平)|的?(?:比例|占比))")
_QUALIFIES = (
    "a duration", "a term of procedure", "a number that no verb promises", "a duration, size, age or grade that no verb promises",
    "a condition that limits a group, not a promise",
)  # fmt: skip


def goes_on(after: str, reason: str) -> bool:
    """Whether a refused number stands inside the name of the measure that follows it."""
    return reason in _QUALIFIES and bool(_NAME_GOES_ON.match(after))


def part_of_share(text: str, run: list[Quantity], following: list[Quantity]) -> bool:
    """Whether a count only says what a share of bodies can do: 80%以上的村卫生室能够开展6类以上技术."""
    between = text[run[-1].end : following[0].start]
    able = re.match(
        r"的[^，；\d]{2,30}(?:能够|均能|都能|可以)(?:规范|独立|常规)?(?:开展|提供|使用|完成|应用)$|"
        r"的[^，；\d]{1,30}?(?:至少|不少于|各|均|都)?(?:设立|设置|设有|建有|建成|建设|建立|建好|配备|配有|拥有|有)(?:至少|不少于|了)?$",
        between,
    )
    if not run[-1].is_share or following[0].is_share:
        return False
    soon = following[0].unit in TIME_UNITS and re.match(r"的[^，；\d]{2,20}$", between)
    return bool(able or (soon and re.match(r"(?:能够|能|可以?|到达|得到|获得)", text[following[-1].end :][:4])))


def inside_measure(run: list[Quantity], after: str) -> bool:
    """Whether a count belongs to the name of a measure: 6类10项适宜技术开展率达到90%."""
    measure = _NAME_GOES_ON.match(after)
    if measure is None or any(q.is_share or q.op is not None for q in run):
        return False
    comparator = patterns().comparator.search(after)
    begun = re.search(r"[从由](?:19|20)\d{2}年(?:底|末)?的$", after)  # 成人每天2次刷牙率从2016年的36.1%
    return bool(begun) or (comparator is not None and bool(comparator["verb"] or comparator["compare"]))
