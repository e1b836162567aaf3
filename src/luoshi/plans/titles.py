"""The title of a paper among the lines above its text, broken lines put together."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

from luoshi.documents import Document
from luoshi.plans import sections
from luoshi.plans.labels import META_LINE, begins_with_label, labelled_value
from luoshi.plans.running_text import plain_text, tidy

_TITLE_END = re.compile(
    r"(?:方案|计划|要点|规划|纲要|意见|通知|办法|行动|安排|清单|台账|分解表?|分工|任务书|责任书|措施|决定|报告|总结|"
    r"情况|条例|规定|细则|制度|标准|解读|说明|问答|公告|通报|函|目标|指南|批复|工程|纪要|规程|预案)(?:[（(][^（）()]{1,30}[）)])*$"
)
PLAN_WORDS = re.compile(r"方案|计划|要点|规划|纲要|行动|分工|清单|安排|意见|台账")
_HEADING = re.compile(
    r"\d{1,2}(?:[、．.](?!\d)|(?:\.\d){1,2}(?=[\u4e00-\u9fff]))|[一二三四五六七八九十]{1,3}、|[（(][一二三四五六七八九十]{1,3}[）)]"
)


_SITE_LINE = re.compile(
    r"相关(?:阅读|推荐|文档|新闻|链接|资源)|推荐(?:视频|阅读|文章)|新闻推荐|文档评论|[上下]一篇|热门(?:推荐|文档)|您可能关注|"
    r"版权(?:说明|声明|所有)|免责声明|(?:论文|文档|资源)(?:部分内容|简介|摘要|描述)|(?:下载|收藏|举报)本?文档|.{0,16}欢迎您|"
    r"(?:设为|加入)(?:首页|收藏)|.{0,6}第\d{1,3}页|第\d{1,3}页|上传(?:人|时间)|\S{0,4}(?:责任?|版面)?编辑[：:]|Copyright|本报首页|当前[：:]|\S{0,8}报纸名称|.{0,10}截图$|打开.{2,8}(?:新闻|客户端)|.{1,6}(?:晚报|日报|早报|网|客户端|频道)$|人民网.{0,6}$|查看(?:剩下|全文|更多)|原标题[：:]|\S{0,2}评论"
)

# 《…》已经市政府同意，现印发给你们: the paper names itself.
_SENT_OUT = re.compile(
    r"(?:^|\n|现将|[。，])\s*《(?P<name>[^《》\n]{6,80}(?:〈[^〉]{2,60}〉[^《》\n]{0,20})?)》"
    r"[^。\n]{0,60}?(?:印发|下发|转发|发)给你们"
)


def title_of(document: Document, front: list[str], body: str) -> str:
    label = labelled_value(plain_text(document.text), "title")
    candidates: list[tuple[float, int, str]] = []
    lines = joined_titles(front[:400])
    seen = Counter(bare_title(line) for line in lines)
    for index, line in enumerate(lines[:60]):
        text = bare_title(line)
        if (
            _HEADING.match(text)
            or not 6 <= len(text) <= 90
            or len(re.findall(r"[\u4e00-\u9fff]", text)) < 4
            or re.search(r"[。；;]|[!！](?!.{6})", text)
            or sections.DATE_LINE.match(text)
        ):
            continue
        if (
            index
            and any(len(above) >= 100 and "。" in above for above in front[:index])
            and not (_TITLE_END.search(text) or text.endswith("》"))
        ):
            continue  # below the text
        if re.search(r"\S\s?[>›»]\s?\S", line):
            continue  # 首页 > 新闻中心 > 正文: the way through a site
        if _SITE_LINE.match(text):
            continue
        if re.match(r"(?:图解|一图读懂|政策解读)\s*[|｜]", line) or (
            META_LINE.search(line) and not line.startswith("标题")
        ):
            continue
        score = 0.0
        if _TITLE_END.search(text.rstrip("》")):
            score += 3
        if PLAN_WORDS.search(text):
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
    if label and (not title or bare_title(label) in title or best[0] < 3):
        title = bare_title(label)
    if best[0] < 1.5 and document.title and _TITLE_END.search(bare_title(document.title)):
        title = bare_title(document.title)
    sent = _SENT_OUT.search(body[:3000])
    if sent and best[0] < 3 and _TITLE_END.search(sent["name"]):
        title = sent["name"]
    if sent and title and sent["name"].endswith(title) and _TITLE_END.search(sent["name"]):
        title = sent["name"]  # 某省深化改革 / 下半年重点任务: broken in two below the letter
    title = re.sub(r"[（(][^（）()]{2,12}[〔\[]\d{4}[〕\]]\d{1,4}号[^（）()]{0,14}[）)]$", "", title)
    named = re.fullmatch(r"(?:编制|制定|公布|关于)?《([^《》]{6,})》(?:[（(][\u4e00-\u9fff]{1,8}[）)])?", title)
    if named and _TITLE_END.search(named[1]):
        title = named[1]
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
    passed_on = re.fullmatch(
        r".{4,20}转发[^《》]{2,30}?(关于[^《》]{6,}(?:意见|方案|计划|规划|办法|要点))(?:的通知)?", title
    )
    if passed_on:
        return passed_on[1]
    return re.sub(r"^[^《》]{0,30}关于印发(?=[^《》]{6,})", "", title)


def _with_years(title: str, front: list[str]) -> str:
    """The title with the years printed in brackets on the line below it: …行动计划 / （2023-2025年）."""
    for line, below in pairwise(front):
        years = re.fullmatch(r"[（(]\s?20\d\d.{1,12}年?[）)]", below.strip())
        if title and bare_title(line) == title and years and not sections.DATE_LINE.match(below.strip()):
            return title + bare_title(below)
    return title


def joined_titles(front: list[str]) -> list[str]:
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
                    and not any(sections.DATE_LINE.match(line) or begins_with_label(line) for line in group)
                ):
                    result.append(text)
    return result


def bare_title(line: str) -> str:
    text = re.sub(r"^(?:标题|名称)[：:]", "", tidy(line).strip())
    text = re.sub(r"[（(]\d{1,3}\s?[页頁P][)）](?=\.|$)|[（(]20\d\d年\d{1,2}月\d{1,2}日(?:印发|发布)?[)）]$", "", text)
    text = re.sub(r"\.(?:docx?|pdf|txt|html?|wps|xlsx?)(?:VIP)?$", "", text, flags=re.IGNORECASE)
    text = re.sub(r"^[\u4e00-\u9fffA-Za-z]{2,6}[-—_|](?=[\u4e00-\u9fff“《20])", "", text)
    text = re.sub(r"^20\d\d\s?年\s?\d{1,2}\s?月\s?第\s?\d{1,3}\s?期\s*", "", text)
    text = re.sub(
        r"^[^《，,]{4,30}(?:办公室|委员会|政府|厅|局|委|部)[：:]\s?(?=.*(?:方案|计划|要点|规划|意见))", "", text
    )
    text = re.sub(r"(?<=方案|计划|要点|规划|纲要|意见|清单)\s*\d{1,3}$", "", text)
    text = re.sub(r"[_\-|—]{1,2}[^_\-|—]{2,20}(?:网|网站|门户|政府|委员会|局)$", "", text)
    return re.sub(r"(?<=[^\x00-\x7f])\s+|\s+(?=[^\x00-\x7f])", "", text).strip(" |")
