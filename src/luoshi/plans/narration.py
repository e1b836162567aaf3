"""Whether words tell what was done or ask for what is to be done: 组建了3个医共体, 建设持续推进 against 应, 力争.

A report and a plan share their subjects, their verbs and their figures; what parts them is the tense. Chinese marks it by
了, 已, 先后, 同比, 一年来 and by headings that end on how things went (医改纵深推进), while work ahead is marked by words
of duty, by dates to come and by who answers for it. One sentence says little; the shares over a text say it well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOLD = re.compile(
    r"(?<![为除罢明])(?<!提出)(?<!确定)(?<!设定)(?<!规定)了(?![解然结不])|(?<![自而早业])已(?!建成的|有的|发布|出台|印发)|以来|[一两二三四五六七八九十近]年来|去年|"
    r"截[至止]|据(?:介绍|悉|了解|统计)|先后|累计|过去的?[一五]年|圆满|荣获|获评|获批|被(?:评为|授予|列为|确定)|得到(?:了)?(?:有效|进一步|明显|显著|切实|全面|极大)|取得(?!.{0,8}(?:目标|突破性))|"
    r"位[居列]|年末|(?:[较比](?:上年|去年)|同比|环比)|顺利(?:通过|完成|实施)|成功(?:创建|创成|举办|通过|入选)|基本形成(?=。|$)|"
    r"(?:率|比例|占比|水平)(?:仅)?为\d|(?:由|从)(?:19|20)\d{2}年的"
)
_WENT = (
    r"(?:持续|不断|稳步|纵深|有效|显著|明显|进一步|全面|扎实|有序|有力|日益|逐步|更加|大幅|深入|加快|切实)(?:得到)?"
    r"(?:推进|提升|增强|提高|改善|加强|巩固|拓展|优化|夯实|完善|显现|深化|好转|向好|提速|提质|完备|健全|发展|落实|铺开|展开)"
)
_WENT_WELL = re.compile(rf"[^，。；：]{{3,24}}{_WENT}$")
_ITEM = re.compile(r"^(?:[（(]?[一二三四五六七八九十\d]{1,3}[）)、.．]|[一二三四五六七八九十]是)\s*")
_IMPERATIVE = re.compile(
    r"^(?:进一步|持续|全面|着力|深入|扎实|加快|积极|大力|切实|稳步|不断)?(?:加强|推进|推动|完善|建立|健全|落实|强化|深化|开展|实施|做好|提升|提高|优化|巩固|抓好|促进)"
)
_ASKED = re.compile(
    r"(?<![需重主紧必只纲概摘简扼首提])要(?![求点素闻件务])|应当|必须|须|确保|力争|争取|不得|(?<!截)[到至](?:19|20)\d{2}年(?!的)|"
    r"年底?之?前|月底?之?前|不低于|不少于|责任(?:单位|部门|科室)|牵头(?!完成|开展|制定|组织)|分别负责|负责[）)]|按职责|以内|不超过|力求|努力|下一步|"
    r"明年|今后|将(?!军)|拟(?!合)"
)
_SENTENCES = re.compile(r"[。；;！\n]")
_PLANNED = re.compile(r"打算|计划|安排|下一步|下步|明年|今后|思路|来年|下阶段|工作重点|努力方向")


@dataclass(frozen=True)
class Tense:
    """How many sentences a text has, how many of them only tell what was done, and how many ask for something."""

    sentences: int
    told: int
    asked: int

    @property
    def reports(self) -> bool:
        """Whether the text as a whole tells what was done: a fifth of its sentences at least, twice what it asks for."""
        return self.told >= 3 and self.told >= 0.2 * self.sentences and self.told + 0.5 >= 2 * (self.asked + 0.5)

    @property
    def clearly_told(self) -> bool:
        """The same for a part of a paper, which is shorter: nothing is asked for in it."""
        return self.told >= 2 and self.told >= 0.34 * self.sentences and not self.asked


def tense(text: str) -> Tense:
    """The tense of a text by its sentences; those of less than eight characters are not counted."""
    count = told = asked = 0
    for sentence in _SENTENCES.split(text):
        bare = _ITEM.sub("", re.sub(r"\s", "", sentence))
        if len(bare) < 8:
            continue
        count += 1
        asks = bool(_ASKED.search(bare))
        asked += asks
        told += not asks and (bool(_TOLD.search(bare)) or went_well(bare))
    return Tense(count, told, asked)


def went_well(heading: str) -> bool:
    """Whether a heading says how things went (综合医改纵深推进) instead of what is to be done (纵深推进综合医改)."""
    return bool(_WENT_WELL.fullmatch(heading)) and not _IMPERATIVE.match(heading)


def tells(sentence: str) -> bool:
    """Whether one sentence tells what was done and asks for nothing."""
    return bool(_TOLD.search(sentence)) and not _ASKED.search(sentence)


# 《规划》提出, 行动方案还明确, 此次意见要求: somebody tells what a paper says; a paper says it of itself by 本方案 only.
_QUOTES = re.compile(
    r"(?:^|[。；，：,;:\n”—])\s*(?!为|根据|按|依|落实|贯彻|对照|围绕|参照|结合|遵照|符合|本)[^。；，：,;:\n]{0,24}?"
    r"(?:《[^《》\n]{2,60}》(?:等\S{0,4})?(?:[（(][^（）()\n]{2,24}[）)])?|(?:规划|纲要|方案|计划|意见|文件|通知|政策)(?=[^，。；,;]))"
    r"(?:的?通知)?[，,]?(?:中|里|特别|首次|着重|同时|进一步|又|还|也|则|均|都)*"
    r"(?:提出|提到|明确|要求|指出|强调|部署|显示|规定|称(?=[，,：:“])|确定|设定|细化|列出|说(?=[，,：:“])|表示)|"
    r"(?:印发|发布|下发|出台)(?:了)?[^。；，,\n]{0,20}(?:通知|意见|方案|计划|规划|文件)[，,](?:明确|要求|提出)"
)


def quotes(text: str) -> int:
    """How many times a text tells what a plan says (《规划》提出…), as news and explanations do."""
    return len(_QUOTES.findall(text))


# 根据《方案》，到2025年底: what follows is read out of it.
_CITES = re.compile(r"(?:根据|按照?|依照|依据)(?:了)?《[^《》\n]{2,60}》")
_GOALS = re.compile(r"目标(?:是|为|包括|如下|有)?[：:，,]|(?<!截)[到至](?:19|20)\d{2}年(?!的)|力争")


def sets_goals(paragraph: str) -> bool:
    """Whether a paragraph names what is to be reached, or when: 具体目标包括：, 到2030年."""
    return bool(_GOALS.search(paragraph))


def opens_goals(paragraph: str) -> bool:
    """Whether a paragraph announces a list of goals: 到2027年，实现以下主要目标："""
    return sets_goals(paragraph) and paragraph.rstrip().endswith((":", "："))


def quoting(paragraph: str, before: bool) -> bool:
    """Whether a paragraph of news gives what a plan says: it names the plan, or goes on after one that did (`before`)."""
    if quotes(paragraph) or _CITES.search(paragraph) or sets_goals(paragraph):
        return True
    return before and not tense(paragraph).told


def looks_ahead(heading: str) -> bool:
    """Whether a heading announces work to come: 下一步工作打算, 2025年重点工作安排."""
    return bool(_PLANNED.search(heading))


_YEAR_OF_HEADING = re.compile(r"(?:19|20)\d{2}(?=年)|(?<=[“\"])十[二三四五](?=五)")
_FIVE = {"十二": 2015, "十三": 2020, "十四": 2025, "十五": 2030}


def past_heading(heading: str, begins: int | None) -> bool:
    """Whether a heading names only years before the plan begins and no goal: 2024年主要工作 in a plan for 2025."""
    years = [_FIVE.get(found) or int(found) for found in _YEAR_OF_HEADING.findall(heading)]
    return bool(begins and years) and max(years) < (begins or 0) and not looks_ahead(heading)
