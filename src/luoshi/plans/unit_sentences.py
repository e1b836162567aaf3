"""Units that a task names without a list: in its sentences, at its end, or as the head of the duties below (市教育局：负责…)."""

from __future__ import annotations

import re

from luoshi.plans.directory import resolve
from luoshi.plans.unit_habits import closing_list
from luoshi.plans.unit_names import split_names

_MANY = re.compile(r"各[\u4e00-\u9fff]{1,10}(?:医院|机构|单位|中心)$")
_SENTENCE = re.compile(
    r"(?:^|[。；;，,：:\n])\s*(?P<by>由)?(?P<lead>[^。；;：:\n（(“]{3,60}?)(?P<verb>牵头(?:负责)?|负责(?:落实|实施|"
    r"组织实施|牵头)?)(?P<rest>[，,](?:[^。；;\n]{2,120}?(?:配合|参与|按职责分工负责|协助|负责|支持)|(?:会同|商|"
    r"联合)[^。；;\n]{2,80}))?(?=[。；;，,\n]|$)"
)

# 市财政局负责落实财政补助: what it is responsible for follows.
_DOES = re.compile(
    r"(?:^|[。；;，,\n])\s*(?:由)?(?P<lead>[^。；;：:，,\n（(“]{3,60}?)负责(?!人|同志|制|部门|单位|的|落实[。；;，,\n])(?=[\u4e00-\u9fff]{2})"
)


def last_sentence(text: str) -> tuple[int, int, list[str]] | None:
    """A closing sentence that is nothing but units the directory knows: …达到95%以上。县卫健局、县公安局。"""
    span = closing_list(text)
    names, flags = split_names(text[slice(*span)]) if span else ([], [])
    known = [name for name in names if (found := resolve(name)) and (found.place or found.level)]
    if span is None or flags or len(known) < 2:
        return None
    return (*span, names) if sum(map(len, names)) >= 0.9 * len(text[slice(*span)].replace("、", "")) else None


def sentences(text: str) -> list[tuple[int, int, list[str], bool]]:
    """Units named inside sentences: 由市卫生健康委牵头，市财政局配合. Only names the directory knows are taken."""
    result: list[tuple[int, int, list[str], bool]] = []
    for match in _SENTENCE.finditer(text):
        sure = _sure(match.group("lead"))
        if not sure:
            continue
        led = match.group("verb").startswith("牵头") or match.group("verb").endswith("牵头")
        result.append((match.start("lead"), match.end(), sure, led))
        if match.group("rest"):
            others, _ = split_names(match.group("rest"))
            result.append(
                (
                    match.start("rest"),
                    match.end("rest"),
                    [name for name in others if resolve(name) or _MANY.match(name)],
                    False,
                )
            )
    taken = {name for *_, names, _ in result for name in names}
    for match in _DOES.finditer(text):
        sure = [name for name in _sure(match["lead"]) if name not in taken]
        if sure:
            result.append((*match.span("lead"), sure, False))
    return result


def _sure(text: str) -> list[str]:
    """The names of a stretch that is nothing but bodies the directory knows with their place or level; else none."""
    names, _ = split_names(text)
    sure = [name for name in names if (found := resolve(name)) and (found.place or found.level)]
    whole = re.sub(r"[、，,]|和|及|由|会同", "", text)
    return sure if sum(map(len, sure)) >= 0.8 * len(whole) else []


_CLOSING_DUTY = re.compile(
    r"(?:^|[。；;\n])\s*(?:由)?(?P<lead>[^。；;：:，,\n\d]{2,50}?)牵头(?:负责|落实|组织实施)?"
    r"(?:[，,](?P<rest>[^。；;：:\n\d]{2,80}?)(?:按职责)?(?:分工)?(?:配合|落实|负责|参与|参加|协助|协同)(?:实施|落实|推进)?)?[。；;\s]*$"
)
_OFFICE = re.compile(r"[\u4e00-\u9fff]{2,10}(?:科|处|股|室|办|部|中心|站|院)")


def closing_duty(text: str) -> tuple[int, int, list[str], list[str]] | None:
    """Place, leads and others of a last sentence that only divides the work among bodies and offices of the house:
    疾控科、区疾控中心牵头，妇幼老龄科配合。"""
    match = _CLOSING_DUTY.search(text, max(0, len(text) - 200))
    if match is None:
        return None
    lead, flags = split_names(match["lead"])
    rest, more = split_names(match["rest"]) if match["rest"] else ([], [])
    bodies = all(resolve(name) or _OFFICE.fullmatch(name) or name.startswith("各") for name in [*lead, *rest])
    return (match.start("lead"), match.end(), lead, rest) if lead and bodies and not flags and not more else None


_HEAD = re.compile(
    r"\s*(?P<who>[^：:。；;，,\d“”]{2,80}?)(?:(?P<colon>[：:])|。(?=\s*(?:负责|承担|牵头|组织))|(?=要|应当?|负责|牵头(?!单位|部门)|承担))\s*(?=[^\s\d：:])"
)


def duty_head(text: str) -> tuple[int, int, list[str]] | None:
    """The units whose duties a task lists, where it opens with nothing but their names: 市教育局、市体育局：负责…, 公安局要…"""
    match = _HEAD.match(text)
    names, flags = split_names(match["who"]) if match else ([], [])
    if match is None or flags or not names:
        return None
    if not match["colon"] and any(name.startswith(("各", "有关", "相关", "全", "地方")) for name in names):
        return None  # 各级政府要…: whom the whole paper speaks to
    known = [name for name in names if (found := resolve(name)) and (found.place or found.level or len(name) >= 2)]
    if len(known) < len(names) or sum(map(len, names)) < 0.8 * len(re.sub(r"[、\s]", "", match["who"])):
        return None
    return (*match.span("who"), names)
