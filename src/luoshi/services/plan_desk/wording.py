"""What the reader of documents says (notes, doubts, refusals, in English) in the words of the page.

The reader knows no language of the page; each of its sentences has its Chinese here. One that is not listed is shown as
it is rather than hidden.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from luoshi.kernel.errors import UserError
from luoshi.services.plan_desk import rules

# (what the reader says, what the page says); groups are carried over.
DOUBTS: Sequence[tuple[str, str]] = (
    (r"number lost", "序号在原文中缺失"),
    (r"no numbering", "原文没有编号"),
    (r"no figure printed: read as 100%", "原文没有数字，按 100% 理解"),
    (r"about \(左右\)", "原文写“左右”"),
    (r"基本: nearly all", "原文写“基本”，按接近全部理解"),
    (r"page order repaired.*", "页序已修复：该任务的各部分在原文中不相连"),
    (r"safeguard: .*", "出自保障措施，未必是任务"),
    (r"words swapped by the copying site", "转载网站替换过词语"),
    (r"unit list continues elsewhere\?", "责任单位名单可能在别处继续"),
    (r"text cut off\?", "文字可能被截断"),
    (r"units printed once for the group", "责任单位为整组任务共同列出"),
    (r"merged with the task table", "已与任务分解表合并"),
    (r"one value for several years", "一个数值对应多个年份"),
    (r"year of the sentence before", "年份沿用前文"),
    (r"not understood in a unit list: (.*)", r"责任单位中有未识别的内容：\1"),
    (r"a stray line stood inside the unit list: (.*)", r"责任单位中混入了其他文字：\1"),
    (r"‰ misread as %o\?", "“‰”可能被误识为“%o”"),
    (r"printed %o: read as (.*) and a full stop", r"原文印作“%o”，按“\1。”理解"),
    (r"printed %o: read as (.*)", r"原文印作“%o”，按“\1”理解"),
    (r"number misread\? the dash of a range may be lost \((.*)\)", r"数字可能有误：区间号可能丢失（\1）"),
    (r"number misread\? printed (.*), read as (.*)", r"数字可能有误：原文印作 \1，按 \2 理解"),
    (r"changed by the amendment", "修订后有变化，请核对"),
    (r"accepted as it was; today's reader reads.*", "沿用已确认的内容；现在的读取程序对同一句话读法不同，请核对"),
    (r"one value printed for several measures", "一个数值对应多个指标"),
    (r"several values for one subject.*", "一个主体对应多个数值"),
    (r"零(.*): read as 0", r"原文写“零\1”，按 0 理解"),
    (r"range runs downwards: number misread\?", "区间由大到小：数字可能有误"),
    (r"not a plan but news", "出自新闻稿，不是规划正文"),
    (r"not a plan but explanation", "出自解读材料，不是规划正文"),
    (r"not a plan but report", "出自工作总结，不是规划正文"),
    (r"not a plan but law", "出自法规或管理办法，不是规划正文"),
    (r"not a plan but scoring", "出自考核评分标准，不是规划正文"),
    (r"not a plan but (.*)", r"文件不像规划，而像\1"),
)
NOTES: Sequence[tuple[str, str]] = (
    (r"(\d+) tasks lost their number in print\.", r"\1 项任务在原文中缺失序号。"),
    (r"No tasks were found in it\.", "没有读出任务。"),
    (
        r"Not a plan \(report\)\. It tells what was done: (\d+) of its (\d+) sentences.*, (\d+) ask for something\.",
        r"这份文件像工作总结，不像规划：\2 句中 \1 句讲已做的事（了、已、同比），\3 句提出要求。请核对是否选对了文件。",
    ),
    (
        r"Not a plan \(report\)\..*",
        "这份文件像工作总结或情况报告，不像规划；只读取其中面向今后的部分。请核对是否选对了文件。",
    ),
    (
        r"Not a plan \(news\)\..*tells (\d+) times what a plan says.*",
        r"这份文件像新闻稿：\1 处转述规划“提出”“明确”了什么，转述的目标已读出并加注。请核对是否选对了文件。",
    ),
    (
        r"Not a plan \(explanation\)\..*",
        "这份文件像解读材料，讲的是另一份文件，其中的目标已读出并加注。请上传规划原文，或核对是否选对了文件。",
    ),
    (r"Not a plan \(law\)\..*", "这份文件像法规或管理办法，不像规划。请核对是否选对了文件。"),
    (r"Not a plan \(scoring\)\..*", "这份文件像考核评分标准，不像规划。请核对是否选对了文件。"),
    (r"Not a plan \(news\)\..*", "这份文件像新闻稿，不像规划。请核对是否选对了文件。"),
    (
        r"Parts that tell what was done.*: (.*)\.",
        r"以下部分讲的是已做的事或现状，未作为任务读取，其中的数字是结果：\1。",
    ),
    (r"Several papers are in the file; not read for tasks: (.*)\.", r"文件中有多份材料，以下未读取任务：\1。"),
    (r"Line ends were missing.*", "原文缺少换行，已在序号和标题前补上。"),
    (
        r"The text may be out of order \(parts ([\d, ]+)\?\).*",
        r"原文顺序可能有误（\1？），但断句处衔接不明显，未自动调整，请核对。",
    ),
    (r"Not a plan \((\w+)\)\..*", r"这份文件不像规划或计划（\1），请核对是否选对了文件。"),
    (r"Printed once, valid for (\d+) tasks: (.*)\.", r"以下责任单位只印一次，适用于 \1 项任务：\2。"),
    (r"The lines are cut at a fixed width; they were joined into paragraphs\.", "原文按固定宽度断行，已合并成段落。"),
    (
        r"The pages are out of order:.*order ([\d, ]+)\..*and (\d+) cut places.* (\d+) of these places.*confidence (\d+%).*",
        r"原文页序错乱，已按 \1 的顺序读取，接合 \2 处断句，其中 \3 处衔接不顺（把握 \4），请核对断开的位置。",
    ),
    (
        r"The pages are out of order:.*order ([\d, ]+)\..*and (\d+) cut places.*",
        r"原文页序错乱，已按 \1 的顺序读取，接合 \2 处断句，请核对。",
    ),
    (
        r"The pages may be out of order: .*order ([\d, ]+)\.",
        r"原文页序可能有误：按 \1 的顺序读，断句处衔接略好；未自动调整，请核对。",
    ),
    (r"The text ends in the middle of a sentence.*", "原文在句子中间结束：可能缺页或页序有误，请核对。"),
    (
        r"Words were swapped for synonyms by the copying site \((.*?)\).*",
        r"转载网站把一些词换成了近义词（\1），原文照录，请核对。",
    ),
    (r"(\d+) rows of the task table repeat tasks.*", r"任务分解表有 \1 行与正文任务重复，已合并。"),
    (r"The file is not UTF-8; read as (.*)\.", r"文件不是 UTF-8 编码，按 \1 读取。"),
    (r"(\d+) characters could not be decoded.*", r"有 \1 个字符无法识别。"),
    (r"The page says it is (.*) but is not; read as (.*)\.", r"网页声明的编码是 \1，实际按 \2 读取。"),
    (r"(\d+) of (\d+) pages hold no text.*", r"\2 页中有 \1 页没有文字（图片或空白）。"),
    (r"The hidden sheet “(.*)” was left out\.", r"未读取隐藏的工作表“\1”。"),
)
REFUSALS: Sequence[tuple[str, str]] = (
    (r"the file is empty\.", "文件是空的。请重新保存后再上传。"),
    (r"the file has ([\d,]+) bytes; at most ([\d,]+) are read\.", r"文件有 \1 字节，超过上限 \2 字节。请只上传规划正文。"),
    (r"the file holds no text\.", "文件里没有文字。请确认是否选对了文件。"),
    (
        r"this is an old Office file.*",
        "这是旧版 Office 文件（.doc、.xls、.wps）或加密文件。请用 Word 或 WPS 打开，另存为不加密的 .docx 再上传。",
    ),
    (r"the file is encrypted with a password\.", "文件设有打开密码。请用 Word、Excel 或 WPS 打开，取消密码后另存再上传。"),
    (r"merged cells cover more.*", "工作表中合并的单元格范围过大。请取消整行整列的合并，另存后再上传。"),
    (r"this is (.*), no document\.", "这不是文档。请上传 txt、html、docx、pdf 或 xlsx 文件。"),
    (r"this is a zip archive without.*", "这是压缩包，里面没有 Word 或 Excel 文档。请解压后上传文档本身。"),
    (r"the Word file is damaged.*", "Word 文件已损坏。请用 Word 或 WPS 打开，另存一份再上传。"),
    (r"the file is damaged: .*", "文件已损坏，无法打开。请用 Word 或 WPS 打开，另存一份再上传。"),
    (r"the file unpacks to .*", "文件解压后过大，为安全起见不予读取。请把正文另存为新文件。"),
    (r"the PDF is encrypted with a password\.", "PDF 有密码保护。请去除密码后再上传。"),
    (r"the PDF is damaged.*", "PDF 已损坏，无法打开。请用阅读器打开，打印成新的 PDF 再上传。"),
    (r"the PDF is a scan.*", "PDF 是扫描件，没有文字层。请先做文字识别（OCR），或上传 Word 原件。"),
    (r"the PDF has ([\d,]+) pages; at most ([\d,]+) are read\.", r"PDF 有 \1 页，最多读取 \2 页。请拆分后上传。"),
    (r"the text has more than ([\d,]+) characters.*", r"文字超过 \1 个字符，规划没有这么长。请只上传正文。"),
    (r"a file with ([\d,]+) tables.*", r"文件中有 \1 个表格，过多。请只上传规划正文。"),
    (r"page (\d+) of the PDF holds more than .*", r"PDF 第 \1 页的文字或图形过多。请去掉该页，或把规划正文打印成新的 PDF。"),
    (
        r"the text has ([\d,]+) lines or paragraphs; at most ([\d,]+) .*",
        r"文件有 \1 行（段），最多按规划读取 \2 行。请只上传规划正文；名单和数据请另存为 .xlsx 表格。",
    ),
    (r"the file is almost all digits.*", "文件几乎全是数字，不是规划正文。请确认是否选对了文件。"),
    (r"a table has .*", "文件中有过大的表格。请拆分后上传。"),
    (r"the page is nested deeper.*", "网页嵌套过深。请把规划正文复制到文档中再上传。"),
)  # fmt: skip


def in_language(chinese: str, english: str) -> str:
    """The Chinese or, on an English page, the English where there is one."""
    return english if english and (get_language() or "").startswith("en") else chinese


def said(error: UserError) -> str:
    """What is wrong and what to do; Chinese takes no space between sentences."""
    return in_language(f"{error.message}{error.todo}", f"{error.message} {error.todo}".strip())


def _say(text: str, words: Sequence[tuple[str, str]]) -> str:
    if (get_language() or "").startswith("en"):
        return text
    for pattern, chinese in words:
        match = re.fullmatch(pattern, text, re.DOTALL)
        if match:
            return match.expand(chinese)
    return text


def doubt(flag: str) -> str:
    """A reason for doubt, in the language of the page."""
    return _say(flag, DOUBTS)


def note(text: str) -> str:
    """A note about the reading, in the language of the page."""
    return _say(text, NOTES)


def refusal(error: UserError) -> str:
    """Why a file was refused and what to do, in the language of the page."""
    said = _say(error.message, REFUSALS)
    return said if said != error.message else f"{error.message} {error.todo}".strip()


def result(entry: dict[str, Any]) -> str:
    """A figure told as done, with the year it is told of."""
    value = entry["value"]
    number = "–".join(map(rules.amount, value)) if isinstance(value, list) else rules.amount(value)
    bound = "" if entry["op"] in ("=", "between") else f"{rules.OP_WORDS[entry['op']]} "
    year = _("（%(year)s年）") % {"year": entry["year"]} if entry["year"] else ""
    return f"{entry['metric']} {bound}{number}{entry['unit']}{year}"


FIELDS = {
    "metric": _("指标"),
    "op": _("比较"),
    "value": _("目标值"),
    "upper": _("上限"),
    "unit": _("单位"),
    "deadline": _("时限"),
    "baseline": _("基期值"),
    "kind": _("性质"),
    "force": _("约束力"),
    "scope": _("范围"),
    "number": _("序号"),
    "title": _("标题"),
    "lead_units": _("牵头单位"),
    "units": _("责任单位"),
    "status": _("状态"),
    "binding": _("数据来源"),
    "added": _("补充目标"),
    "page_order": _("页序"),
    "split": _("拆分自"),
    "merged": _("并入"),
    "absorbed": _("合并了"),
    "text": _("内容"),
}
VALUES = {
    "proposed": _("待确认"),
    "confirmed": _("已确认"),
    "corrected": _("已更正"),
    "rejected": _("已剔除"),
    "indicator": _("由记录计算"),
    "register": _("由登记册计数"),
    "deliverable": _("佐证材料"),
    "report": _("填报"),
}


def correction(field: str, old: Any, new: Any) -> str:
    """One correction in words: 目标值：60 → 65."""
    name = FIELDS.get(field, field)
    return f"{name}：{_value(old)} → {_value(new)}" if old is not None else f"{name}：{_value(new)}"


def _value(value: Any) -> str:
    if value is None or value == "" or value == []:
        return "—"
    if isinstance(value, list):
        return "、".join(map(str, value))
    if isinstance(value, dict):
        return " ".join(_value(part) for part in (value.get("kind"), value.get("indicator")) if part)
    if isinstance(value, float):
        return rules.amount(value)
    return str(VALUES.get(str(value), value))
