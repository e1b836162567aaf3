"""The information table a site prints above a paper: 索引号, 发布机构, 文号, 成文日期 and what stands behind each."""

from __future__ import annotations

import re

LABELS = {
    "title": r"(?:(?<!原)标\s*题|名\s*称|信息名称|文件名称|公文标题)",
    "issuer": r"(?:发布机构|发文机关|发布单位|发文单位|制定机关|发文机构|公开机构|信息来源|公开主体|印发机关|"
    r"发布部门|制文机关)",
    "number": r"(?:文\s*号|发文字号|文件编号|发文号|文件号)",
    "written": r"(?:成文日期|发文日期|印发日期|生成日期|成文时间|发文时间|印发时间|制发日期)",
    "published": r"(?<!生效)(?<!废止)(?:公开日期|发布日期|发布时间|公布日期|公开时间|日期|时间|更新时间)",
}
_ANY_LABEL = re.compile(
    r"(?:索\s*引\s*号|信息分类|主题分类|主题词|公开方式|公开形式|有效性|生效日期|废止日期|失效|体裁分类|组配分类|"
    r"关键词|内容概述|浏览次数|字号|公开类别|统一编号|组配|公开属性|服务对象|"
    + "|".join(value for value in LABELS.values())
    + r")\s*[：:]"
)
_BARE_LABEL = re.compile(re.sub(r"\\s\*\[：:\]$", "", _ANY_LABEL.pattern) + r"|文件有效性|有效性|政策解读")
META_LINE = re.compile(
    _ANY_LABEL.pattern
    + r"|^(?:作\s*者|来\s*[源历]|编\s*辑|记\s*者|责任编辑|信息来源|供稿|发布人|审核)\s*[：:]|\d{1,2}:\d{2}|^\d{4}-\d{2}-\d{2}"
)


def begins_with_label(line: str) -> bool:
    """Whether a line is one of the information table: 成文日期 2020-12-02 公开方式 主动公开."""
    return bool(_BARE_LABEL.match(line.strip()))


def labelled_value(whole: str, what: str) -> str:
    """The value printed behind a label of a site's information table, empty when the cell is empty."""
    for match in re.finditer(rf"{LABELS[what]}(?:\s*[：:]\s*\|?|[ \t|]+)[ \t]*([^\n]*)", whole[:6000]):
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
