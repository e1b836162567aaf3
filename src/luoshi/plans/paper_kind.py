"""Whether a paper is a plan at all: news, explanations, reports, laws and marking schemes are told apart, with the reason."""

from __future__ import annotations

import re

from luoshi.plans import narration
from luoshi.plans.titles import PLAN_WORDS

_TELLING = re.compile(
    r"(?m)^\s*[（(]?[一二三四五六七八九十\d]{1,2}[）)、.．]\s*"
    r"(\S{0,12}?(?:出台|起草|制定|编制|修订)(?:的)?(?:背景|依据|过程|目的|意义|必要性)\S{0,8}|政策依据|(?:要)?解决的?(?:主要)?问题"
    r"|(?:政策)?(?:创新|亮点|特点)\S{0,4}|名词解释|(?:政策)?解读机关\S{0,10}|(?:文件)?主要内容)[。：:]?\s*$"
)

_PARTS = re.compile(
    r"(?:《[^《》\n]{2,60}》|(?<!本)(?:方案|规划|计划|意见|通知|文件|纲要))(?:正文|全文|内容)?(?:主要|总体|一共|共|总共|由|从)*(?:包括|包含|分为?|涵盖|设|有)?"
    r"(?:\d{1,2}|[一二三四五六七八九十]{1,2})个?(?:大)?(?:部分|章节?|方面)(?:内容|组成|构成)?"
)
_TOLD_OF = re.compile(
    r"(?:\d{1,2}月\d{1,2}日|\d日|近日|日前|今天|昨日|今日|消息)(?:[（(][^（）()]{2,8}[）)])?[，,]?[^。]{0,60}?(?:印发|发布|公布|出台|召开|举行|介绍|透露)|"
    r"(?:联合|近日|日前|正式|今日)(?:制定)?(?:公布|发布|印发|出台)|(?:获悉|据介绍|据了解|据悉)|上一版|版面概览"
)
_DATELINE = re.compile(
    r"(?:[\u4e00-\u9fff]{1,5}[网社报]|消息|据)\S{0,4}?\s?\d{1,2}月\d{1,2}日(?:电|讯|消息)|[（(](?:\S{0,12}?)记者\s?\S{2,12}[）)]"
)
_NAMES_A_PLAN = re.compile(
    r"(?:方案|计划|要点|规划|纲要|通知|意见|措施|办法|清单|台账|安排|打算|分工|分解|分解表)(?:[（(][^（）()]*[）)])*[”》」]?$"
)
_PAPER_TITLE = re.compile(r"(?:方案|计划|要点|规划|纲要|通知|意见|分工|分解表?|清单)(?:[（(][^（）()]*[）)])*$")
# 《指导意见》…提出建设健康乡村的重点任务：a paper opens with the name of another, and with what that one says.
_OPENS_TELLING = re.compile(
    r"\s*(?:该|这份)?《[^《》\n]{2,40}》(?!已经|业经|印发|的通知)[^。\n]{0,50}(?:提出|明确|指出|强调|规定|部署|突出)(?!的)"
)
# 制定本方案, 提出以下实施方案: the paper is one itself.
_OWN = re.compile(
    r"制[定订](?:了)?本|现?(?:制[定订]|提出)(?:以下|如下)|特制[定订]|本(?:方案|规划|计划|纲要|要点|意见)|印发给你们|按照执行"
)
_ABOUT = re.compile(
    r"(?:以下是|下面是)?(?:该|此)(?:方案|规划|计划|文件|意见|通知)的?(?:核心|主要)?(?:内容|特点|亮点|要点)"
)


# 据新华社电, 记者从…获悉, 某报讯（记者某某）: only newspapers write so.
_REPORTER = re.compile(
    r"(?:据)?新华社(?:[\u4e00-\u9fff]{2,4}\d{1,2}月\d{1,2}日)?电|记者\d{0,2}日?从[^。]{2,24}(?:获悉|了解到)|"
    r"(?:研究员|司长|主任|发言人|负责人|局长|教授|书记|所长|院长|巡视员)[\u4e00-\u9fff]{2,3}(?:\d{1,2}日)?(?:还|同时|近日)?(?:表示|介绍|说(?=[，,：:“])|透露)|"
    r"[（(]记者\s?[\u4e00-\u9fff]{1,4}(?:[、 ][\u4e00-\u9fff]{2,4})*[）)]|"
    r"(?:[报网]讯|\d日电|\d日讯)\s?[（(][^（）()]{0,12}记者|[（(][^（）()]{0,12}(?:报|网|社)\S{0,8}记者\s?\S{2,8}[）)]"
)


def _tells_of_a_plan(title: str, body: str, opening: str) -> tuple[str, str] | None:
    """news or explanation, where the words are those of somebody who tells what a plan says; None for anything else."""
    if (reporter := _REPORTER.search(body)) and not re.search(r"给你们|遵照执行|贯彻执行", opening):
        return "news", f"It is news about a plan, not the plan itself: a newspaper tells it ({reporter[0][:20]})."
    headline = re.search(r"(?<!关于)(?:印发|发布|出台|公布|部署|召开|解读)(?!的?通知)", title)
    quoted, named = narration.quotes(body), bool(_NAMES_A_PLAN.search(title)) and not headline
    if (quoted or re.search(r"[定订写]了《", body)) and not named and (parts := _PARTS.search(body)):
        return "explanation", f"It tells what is in another paper: {parts[0][:40]}."
    if not named and not _OWN.search(body) and (opens := _OPENS_TELLING.match(body)):
        return "explanation", f"It opens with what another paper says: {opens[0].strip()[:40]}."
    if not _OWN.search(body) and (about := _ABOUT.search(body)):
        return "explanation", f"It tells what is in another paper: {about[0][:40]}."
    told_of = _TOLD_OF.search(opening) or _DATELINE.search(opening)
    often = "once" if quoted == 1 else f"{quoted} times"
    telling = f"It is news about a plan, not the plan itself: it tells {often} what a plan says"
    if told_of and quoted >= 2 and re.search(r"给你们|遵照执行|贯彻执行", opening) is None:
        return "news", f"{telling} ({told_of[0][:24]})."
    if not named and (quoted >= 3 or (quoted and told_of) or (quoted >= 2 and not _OWN.search(body))):
        return "news", f"{telling}."
    return None


def kind_of_paper(title: str, whole: str, body: str) -> tuple[str, str]:
    """plan, news, explanation, report or law, with the reason when it is no plan."""
    opening = body[:600]
    told = [m[1] for m in _TELLING.finditer(whole)]
    drawn = re.match(r"\s*(?:\S{0,30}\n)?\s*(?:一图读懂|图解|政策解读)\s*[|｜:：]", whole)
    if drawn:
        return "explanation", f"It says that it explains another paper: {drawn[0].strip()[:40]}."
    articles = len(re.findall(r"(?m)^\s*第[一二三四五六七八九十百零\d]{1,5}条", whole))
    if re.search(r"解读|解析|释义|详解|图解|答记者问|问答|起草说明|编制说明|一图读懂|政策说明", title):
        return "explanation", f"The title says it explains another paper: {title[:40]}."
    begun = re.search(r"(?m)^\s*第一条\s*为", whole)
    if (articles >= 5 or (articles >= 3 and begun)) and re.search(
        r"(?:条例|法|办法|规定|细则|规则)(?:[（(].*[）)])?$", title
    ):
        return "law", f"It is set out in {articles} articles (第…条) under a title of a law or rule."
    if len(told) >= 2 and not PLAN_WORDS.search(title):
        return "explanation", f"Its headings tell of another paper: {'、'.join(told[:3])}."
    planned = bool(PLAN_WORDS.search(re.sub(r"行动$", "", title)))
    if re.search(
        r"总结|完成情况|进展情况|工作情况|执行情况|情况(?:的)?(?:报告|通报|汇报)|统计公报|公报$|述职", title
    ) and not re.search(r"计划|打算|安排|要点", title):
        return "report", f"The title says it reports on work done: {title[:40]}."
    marks = len(re.findall(r"[扣得加计]\s?\d+(?:\.\d+)?\s?分|得满分|不得分", body))
    if re.search(r"(?:考核|考评|评分|评价|评估)(?:实施)?(?:细则|标准|办法|指标|体系|表|指南)", title) and marks >= 3:
        return "scoring", f"It sets marks for an assessment ({marks} rules such as 扣…分), not work to be done."
    met = len(re.findall(r"会议(?:强调|指出|要求|明白|明确|认为|提出)|(?:陈述|报告|讲话)指出", body))
    signs = []
    if re.search(
        r"(?:\d{1,2}月\d{1,2}日|近日|日前|今天|昨日)[，,].{0,40}?|\d{1,2}日(?:召开|举行|印发|发布|启动|获悉|报道)",
        opening,
    ):
        signs.append("it opens like a report of an event")
    if re.search(
        r"\d{1,2}日?在[\u4e00-\u9fff]{1,6}(?:透露|表示|介绍|说|举行|召开|发布|启动)|[”会]在\S{1,4}(?:召开|举行|启动)",
        opening,
    ):
        signs.append("it tells where something was held or said")
    if re.search(r"上一版|版面概览|本报首页|责任?编辑[：:]|新闻发布会|网讯|报讯", whole[:1500]):
        signs.append("it stands as news do on a page of them")
    if met >= 2:
        signs.append(f"it tells {met} times what a meeting said")
    if re.search(r"(?:记者|通讯员|本报讯|新华社|作者[：:]|来[源历][：:])", whole[:1500]):
        signs.append("it names a reporter or a source")
    if not _PAPER_TITLE.search(title) and len(signs) >= 2:
        return "news", "It is news about a plan, not the plan itself: " + ", ".join(signs) + "."
    told_by = len(re.findall(r"记者|通讯员|据(?:介绍|悉|了解)|日前|近日", body))
    opened = re.match(r"\s*(?:本报|本网|\S{2,8}[网报社])讯|.{0,12}新华社\S{2,6}\d", body)
    if not planned and (opened or re.search(r"(?m)^\s*(?:本报|本网|\S{2,8}[网报社])讯", body[:300])):
        return "news", "It opens as a newspaper does (本报讯), with the news of a plan."
    if not planned and told_by >= 3 and not re.search(r"通知|办法|措施|决定|意见", title):
        return "news", f"It tells {told_by} times what was heard or who heard it (记者, 据介绍, 日前)."
    if telling := _tells_of_a_plan(title, body, opening):
        return telling
    if re.search(r"(?:讲话|致辞|发言)", title):
        return "news", f"The title says it is a speech: {title[:40]}."
    if not planned and not re.search(r"通知|办法|措施|决定|函|目标|章|分解", title) and len(signs) >= 2:
        return "news", "It is news about a plan, not the plan itself: " + ", ".join(signs) + "."
    handed_in = re.search(r"现(?:将|就)?[^。；]{0,24}(?:述职|汇报|总结|报告)如下", opening)
    if not planned and handed_in and not re.search(r"计划|打算|安排", handed_in[0]):
        return "report", f"It says that it reports: {handed_in[0][:40]}."
    tense = narration.tense(body)
    if tense.reports and not _OWN.search(opening) and not re.search(r"规划|计划|方案|要点|打算|安排|纲要|行动", title):
        return "report", (
            f"It tells what was done: {tense.told} of its {tense.sentences} sentences are in the past tense (了, 已, 同比, "
            f"…持续推进), {tense.asked} ask for something."
        )
    return "plan", ""
