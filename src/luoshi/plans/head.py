"""What a document says of itself: title, issuer, region, number, dates, period, what it rests on, and whether it is a plan."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

from luoshi.documents import Document
from luoshi.plans import sections
from luoshi.plans.citations import NUMBER, based_on, is_own, normal_number
from luoshi.plans.directory import resolve
from luoshi.plans.model import PlanHead
from luoshi.plans.places import region_of
from luoshi.plans.running_text import RunningText, clean, plain_text, tidy
from luoshi.plans.signature import CN_DIGITS, DATE, Signed, iso_date, signature

_TITLE_END = re.compile(
    r"(?:方案|计划|要点|规划|纲要|意见|通知|办法|行动|安排|清单|台账|分解表?|分工|任务书|责任书|措施|决定|报告|总结|"
    r"情况|条例|规定|细则|制度|标准|解读|说明|问答|公告|通报|函|目标|指南|批复|工程|纪要|规程|预案)(?:[（(][^（）()]{1,30}[）)])*$"
)
_PLAN_WORDS = re.compile(r"方案|计划|要点|规划|纲要|行动|分工|清单|安排|意见|台账")
_LABELS = {
    "title": r"(?:标\s*题|名\s*称|信息名称|文件名称|公文标题)",
    "issuer": r"(?:发布机构|发文机关|发布单位|发文单位|制定机关|发文机构|公开机构|信息来源|公开主体|印发机关|"
    r"发布部门|制文机关)",
    "number": r"(?:文\s*号|发文字号|文件编号|发文号|文件号)",
    "written": r"(?:成文日期|发文日期|印发日期|生成日期|成文时间|发文时间|印发时间|制发日期)",
    "published": r"(?:公开日期|发布日期|发布时间|公布日期|公开时间|日期|时间|更新时间)",
}
_ANY_LABEL = re.compile(
    r"(?:索\s*引\s*号|信息分类|主题分类|主题词|公开方式|公开形式|有效性|生效日期|废止日期|失效|体裁分类|组配分类|"
    r"关键词|内容概述|浏览次数|字号|公开类别|统一编号|组配|公开属性|服务对象|"
    + "|".join(value for value in _LABELS.values())
    + r")\s*[：:]"
)
_BARE_LABEL = re.compile(re.sub(r"\\s\*\[：:\]$", "", _ANY_LABEL.pattern) + r"|文件有效性|有效性|政策解读")
_META_LINE = re.compile(
    _ANY_LABEL.pattern
    + r"|^(?:作\s*者|来\s*[源历]|编\s*辑|记\s*者|责任编辑|信息来源|供稿|发布人|审核)\s*[：:]|\d{1,2}:\d{2}|^\d{4}-\d{2}-\d{2}"
)


def read_head(document: Document, reading: RunningText, intro_end: int) -> PlanHead:
    """The head of the plan. `reading` is its running text, `intro_end` the place where its first numbered part begins."""
    lines = [clean(reading, para.start, para.end).text for para in reading.paras]
    front = [text for text, para in zip(lines, reading.paras, strict=True) if para.start < intro_end]
    body = clean(reading, 0, len(reading.text)).text
    whole = plain_text(document.text)
    head = PlanHead()
    head.title = _title(document, front or lines[:3], body)
    head.kind, head.kind_reason = _kind(head.title, whole, body)
    signed = signature([reading.text[para.start : para.end] for para in reading.paras])
    head.doc_number = _doc_number(whole, front)
    head.published = _published(whole, signed, front)
    head.based_on = based_on(body, head.doc_number)
    head.issuer = _issuer(whole, signed, head, front, lines)
    head.region = region_of(head, body)
    head.based_on = [name for name in head.based_on if not is_own(name, head)]
    head.period_start, head.period_end = _period(head, body)
    return head


# --- title ---------------------------------------------------------------------------------------------------------


def _title(document: Document, front: list[str], body: str) -> str:
    label = labelled_value(plain_text(document.text), "title")
    candidates: list[tuple[float, int, str]] = []
    lines = _joined_titles(front[:400])
    seen = Counter(_bare_title(line) for line in lines)
    for index, line in enumerate(lines[:60]):
        text = _bare_title(line)
        if (
            _HEADING.match(text)
            or not 6 <= len(text) <= 90
            or re.search(r"[。；;!！]", text)
            or sections.DATE_LINE.match(text)
        ):
            continue
        if re.match(r"(?:图解|一图读懂|政策解读)\s*[|｜]", line) or (
            _META_LINE.search(line) and not line.startswith("标题")
        ):
            continue
        score = 0.0
        if _TITLE_END.search(text.rstrip("》")):
            score += 3
        if _PLAN_WORDS.search(text):
            score += 1.5
        if text.endswith("通知"):
            score -= 1.2
        if re.match(r"(?:工作)?(?:实施)?(?:方案|计划|要点|规划|意见|办法|措施)", text):
            score -= 1.5  # the last line of a broken title
        if re.match(r".{2,8}?(?:省|市|县|区|州|旗)|20\d\d年", text):
            score += 0.3
        if text.count("《") != text.count("》"):
            score -= 2
        if re.search(r"20\d\d|“?十[三四五六]五|年度", text):
            score += 0.7
        if re.match(r"关于印发|.{2,30}关于(?:印发|转发|下发)", text):
            score -= 1.0
        if re.search(r"[，,：:]", text) and not _TITLE_END.search(text):
            score -= 1.0
        if text.endswith((":", "：")) or re.match(r"各.{2,60}[:：]$", line):
            score -= 4
        if re.match(r"(?:附件|图解|一图|第[一二三四五六七八九十]+[章节])", text):
            score -= 0.8
        score += 0.4 * min(3, seen[text] - 1)
        candidates.append((score, -index, text))
    best = max(candidates, default=(0.0, 0, ""))
    title = best[2]
    if label and (not title or _bare_title(label) in title or best[0] < 3):
        title = _bare_title(label)
    if best[0] < 1.5 and document.title and _TITLE_END.search(_bare_title(document.title)):
        title = _bare_title(document.title)
    title = _with_years(title, front)
    inner = re.match(r".*?(?:关于)?(?:印发|下发|转发|发布)[《<](.+?)[》>](?:的?通知)?$", title)
    if inner:
        title = inner.group(1)
    wrapped = re.match(
        r"(?:.*?关于(?:印发|下发|转发|发布))?(.{6,}(?:方案|计划|要点|规划|纲要|意见|措施|办法|清单|行动|"
        r"任务)(?:[（(].{2,30}[）)])?)的通知$",
        title,
    )
    if wrapped and "关于" not in wrapped.group(1)[:4]:
        title = wrapped.group(1)
    return title.removeprefix("关于印发")


def _with_years(title: str, front: list[str]) -> str:
    """The title with the years printed in brackets on the line below it: …行动计划 / （2023-2025年）."""
    for line, below in pairwise(front):
        years = re.fullmatch(r"[（(]\s?20\d\d.{1,12}年?[）)]", below.strip())
        if title and _bare_title(line) == title and years and not sections.DATE_LINE.match(below.strip()):
            return title + _bare_title(below)
    return title


def _joined_titles(front: list[str]) -> list[str]:
    """Lines, with a title broken over two or three lines put together."""
    result = list(front)
    for index in range(len(front) - 1):
        if (
            "《" in front[index]
            and "》" not in front[index]
            and "》" in front[index + 1][:20]
            and len(front[index]) <= 50
        ):
            result.append(front[index] + front[index + 1][: front[index + 1].index("》") + 1])
        for count in (2, 3):
            group = front[index : index + count]
            if len(group) == count and all(
                2 <= len(line) <= 40 and not re.search(r"[。；，,:：]", line) for line in group
            ):
                text = "".join(group)
                if (
                    _TITLE_END.search(text)
                    and not _TITLE_END.search(group[0])
                    and not any(sections.is_end_matter(line) for line in group[:-1])
                    and not any(sections.DATE_LINE.match(line) for line in group)
                ):
                    result.append(text)
    return result


def _bare_title(line: str) -> str:
    text = re.sub(r"^(?:标题|名称)[：:]", "", tidy(line).strip())
    text = re.sub(r"[（(]\d{1,3}\s?[页頁P][)）](?=\.|$)|[（(]20\d\d年\d{1,2}月\d{1,2}日(?:印发|发布)?[)）]$", "", text)
    text = re.sub(r"\.(?:docx?|pdf|txt|html?|wps|xlsx?)$", "", text, flags=re.IGNORECASE)
    text = re.sub(r"^[\u4e00-\u9fffA-Za-z]{2,6}[-—_|](?=[\u4e00-\u9fff“《20])", "", text)
    text = re.sub(r"[_\-|—]{1,2}[^_\-|—]{2,20}(?:网|网站|门户|政府|委员会|局)$", "", text)
    return re.sub(r"(?<=[^\x00-\x7f])\s+|\s+(?=[^\x00-\x7f])", "", text).strip(" |")


# --- kind ----------------------------------------------------------------------------------------------------------


_HEADING = re.compile(r"[一二三四五六七八九十]{1,3}、|[（(][一二三四五六七八九十]{1,3}[）)]")
_TELLING = re.compile(
    r"(?m)^\s*[（(]?[一二三四五六七八九十\d]{1,2}[）)、.．]\s*"
    r"(\S{0,12}?(?:出台|起草|制定|编制|修订)(?:的)?(?:背景|依据|过程|目的|意义|必要性)\S{0,8}|政策依据|(?:要)?解决的?(?:主要)?问题"
    r"|(?:政策)?(?:创新|亮点|特点)\S{0,4}|名词解释|(?:政策)?解读机关\S{0,10}|(?:文件)?主要内容)[。：:]?\s*$"
)


def _kind(title: str, whole: str, body: str) -> tuple[str, str]:
    """plan, news, explanation, report or law, with the reason when it is no plan."""
    opening = body[:600]
    told = [m[1] for m in _TELLING.finditer(whole)]
    articles = len(re.findall(r"(?m)^\s*第[一二三四五六七八九十百零\d]{1,5}条", whole))
    if re.search(r"解读|答记者问|问答|起草说明|编制说明|一图读懂|政策说明", title):
        return "explanation", f"The title says it explains another paper: {title[:40]}."
    if articles >= 5 and re.search(r"(?:条例|法|办法|规定|细则|规则)(?:[（(].*[）)])?$", title):
        return "law", f"It is set out in {articles} articles (第…条) under a title of a law or rule."
    if len(told) >= 2 and not _PLAN_WORDS.search(title):
        return "explanation", f"Its headings tell of another paper: {'、'.join(told[:3])}."
    planned = bool(_PLAN_WORDS.search(re.sub(r"行动$", "", title)))
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
        r"(?:\d{1,2}月\d{1,2}日|近日|日前|今天|昨日)[，,].{0,40}(?:召开|举行|印发|发布|启动|获悉|报道)", opening
    ):
        signs.append("it opens like a report of an event")
    if met >= 2:
        signs.append(f"it tells {met} times what a meeting said")
    if re.search(r"(?:记者|通讯员|本报讯|新华社|作者[：:]|来[源历][：:])", whole[:1500]):
        signs.append("it names a reporter or a source")
    if not re.search(r"(?:方案|计划|要点|规划|纲要|通知|意见)(?:[（(][^（）()]*[）)])*$", title) and len(signs) >= 2:
        return "news", "It is news about a plan, not the plan itself: " + ", ".join(signs) + "."
    if not planned and re.match(r"\s*(?:本报|本网|\S{2,8}[网报社])讯|.{0,12}新华社\S{2,6}\d", body):
        return "news", "It opens as a newspaper does (本报讯), with the news of a plan."
    if re.search(r"(?:讲话|致辞|发言)", title):
        return "news", f"The title says it is a speech: {title[:40]}."
    if not planned and not re.search(r"通知|办法|措施|决定|函|目标|章", title) and len(signs) >= 2:
        return "news", "It is news about a plan, not the plan itself: " + ", ".join(signs) + "."
    return "plan", ""


# --- numbers, dates, issuer ----------------------------------------------------------------------------------------


def labelled_value(whole: str, what: str) -> str:
    """The value printed behind a label of a site's information table, empty when the cell is empty."""
    for match in re.finditer(rf"{_LABELS[what]}(?:\s*[：:]\s*\|?|[ \t|]+)[ \t]*([^\n]*)", whole[:6000]):
        colon = re.search(r"[：:]", match.group(0)[: match.start(1) - match.start()])
        before = whole[max(0, match.start() - 1) : match.start()]
        if not colon and before.strip(" |\t\n\u3000"):
            continue  # a word of running text
        value = match.group(1)
        following = _ANY_LABEL.search(value) if colon else _BARE_LABEL.search(value)
        if following:
            value = value[: following.start()]
        value = value.strip(" |\t\u3000")
        if value and (colon or len(value) <= 40):
            return value.split("|")[0].strip()
    return ""


def _doc_number(whole: str, front: list[str]) -> str | None:
    value = labelled_value(whole, "number")
    match = NUMBER.search(value) if value else None
    if match:
        return normal_number(match)
    for line in front[:40]:
        bare = line.strip("（）()【】 ")
        match = NUMBER.fullmatch(bare)
        if match and "《" not in line:
            return normal_number(match)
    return None


def _published(whole: str, signed: Signed, front: list[str]) -> str | None:
    for label in ("written", "published"):
        found = iso_date(DATE.search(labelled_value(whole, label)))
        if found:
            return found
    if signed.date:
        return signed.date
    if signed.alone:
        return signed.alone
    for line in front[:12]:
        match = re.search(r"(20\d\d)[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:\s+\d{1,2}:\d{2})?", line)
        if match and len(line) <= 80:
            return iso_date(match)
    return None


def _issuer(whole: str, signed: Signed, head: PlanHead, front: list[str], lines: list[str]) -> str | None:
    value = labelled_value(whole, "issuer")
    if value and len(value) <= 40:
        return _full_issuer(value, [*front[:12], *lines[:12]])
    if signed.names:
        return "、".join(signed.names)
    for line in [*front[:12], head.title]:
        match = re.match(
            r"((?!为|根据|按照|依据|贯彻|现将)[^《》〈〉<>，。：]{3,40}?(?:委员会|人民政府|局|厅|办公室|部|委|领导小组|指挥部|总工会|协会))关于(?:印发|下发|转发|发布|开展|"
            r"进一步|做好|加强|推进|实施)",
            line,
        )
        if match:
            return match.group(1)
    minutes = re.match(
        r"(.{2,20}?(?:人民政府|委员会|局|领导小组))(?:第?.{0,8}次)?(?:专题|常务|工作|全体|联席)?会议?纪要", head.title
    )
    if minutes:
        return minutes.group(1)
    match = re.match(
        r"(.{2,20}?(?:卫生健康委员会|卫生健康委|卫生健康局|人民政府|医疗保障局|疾病预防控制局|中医药管理局|卫健委|"
        r"卫健局))(?=20\d\d|关于|[“年])",
        head.title,
    )
    if match:
        return match.group(1)
    if head.kind == "news":
        found = re.search(
            r"[，,]\s*([\u4e00-\u9fff]{2,6}(?:省|市|区|县|自治区|州)?(?:卫生健康委(?:员会)?|卫生健康局|卫健委|卫健局|医保局|"
            r"人民政府))(?:召开|举行|印发|发布)",
            whole,
        )
        if found:
            return found.group(1)
    for line in _joined_titles(front[:8]):
        match = re.match(r"([\u4e00-\u9fff、 ]{4,40}?)(?:联合)?印发《", line)
        if match:
            return re.sub(r"(?<=办公[室厅]) *(?=[\u4e00-\u9fff]{2,}办公[室厅])", "、", match.group(1).strip())
    heads = [line.strip() for line in front[:3]]
    for line in heads:
        match = re.match(r"([\u4e00-\u9fff]{4,20}(?:委员会|人民政府(?:办公[室厅])?|局|厅))(?:文件)?$", line)
        if match and resolve(match.group(1)):
            return match.group(1)
    return None


def _full_issuer(value: str, lines: list[str]) -> str:
    """省卫生健康委 of an information table with its place, where the title prints it: 浙江省卫生健康委关于印发…"""
    if re.match(r"[省市县区州旗]", value):
        for line in lines:
            match = re.match(rf"([\u4e00-\u9fff]{{1,10}}{re.escape(value)}(?:员会)?)关于", line)
            if match:
                return match.group(1)
    return value


_CN_YEAR = re.compile(r"二[〇零○Ｏ0][一二三四五六七八九〇零○]{2}(?=年)")


# --- period ---------------------------------------------------------------------------------------------


def _period(head: PlanHead, body: str) -> tuple[int | None, int | None]:
    """First and last year of the plan: from its title, else from what the text sets its goals for."""
    title = _CN_YEAR.sub(lambda m: m[0].translate(CN_DIGITS), head.title)
    span = r"(20\d\d)\s?年?\s?(?:-{1,2}|—{1,2}|–|~|至|到)\s?(20\d\d)"
    match = re.search(span, title) or re.search(rf"{re.escape(title)}》?\s*[（(]{span}年?[）)]", body)
    if match:
        return int(match[1]), int(match[2])
    five = re.search(r"[“\"]?(十三五|十四五|十五五)[”\"]?", title)
    if five:
        end = {"十三五": 2020, "十四五": 2025, "十五五": 2030}[five.group(1)]
        return end - 4, end
    match = re.search(r"(20\d\d)\s?年度?[^总结和与暨及]{0,16}(?:计划|要点|打算|安排)", title) or re.search(
        r"(20\d\d)\s?年度?", title
    )
    if match:
        return int(match[1]), int(match[1])
    match = re.search(r"[\u4e00-\u9fff](20[2-9]\d)[”\"]?", title)
    if match:
        start = int(head.published[:4]) if head.published else None
        return start, int(match[1])
    if head.kind == "news":
        match = re.search(r"召开(20\d\d)年", body)
        if match:
            return int(match[1]), int(match[1])
    written = int(head.published[:4]) if head.published else None
    both = [int(b) for _, b in re.findall(r"(20\d\d)\s?年?[底末]?(?:和|与|、|及)(20\d\d)\s?年", body)]
    horizons = Counter(int(year) for year in re.findall(r"(?:到|至)\s?(20\d\d)\s?年", body))
    horizons.update(int(year) for year in re.findall(r"(?m)^(20\d\d)年[，,]", body) if written and int(year) > written)
    due = Counter(int(year) for year in re.findall(r"(20\d\d)\s?年(?:\d{1,2}月)?底(?:之?前)?", body))
    for found in (horizons, due):
        years = [year for year in found if written is None or year >= written]
        if years:
            vision = (written or min(years)) + 6  # a far year named as often is what comes after the plan
            common = max(years, key=lambda year: (found[year], year <= vision, year))
            return None, max([common, *(b for b in both if both.count(b) >= 0.5 * found[common])])
    unsigned = "\n".join(line for line in body.split("\n") if not sections.DATE_LINE.match(line))
    later = [int(year) for year in re.findall(r"(20\d\d)\s?年\s?\d{1,2}\s?月", unsigned)]
    ahead = [year for year in later if written is not None and written <= year <= written + 6]
    if ahead:
        return min(ahead), max(ahead)
    return None, None
