"""Habits of unit lists: lists of bare functions (教育、民政、医保部门), and the first of a list leading where the plan says so."""

from __future__ import annotations

import re

from luoshi.plans.directory import is_function, resolve

FIRST_LEADS = re.compile(
    r"(?:列|排)(?:名|序|列)?(?:在)?(?:第一位|首位|第一|第1位)[的者]?(?:单位|部门|责任单位)?(?:均)?(?:为|是|作为|系)(?:该项(?:工作|任务)的?)?(?:牵头|第一责任)(?:单位|部门)?"
    r"(?:[，,；;]\s*分别(?:负责|牵头)为各(?:部门|单位)按(?:各自)?职责(?:分工)?分别(?:牵头|负责))?|"
    r"第一(?:个|位|家)?(?:责任)?(?:单位|部门)(?:均)?为(?:牵头|主要责任)"
)


def first_leads(text: str) -> tuple[int, int] | None:
    """Where a text says, once for all, that the first unit of each list leads (列第一位的为牵头单位); None where it does not."""
    match = FIRST_LEADS.search(text)
    return match.span() if match else None


_DEPARTMENTS = re.compile(
    r"^(?:由|各级|各|有关|相关)?(?P<list>[\u4e00-\u9fff、和与及]{4,80}?)(?:等)?(?:有关|相关|职能)?(?P<end>部门|单位)(?:按职责.{0,8}|分工.{0,6}|(?:共同)?负责.{0,4}|配合.{0,4})?$"
)


def short_names(text: str) -> list[str]:
    """The members of an elliptical list, 教育、民政、医保部门 or 教育、卫生健康、共青团等部门: functions without their 局 or 厅."""
    match = _DEPARTMENTS.match(text)
    if match is None:
        return []
    listed = match["list"].removesuffix("等").removesuffix("有关").removesuffix("相关")
    parted = re.split("[、与及]|(?<!文化)和", listed)  # 文化和旅游 is one
    names = [name for name in parted if name]
    whole = [
        name for name in names if resolve(name) and re.search(r"(?:[部局厅署办院所站]|中心|委员会|(?<!团)委)$", name)
    ]
    known = [name for name in names if is_function(name) or resolve(name)]
    return names if len(names) >= 2 and len(known) >= 0.75 * len(names) and not whole else []


_OFFICE = r"[\u4e00-\u9fff]{2,5}?(?:科|处|股)"


def glued_offices(name: str) -> list[str]:
    """Offices whose blank between them was lost (妇幼科老龄科), taken apart; nothing when the name is one office."""
    return re.findall(_OFFICE, name) if re.fullmatch(rf"(?:{_OFFICE}){{2,}}", name) and not resolve(name) else []


_CLOSING_LIST = re.compile(
    r"[。；;\n]\s*(?P<list>[^。；;：:\n（）()，,\d]{4,120}?)"
    r"(?:(?:共同|分别|按照?(?:各自)?职责(?:分工)?|分工)*(?:负责|落实|抓好落实|推进|实施))?[。\s]*$"
)


def closing_list(text: str) -> tuple[int, int] | None:
    """Where the last sentence of a task may be a bare list (县人社局、县卫健局按职责分工落实。); the names are judged elsewhere."""
    match = _CLOSING_LIST.search(text, max(0, len(text) - 200))
    return match.span("list") if match and "、" in match["list"] else None
