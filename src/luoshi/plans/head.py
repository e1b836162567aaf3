"""What a document says of itself: title, issuer, region, number, dates, period, what it rests on, and whether it is a plan."""

from __future__ import annotations

import re
from collections import Counter

from luoshi.documents import Document
from luoshi.plans import sections
from luoshi.plans.citations import NUMBER, based_on, is_own, normal_number
from luoshi.plans.directory import resolve
from luoshi.plans.labels import labelled_value
from luoshi.plans.model import PlanHead
from luoshi.plans.paper_kind import kind_of_paper
from luoshi.plans.places import region_of
from luoshi.plans.running_text import RunningText, clean, plain_text
from luoshi.plans.signature import CN_DIGITS, DATE, Signed, iso_date, signature
from luoshi.plans.titles import joined_titles, title_of


def read_head(document: Document, reading: RunningText, intro_end: int) -> PlanHead:
    """The head of the plan. `reading` is its running text, `intro_end` the place where its first numbered part begins."""
    lines = [clean(reading, para.start, para.end).text for para in reading.paras]
    front = [text for text, para in zip(lines, reading.paras, strict=True) if para.start < intro_end]
    body = clean(reading, 0, len(reading.text)).text
    whole = plain_text(document.text)
    head = PlanHead()
    head.title = title_of(document, front or lines[:3], body)
    head.kind, head.kind_reason = kind_of_paper(head.title, whole, body)
    signed = signature([reading.text[para.start : para.end] for para in reading.paras])
    head.doc_number = _doc_number(whole, front)
    head.published = _published(whole, signed, front)
    head.based_on = based_on(body, head.doc_number)
    head.issuer = _issuer(whole, signed, head, front, lines)
    head.region = region_of(head, body)
    head.based_on = [name for name in head.based_on if not is_own(name, head)]
    head.period_start, head.period_end = _period(head, body)
    return head


# --- numbers, dates, issuer ----------------------------------------------------------------------------------------


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
    for line in front[:12]:
        bracket = re.search(r"[（(]([^（）()\s]{2,10}\s?[〔\[]\d{4}[〕\]]\d{1,4}号)[^（）()]{0,14}[）)]$", line.strip())
        match = (
            NUMBER.search(bracket[1]) if bracket and ("通知" in line or line.strip().startswith(("(", "（"))) else None
        )
        if match:
            return normal_number(match)
    for line in front[:6]:
        beside = _BESIDE.search(line.strip())  # printed on the line of the title
        match = NUMBER.search(beside["number"] or beside["below"]) if beside else None
        if match:
            return normal_number(match)
    return None


_BESIDE = re.compile(
    r"^(?P<number>[\u4e00-\u9fff]{2,10}\s?[〔\[（(【]\s?20\d\d\s?[〕\]）)】]\s?\d{1,4}\s?号)\s*(?=[\u4e00-\u9fff]{4,30}关于)|"
    r"(?<=文件)\s*(?P<below>[\u4e00-\u9fff]{2,8}\s?[〔\[（(【]\s?20\d\d\s?[〕\]）)】]\s?\d{1,4}\s?号)"
)


def _published(whole: str, signed: Signed, front: list[str]) -> str | None:
    if written := iso_date(DATE.search(labelled_value(whole, "written"))):
        return written
    if signed.date or signed.sent:
        return signed.date or signed.alone
    if shown := iso_date(DATE.search(labelled_value(whole, "published"))):
        return shown
    if signed.alone:
        return signed.alone
    for line in front[:12]:
        match = re.search(r"(20\d\d)[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:\s+\d{1,2}:\d{2})?", line)
        if match and len(line) <= 80:
            return iso_date(match)
    return None


def _issuer(whole: str, signed: Signed, head: PlanHead, front: list[str], lines: list[str]) -> str | None:
    value = labelled_value(whole, "issuer")
    if value and signed.names and re.search(r"[（(].*办公[室厅][）)]$", value):
        return "、".join(signed.names)  # 某区政府（政府办公室）: the signature says which of the two
    if value and len(value) <= 40:
        return _full_issuer(value, [*front[:12], *lines[:12]], signed.names)
    if signed.names:
        return "、".join(signed.names)
    for line in [*front[:12], head.title]:
        match = re.match(
            r"((?!为|根据|按照|依据|贯彻|现将)[^《》〈〉<>，。：]{3,40}?(?:委员会|人民政府|局|厅|办公室|部|委|领导小组|指挥部|总工会|协会))关于(?:印发|下发|转发|发布|开展|"
            r"进一步|做好|加强|推进|实施)",
            line,
        )
        if match:
            return re.sub(r"^.*?文件.*?号", "", match.group(1)) or match.group(1)
        match = re.match(
            r"([\u4e00-\u9fff]{2,20}(?:人民政府(?:办公[室厅])?|委员会|公署|卫生健康委|局))印发(?!《)[^，。]{6,}的通知",
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
    for line in joined_titles(front[:8]):
        match = re.match(r"([\u4e00-\u9fff、 ]{4,40}?)(?:联合)?印发《", line)
        if match:
            name = re.sub(
                r"(?:关于|近日|日前|今日|今天|昨日|正式|制定|研究|共同|\d{1,2}月\d{1,2}日)+$",
                "",
                match.group(1).strip(),
            )
            return re.sub(r"(?<=办公[室厅]) *(?=[\u4e00-\u9fff]{2,}办公[室厅])", "、", name)
    heads = [line.strip() for line in front[:3]]
    for line in heads:
        match = re.match(r"([\u4e00-\u9fff]{4,20}(?:委员会|人民政府(?:办公[室厅])?|局|厅))(?:文件)?$", line)
        if match and resolve(match.group(1)):
            return match.group(1)
    return None


def _full_issuer(value: str, lines: list[str], signed: tuple[str, ...]) -> str:
    """省卫生健康委 or 市政府办 of an information table with its place, where a signature or the title prints it:
    浙江省卫生健康委关于印发…"""
    if not re.match(r"[省市县区州旗]", value):
        return value
    spelt = re.sub(r"办$", "办公室", re.sub(r"(?<=^.)政府", "人民政府", value))
    forms = dict.fromkeys((value, spelt, re.sub(r"委$", "委员会", value)))
    for name in signed:
        if any(name.endswith(form) and name != form for form in forms):
            return name
    for line in lines:
        for form in forms:
            match = re.match(rf"([\u4e00-\u9fff]{{1,10}}{re.escape(form)}(?:员会)?)关于", line)
            if match:
                return match.group(1)
    return value


_CN_YEAR = re.compile(r"二[〇零○Ｏ0][一二三四五六七八九〇零○]{2}(?=年)")


def written_year(head: PlanHead) -> int | None:
    """The year a paper was written in: of its date, else of its number (西政发〔2019〕22号); None where neither is printed."""
    numbered = re.search(r"20\d\d", head.doc_number or "")
    return int(head.published[:4]) if head.published else int(numbered[0]) if numbered else None


# --- period ---------------------------------------------------------------------------------------------


def _period(head: PlanHead, body: str) -> tuple[int | None, int | None]:
    """First and last year of the plan: from its title, else from what the text sets its goals for."""
    title = _CN_YEAR.sub(lambda m: m[0].translate(CN_DIGITS), head.title)
    span = r"((?:19|20)\d\d)\s?年?\s?(?:-{1,2}|—{1,2}|–|~|至|到)\s?((?:19|20)\d\d)"
    match = re.search(span, title) or re.search(rf"{re.escape(title)}》?\s*[（(]{span}年?[）)]", body)
    if match:
        return int(match[1]), int(match[2])
    lost = re.search(r"[（(](20\d\d)(20\d\d)年?[）)]", title)  # the dash was lost on the way
    if lost and int(lost[1]) < int(lost[2]) <= int(lost[1]) + 15:
        return int(lost[1]), int(lost[2])
    five = re.search(r"[“\"]?(十一五|十二五|十三五|十四五|十五五)[”\"]?", title)
    if five:
        end = {"十一五": 2010, "十二五": 2015, "十三五": 2020, "十四五": 2025, "十五五": 2030}[five.group(1)]
        return end - 4, end
    goal = re.search(r"[到至](20\d\d)年", title)
    if goal and head.kind != "plan":
        return None, int(goal[1])  # 健康素养水平至2030年提升至30%: a headline names the goal
    match = re.search(r"(20\d\d)\s?年度?[^总结和与暨及]{0,16}(?:计划|要点|打算|安排)", title) or re.search(
        r"(20\d\d)\s?年度?", title
    )
    if match:
        return int(match[1]), int(match[1])
    match = re.match(r"(20[1-4]\d)(?=[\u4e00-\u9fff]{2,20}(?:计划|要点|方案|安排))", title)
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
    written = written_year(head)
    last = re.search(r"(?:远期|长期|终期)(?:发展)?目标[^。\n]{0,12}?(20\d\d)\s?年", body)
    if last:
        return None, int(last[1])
    both = [int(b) for _, b in re.findall(r"(20\d\d)\s?年?[底末]?(?:和|与|、|及)(20\d\d)\s?年", body)]
    horizons = Counter(int(year) for year in re.findall(r"(?:到|至)\s?(20\d\d)\s?年", body))
    horizons.update(int(year) for year in re.findall(r"(?m)^(20\d\d)年[，,]", body) if written and int(year) > written)
    due = Counter(int(year) for year in re.findall(r"(20\d\d)\s?年(?:\d{1,2}月)?底(?:之?前)?", body))
    for found in (horizons, due):
        years = [year for year in found if written is None or year >= written]
        if years:
            vision = (written or min(years)) + 6  # a far year named as often is what comes after the plan
            common = max(years, key=lambda year: (found[year], year <= vision, year))
            later = [year for year in due if common < year <= vision]  # what is due then is still this plan's
            return None, max([common, *later, *(b for b in both if both.count(b) >= 0.5 * found[common])])
    unsigned = "\n".join(line for line in body.split("\n") if not sections.DATE_LINE.match(line))
    later = [int(year) for year in re.findall(r"(20\d\d)\s?年\s?\d{1,2}\s?月", unsigned)]
    ahead = [year for year in later if written is not None and written <= year <= written + 6]
    if ahead:
        return min(ahead), max(ahead)
    return None, None
