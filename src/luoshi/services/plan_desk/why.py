"""Why a field reads as it does, in the words of the page: its place, the rule, how sure, what is doubtful.

What is kept is `luoshi.plans.evidence.Evidence` as data; a corrected field says who corrected it instead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from luoshi.plans.evidence import SURE
from luoshi.platform.access.models import User
from luoshi.services.plan_desk import wording

CORRECTED = "corrected by "
# (what the reader says, what the page says)
RULES: Sequence[tuple[str, str]] = (
    (r"title line", "标题行"),
    (r"title of the file", "文件标题"),
    (r"information table of the page", "网页信息栏"),
    (r"signature", "落款"),
    (r"head of the paper", "文件开头"),
    (r"named in the text", "正文中提到"),
    (r"put together", "由正文拼合"),
    (r"issuer and addressees", "发文机关和主送机关"),
    (r"issuer", "发文机关"),
    (r"five-year plan of the title", "标题中的五年规划"),
    (r"goals of the text", "正文目标中的年份"),
    (r"paper cited as the ground", "引用的依据文件"),
    (r"units printed once for all tasks", "一次列出、适用全部任务"),
    (r"kind of paper", "文件类型"),
    (r"numbered by a column of a table", "表格序号列"),
    (r"numbered by (?:parts|chapters|sections|articles)", "章节编号"),
    (r"numbered by .*|number|numbering", "编号"),
    (r"first of the list, as said once for all", "名单第一位（文中统一说明）"),
    (r"heading or first sentence", "标题或首句"),
    (r"group of the task table", "任务表的分组"),
    (r"unit list with a label", "“责任单位：”等标签后的名单"),
    (r"unit list in brackets with its time", "括号中的名单和时间"),
    (r"unit list in brackets", "括号中的名单"),
    (r"units named in a sentence", "句中写明"),
    (r"offices named in the last sentence", "末句写明的科室"),
    (r"units whose duties the task lists", "开头写明的职责单位"),
    (r"unit list", "责任单位名单"),
    (r"marked as lead", "标明牵头"),
    (r"printed once for several tasks", "为多项任务一次列出"),
    (r"column of the task table", "任务表的列"),
    (r"cell of a table", "表格单元格"),
    (r"label of a time limit", "“完成时限：”等标签"),
    (r"date in the heading", "小标题括号里的时间"),
    (r"months in the closing bracket", "句末括号里的月份"),
    (r"time limit of the task", "任务的完成时限"),
    (r"time limit", "时限栏"),
    (r"range of a phase", "阶段起止"),
    (r"date in the text", "正文日期"),
    (r"date of the sentence", "本句日期"),
    (r"date over a list of goals", "目标总起句的日期"),
    (r"year of the sentence before", "前文的年份"),
    (r"date without a year", "未写年份的日期"),
    (r"years in the order of the values", "按数值顺序对应的年份"),
    (r"end of the plan's period", "规划期末"),
    (r"rhythm", "频次"),
    (r"word of force", "约束力用语"),
    (r"words of scope", "范围用语"),
    (r"from … to", "“从…到…”"),
    (r"by-hand|split", "人工补充"),
    (r"reach-?\w*", "“达到、控制在”类表述"),
    (r"change", "“提高、下降”类表述"),
    (r"count-per-head", "每千人口等配比"),
    (r"count-?\w*", "数量表述"),
    (r"share-?\w*|several-of", "占比表述"),
    (r"level-?\w*", "水平表述"),
    (r"implied-?\w*", "“全覆盖、全部”等未写数字的承诺"),
    (r"flattened-table|indicator-table", "指标表"),
    (r"quota-table", "任务数分配表"),
)
FLAGS: Sequence[tuple[str, str]] = (
    (r"not in the directory of bodies", "机构名录中没有此名称"),
    (r"name put together from parts of the list", "由名单中断开的部分拼合"),
    (r"not printed with this task", "未写在本任务中"),
    (r"said once for all lists: .*", "文中统一说明：名单第一位为牵头单位"),
    (r"not printed as one line: .*", "原文不是完整一行，由多行拼合或取自文件属性"),
    (r"not printed in these words: .*", "原文没有这一完整写法，由正文拼合"),
    (r"taken from who issued it and to whom", "根据发文和主送机关判断"),
    (r"no place in the title: .*", "标题中没有地名，取自正文"),
    (r"no years in the title: .*", "标题中没有年份，取自正文目标"),
    (r"no deadline printed: .*|not printed with the promise: .*", "原文未写时限，按规划期末推定"),
    (r"several dates in the task: .*", "任务中有多个日期，取最后一个"),
    (r"printed in a sentence before", "写在前面的句子中"),
    (r"year of the sentence before", "年份沿用前文，请核对"),
    (r"the year is that of the plan", "年份按规划年度补全"),
    (r"named by the words before", "指标名称取自前文"),
    (r"what is measured is not printed", "原文没有写明指标名称"),
    (r"the print allows (.*) too", r"也可理解为 \1"),
    (r"several values for one subject.*", "一个主体对应多个数值，请核对对应关系"),
    (r"one value printed for several measures", "一个数值对应多个指标"),
)  # fmt: skip
FIELDS = {
    "title": "标题", "issuer": "发文机关", "doc_number": "文号", "published": "发布日期", "region": "地区",
    "period_start": "起始年", "period_end": "截止年", "based_on": "依据文件", "default_units": "默认责任单位", "kind": "性质",
    "number": "序号", "units": "责任单位", "lead_units": "牵头单位", "inherited_units": "默认责任单位", "deadline": "时限",
    "begins": "起始", "repeats": "频次", "metric": "指标", "value": "目标值", "unit": "计量单位", "op": "比较",
    "baseline": "基期值", "force": "约束力", "scope": "范围", "upper": "上限",
}  # fmt: skip
_ENGLISH = {
    "title": "Title", "issuer": "Issuer", "doc_number": "Number", "published": "Published", "region": "Region",
    "period_start": "From", "period_end": "Until", "based_on": "Based on", "default_units": "Units for all", "kind": "Kind",
    "number": "Number", "units": "Unit", "lead_units": "Lead", "inherited_units": "Unit for all", "deadline": "Due",
    "begins": "Begins", "repeats": "Rhythm", "metric": "Measure", "value": "Value", "unit": "Unit", "op": "Comparison",
    "baseline": "Starting value", "force": "Force", "scope": "Scope", "upper": "Upper value",
}  # fmt: skip


def _say(text: str, words: Sequence[tuple[str, str]]) -> str:
    if (get_language() or "").startswith("en"):
        return text
    for pattern, chinese in words:
        match = re.fullmatch(pattern, text, re.DOTALL)
        if match:
            return match.expand(chinese)
    return wording.doubt(text)


def said(entry: dict[str, Any]) -> dict[str, Any]:
    """One entry for a table on the page: field, value, quote, rule, how sure in per cent, doubts, and whether to look."""
    rule = entry["rule"]
    words = (
        _("由 %(name)s 更正") % {"name": rule.removeprefix(CORRECTED)}
        if rule.startswith(CORRECTED)
        else _say(rule, RULES)
    )
    field = entry["field"]
    value = entry["value"]
    return {
        "field": wording.in_language(FIELDS.get(field, field), _ENGLISH.get(field, field)),
        "value": "–".join(f"{part:g}" for part in value) if isinstance(value, list) else _plain(value),
        "quote": entry.get("quote", ""),
        "rule": words,
        "sure": round(entry["confidence"] * 100),
        "doubts": [_say(flag, FLAGS) for flag in entry.get("flags", [])],
        "doubtful": entry["confidence"] < SURE,
        "start": entry.get("start"),
        "end": entry.get("end"),
    }


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else "—" if value is None else str(value)


def corrected(entries: list[dict[str, Any]], changes: dict[str, Any], by: User) -> list[dict[str, Any]]:
    """The entries with those of changed fields replaced: what an officer set is certain and has no place in the print."""
    kept = [entry for entry in entries if entry["field"] not in changes]
    for name, value in changes.items():
        for one in value if name in ("units", "lead_units") and isinstance(value, list) else [value]:
            rule = f"{CORRECTED}{by.get_username()}"
            kept.append({"field": name, "value": one, "start": None, "end": None, "rule": rule, "confidence": 1.0})
    return kept
