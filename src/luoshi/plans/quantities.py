"""Quantities in the text: a number, its magnitude, its unit, the comparator words glued to it, ranges and ratios.

Works on the text of `plain.Plain`. It finds what is written, not what it means; `frames` decides what is promised.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from luoshi.kernel.comparator import Op
from luoshi.plans import numbers
from luoshi.plans.numbers import ARABIC, MAGNITUDES, tidy

# Units, longest first where one begins another. Grouped by what they say of the kind of target.


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


RATE_UNITS = _words("个百分点 百分点 % ‰ 成")
PERSON_UNITS = _words("人次数 人次 人份 人天 人 名 位 员")
LEVEL_UNITS = _words(
    "平方公里 平方千米 平方米 立方米 公里 千米 分钟 小时 个小时 个工作日 工作日 个月 周岁 岁 天 日 秒 "
    "毫克 微克 毫升 千克 公斤 克 吨 升 "
    "级 星级 星 等 分贝 DDDs DDD 分 倍 位次 度 米 年 周"
)
MONEY_UNITS = _words("元")
COUNT_UNITS = _words(
    "万人次 批次 场次 例次 件次 家次 户次 车次 台次 剂次 课时 学时 张床位 张床 张病床 大项 小项 大类 小类 门课程 期次 班次 "
    "个 家 所 项 件 期 "
    "场 次 例 种 类 台 套 辆 架 张 支 间 处 座 条 份 户 篇 部 册 对 组 款 门 批 只 艘 节 轮次 轮 "
    "管 颗 片 针 剂 枚 株 亩 幢 栋 本 袋 单位 "
    "床位 床 站 村 县 镇 市 乡 科 站点 讲 集 遍 趟 回 宗 起 班 版 个班 人班"
)
_ALL_UNITS = sorted({*RATE_UNITS, *PERSON_UNITS, *LEVEL_UNITS, *MONEY_UNITS, *COUNT_UNITS}, key=len, reverse=True)
_UNIT = "|".join(re.escape(u) for u in _ALL_UNITS)
_MAGNITUDE = "万亿|百万|千万|十万|万|亿|千|百"
_PER = r"(?:每)?(?:100万|10万|十万|100000|百万|1000|万|千|百|100)(?:人口|人年|人|活产|儿童|名|孕产妇|常住人口)?"

_CLOSER = r"[”\"’】]?"
_SUFFIX = (
    rf"{_CLOSER}(?P<suffix>(?:及|或|含|和)?以上|(?:及|或|含|和)?以下|[以之]?内(?![科镜分部容外需涵生])|以内|左右|上下|"
    r"起(?=[，。；、]|$)|[（(]含[）)])"
)
# A number with its unit. Alternatives in order: ratio N:M, per-cent words, fraction per N, plain number.
_QUANTITY = re.compile(
    rf"(?P<sign>[≥≤><]=?|[≥≤])?"
    rf"(?:"
    rf"(?P<r1>\d+(?:\.\d+)?):(?P<r2>\d+(?:\.\d+)?)(?![:\d])"
    rf"|百分之(?P<pct>{numbers.CHINESE}|{ARABIC})"
    rf"|千分之(?P<pml>{numbers.CHINESE}|{ARABIC})"
    rf"|(?P<tn>10|十)万分之(?P<tv>{ARABIC}|{numbers.CHINESE})"
    rf"|(?P<den>[二三四五六七八九十])分之(?P<num>[一二三四五六七八九两])"
    rf"|(?P<fn>{ARABIC})/(?P<per>{_PER})"
    rf"|(?P<a>{ARABIC})(?P<am>{_MAGNITUDE})?(?P<au>%[oO0](?!\d)|{_UNIT})?"
    rf"(?P<dash>-{{1,2}}|~|至|到|、(?=\d+(?:\.\d+)?(?:个百分点)))(?P<b>{ARABIC})(?P<bm>{_MAGNITUDE})?(?P<more2>余|多)?(?P<bu>%[oO0](?!\d)|{_UNIT})?(?:/(?P<bper>{_PER}))?"
    rf"|(?P<n>{ARABIC})(?P<m>{_MAGNITUDE})?(?P<more>余|多|来)?(?P<m2>万|亿)?(?P<u>%[oO0](?!\d)|{_UNIT})?(?:（[次人家个场户名例件]）)?"
    rf"(?:/(?P<up>每?(?:10万|千|万|百)?(?:人口|人|名|年|月|周|日|天|季度|床|户|次|例|村|县|所|家)(?:[·./](?:年|月|日|天))?))?"
    rf")"
    rf"(?:{_SUFFIX})?"
)
_CHINESE_QUANTITY = re.compile(
    rf"(?P<n>半|[一二三四五六七八九十百千万两]+)(?P<more>余|多)?(?P<u>{_UNIT}|翻)(?:{_SUFFIX})?"
)
_MISREAD_UNITS = (
    *sorted(PERSON_UNITS, key=len, reverse=True),
    *_words("分钟 小时 % ‰ 个 家 所 项 张 次 场 例 万 元 种 台 辆 岁 天 户"),
)
_MISREAD = re.compile(
    r"(?<![A-Za-z\d.])(?P<n>[HIlO][\dOIl]{1,4}|\d{1,4}[OIl][\dOIl]{0,3}|(?<=[有少成立设建增办于])[Il])"
    rf"(?P<u>(?:万|亿)?(?:{'|'.join(_MISREAD_UNITS)}))"
)
_MISREAD_DIGITS = {"H": "11", "I": "1", "l": "1", "O": "0"}

_SUFFIX_OP: dict[str, Op] = {"上": ">=", "下": "<=", "内": "<="}


@dataclass(frozen=True)
class Quantity:
    """A number with its unit as printed. `start`/`end` include sign and suffix; `core_end` is where the unit ends.

    `op` is what the glued words say (以上, ≥, 余), None where they say nothing; `approximate` for 左右; `chinese` for a
    number written in Chinese characters; `flags` say in plain words what may have been misread.
    """

    start: int
    end: int
    core_end: int
    value: float
    unit: str
    upper: float | None = None
    per: str = ""
    op: Op | None = None
    approximate: bool = False
    chinese: bool = False
    suffix: str = ""
    printed: str = ""
    flags: tuple[str, ...] = field(default=())
    alternatives: tuple[float, ...] = ()

    @property
    def is_share(self) -> bool:
        """A share of a whole: per cent or per mille."""
        return self.unit in ("%", "‰")


def is_unit(text: str) -> bool:
    """Whether the text is a unit this module knows, with or without 万 or 亿 before it."""
    return text.lstrip("万亿") in _ALL_UNITS or text in ("万", "亿", "万亿")


def with_unit(quantity: Quantity, unit: str) -> Quantity:
    """The same quantity under another unit, for tables that print the unit once."""
    return replace(quantity, unit=unit)


class _Spans:
    """Merged spans with a quick answer to what overlaps a stretch."""

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        self.starts: list[int] = []
        self.ends: list[int] = []
        for start, end in sorted(spans):
            if self.ends and start <= self.ends[-1]:
                self.ends[-1] = max(self.ends[-1], end)
            elif end > start:
                self.starts.append(start)
                self.ends.append(end)

    def hit(self, start: int, end: int) -> tuple[int, int] | None:
        """The first span that overlaps [start, end), or None."""
        place = bisect_right(self.ends, start)
        if place < len(self.starts) and self.starts[place] < end:
            return self.starts[place], self.ends[place]
        return None


def find(text: str, masked: Iterable[tuple[int, int]] = ()) -> list[Quantity]:
    """Every quantity outside the `masked` spans, in order, none overlapping another."""
    outside = _Spans(masked)
    text = _ENDLESS.sub(lambda m: " " * len(m[0]), text)  # runs of digits too long to be anything
    found = [_read_misread(m) for m in _MISREAD.finditer(text) if outside.hit(m.start(), m.end()) is None]
    blocked = _Spans(
        [
            *zip(outside.starts, outside.ends, strict=True),
            *_codes(text),
            *((q.start, q.end) for q in found),
        ]
    )
    at = 0
    while at < len(text) and (match := _QUANTITY.search(text, at)):
        if hit := blocked.hit(match.start(), match.end()):
            before = _QUANTITY.match(text, match.start(), hit[0]) if hit[0] > match.start() else None
            if before is None:
                at = max(hit[1], match.start() + 1)
                continue
            match = before  # a date begins inside it: 30%2025年
        if (
            match["b"]
            and match["dash"] in ("到", "至")
            and _FROM.search(text, max(0, match.start() - 16), match.start())
        ):
            match = _QUANTITY.match(text, match.start(), match.start("dash")) or match  # 从60%到70% is no range
        quantity = _read(match, text)
        at = max(match.end(), match.start() + 1)
        if quantity is not None:
            found.append(quantity)
    digits = _Spans((q.start, q.end) for q in found)
    for match in _CHINESE_QUANTITY.finditer(text):
        if digits.hit(match.start(), match.end()) or outside.hit(match.start(), match.end()):
            continue
        quantity = _read_chinese(match, text)
        if quantity is not None:
            found.append(quantity)
    return sorted(found, key=lambda q: q.start)


_FROM = re.compile(r"[从由][^，。；]{0,14}$")
_ENDLESS = re.compile(r"[\d,.]{25,}")


_CODES = re.compile(
    r"[〔\[［【(（]?(?:19|20)\d{2}[〕\]］】)）]\s*第?\d+号|第\d+(?:\.\d+)*[号条款项章节次批期轮届个版]|附件\d+|附表\d+|表\d+(?:-\d+)?|图\d+|"
    r"\d{3,4}-\d{7,8}|(?<!\d)1[3-9]\d{9}(?!\d)|(?<!\d)\d{17}[\dXx](?!\d)|"
    r"[A-Za-z]+[-.]?\d+(?:\.\d+)*[A-Za-z]*(?![\d年月%‰人个家名台套辆])|(?<![\d.])\d+(?:\.\d+)?(?:[GDKX](?![A-Za-z])|S管理)|"
    r"\d+\+[\dNnXx]+(?:\+[\dNnXxA-Za-z]+)*|(?<!\d)(?:12[0-9]{3}|120|119|110|122)(?:热线|电话|急救|平台|调度|指挥|服务热线|政务)|"
    r"(?<!\d)\d{1,2}\.\d{1,2}\.(?:19|20)\d{2}|(?<!\d)(?:19|20)\d{2}\.\d{1,2}\.\d{1,2}(?!\d)|"
    r"\d+号(?:文|令|楼)|[A-Z]{2,}[/-]?[A-Z]*\s?\d+(?:\.\d+)*(?![\d台套辆])|H\d+N\d+|\d+/\d+(?:/\d+)+|https?://[!-~]+|www\.[!-~]+|(?<![\w.-])[\w.-]{1,40}@[!-~]+|"
    r"(?<!\d)24小时|(?<!\d)(?:7|5)[x×X*]24(?:小时)?|\d+[x×X]\d+|\d{1,2}:\d{2}(?=[分时，。；、（）)\-~至到]|$)"
)


def _codes(text: str) -> list[tuple[int, int]]:
    """Spans whose digits count nothing: document numbers, ordinals, telephone numbers, codes, versions, round the clock."""
    return [m.span() for m in _CODES.finditer(text)]


def _sign(sign: str | None) -> Op | None:
    table: dict[str, Op] = {"≥": ">=", ">=": ">=", "≤": "<=", "<=": "<=", ">": ">", "<": "<"}
    return table.get(sign or "")


def _suffix_op(suffix: str | None) -> tuple[Op | None, bool]:
    if not suffix:
        return None, False
    if suffix in ("左右", "上下"):
        return None, True
    if suffix == "起":
        return ">=", False
    return _SUFFIX_OP.get(suffix[-1]), False


def _unit(unit: str | None, magnitude: str | None) -> tuple[str, list[str]]:
    flags: list[str] = []
    unit = unit or ""
    if re.fullmatch(r"%[oO0]", unit):
        unit = "‰"
        flags.append("‰ misread as %o?")
    if unit == "百分点":
        unit = "个百分点"
    return (magnitude or "") + unit if magnitude in ("万", "亿", "万亿") else unit, flags


def _scaled(value: float, magnitude: str | None) -> float:
    """The value in the printed unit: 万 and 亿 stay in the unit, smaller magnitudes are multiplied out."""
    if magnitude is None or magnitude in ("万", "亿", "万亿"):
        return tidy(value)
    return tidy(value * MAGNITUDES[magnitude])


_LONGEST = 40  # characters of a printed quantity; longer runs of digits are codes or rubbish


def _read(match: re.Match[str], text: str) -> Quantity | None:
    if match.end() - match.start() > _LONGEST:
        return None
    g = match.groupdict()
    suffix_op, approximate = _suffix_op(g["suffix"])
    op = _sign(g["sign"]) or suffix_op
    core_end = match.end() if not g["suffix"] else match.start("suffix")
    while core_end > match.start() and text[core_end - 1] in '”"’】' and g["suffix"]:
        core_end -= 1
    base: dict[str, Any] = {
        "start": match.start(),
        "end": match.end(),
        "core_end": core_end,
        "approximate": approximate,
        "suffix": g["suffix"] or "",
        "printed": match[0],
    }
    if g["r1"]:
        first, second = float(g["r1"]), float(g["r2"])
        if first == 0 or second == 0 or re.match(r"[\d:]", text[match.end() : match.end() + 1] or " "):
            return None
        if second == 1 and first != 1:
            return Quantity(value=tidy(first), unit="N:1", op=op, **base)
        return Quantity(value=tidy(second / first), unit="1:N" if first == 1 else "", op=op, **base)
    for key, unit in (("pct", "%"), ("pml", "‰")):
        if g[key]:
            value = numbers.arabic(g[key]) if g[key][0].isdigit() else numbers.chinese(g[key])
            return None if value is None else Quantity(value=tidy(value), unit=unit, op=op, chinese=False, **base)
    if g["tv"]:
        per_head = numbers.arabic(g["tv"]) if g["tv"][0].isdigit() else numbers.chinese(g["tv"])
        return None if per_head is None else Quantity(value=tidy(per_head), unit="/10万", op=op, **base)
    if g["den"]:
        share = (numbers.chinese(g["num"]) or 0) / (numbers.chinese(g["den"]) or 1) * 100
        note = f"fraction in words, read as {share:.4g}%"
        return Quantity(value=round(share, 4), unit="%", op=op, flags=(note,), **base)
    if g["fn"]:
        per = g["per"].lstrip("每").replace("十万", "10万").replace("100000", "10万")
        short = re.match(r"100万|10万|1000|千|百万|万|百|100", per)
        unit = "/" + (short[0] if short else per).replace("1000", "千")
        return Quantity(value=tidy(numbers.arabic(g["fn"])), unit=unit, per=per, op=op, **base)
    if g["b"]:
        return _read_range(match, text, op, base)
    if g["n"] is None:
        return None
    magnitude = g["m"]
    value = numbers.arabic(g["n"])
    if g["m2"]:
        magnitude = (magnitude or "") + g["m2"] if (magnitude or "") + g["m2"] in MAGNITUDES else g["m2"]
        if magnitude in ("百万", "千万", "十万"):
            value, magnitude = value * MAGNITUDES[magnitude] / 10_000, "万"
    elif magnitude in ("百万", "千万", "十万"):
        value, magnitude = value * MAGNITUDES[magnitude] / 10_000, "万"
    unit, flags = _unit(g["u"], magnitude)
    if g["more"] and op is None:
        op = ">"
    if g["u"] and re.fullmatch(r"%[oO0]", g["u"]):
        unit, flags = _per_mille_or_stop(text, match, value)
    if g["up"]:
        base["per"] = g["up"].removeprefix("每")
    alternatives: tuple[float, ...] = ()
    if unit == "个百分点" and (pair := _lost_dash(g["n"])):
        flags.append(f"number misread? the dash of a range may be lost ({pair[0]}-{pair[1]})")
        alternatives = tuple(float(p) for p in pair)
    return Quantity(
        value=_scaled(value, magnitude), unit=unit, op=op, flags=tuple(flags), alternatives=alternatives, **base
    )


def _read_range(match: re.Match[str], text: str, op: Op | None, base: dict[str, Any]) -> Quantity | None:
    g = match.groupdict()
    low, high = numbers.arabic(g["a"]), numbers.arabic(g["b"])
    magnitude = g["bm"] or g["am"]
    unit_word = g["bu"] or g["au"]
    flags: list[str] = []
    if g["bper"]:
        per = g["bper"].lstrip("每")
        short = re.match(r"10万|十万|千|万|1000", per)
        unit = "/" + (short[0].replace("十万", "10万") if short else per)
    else:
        unit, flags = _unit(unit_word, magnitude)
    if not unit and not g["bper"]:
        return None
    if low > high:
        flags = [*flags, "range runs downwards: number misread?"]
        low, high = high, low
    if g["dash"] in ("到", "至") and g["au"] and g["au"] != (g["bu"] or g["au"]):
        return None
    return Quantity(
        value=_scaled(low, magnitude),
        upper=_scaled(high, magnitude),
        unit=unit,
        op="between",
        flags=tuple(flags),
        **base,
    )


def _per_mille_or_stop(text: str, match: re.Match[str], value: float) -> tuple[str, list[str]]:
    """`%o` is ‰, but at the end of a sentence the `o` may be a misread full stop: then it is %."""
    after = text[match.end("u") :]
    ends = not after or after[0] in "\n（(" or after.startswith("责任")
    if ends and value >= 10:
        return "%", ["printed %o: read as % and a full stop"]
    return "‰", ["printed %o: read as ‰"]


def _lost_dash(digits: str) -> tuple[str, str] | None:
    """Two digits of which the second is one or two more than the first: 12 may be 1-2, 35 may be 3-5."""
    if len(digits) == 2 and digits.isdigit() and 0 < int(digits[1]) - int(digits[0]) <= 2:
        return digits[0], digits[1]
    return None


def _read_misread(match: re.Match[str]) -> Quantity:
    digits = "".join(_MISREAD_DIGITS.get(c, c) for c in match["n"])
    return Quantity(
        start=match.start(), end=match.end(), core_end=match.end(), value=float(int(digits)), unit=match["u"],
        printed=match[0], flags=(f"number misread? printed {match['n']}, read as {digits}",),
    )  # fmt: skip


def _read_chinese(match: re.Match[str], text: str) -> Quantity | None:
    if match["n"] == "半" or match["u"] in (
        "等",
        "分",
        "度",
        "位",
        "员",
        "讲",
        "回",
        "遍",
        "市",
        "县",
        "乡",
        "村",
        "镇",
        "科",
        "成",
        "本",
        "版",
        "起",
        "单位",
    ):
        return None
    if text[match.start() - 1 : match.start()] in ("第", "十", "之", "统", "唯", "同", "任", "某", "逐", "每", "十"):
        return None
    value = numbers.chinese(match["n"])
    if value is None or value == 0:
        return None
    op, approximate = _suffix_op(match["suffix"])
    if match["more"] and op is None:
        op = ">"
    end_core = match.start("suffix") if match["suffix"] else match.end()
    return Quantity(
        start=match.start(), end=match.end(), core_end=end_core, value=tidy(value), unit=match["u"], op=op,
        approximate=approximate, chinese=True, suffix=match["suffix"] or "", printed=match[0],
    )  # fmt: skip
