"""Why a number is no promise: reported results, advice to persons, limits, marks, procedure, clinical values, bases."""

from __future__ import annotations

import re

from luoshi.plans import metrics
from luoshi.plans.frames.site import PER_TIME, SIZE_UNITS, Site
from luoshi.plans.words import patterns

# Markers that report only within their own clause; the others report to the end of the sentence or the next goal.
_CLAUSE_PAST = frozenset(
    (
        "仅有",
        "仅为",
        "只有",
        "现有",
        "共有",
        "已有",
        "已建",
        "现已",
        "累计",
        "已经",
        "已超过",
        "已突破",
        "高达",
        "已达",
        "已完成",
        "已实现",
        "荣获",
        "获得了",
    )
)
_GOAL = re.compile(r"[到至](?=(?:19|20)\d{2}年(?!的))|力争|确保|争取|努力|目标|计划|下一步|今年|20\d{2}年(?:底|前|末)")
_COMPARED = frozenset(("上年", "去年", "上一年", "往年", "同比", "环比"))
_THAN = re.compile(r"(?:[较比与同][前了]?(?:上年|去年|上一年|往年)|同比|环比)$")
_CHANGES = re.compile(
    r"(?:度|末|底|同期)?(?:相比|水平)?(?:力争|至少|再|平均|均|分别)*(?:提高|提升|增长|增加|上升|下降|降低|减少|缩短|压减|压缩)[^，。；]{0,8}$"
)
_RAISED = re.compile(
    r"(?:度|末|底|同期)?(?:相比|水平)?(?:力争|至少|再|平均|均|分别)*(?:提高|提升|增长|增加|上升|下降|降低|减少|缩短|压减|压缩)"
)
_DATED_GOAL = re.compile(r"[^，。；截]{0,6}(?<!截)[到至]20\d{2}年")
_MONEY = re.compile(r"标准|经费|补助|投入|资金|收入|支出|费用|产值|规模|投资|筹资|额|费(?!心|力|时)|补贴|增收|结余")
_SPENT_TIME = re.compile(r"时间|时长|时限|住院日|天数|半径|时段|响应|等候|周期|活动|锻炼|睡眠|学习|培训|服务")


def reason(site: Site) -> str:
    """A reason in plain words, or nothing when the grammar may go on."""
    past = "" if site.context.told else _told(site) or _past(site)
    return _shape(site) or _scoring(site) or _funding(site) or past or _measure(site)


_TRIGGERS = re.compile(r"[^，。；]{0,24}(?:的|时|后)?[，]?(?:时|的)[，]?(?:应|须|要|即|立即|及时|可|予以|给予|由)")


def _shape(site: Site) -> str:
    words = patterns()
    left, right, unit = site.left, site.right, site.first.unit.lstrip("万亿")
    tail = left[-8:]
    if site.first.op in (">=", "<=", ">", "<") and not site.first.is_share and _TRIGGERS.match(right):
        return "a threshold that sets something off"
    if re.match(r"^(?:[A-Za-z/]|mm|:|℃|°)", right) and not re.match(r"^(?:ICU|CT|DR|B超|AED|MR)", right):
        return "a clinical or technical measure"
    limited = words.limits.search(left)
    if limited and unit not in ("%", "‰") and not re.search(r"每[^，。]{0,8}$|(?:达到|控制在)$", left):
        return "a limit of whom or what is meant"
    if unit in ("岁", "周岁") and not re.search(r"寿命|平均年龄|年龄中位", left + site.context.previous_clause):
        return "an age that scopes a population"
    if unit in ("年", "个月", "周", "天", "日") and re.search(r"(?:每|近|未来|过去|前|后|满|为期|期限|第)$", tail):
        return "a duration"
    if unit == "年" and not re.search(r"寿命|时间|年限", left):
        return "a duration"
    if re.search(r"(?:^|[，；])在[^，；]*$", left) and re.search(r"基础上", right):
        return "the base a promise builds on"
    if re.search(r"有效期|保质期|试用期|公示期|建设周期|任期", left):
        return "a duration that is set, not a result"
    if re.search(r"(?:第|十[二三四五六]|“十|[A-Za-z])$", tail) and not re.search(r"(?:ICU|CT|DR|AED|MR)$", tail):
        return "part of a name"
    return ""


_MARKED = re.compile(r"得满分|不得分|得\d+(?:\.\d+)?分(?!以上)|酌情扣|[扣减]\d+(?:\.\d+)?分|扣完为止")


def _around(site: Site) -> str:
    """The words around the number up to the next full stop or semicolon, without brackets unless it stands in them."""
    text, first = site.context.text, site.first.start
    start = max(text.rfind(mark, max(0, first - 120), first) for mark in "。；\n") + 1
    ends = [at for mark in "。；\n" if (at := text.find(mark, first)) >= 0]
    end = min([*ends, first + 120, len(text)])
    if text.count("（", start, first) > text.count("）", start, first):
        return text[start:end]
    before, after = re.sub(r"（[^（）]*）", "", text[start:first]), re.sub(r"（[^（）]*）", "", text[first:end])
    return before + after


def _scoring(site: Site) -> str:
    left, right, unit = site.left, site.right, site.first.unit
    clause, sentence = site.clause(), site.before()
    if _MARKED.search(_around(site)):
        return "marks in a scoring table"
    marks = re.search(r"[扣得加减记计]\d+(?:\.\d+)?分", clause)
    given = re.search(r"(?:得|扣|记|计|加|减|满分|各|共|每\S{0,4}|总分|分值)$", left[-8:])
    if unit == "分" and (given or re.search(r"扣|得分|分值|满分", right[:6])):
        return "marks in a scoring table"
    if marks and (unit in ("分", "项", "个", "次", "") or re.match(r"^[，、的]?[扣得加减记计]", right)):
        return "marks in a scoring table"
    if marks and re.search(r"每(?:发现|缺|少|超|有|出现|差|降低|减少|漏|下降|低)[^，；]*$", left):
        return "marks in a scoring table"
    if re.search(r"评分标准|评分细则|计分办法|扣分标准|考核分值", sentence):
        return "marks in a scoring table"
    return ""


_PAYERS = r"(?:中央|省|市|县|区|州|旗|乡镇?|地方|各级|本级|财政|个人|集体|医保(?:基金)?)"
_SHARED_OUT = re.compile(
    rf"{_PAYERS}(?:级|本级)?(?:财政)?(?:资金|经费|按)?(?:补助|配套|承担|分担|负担|出资|筹集)(?:比例|资金|经费)?(?:的|为|约)?$"
)
_PAYER_ONLY = re.compile(rf"(?:其中)?{_PAYERS}(?:级|本级)?(?:财政|资金)?(?:为|约)?")  # 中央财政71.2元、省级10.68元
_PAID = re.compile(r"(?:扣减|扣除|扣拨|扣发|核减|预拨|暂扣|先行拨付)(?:[^，；。达不]{0,6})$")
_BUDGET = re.compile(
    r"(?:共需|总需|合计需|预计需|约需|所需)(?:要)?(?:投入|安排)?(?:经费|资金|投资)?(?:总额)?(?:约|为|共)*$"
)
_SUBSIDY = re.compile(
    r"每(?:个|所|家|室|村|站|点|处|例|床|张|辆|套|台|户)"
    r"[\u4e00-\u9fff]{0,6}?(?:补助|奖补|补贴)(?:标准)?(?:为|约)?$"
)
_GIVEN = re.compile(r"(?:给予|发放|享受)[^，。；]{0,16}(?:补助|补贴|奖励|奖补|资助|津贴)(?:金|费)?$")
_GIVEN_BEFORE = re.compile(_GIVEN.pattern[:-1] + r"\d")
_QUOTED = re.compile(r"(?:按照?|根据|依照|对照|依据)[“\"][^”\"]*$")
_QUOTED_END = re.compile(r"^[^“”\"]{0,40}[”\"]的?(?:要求|标准|原则|规定|条件|规范)")


def _funding(site: Site) -> str:
    """How money is shared out, summed up or withheld, and standards quoted from elsewhere."""
    left, unit = site.left, site.first.unit
    if site.first.is_share and _SHARED_OUT.search(left):
        return "a share of funding"
    if site.first.is_share and _PAID.search(left):
        return "a rule of payment"
    if unit.endswith("元") and (_SHARED_OUT.search(left) or _PAYER_ONLY.fullmatch(left.strip("，、"))):
        return "a share of funding"
    if unit.endswith("元") and re.match(r"(?:经费|资金)(?:重点|主要|全部|统筹)?(?:用于|支持)", site.right):
        return "where money goes"
    if unit.endswith("元") and _BUDGET.search(left):
        return "the sum of a budget"
    if unit.endswith("元") and (_SUBSIDY.search(left) or _GIVEN.search(left)):
        return "a rate of subsidy"
    if (
        unit.endswith("元")
        and _GIVEN_BEFORE.search(site.context.previous_clause)
        and re.fullmatch(r"[\u4e00-\u9fff]{2,8}", left)
    ):
        return "a rate of subsidy"
    if unit == "分" and re.match(r"(?:[及含]?以[上下])?的(?:[，,]|$)", site.right):
        return "a condition that limits a group, not a promise"
    if site.first.is_share and re.match(r"的?[^，。；]{0,16}挂钩", site.right):
        return "a rule of payment"
    text, first = site.context.text, site.first
    if unit in SIZE_UNITS and _QUOTED.search(text[max(0, first.start - 60) : first.start]):
        quoted = _QUOTED_END.match(text[first.end : first.end + 60])
        return "a standard quoted from elsewhere" if quoted else ""
    return ""


_TOLD = re.compile(
    r"(?:较好|圆满|顺利|全面|超额)?完成了|取得了?(?:显著|明显|积极|良好)?(?:成效|进展|成绩)|(?:程度|趋势)(?:持续|不断|进一步)?(?:加深|加重|加剧)"
)
_FACT = re.compile(r"岁(?:及)?以上(?:老年)?人口占|老龄化率|城镇化率|户籍人口|常住人口(?:达|为)")
_OTHERS = re.compile(r"(?:世界卫生组织|联合国|国际社会)[^。；]{0,12}(?:提出|倡议|发布|通过|呼吁)[^。；]{0,40}$")
_AVERAGE = re.compile(
    r"(?:低于|高于|超过|超出|优于|多于|少于)(?:同期)?(?:全国|全省|全市|同类|世界)[^，。]{0,4}(?:平均|水平)"
)


# 医师数已提升至3.6人 · 根据2024年末的数据，…: how things stand.
_HAS_GONE = re.compile(r"已经?(?:稳步|逐步)?(?:提升|提高|增加|增长|上升|扩大|下降|降低|降|减少)[至到为]$")
_BY_FIGURES = re.compile(
    r"(?:根据|据)[^，。；]{0,16}(?:年末|年底|最新|统计|监测|普查)[^，。；]{0,6}数据|(?:数据|统计|监测|调查(?:结果)?)显示"
)
_FORECAST = re.compile(r"如果(?:得不到|不)|若不|据?预测(?:显示|表明)?[，,]|得不到(?:有效)?(?:遏制|控制|干预)")
_LISTED = re.compile(r"(?:提出|明确|确定|部署|列出|设定|设置|设|提炼|细化|分解|规定)了?$")
_NARRATED = re.compile(r"(?:推进落实|涉及|围绕)$|(?:提出|明确|强调|介绍|部署|列出|指出|规定|梳理|回顾)了$")
# 每年新发病人145万例，其中传染性病人65万: how many fall ill, which nobody promises.
_FALL_ILL = re.compile(
    r"(?:(?:新(?:发|发现|报告)(?!放|行|病率)|存活|死于|所致的?死亡|导致的?死亡)[^，。；达超]{0,12}?(?:病人|患者|病例|人数|感染者|例数|病)?"
    r"|新增[^，。；达超]{0,12}?(?:病人|患者|病例|感染者|例数|病|癌|炎))(?:约为?|近|为|有|超过?|达)?$"
)
_OF_A_PAPER = re.compile(r"^[^，。；、]{0,10}?(?:指标|目标|任务|措施|举措|要求|部分|方面|内容|政策|意见)(?![率数体])")


def _told(site: Site) -> str:
    """Facts of a situation: the population's make-up, distances to an average, shortages, closing words of a report."""
    if _HAS_GONE.search(site.left) or _BY_FIGURES.search(site.before()):
        return "how things stand by now"
    if _FORECAST.search(site.before()):
        return "a forecast of what happens if nothing is done"
    if not site.first.is_share and (
        _NARRATED.search(site.left) or (_LISTED.search(site.left) and _OF_A_PAPER.match(site.right))
    ):
        return "what a paper lists"
    if site.first.unit.lstrip("万亿") in ("例", "人", "名", "") and site.first.unit and not _GOAL.search(site.before()):
        ill = site.context.previous_clause + site.left if site.left.startswith("其中") else site.left
        if _FALL_ILL.search(site.left) or (ill != site.left and _FALL_ILL.search(re.sub(r"\d.*$", "", ill))):
            return "how many fall ill"
    context = site.context
    after = context.text[site.run[-1].end : site.run[-1].end + 60]
    after = re.split(r"[。！？\n]", after, maxsplit=1)[0]
    if _TOLD.search(after):
        return "reported, not promised (closing words of a report)"
    if _OTHERS.search(site.before()):
        return "a goal of others, told"
    if re.match(
        r"[^，。；]{0,6}，(?:高于|低于|优于|超过|快于)(?:同期)?(?:全国|全省|全市|同类|国家)[^，。；]{0,6}(?:平均|水平)",
        after,
    ) and not _GOAL.search(site.before()):
        return "a fact of the situation"
    if _FACT.search(site.left) or _AVERAGE.search(site.left):
        return "a fact of the situation"
    if re.search(r"(?:不足|尚未达到|仅|只有|仍有|还有|缺口)$", site.left):
        return "a shortage told"
    return ""


def _past(site: Site) -> str:
    words = patterns()
    before = site.before()
    clause = site.before(clause=True)
    clause = re.sub(r"[适事便相]宜", "", clause)
    goal = _DATED_GOAL.match(before) and re.search(r"(?:不[低高少多]于|不超过)$", site.left)
    told = words.advice.search(before) and site.first.unit in ("克", "毫克", "毫升", "杯", "千克")
    if not goal and (told or (words.advice.search(clause) and not re.search(r"率|比例|水平", site.left))):
        return "advice to persons"
    own_verb = words.comparator.search(site.left)
    speaks = metrics.governing_verb(site.left) or (own_verb and (own_verb["verb"] or own_verb["compare"]))
    past = None
    for match in words.past.finditer(before):
        if match[0] in _CLAUSE_PAST and re.search(r"[，；：]", before[match.end() :]) and speaks:
            continue
        if before[: match.start()].endswith(("从", "由", "在", "较", "比", "与")) and not before[
            : match.start()
        ].endswith("占比"):
            continue  # 从目前的60%提高到…: where the way begins
        if match[0] in _COMPARED and _THAN.search(before[: match.end()]) and _CHANGES.match(before[match.end() :]):
            continue  # 较上年提高2个百分点: what the promise is held against
        if (
            match[0] in _COMPARED
            and site.context.previous is not None
            and match.end() < len(before)
            and (_RAISED.match(before[match.end() :]))
        ):
            continue  # 签约率较上年提高2个百分点，续约率达到90%: the promise before was held against it
        past = match
    if past is None:
        return ""
    if past[0] == "累计":
        stated = (own_verb is not None and own_verb["compare"]) or site.context.previous is not None
        reaches = own_verb is not None and own_verb["verb"] == "达到"  # 累计达到500种 without 已 is an idiom of plans
        if re.search(r"以来[，,]?[^。；]*$", before[: past.start()]):
            return "reported, not promised (以来)"
        if stated or reaches or re.search(r"(?:19|20)\d{2}年|年底|年内|全年|力争|确保|\d年累计", before):
            return ""
    since = before[past.end() :]
    if past[0] in ("截至", "截止"):
        since = re.sub(r"^[到至]?(?:(?:19|20)\d{2}年)?(?:\d{1,2}月)?(?:\d{1,2}日)?(?:底|末|年底)?", "", since)
    return "" if _GOAL.search(since) else f"reported, not promised ({past[0]})"


def _measure(site: Site) -> str:
    first, left = site.first, site.left
    unit = first.unit.lstrip("万亿")
    if unit in ("个工作日", "工作日", "日", "天", "小时", "分钟", "个小时"):
        compared = patterns().comparator.search(left)
        weekly = PER_TIME.search(left) and compared is not None and compared["compare"]
        spent = site.context.previous
        if spent is not None and spent.unit == first.unit and compared is not None and site.follows():
            return ""  # 城区…反应时间控制在9分钟以内，乡镇控制在15分钟以内
        if not weekly and not _SPENT_TIME.search(metrics.bare(left)) and not _SPENT_TIME.search(site.headed()):
            return "a term of procedure"
    if unit == "元" and re.match(r"的?标准", site.right):
        return ""
    if unit == "元" and not _MONEY.search(left) and not _MONEY.search(site.context.previous_clause):
        return "an amount of money that nothing promises"
    return ""
