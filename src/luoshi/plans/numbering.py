"""The genre's numbering: 第一章, 一、, （一）, 1., （1）, ①, 01 alone on a line, a lost number that left only its dot.

`find_markers` says where numbered parts begin. A marker at the start of a line counts by itself; one inside a line counts
only when it stands at a boundary and its neighbours of the same kind count on from it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import deque
from dataclasses import dataclass

from luoshi.kernel.numerals import parse_chinese_number
from luoshi.plans.running_text import ROW, RunningText

_CN = "一二三四五六七八九十百零〇"

# kind -> depth in the outline; what has the smaller rank encloses.
RANKS = {
    "part": 0, "chapter": 1, "section": 2, "article": 2, "cn": 3, "own-line": 3, "plain": 3, "cn-paren": 4, "named": 4,
    "audience": 5, "label": 5, "arabic": 6, "lost": 6, "decimal": 7, "decimal-deep": 8, "arabic-paren": 9, "circled": 10,
}  # fmt: skip

# Whom a list of measures speaks to, on a line of its own: ——个人和家庭：
AUDIENCE = re.compile(
    r"(?:——?|－|-|·|●)?\s?(?P<who>(?:个人(?:和|与|及)?(?:家庭)?|家庭(?:和个人)?|居民(?:个人)?|劳动者(?:个人)?|公众|孕产妇|老年人|患者|社会(?:和|与|及)?(?:政府)?|政府(?:和|与|及)?(?:社会)?|学校|用人单位|医疗卫生机构|社会组织|企业))\s?[：:]\s*"
)
# What the items below are, on a line of its own or before its text: 主要目标：, 策略措施：
LABEL = re.compile(
    r"[【〔（(]?(?P<what>(?:主要|工作|行动|发展|具体|年度|重点)?(?:目标|任务|举措|措施)|(?:政策|策略|工作|主要)?(?:策略|措施)(?:和|与)?措施|"
    r"策略措施|主要指标|工作内容|目标任务|目标要求)[】〕）)]?\s?(?P<colon>[：:])?\s*"
)
# Patterns at the start of a line, tried in order.
_AT_START: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("part", re.compile(rf"第([{_CN}\d]{{1,3}})(?:篇|部分)[：:、]?\s*")),
    ("chapter", re.compile(rf"第([{_CN}\d]{{1,4}})章[：:、]?\s*")),
    ("section", re.compile(rf"第([{_CN}\d]{{1,4}})节[：:、]?\s*")),
    ("article", re.compile(rf"第([{_CN}\d]{{1,5}})条[：:、]?\s*")),
    ("cn", re.compile(rf"([{_CN}]{{1,3}})\s?[、.，,：:](?:(?!\d)|(?=20\d\d年))\s*")),
    ("cn", re.compile(rf"([{_CN}]{{1,3}})\s+(?=[\u4e00-\u9fff]{{2}})")),
    ("cn-paren", re.compile(rf"[（(【〔]\s?([{_CN}]{{1,3}})\s?[）)】〕][、.．]?\s*")),
    ("named", re.compile(r"第?([一二三四])季度(?:重点)?(?:工作|任务)?(?:安排|重点|计划)?\s?[：:]?$")),
    (
        "named",
        re.compile(
            rf"(?:重点任务|主要任务|专项行动|行动|任务|工程|举措|重点工作|措施)\s?([{_CN}]{{1,3}}|\d{{1,2}})\s?[：:、.]\s*"
        ),
    ),
    ("decimal-deep", re.compile(r"(\d{1,2}(?:\.\d{1,2}){2,3})[.、]?\s*(?=[\u4e00-\u9fff“《])")),
    (
        "decimal",
        re.compile(r"(\d{1,2}\.\d{1,2})[.、]?\s*(?=支[持撑]|项目|人[才员均]|个[体性]|家庭|次生|级别|名[医优])"),
    ),
    (
        "decimal",
        re.compile(
            r"(\d{1,2}(?:\.\d{1,2}){1,3})[.、]?\s*(?![月年日个家名万亿所项次人元级岁张支])(?=[\u4e00-\u9fff“《])"
        ),
    ),
    ("arabic", re.compile(r"(\d{1,3})\s?[.、)）]\s*(?=(?:1[0-2]|[1-9])月|20\d\d年)")),
    (
        "arabic",
        re.compile(
            r"(\d{1,2})\s?[.、．]\s?(?=\d{1,2}\s?(?:[-－—~～至]{1,2}\s?\d{1,2}\s?)?(?:周?岁|月龄|个月(?:内|以[内上]|龄)))"
        ),
    ),
    ("arabic", re.compile(r"(\d{1,3})\s?[.、)）,，](?!\d)\s*(?=\D)")),
    (
        "arabic",
        re.compile(
            r"(\d{1,2})\s+(?!周?岁|[年月日个家名项万亿人次种类张所元分条号级天%]|小时)(?=[\u4e00-\u9fff]{2}[^。]{0,30}(?:。|$))"
        ),
    ),
    ("arabic-paren", re.compile(r"[（(]\s?(\d{1,3})\s?[）)][、.．]?\s*")),
    ("circled", re.compile(r"([①-⑳])\s*")),
    ("lost", re.compile(r"()[.．]\s*(?=[\u4e00-\u9fff“《])")),
)
# Inside a line a marker needs a boundary before it.
_BOUNDARY = r"(?:(?<=[。；;!！?？)）】」”\]])\s?|(?<=\s))"
_INSIDE: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("chapter", re.compile(rf"{_BOUNDARY}第([{_CN}\d]{{1,4}})章[：:、]?\s*")),
    ("section", re.compile(rf"{_BOUNDARY}第([{_CN}\d]{{1,4}})节[：:、]?\s*")),
    ("cn", re.compile(rf"{_BOUNDARY}([{_CN}]{{1,3}})、\s*(?=[\u4e00-\u9fff“《])")),
    ("cn-paren", re.compile(rf"{_BOUNDARY}[（(]\s?([{_CN}]{{1,3}})\s?[）)][、.]?\s*(?=[\u4e00-\u9fff“《])")),
    ("arabic", re.compile(rf"{_BOUNDARY}(\d{{1,3}})\s?[.、]\s*(?=[\u4e00-\u9fff“《\"])")),
    ("arabic", re.compile(rf"{_BOUNDARY}(\d{{1,3}})\s?[.、]\s*(?=(?:1[0-2]|[1-9])月|20\d\d年)")),
    ("lost", re.compile(r"(?:(?<=[)）])|(?<=。))()\s?[.．]\s*(?=[\u4e00-\u9fff“《])")),
)
# After a heading that runs into the text a number may follow without any boundary: 提升专项行动1.积极引进.
_GLUED = re.compile(r"(?<=[\u4e00-\u9fff”])(\d{1,3})\s?[.、](?=[\u4e00-\u9fff“《])")
_GLUED_PAREN = re.compile(rf"(?<=[\u4e00-\u9fff”])[（(]([{_CN}]{{1,3}})[）)](?=[\u4e00-\u9fff“《])")
# More numbered parts than any plan has; what lies beyond is no numbering.
MOST = 6000
_OWN_LINE = re.compile(r"0?(\d{1,2})")


@dataclass
class Marker:
    """Where a numbered part begins. `ordinal` is None for a lost number; `printed` is the number as printed."""

    kind: str
    ordinal: int | None
    start: int
    end: int
    printed: str | None
    inside: bool = False

    @property
    def rank(self) -> int:
        return RANKS[self.kind]


def _ordinal(kind: str, text: str) -> int | None:
    if not text:
        return None
    if kind == "circled":
        return ord(text) - ord("①") + 1
    if kind in ("decimal", "decimal-deep"):
        return int(text.rsplit(".", 1)[-1])
    return int(text) if text.isdigit() else parse_chinese_number(text)


def _printed(kind: str, matched: str, ordinal_text: str) -> str | None:
    if kind == "lost":
        return None
    if kind in {"cn-paren", "arabic-paren"}:
        return re.sub(r"\s|[、.．]$", "", matched)
    if kind in {"part", "chapter", "section", "article", "named"}:
        return re.sub(r"[\s：:、.]+$", "", matched)
    return ordinal_text


def find_markers(reading: RunningText) -> list[Marker]:
    """Every place where a numbered part begins, in order of position."""
    text = reading.text
    markers: list[Marker] = []
    candidates: list[Marker] = []
    labels: list[Marker] = []
    listing = False
    for index, para in enumerate(reading.paras):
        start = para.start
        listing = _lists_annexes(text[start : para.end], listing)
        if listing or para.kind == ROW:
            continue
        own = _own_line(reading, index)
        if own is not None:
            markers.append(own)
            continue
        audience = AUDIENCE.match(text, start, para.end)
        if audience and (audience.end() == para.end or text[start] in "—－-·●"):
            markers.append(Marker("audience", None, start, start, audience.group("who")))
            continue
        label = LABEL.match(text, start, para.end)
        if label and (
            label.end() == para.end or (label["colon"] and not _states_goals(text[label.start() : para.end]))
        ):
            labels.append(Marker("label", None, start, start, None))
            continue
        for kind, pattern in _AT_START:
            match = pattern.match(text, start, para.end)
            if match and _sane(kind, match):
                markers.append(_marker(kind, match, inside=False))
                break
        else:
            if (match := _before_a_figure(reading, index, markers)) is not None:
                markers.append(_marker("arabic", match, inside=False))
        if para.end - start > 60:
            for kind, pattern in _INSIDE:
                for match in pattern.finditer(text, start + 1, para.end):
                    if match.end() > start + 3 and _sane(kind, match):
                        candidates.append(_marker(kind, match, inside=True))
    if len(markers) > MOST:
        markers, candidates = markers[:MOST], []
    if len(candidates) > MOST:
        candidates = []
    kept = _chained(markers, candidates)
    for _ in range(2):  # what a glued number begins may carry on with a boundary
        markers += _glued(reading, kept)
        kept = _chained(markers, candidates)
    kept += _cut_off(reading, kept)
    kept += _plain_headings(reading, kept)
    kept += _labels_that_head(labels, kept)
    kept.sort(key=lambda marker: (marker.start, marker.rank))
    result: list[Marker] = []
    for marker in kept:
        if not result or marker.start >= result[-1].end:
            result.append(marker)
    return result


def _states_goals(line: str) -> bool:
    """Whether a line itself says what its label announces (目标：知晓率达到80%以上。): what is numbered below it is the work."""
    said = re.match(r"[^：:]{2,8}[：:]\s*", line)
    if said is None or not re.search("目标|指标|要求", said[0]):
        return False
    return not re.match(r"[（(]?[\d一二三四五①]{1,2}\s?[.、．）)]", line[said.end() :])


_FIGURE_FOLLOWS = re.compile(r"(\d{1,2})[.．](?=\d{2,3}(?:\.\d+)?%)")


def _before_a_figure(reading: RunningText, index: int, markers: list[Marker]) -> re.Match[str] | None:
    """5. of 5.85%以上的机构… where the line before is item 4 and the next one item 6: an item that opens with a share."""
    para = reading.paras[index]
    match = _FIGURE_FOLLOWS.match(reading.text, para.start, para.end)
    if match is None or not markers or markers[-1].kind != "arabic" or markers[-1].ordinal != int(match[1]) - 1:
        return None
    below = reading.paras[index + 1] if index + 1 < len(reading.paras) else None
    after = re.match(r"\d{1,2}", reading.text[below.start : below.end]) if below else None
    last = below is None or not reading.text[below.start : below.start + 1].isdigit()
    return match if last or (after and int(after[0]) == int(match[1]) + 1) else None


def _lists_annexes(line: str, listing: bool) -> bool:
    """Whether a line belongs to a list of annexes: 附件：1.清单, and the numbered names below it."""
    if re.match(r"附\s?件\s?[：:]", line) and len(line) < 80:
        return True
    return listing and bool(re.match(r"\s*\d{1,2}\s?[.、．]", line)) and len(line) < 60 and "。" not in line


def _marker(kind: str, match: re.Match[str], *, inside: bool) -> Marker:
    start = match.start() + len(match.group(0)) - len(match.group(0).lstrip())
    return Marker(
        kind,
        _ordinal(kind, match.group(1)),
        start,
        match.end(),
        _printed(kind, match.group(0).strip(), match.group(1)),
        inside,
    )


def _sane(kind: str, match: re.Match[str]) -> bool:
    ordinal = _ordinal(kind, match.group(1)) if match.group(1) else 1
    if ordinal is None or ordinal == 0:
        return False
    if kind in {"cn", "cn-paren", "named"}:
        return ordinal <= 60
    return ordinal <= 400


def _own_line(reading: RunningText, index: int) -> Marker | None:
    """A number alone on its line, with a short title on the next: 01 / 高站位学习贯彻."""
    para = reading.paras[index]
    content = reading.text[para.start : para.end]
    match = _OWN_LINE.fullmatch(content.strip())
    if not match or int(match[1]) == 0 or index + 1 >= len(reading.paras):
        return None
    following = reading.paras[index + 1]
    title = reading.text[following.start : following.end]
    if len(title) > 40 or re.search(r"[。；;]", title) or re.match(r"\d+$", title.strip()):
        return None
    return Marker("own-line", int(match.group(1)), para.start, para.end + 1, content.strip())


def _chained(markers: list[Marker], candidates: list[Marker]) -> list[Marker]:
    """The markers, and those candidates whose neighbours of the same kind count up to or on from them."""
    kept = list(markers)
    for kinds in (("chapter",), ("section",), ("cn",), ("cn-paren",), ("arabic", "lost")):
        mine = [marker for marker in markers if marker.kind in kinds]
        inner = [candidate for candidate in candidates if candidate.kind in kinds]
        line = sorted(mine + inner, key=lambda marker: marker.start)
        numbered = [marker for marker in line if marker.ordinal is not None]
        place = {id(marker): index for index, marker in enumerate(numbered)}
        good: set[int] = set()
        whole = kinds[0] in {"cn", "cn-paren", "chapter"} and _is_complete([marker.ordinal or 0 for marker in numbered])
        for candidate in inner:
            if candidate.ordinal is None:
                continue
            at = place[id(candidate)]
            after = [other.ordinal for other in numbered[at + 1 : at + 4]]
            before = [other.ordinal for other in numbered[max(0, at - 3) : at]]
            opens = candidate.ordinal == 1 and len(numbered) >= 3 and candidate.kind not in {"arabic", "lost"}
            if (
                whole
                or opens
                or any(other is not None and 1 <= other - candidate.ordinal <= 2 for other in after)
                or any(other is not None and 1 <= candidate.ordinal - other <= 2 for other in before)
            ):
                good.add(id(candidate))
        kept += [candidate for candidate in inner if id(candidate) in good]
        if "lost" in kinds:
            starts = [marker.start for marker in kept if marker.kind == "arabic"]
            kept += [
                candidate
                for candidate in inner
                if candidate.kind == "lost" and starts and starts[0] < candidate.start and len(starts) >= 3
            ]
    return kept


def _is_complete(ordinals: list[int]) -> bool:
    """Whether numbers, in whatever order, are those of one list: nearly every one up to the highest, hardly one twice."""
    known = set(ordinals)
    return len(known) >= 3 and len(known) >= 0.75 * max(known) and len(ordinals) <= 1.2 * len(known)


def _glued(reading: RunningText, kept: list[Marker]) -> list[Marker]:
    """Numbers that follow a run-on heading without a boundary: 提升专项行动1.积极引进, 队伍建设(一)增加."""
    found: list[Marker] = []
    text = reading.text
    ordered = sorted(kept, key=lambda marker: marker.start)
    starts = [marker.start for marker in ordered]
    queue = deque(ordered)
    while queue:
        marker = queue.popleft()
        if marker.kind not in {"cn", "cn-paren", "chapter", "section"}:
            continue
        after = bisect_right(starts, marker.start)
        stop = starts[after] if after < len(starts) else len(text)
        for kind, pattern in (("cn-paren", _GLUED_PAREN), ("arabic", _GLUED)):
            if RANKS[kind] <= marker.rank:
                continue
            match = pattern.search(text, marker.end, min(stop, marker.end + 60))
            if (
                match
                and not re.search(r"[。；;\n]", text[marker.end : match.start()])
                and match.start() > marker.end + 2
            ):
                fresh = _marker(kind, match, inside=True)
                found.append(fresh)
                queue.append(fresh)
                break
    return found


def _cut_off(reading: RunningText, kept: list[Marker]) -> list[Marker]:
    """Numbers that follow a word cut off by a page end, told by the next number counting on: 感染相71 .制定 ... 72 .创新."""
    numbers = sorted((marker for marker in kept if marker.kind == "arabic"), key=lambda marker: marker.start)
    if len(numbers) < 4:
        return []
    starts = [marker.start for marker in numbers]
    found = []
    for match in _GLUED.finditer(reading.text):
        at = bisect_right(starts, match.start())
        if at < len(numbers) and (at == 0 or numbers[at - 1].end <= match.start()):
            following = numbers[at].ordinal
            before = numbers[at - 1].ordinal if at else 0
            if following == int(match.group(1)) + 1 and before != int(match.group(1)) and match.start() < starts[at]:
                found.append(_marker("arabic", match, inside=True))
    return found


def _labels_that_head(labels: list[Marker], kept: list[Marker]) -> list[Marker]:
    """The labels below a heading that part its items: what follows them counts from one, what stands before them is a
    heading or the items of the label before."""
    ordered = sorted([*kept, *labels], key=lambda marker: marker.start)
    found: list[Marker] = []
    heading: Marker | None = None
    before: Marker | None = None
    for index, marker in enumerate(ordered):
        if marker.kind != "label":
            if marker.rank < RANKS["label"]:
                heading = marker
            before = marker
            continue
        following = next((other for other in ordered[index + 1 :] if other.kind != "label"), None)
        if heading is None or following is None:
            continue
        opens = before is heading or bool(found and found[-1].start > heading.start)
        last = following.rank < RANKS["label"] and bool(found and found[-1].start > heading.start)
        if opens and (last or (following.ordinal == 1 and following.rank >= RANKS["arabic"])):
            found.append(marker)
    return found


def _plain_headings(reading: RunningText, kept: list[Marker]) -> list[Marker]:
    """Headings without numbers: lines the format declares as headings, or, in a text without any number, short lines
    that longer text follows. Only where nothing numbered heads the parts."""
    if any(marker.rank <= RANKS["cn-paren"] for marker in kept):
        return []
    numbered = {marker.start for marker in kept}
    paras = reading.paras
    found = []
    seen_text = False
    for index, para in enumerate(paras):
        line = reading.text[para.start : para.end]
        following = reading.text[paras[index + 1].start : paras[index + 1].end] if index + 1 < len(paras) else ""
        if len(line) >= 40 or line.endswith(("。", "：", ":")):
            seen_text = True
        if para.start in numbered or not following or not 4 <= len(line) <= 32 or re.search(r"[。；;：:！？|]", line):
            continue
        declared = para.kind == "heading" and para.level >= 1 and index > 0
        bare = not kept and seen_text and len(following) >= 16 and following.rstrip()[-1:] in "。；"
        if (declared or bare) and not re.search(
            r"\d{4}[-年]|(?:方案|计划|要点|规划|通知|意见|委员会|局|政府|办公室)$", line
        ):
            found.append(Marker("plain", None, para.start, para.start, None))
    return found if len(found) >= 2 else []
