"""What is measured, as a clean noun phrase: the words around a number without their verbs, dates and adverbs."""

from __future__ import annotations

import re

from luoshi.plans.clauses import split_parallel as split_parallel
from luoshi.plans.words import patterns

_DATE = re.compile(
    r"(?:(?:到|至|截至|于|在|争取|力争|确保)?(?:19|20)\d{2}年?(?:(?:-{1,2}|~|至|到|[、和与及])(?:19|20)\d{2})?年?度?(?:底|末|年底)?(?:之?前|以前|内)?|"
    r"(?:\d{1,2}月(?!龄)(?:\d{1,2}日)?(?:底|末)?(?:之?前|内)?)|(?:用|在)?(?:\d{1,2}|[一二三五两])年(?:内|时间)|今年|本年度?|年底前?|年内|全年|上半年|下半年)[，、]?(?:全面|基本)?"
)
_ITEM = re.compile(
    r"^(?:[一二三四五六七八九十]{1,3}(?:、(?![一二三四五六七八九十]级)|是)|（[一二三四五六七八九十\d]{1,3}）|\d{1,3}[.、](?!\d)|[①-⑳]|-{1,2}|[●◆■★•·])+"
)
_PLACE = re.compile(r"^(?:全国|全省|全市|全县|全区|全州|全旗|我国|我省|我市|我县|我区|各地|各级|各市|各县)(?!性|民|科)")
_TRIM_HEAD = re.compile(
    r"^(?:及(?!时|格|早)|[、，和与以并且或的]|以及|其中|同时|另外|此外|进一步|持续|继续|不断|全面|加快|着力|大力|积极|稳步|深入|切实|有序|逐步|"
    r"力争|争取|努力|确保|实现|推动|推进|促进|使得?|让|力求|保证|保障|将|把|应|须|需|由|对|年内|全年|原则上|"
    r"要求|目标|任务|计划(?!免疫|生育|招)|(?:提高|提升|加强|降低|控制|保持|稳定|改善|增加|扩大|完善|健全)(?!免疫|针次|治疗)(?=[^，]{2,}(?:率|水平|比例|比重|占比|数|量|时间)$))+"
)
_TRIM_TAIL = re.compile(
    r"(?:分别|均|都|各|一般|要|应|须|需|将|力争|争取|努力|确保|稳步|逐步|总体|基本|平均|年均|全部|也|并|要求|的|按照?|比例数|(?<=[率比数])总数|(?<=[率比数])(?:的?目标值?|计划)|，|、|：|“|”|\"|每年|每月|累计|合计|"
    r"不断|继续|持续|进一步|已|(?<!行)为|在|到|至|达|由|从|约|近)+$"
)
_ENDS = re.compile(
    r"(?:率|比例|占比|比重|水平|数|数量|人数|人次|规模|寿命|时间|时长|面积|总量|总数|金额|经费|标准|评分|得分|排名|等级|分级|指数|程度|比|量|费用|"
    r"支出|收入|天数|日|次数|期数|覆盖面|幅度|强度|浓度|值|素养|能力|度|额|成绩|位次|密度|半径|年限|缺口|级)$"
)
_HEADS = re.compile(
    r"(?:患者|病例|病人|儿童|婴儿|新生儿|孕产妇|产妇|老年人|居民|学生|妇女|人群|人口|医院|机构|卫生院|服务中心|卫生室|人员|医师|医生|护士|岁以下|城市|乡镇|农村|社区|家庭|企业|学校)"
)
_KINDS = frozenset({"患者", "病例", "病人", "人群", "医院", "机构"})
_LEVEL = re.compile(
    r"^(?:城区|市区|县城|城市|城镇|农村|乡镇|乡村|门诊|住院|急诊|男性?|女性?|(?:国家|省|市|县|区|乡|村|部|厅|委|局)?级?(?:（[^）]*）)?(?:级)?|[一二三四]级?(?:甲等|乙等)?(?:及?以上)?)(?=.)"
)


_PER = re.compile(
    r"每(?:百|千|万|十万|百万|\d+万?)(?:名|个)?(?:常住|户籍|服务)?(?:人口|人|居民|儿童|老年人)(?:口)?(?:拥有)?"
)
_MODAL = {"力争", "争取", "实现", "推动", "推进", "支持", "组织", "达到", "确保", "实施", "启动"}


# 人均预期寿命较目前（的76.34岁）再增加…: what it is held against.
_THAN_NOW = re.compile(
    r"(?:比|较|与|从|由|在)(?:目前|现在|当前|现有|基期)(?:的?水平|相比|的?\d[\d.]*(?:岁|%|‰|个|人|万|张|名|所|家)*)?[，]?"
    r"(?:继续|再|进一步|持续|稳步)*(?:增长|提高|提升|增加|下降|降低|减少)?[，]?"
)


def bare(phrase: str) -> str:
    """A phrase without its dates, item numbers, leading verbs and trailing adverbs."""
    phrase = _ITEM.sub("", phrase.strip(" 　\n"))
    phrase = re.sub(r"(?:(?<!占)比|较|与|在)(?:19|20)\d{2}年(?:度|底|末|相比|基础上|的基础上)?[，]?", "", phrase)
    phrase = _THAN_NOW.sub("", phrase)
    phrase = re.sub(r"^\d{1,2}[.、](?=\d{1,2}(?:周?岁|个月|月龄|-))", "", phrase)
    phrase = re.sub(r"(?<=率)以[^，。；]{1,14}为单位", "", phrase)
    phrase = re.sub(r"(?<=\d)~(?=\d)", "-", phrase)
    phrase = re.sub(r"在[^，。；率比]{0,14}基础上[，]?", "", phrase)
    phrase = re.sub(r"(?:由|从)(?:(?:19|20)\d{2}年)?的?$", "", phrase)
    phrase = _DATE.sub("", phrase)
    phrase = re.sub(r"（[^（）]*$", "", phrase) if phrase.count("（") > phrase.count("）") else phrase
    previous = None
    while previous != phrase:
        previous = phrase
        phrase = _TRIM_HEAD.sub("", phrase)
        phrase = _TRIM_TAIL.sub("", phrase)
        phrase = _PLACE.sub("", phrase)
        phrase = phrase.strip('，、；：。 "')
        if phrase.count("“") != phrase.count("”"):
            phrase = phrase.strip("“”") if phrase[:1] in ("“", "”") or phrase[-1:] in ("“", "”") else phrase
    if phrase.count("“") == phrase.count("”") + 1:
        phrase += "”"  # 配齐“健康小屋”3处: the closing mark went with the tail
    return re.sub(r"(?<=[级数率])\d年$", "", phrase)


_MEASURE_THEN_WHOM = re.compile(
    r"(?P<measure>[^、，]{2,}?(?:率|比例|占比|比重|费用))(?P<whom>[^、，率]{2,12}(?:患者|病人|医院|卫生院|中心|卫生室|机构|学生|儿童|妇女|人群|地区|乡镇))"
)


def turned(name: str) -> str:
    """A measure printed before whom it is of, the other way round: 使用率住院患者 → 住院患者使用率."""
    match = _MEASURE_THEN_WHOM.fullmatch(name)
    return match["whom"] + match["measure"] if match else name


def measured(phrase: str) -> str:
    """The last object measured in a clause: what follows the last verb, if that reads as a measure; else the whole."""
    phrase = bare(phrase)
    cut = phrase
    for match in re.finditer(r"(?:使(?!用)|让|将|把|实现|确保|推动|力争|争取|保持|提高|提升|降低|完成|稳定)", phrase):
        rest = phrase[match.end() :]
        if _ENDS.search(rest) and len(rest) >= 3:
            cut = rest
    return bare(cut)


def is_measure(phrase: str) -> bool:
    """Whether the phrase ends like a measure (率, 比例, 水平, 人数, 时间 …)."""
    return bool(_ENDS.search(bare(phrase)))


def counted(verb: str, noun: str) -> str:
    """The metric of a count: verb and thing, closed by 数 (培育国家级临床重点专科数)."""
    noun = noun.strip("，、的 “”") if noun.count("“") != noun.count("”") else noun.strip("，、的 ")
    noun = re.sub(r"（[^（）]*\d[^（）]*）", "", noun)
    name = f"{verb}{noun}"
    return name if _ENDS.search(name) and not name.endswith("级") else name + "数"


def share_of(subject: str, predicate: str) -> str:
    """The metric of 40%的X达到Y: X达到Y的比例."""
    name = bare(subject) + predicate.strip("，、；")
    return name if _ENDS.search(name) and name.endswith(("率", "比例", "占比")) else name + "的比例"


def distribute(phrase: str, count: int) -> list[str] | None:
    """`count` metrics out of one subject list: each member takes the head noun of the last.

    孕产妇、婴儿、5岁以下儿童死亡率 → 孕产妇死亡率, 婴儿死亡率, 5岁以下儿童死亡率. None when the list has another length.
    """
    phrase = bare(phrase)
    if count == 2 and (both := _TOWN_AND_COUNTRY.match(phrase)):
        rest = phrase[both.end() :]
        return [f"城市{rest}", f"农村{rest}"]  # 城乡居民健康素养水平分别达到28%和24%
    parts = split_parallel(phrase)
    if len(parts) > count and (graded := _GRADES.sub(r"\1‖\2", phrase)) != phrase:
        parts = [part.replace("‖", "、") for part in split_parallel(graded)]  # 甲、乙医院三、四级手术占比
    if len(parts) > count:
        parts = _merge(phrase, parts, count)
    if len(parts) != count:
        return None
    last = parts[-1]
    if (per := _PER.match(parts[0])) and all(not _PER.match(p) for p in parts[1:]):
        parts = [parts[0], *(per[0] + p for p in parts[1:])]
        last = parts[-1]
    out: list[str] = []
    if tail := _CHANGE_TAIL.search(last):  # 门诊费用、住院费用增幅: the tail is of both
        for place, part in enumerate(parts[:-1]):
            shared = head_of(last, part) if not _ENDS.search(part) else ""
            if not _CHANGE_TAIL.search(part):
                parts[place] = part + (shared if shared.endswith(tail[0]) else tail[0])
    for part in parts[:-1]:
        out.append(part if _ENDS.search(part) and not part.endswith("级") else part + head_of(last, part))
    whose = _WHOSE.match(out[0]) if out else None
    if whose is not None and all(part.endswith("率") for part in [*out, last]):
        out, last = _same_people(whose["who"], out), _same_people(whose["who"], [last])[0]
    return [bare(p) for p in (*out, last)]


_GRADES = re.compile(r"([一二三四五])、([一二三四五])(?=[级类期线])")
_TOWN_AND_COUNTRY = re.compile(
    r"(?:城乡|城、乡|城市(?:和|、|与)农村|城镇(?:和|、|与)农村)(?=[\u4e00-\u9fff]{2,}(?:率|水平|比例|数|寿命|费用|时间)$)"
)
_WHOSE = re.compile(
    r"(?P<who>[^、，]{0,12}(?:岁以下儿童|儿童|患者|妇女|孕产妇|老年人|学生|新生儿|劳动者))[^、，]{2,}率$"
)


def _same_people(who: str, parts: list[str]) -> list[str]:
    """贫血患病率 and 生长迟缓率 after 5岁以下儿童 are both theirs."""
    return [part if _HEADS.search(part) or part.startswith(who) or len(part) < 3 else who + part for part in parts]


_QUALITY = re.compile(r"(?:及时|准确|完整|规范|审核|一致|合格)率")


def each_of(phrase: str, *, apart: bool) -> list[str]:
    """The measures of a list that one value is printed for, each by its full name; empty where it is one measure.

    Whole ones (孕产妇系统管理率、儿童健康管理率) always are several, and so are acts that share only 率 (建卡、建证率);
    groups that share a longer tail (高血压、糖尿病患者规范管理率) only where 均 or 都 says so (`apart`).
    """
    phrase = bare(phrase)
    if such := re.match(r"(?P<such>[^率]*、[^率]*?等)(?P<rest>[^、]+率(?:、|和|与|及).+)$", phrase):
        named = each_of(such["rest"], apart=apart)  # 甲病、乙病等遗传病诊断率、治疗率
        return [such["such"] + named[0], *named[1:]] if named else []
    parts = split_parallel(phrase)
    if not all(re.search(r"(?:率|比例|占比|比重)$", part) for part in parts) and "、" in phrase:
        whole = phrase.split("、")  # …感染者和病人比例、…治疗成功率: 和 stands inside the names
        if all(re.search(r"(?:率|比例|占比|比重)$", part) for part in whole):
            parts = whole
    joined = re.split(r"以及|和|与|及(?!时|格|以)", phrase)
    if (
        len(joined) == 2
        and all(re.search(r"[^、]{2,}率$", part) and "率、" not in part for part in joined)
        and re.search("(?<!率)、", joined[0])
    ):
        return joined  # 甲、乙人群干预覆盖率和检测率
    if not 2 <= len(parts) <= 5:
        return []
    if all(re.fullmatch(r"[^“”《》]{2,}(?:率|比例|占比|比重)", part) for part in parts):
        stem = parts[0].removesuffix("率")
        return [parts[0], *(stem + part if _QUALITY.fullmatch(part) and len(stem) > 1 else part for part in parts[1:])]
    last, others = parts[-1], parts[:-1]
    if not re.search(r"(?:率|比例|占比)$", last) or any(
        is_measure(part) or not 2 <= len(part) <= 14 for part in others
    ):
        return []
    acts = len(last) == 3 and head_of(last, others[-1]) == "率"
    if not (acts or apart) or any(not head_of(last, part) for part in others):
        return []
    return distribute(phrase, len(parts)) or []


_CHANGE_TAIL = re.compile(r"(?:增长率|增长幅度|增幅|增速|降幅|下降率|下降幅度|提升幅度)$")


def _merge(phrase: str, parts: list[str], count: int) -> list[str]:
    """Join neighbours so that `count` members remain: those ending like measures are the true borders."""
    ends = [i for i, p in enumerate(parts) if _ENDS.search(p)]
    if len(ends) != count or ends[-1] != len(parts) - 1:
        return parts
    places, at = [], 0
    for part in parts:
        at = phrase.index(part, at)
        places.append((at, at + len(part)))
        at += len(part)
    merged, start = [], 0
    for end in ends:
        merged.append(phrase[places[start][0] : places[end][1]])
        start = end + 1
    return merged


def head_of(last: str, part: str) -> str:
    """The part of `last` that `part` shares: its head noun (婴儿 and 5岁以下儿童死亡率 share 死亡率)."""
    stem = last.removesuffix("率")
    if 2 <= len(stem) <= 3 and stem != last and len(part) >= len(stem) and set(stem) & set(part[-len(stem) :]):
        return "率"  # 建卡、建证率
    numeral = re.match(r"^[一二三四五六七八九]级", last)
    if numeral and re.fullmatch(r"[一二三四五六七八九]", part):
        return last[1:]
    level = _LEVEL.match(last)
    if level and level.end() > 0 and _LEVEL.fullmatch(part + "x"[:0]):
        return last[level.end() :]
    if (
        level
        and level.end() > 0
        and re.fullmatch(r"[一二三四]级(?:甲等|乙等)?(?:及?以上)?|省级|市级|县级|国家级|城市|农村|城区|乡镇", part)
    ):
        return last[level.end() :]
    for size in (3, 2):  # 初中生新发近视率 and 高中生 share what follows 中生
        if len(part) > size and (at := last.find(part[-size:])) > 0:
            rest = last[at + size :]
            if len(rest) >= 2 and _ENDS.search(rest):
                return rest
    heads = list(_HEADS.finditer(last))
    shared_kind = re.search(_HEADS.pattern + r"$", part) is None
    for head in reversed(heads):
        rest = last[head.start() if shared_kind and head[0] in _KINDS else head.end() :]
        if len(rest) >= 2 and _ENDS.search(rest):
            return rest
    end = re.search(r"(?:[\u4e00-\u9fff]{0,2})(?:率|比例|占比|比重|水平|数|寿命|时间)$", last)
    return end[0] if end else ""


_ADVERBIAL = re.compile(
    r"(?:^|[、，并和或及]|计划|新|全年|年内|累计|共|力争|争取|确保|进一步|持续|继续|积极|加快|再|可|将|要|至少|每年|每月|新增|全省|全市|全县|全区)$"
)


def governing_verb(phrase: str) -> tuple[str, int] | None:
    """The verb a counted thing depends on, with its place; None if there is none.

    The first promising verb governs; a verb that often is part of a name (医师培训, 信息服务) counts only where the phrase
    begins with it, or when there is no other.
    """
    words = patterns()
    seen = [(m[0], m.start()) for m in words.verbs.finditer(phrase)]
    promising = [v for v in seen if v[0] in words.strong]
    solid = [v for v in promising if v[0] not in _MODAL]
    for verb, at in (*solid, *promising):
        if verb not in words.nounish or _ADVERBIAL.search(phrase[:at]):
            return verb, at
    for verb, at in seen:
        if verb in words.weak and (verb not in words.nounish or _ADVERBIAL.search(phrase[:at])):
            return verb, at
    if promising:
        return promising[-1]
    carrying_on = [v for v in seen if v[0] in words.continuing]
    return carrying_on[0] if carrying_on else (seen[-1] if seen else None)
