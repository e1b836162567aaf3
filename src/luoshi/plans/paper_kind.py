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


def kind_of_paper(title: str, whole: str, body: str) -> tuple[str, str]:
    """plan, news, explanation, report or law, with the reason when it is no plan."""
    opening = body[:600]
    told = [m[1] for m in _TELLING.finditer(whole)]
    articles = len(re.findall(r"(?m)^\s*第[一二三四五六七八九十百零\d]{1,5}条", whole))
    if re.search(r"解读|答记者问|问答|起草说明|编制说明|一图读懂|政策说明", title):
        return "explanation", f"The title says it explains another paper: {title[:40]}."
    if articles >= 5 and re.search(r"(?:条例|法|办法|规定|细则|规则)(?:[（(].*[）)])?$", title):
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
    if met >= 2:
        signs.append(f"it tells {met} times what a meeting said")
    if re.search(r"(?:记者|通讯员|本报讯|新华社|作者[：:]|来[源历][：:])", whole[:1500]):
        signs.append("it names a reporter or a source")
    if not re.search(r"(?:方案|计划|要点|规划|纲要|通知|意见)(?:[（(][^（）()]*[）)])*$", title) and len(signs) >= 2:
        return "news", "It is news about a plan, not the plan itself: " + ", ".join(signs) + "."
    told_by = len(re.findall(r"记者|通讯员|据(?:介绍|悉|了解)|日前|近日", body))
    opened = re.match(r"\s*(?:本报|本网|\S{2,8}[网报社])讯|.{0,12}新华社\S{2,6}\d", body)
    if not planned and (opened or re.search(r"(?m)^\s*(?:本报|本网|\S{2,8}[网报社])讯", body[:300])):
        return "news", "It opens as a newspaper does (本报讯), with the news of a plan."
    if not planned and told_by >= 3 and not re.search(r"通知|办法|措施|决定|意见", title):
        return "news", f"It tells {told_by} times what was heard or who heard it (记者, 据介绍, 日前)."
    if re.search(r"(?:讲话|致辞|发言)", title):
        return "news", f"The title says it is a speech: {title[:40]}."
    if not planned and not re.search(r"通知|办法|措施|决定|函|目标|章", title) and len(signs) >= 2:
        return "news", "It is news about a plan, not the plan itself: " + ", ".join(signs) + "."
    handed_in = re.search(r"现(?:将|就)?[^。；]{0,24}(?:述职|汇报|总结|报告)如下", opening)
    if not planned and handed_in and not re.search(r"计划|打算|安排", handed_in[0]):
        return "report", f"It says that it reports: {handed_in[0][:40]}."
    tense = narration.tense(body)
    if tense.reports and not re.search(r"规划|计划|方案|要点|打算|安排|纲要|行动", title):
        return "report", (
            f"It tells what was done: {tense.told} of its {tense.sentences} sentences are in the past tense (了, 已, 同比, "
            f"…持续推进), {tense.asked} ask for something."
        )
    return "plan", ""
