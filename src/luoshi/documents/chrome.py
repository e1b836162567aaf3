"""Site chrome and page marks: lines that came with the carrier and are no part of the plan."""

from __future__ import annotations

import re
from collections import Counter

# Whole lines that are page marks.
_PAGE_MARK = re.compile(
    r"^\s*(?:[-—–－·]\s*\d{1,4}\s*[-—–－·]|第\s*\d{1,4}\s*页(?:\s*[共/，,]\s*\d{1,4}\s*页)?|\d{1,4}\s*/\s*\d{1,4})\s*$"
)
# Lines that are chrome wherever they stand.
_ALWAYS = re.compile(
    r"^\s*(?:!?\[\]\(\)|\|+|[|\s:\-]+|分享到?[：:]?.{0,12}|【?\s*字\s*[体号]\s*[：:【】大中小\s]*|[•·]?\s*(?:字号|打印|关闭|收藏|\|)[：:]?\s*"
    r"|(?:\[|【)?(?:打印|关闭)(?:本页|窗口|页面)?(?:\]|】)?|访问量[：:].*|浏览(?:次数|量)[：:].*|(?:点击|阅读)(?:数|量|次数)[：:].*"
    r"|扫一扫.*|(?:上|下)一(?:篇|条)[：:]?.*|相关(?:阅读|链接|文章|附件|推荐)[：:]?\s*|责任编辑[：:].*|(?:当前|您的?)?\s*(?:所在)?位置[：:].*"
    r"|(?:网站)?首页(?:\s*[>|»].*)?|版权所有.*|Copyright.*|.*ICP备.*|.*公网安备.*|关于我们.*|网站地图.*|联系我们.*|收起|展开|TOP|返回顶部"
    r"|(?:附件)?下载[：:]?\s*|[•·]?\s*[\w\u4e00-\u9fff]{2,8}\s?[>»]|全部分类|最新快讯.*|\d{1,2}\s*(?:小时|分钟|天)前|[（(]此件(?:公开|主动|依申请)[^）)]{0,8}[）)])\s*$",
    re.IGNORECASE,
)
# Words of download and sharing sites; two different ones in a line, or a strong one, make it chrome.
_SITE_WORDS = (
    "本站", "迅雷", "金币", "积分", "验证码", "支付宝", "微信支付", "登录", "账号", "密码", "游客", "会员", "上传", "下载", "客服",
    "浏览器", "ImageVerifierCode", "资源ID", "资源大小", "全文页数", "资源格式", "侵犯", "版权", "网盘", "QQ", "官方微信", "公众号",
    "推送", "举报", "免费阅读", "VIP", "帮助中心", "文档", "无水印",
)  # fmt: skip
_STRONG = (
    "本站",
    "迅雷",
    "金币",
    "验证码",
    "ICP备",
    "客服QQ",
    "为本站会员",
    "官方微信",
    "淘文",
    "豆丁",
    "道客巴巴",
    "原创力",
)
# Lines after which, at the end of a page, nothing of the document follows.
_TAIL = re.compile(
    r"^\s*(?:注意事项|温馨提示|友情提示|相关阅读|相关链接|相关文章|相关推荐|相关新闻|扫一扫.*|上一篇.*|下一篇.*|最新快讯.*|猜你喜欢|热门推荐"
    r"|免责声明.*|版权声明.*|网站声明.*|关于我们.*|主办单位[：:].{0,40}承办.*|.*ICP备.*|网站标识码.*|分享到?[：:]?.{0,12}|【?打印.{0,12}关闭.*|网友评论.*)\s*$"
)
_HEADING = re.compile(
    r"^\s*(?:第[一二三四五六七八九十百]{1,3}[章节]|[一二三四五六七八九十]{1,3}、|[（(][一二三四五六七八九十]{1,3}[）)])"
)
_TITLE = re.compile(r"(?:方案|计划|要点|规划|纲要|意见|通知|办法|细则|清单|报告)(?:\.\w{3,4})?\s*$")
_SENTENCE = re.compile(r"[。；！？]")


def is_page_mark(line: str) -> bool:
    """Whether a line is nothing but a page number in one of its usual dresses."""
    return bool(_PAGE_MARK.match(line))


def running_heads(lines: list[str]) -> set[str]:
    """Lines that stand beside page marks again and again: page headers and footers."""
    seen: Counter[str] = Counter()
    marks = [index for index, line in enumerate(lines) if is_page_mark(line)]
    for mark in marks:
        near, before, after = set(), mark - 1, mark + 1
        taken = 0
        while before >= 0 and taken < 3:
            if lines[before].strip():
                near.add(lines[before].strip())
                taken += 1
            before -= 1
        taken = 0
        while after < len(lines) and taken < 3:
            if lines[after].strip():
                near.add(lines[after].strip())
                taken += 1
            after += 1
        seen.update(near)
    return {
        line
        for line, count in seen.items()
        if count >= 2 and count >= 0.5 * len(marks) and len(line) <= 60 and not re.search("[。；，]", line)
    }


def mark_chrome(lines: list[str]) -> set[int]:
    """Indexes of the lines that are chrome: page marks, running heads, site furniture, and the tail of a web page."""
    heads = running_heads(lines)
    chrome = {
        index
        for index, line in enumerate(lines)
        if line.strip() and (is_page_mark(line) or line.strip() in heads or _ALWAYS.match(line) or is_site_line(line))
    }
    chrome |= _tail(lines)
    return chrome | _between(lines, chrome)


def _between(lines: list[str], chrome: set[int]) -> set[int]:
    """Short runs of lines enclosed by site furniture on both sides, such as entries of a menu or of a download form."""
    filled = [index for index, line in enumerate(lines) if line.strip()]
    found: set[int] = set()
    run: list[int] = []
    enclosed = False
    for index in filled:
        if index in chrome and not is_page_mark(lines[index]) and is_site_line(lines[index]):
            if enclosed and run and len(run) <= 16 and all(_small(lines[at]) for at in run):
                found.update(run)
            run, enclosed = [], True
        elif index not in chrome:
            run.append(index)
    return found


def _small(line: str) -> bool:
    return len(line.strip()) <= 60 and not _HEADING.match(line) and not _TITLE.search(line)


def is_site_line(line: str) -> bool:
    """Whether a line speaks for the site that carries the document."""
    if len(line) > 400:
        return False
    if any(word in line for word in _STRONG):
        return True
    return sum(1 for word in _SITE_WORDS if word in line) >= 2 and not _HEADING.match(line)


def _tail(lines: list[str]) -> set[int]:
    """The lines from the first tail mark on, when no heading of a plan follows it and most of the text stands before."""
    total = sum(len(line) for line in lines) or 1
    before = 0
    for index, line in enumerate(lines):
        if _TAIL.match(line) and before > 0.4 * total:
            rest = lines[index:]
            if not any(_HEADING.match(other) and _SENTENCE.search(other + "。") for other in rest):
                return {index + offset for offset, other in enumerate(rest) if other.strip()}
        before += len(line)
    return set()
