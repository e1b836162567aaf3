"""Responsible units of a task: who is named, who leads, and what is printed once for all.

What is understood: （责任单位：A、B）, 牵头单位：A；配合单位：B, （A牵头，B、C按职责分工负责）, A牵头负责 in a sentence, lists
on a line of their own, 等, several leads, names with brackets and 、 inside, names cut by a stray line, and
以下均需…负责落实，不再列出. A lead is a lead only where the text marks it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from luoshi.plans.directory import is_function, resolve
from luoshi.plans.unit_habits import FIRST_LEADS
from luoshi.plans.unit_names import split_names
from luoshi.plans.unit_repair import own_list
from luoshi.plans.unit_sentences import closing_duty, duty_head, last_sentence, sentences

_LABEL_WORD = (
    r"(?:第一|主要|主体|直接|具体|共同)?(?P<role>责任|牵头|主牵头|配合|协同|协作|协助|协办|支持|主办|承办|实施|组织实施|负责|"
    r"落实|参与|参加|主责|分工)"
    r"(?:责任|负责|实施|落实|配合)?(?:单位|部门|科室|处室|股室|机构|委办|处|科)"
)
_LABEL = re.compile(
    rf"{_LABEL_WORD}(?:和(?:配合|责任|参与)(?:单位|部门))?\s*[：:]|(?<![\u4e00-\u9fff])(?P<short>责任|牵头|配合)[：:](?!人)"
)
_STOP_LABEL = re.compile(
    r"(?:完成|实施|推进|办结|落实|整改)?(?:时限|时间|期限|进度|时间节点)(?:要求)?\s*[：:]|(?:责任|牵头|"
    r"分管)?(?:领导|责任人|联系人)\s*[：:]|(?:工作)?目标\s*[：:]"
)
_OPEN, _CLOSE = "（([【〔", "）)]】〕"
_DEFAULT = re.compile(
    r"以(?P<where>[下上])(?:所有|各项|全部)?(?:任务|工作|事项|措施|内容|条款)?(?:任务|事项)?\s*[,，]?\s*(?:均|都|"
    r"还)(?:需|须|由|应|要|为)*(?P<list>[^。；;]{2,120}?)"
    r"(?:(?:共同)?(?:负责)?(?:落实|实施|贯彻)|负责|为责任单位)?[,，]?\s*(?:不再(?:一一|逐一|重复|另行|单独)?(?:列出|"
    r"列举|列示|列|标注|注明|赘述))"
)
_DEFAULT_AFTER = re.compile(
    r"(?P<list>各(?:(?![）)]各)[^。；;：:\n]){2,60}?)(?:为|是|作为)(?P<where>以[下上])?(?:各项|所有|全部|每项)?(?:任务|工作|"
    r"事项)?(?:的)?(?:共同)?(?:责任|配合|落实)(?:单位|主体)[,，]?\s*(?:以下)?不再(?:一一|逐一|重复|另行)?(?:列出|"
    r"列举)"
)


@dataclass
class Units:
    """What a task says of its units. `spans` are the places in the text that said it, `sources` the
    same with the rule that found each; `defaults` were printed once
    for the tasks before (`default_where` 上) or after (下)."""

    lead: list[str] = field(default_factory=list)
    units: list[str] = field(default_factory=list)
    defaults: list[str] = field(default_factory=list)
    default_where: str = ""
    spans: list[tuple[int, int]] = field(default_factory=list)
    sources: list[tuple[int, int, str]] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)

    def add(self, names: list[str], *, lead: bool) -> None:
        """Take up names in order, each once."""
        for name in names:
            if name not in self.units:
                self.units.append(name)
            if lead and name not in self.lead:
                self.lead.append(name)


def read_units(text: str) -> Units:
    """The units a task's text names, from its labelled lists, brackets and sentences."""
    found = Units()
    taken: list[tuple[int, int]] = []
    for start, end, content in _labelled(text):
        if any(start < b and a < end for a, b in taken):
            continue
        taken.append((start, end))
        found.sources.append((start, end, "unit list with a label"))
        _parse(content, found)
    for start, end, content in _brackets(text):
        if any(start < b and a < end for a, b in taken):
            continue
        trial = Units()
        timed = _TIMED.search(content)
        _parse(content[: timed.start()] if timed else content, trial)
        heads = (
            0 < start < 60 and "\n" not in text[:end] and text[end : end + 1] == "\n"
        )  # （一）帮扶县级医院（市卫健委、各医院）
        at_end = heads or not text[end:].strip(" 。；;\n")
        if at_end and timed and trial.units and not trial.flags and all(map(_is_body, trial.units)):
            taken.append((start, end))
            found.sources.append((start, end, "unit list in brackets with its time"))
            _merge(found, trial)
        elif trial.units and _credible(content, trial, at_end=at_end, apart=text[:start].rstrip().endswith("。")):
            taken.append((start, end))
            found.sources.append((start, end, "unit list in brackets"))
            _merge(found, trial)
    if not found.units:
        for start, end, names, lead in sentences(text):
            taken.append((start, end))
            found.sources.append((start, end, "units named in a sentence"))
            found.add(names, lead=lead)
    if not found.units and (duty := closing_duty(text)):
        taken.append(duty[:2])
        found.sources.append((*duty[:2], "offices named in the last sentence"))
        found.add(duty[2], lead=True)
        found.add(duty[3], lead=False)
    if not found.units and (last := last_sentence(text)):
        taken.append(last[:2])
        found.sources.append((*last[:2], "units named in a sentence"))
        found.add(last[2], lead=False)
    if not found.units and (head := duty_head(text)):
        taken.append(head[:2])
        found.sources.append((*head[:2], "units whose duties the task lists"))
        found.add(head[2], lead=False)
    _defaults(text, found)
    found.spans = sorted(taken)
    return found


def read_list(text: str) -> Units:
    """The units of a text that is nothing but a list, such as the cell of a 责任单位 column."""
    found = Units()
    _parse(text, found)
    return found


def read_defaults(text: str) -> tuple[list[str], str]:
    """Units printed once for all tasks in any text of the plan, and whether for those above (上) or below (下)."""
    found = Units()
    _defaults(text, found)
    return found.defaults, found.default_where


def _merge(into: Units, other: Units) -> None:
    into.add([name for name in other.units if name in other.lead], lead=True)
    into.add(other.units, lead=False)
    into.flags += other.flags


def _defaults(text: str, found: Units) -> None:
    for pattern in (_DEFAULT, _DEFAULT_AFTER):
        match = pattern.search(text)
        if match:
            found.defaults = split_names(own_list(match.group("list")))[0]
            found.default_where = (match.group("where") or "上")[-1]
            return


def _close_of(text: str, start: int) -> int:
    """The position behind the bracket that closes the one at `start`; the end of the text when none does."""
    depth = 0
    for position in range(start, len(text)):
        if text[position] in _OPEN:
            depth += 1
        elif text[position] in _CLOSE:
            depth -= 1
            if depth == 0:
                return position + 1
    return len(text)


def _labelled(text: str) -> list[tuple[int, int, str]]:
    """Lists that begin with a label: (start, end, content with its labels)."""
    result: list[tuple[int, int, str]] = []
    position = 0
    while match := _LABEL.search(text, position):
        start = match.start()
        lead_in = text[max(0, start - 24) : start]
        opened = max((lead_in.rfind(mark) for mark in _OPEN), default=-1)
        if opened >= 0 and not re.search(r"[）)】〕\]。；;]", lead_in[opened:]):
            begin = start - (len(lead_in) - opened)
            end = _close_of(text, begin)
            content = text[begin + 1 : end].rstrip("".join(_CLOSE))
        elif not lead_in or re.search(r"[。；;\n）)】\s](?:—{1,2}|－|-|·|●|•|▲)?\s*$", lead_in) or start == 0:
            begin = start
            end = _open_end(text, match.end())
            content = text[begin:end]
        else:
            position = match.end()
            continue
        result.append((begin, end, content))
        position = max(end, match.end())
    return result


def _open_end(text: str, start: int) -> int:
    """Where an unbracketed list ends: at a full stop, or at a line end that no further label follows."""
    depth = 0
    for position in range(start, len(text)):
        char = text[position]
        if char in _OPEN:
            depth += 1
        elif char in _CLOSE:
            if depth == 0:
                return position  # （责任领导：…；责任科室：A）: the bracket opened before the label
            depth -= 1
        elif depth == 0 and char == "。":
            rest = text[position + 1 :].lstrip()
            if not _LABEL.match(rest):
                return position + 1
        elif char == "\n" and depth == 0:
            rest = text[position + 1 :].lstrip()
            if not (_LABEL.match(rest) or text[position - 1 : position] in "、，,"):
                return position
    return len(text)


def _brackets(text: str) -> list[tuple[int, int, str]]:
    """Bracketed runs that may be unit lists without a label, outermost brackets only."""
    result = []
    position = 0
    while position < len(text):
        if text[position] in "（([【":
            end = _close_of(text, position)
            content = text[position + 1 : end - 1]
            if 3 <= len(content) <= 400 and end <= len(text):
                result.append((position, end, content))
            position = end
        else:
            position += 1
    return result


_MANY = re.compile(r"各[县市区镇乡街州旗]|(?:各|[二三]级).{0,8}(?:医院|机构|单位|中心)$")
_OFFICE = re.compile(r"[\u4e00-\u9fff]{2,10}(?:科|处|股|室|办|部|中心|站|院)")


# （基层股、县疾控中心，10月底前）: the time that closes a bracket of units.
_TIMED = re.compile(
    r"[，,；;。\s]\s*(?:(?:20\d\d年)?\d{1,2}月[^，。；]{0,10}|20\d\d年[^，。；]{0,8}|(?:今年|年|上半年|下半年|季度)?(?:年?底|末)前?|"
    r"[上下]半年|第[一二三四]季度|全年|年内|长期(?:坚持|推进)?|常年(?:坚持)?|持续(?:推进|开展)?|每(?:月|季度?|年|半年)[^，。；]{0,6})(?:完成|落实)?$"
)
_CLINIC = re.compile(
    r"^(?:[内外妇儿产眼骨]|急诊|全科(?:医学)?|老年(?:医学|病)?|康复(?:医学)?|口腔|皮肤|感染(?:性疾病)?|发热门诊|呼吸|消化|心血管|神经|肿瘤|中医|"
    r"针灸|推拿|精神|心理|麻醉|检验|影像|放射|病理|重症(?:医学)?|耳鼻喉|妇产|预防保健)科$"
)


def _is_body(name: str) -> bool:
    """Whether a name is that of an institution the directory knows or of an office, not of a clinical department."""
    if _CLINIC.match(name):
        return False
    return bool(
        resolve(name) or _OFFICE.fullmatch(name) or re.fullmatch(r"[\u4e00-\u9fff]{2,8}(?:党委|工会|团委)", name)
    )


def _credible(content: str, trial: Units, *, at_end: bool, apart: bool = False) -> bool:
    """Whether an unlabelled bracket really lists units: it says 牵头 or 负责, or it closes the task and all are known."""
    known = sum(1 for name in trial.units if resolve(name) or is_function(name) or _MANY.match(name))
    if re.search(r"牵头|负责|按职责|配合|落实$", content):
        inside = all(_OFFICE.fullmatch(name) for name in trial.units)
        if (
            inside
            and re.search(r"(?:负责|牵头|落实|配合)$", content)
            and not any("not understood" in f for f in trial.flags)
        ):
            return True  # 医政科牵头，财务科、人事科配合: the offices of one house
        told = re.search(r"(?:负责|牵头|落实|配合)$", content) and all(len(name) >= 5 for name in trial.units)
        return bool(told) or known >= max(1, 0.5 * len(trial.units))
    if re.match(r"(?:含|包括|如|即|以下简称|指)", content):
        return False
    if at_end and not trial.flags and all(re.fullmatch(r"[\u4e00-\u9fff]{2,8}股", name) for name in trial.units):
        return True  # （规划信息股）
    nearly = known >= 3 and known >= 0.7 * len(trial.units) and not any("not understood" in f for f in trial.flags)
    return (
        at_end
        and (nearly or known == len(trial.units))
        and (len(trial.units) >= 2 or apart or bool(re.search(r"[委厅局部]$", content)))
    )


def _parse(content: str, found: Units) -> None:
    """A list with its labels and roles into `found`."""
    content = FIRST_LEADS.sub("", _DEFAULT.sub("", content))
    while stop := _STOP_LABEL.search(content):
        following = _LABEL.search(content, stop.end())  # 牵头单位：A 责任人：某某 参加单位：B
        if following is None and stop.start() == 0:
            break
        content = content[: stop.start()] + (" " + content[following.start() :] if following else "")
    labels = list(_LABEL.finditer(content))
    if labels:
        pieces = [("", content[: labels[0].start()])] if content[: labels[0].start()].strip(" ；;，,。") else []
        for index, label in enumerate(labels):
            end = labels[index + 1].start() if index + 1 < len(labels) else len(content)
            pieces.append((label.group("role") or label.group("short"), content[label.end() : end]))
    else:
        pieces = [("", content)]
    for role, body in pieces:
        if role in {"牵头", "主牵头", "主办", "主责"}:
            names, flags = split_names(body)
            found.add(names, lead=True)
        else:
            flags = _roles(body, found)
        found.flags += flags


def _roles(body: str, found: Units) -> list[str]:
    """A list in which 牵头 may mark the names before it."""
    flags: list[str] = []
    position = 0
    for match in re.finditer(
        r"(?:共同|联合|分别)?(?:牵头(?!医院|机构|企业|学校)(?:单位|负责|组织实施|组织|实施|推进|落实)?)", body
    ):
        before = body[position : match.start()]
        if before.endswith(("（", "(")):  # A（牵头）、B
            cut = max(before.rfind(mark) for mark in "、，,；;")
            names, more = split_names(before[: cut + 1])
            found.add(names, lead=False)
            lead, other = split_names(before[cut + 1 : -1])
            found.add(lead, lead=True)
            flags += more + other
            position = match.end() + 1
            continue
        # names joined by 、 lead together; what a comma or semicolon parts from them does not
        cut = -1
        for mark in re.finditer(r"[；;。]|[，,](?=[^，,]*$)", before):
            if mark.group(0) in "；;。" or _closes_role(before[: mark.start()]):
                cut = mark.start()
        if cut >= 0:
            names, more = split_names(before[:cut])
            found.add(names, lead=False)
            flags += more
        names, more = split_names(before[cut + 1 :])
        found.add(names, lead=True)
        flags += more
        position = match.end()
    names, more = split_names(body[position:])
    found.add(names, lead=False)
    return flags + more


def _closes_role(text: str) -> bool:
    return bool(re.search(r"(?:负责|配合|参与|落实|分工)$", text.strip()))
