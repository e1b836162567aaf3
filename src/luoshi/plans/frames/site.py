"""The place of a number in its clause: the words left of it, the words right of it, and how to make a reading of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from luoshi.kernel.comparator import Op
from luoshi.plans import metrics
from luoshi.plans.model import Kind
from luoshi.plans.quantities import LEVEL_UNITS, PERSON_UNITS, Quantity
from luoshi.plans.reading import UNNAMED, Context, Reading, Refusal

TIME_UNITS = frozenset({"分钟", "小时", "个小时", "个工作日", "工作日", "个月", "天", "日", "秒", "年", "周"})
SIZE_UNITS = frozenset(
    (
        "平方米",
        "立方米",
        "平方公里",
        "平方千米",
        "公里",
        "千米",
        "米",
        "吨",
        "千克",
        "公斤",
        "克",
        "毫克",
        "微克",
        "毫升",
        "升",
        "亩",
        "度",
        "分贝",
    )
)
PER_TIME = re.compile(
    r"(?P<per>每(?:(?:\d|[一二两三四五])个?)?(?:半年|年|季度|季|月|周|日|天|学期|学年|班次|次|旬)|(?<!\d)\d年(?=(?:不少于|至少|不低于|内)))"
)
PER_HEAD = re.compile(
    r"每(?:百|千|万|十万|百万|\d+万?|[一二三四五六七八九])?(?:名|个|家|所|张|位)?(?:常住|户籍|服务)?(?:人口|人|居民|儿童|卫技人员|卫生技术人员|床位|床|职工|学生|老年人|活产)"
)
BOUNDARY = re.compile(
    r"^(?:$|[，。；、：（）”\"」和与及并或]|以及|等(?:[，。；、]|$)|的(?:标准|比例)(?=安排|核定|补助|配备|落实|予以|给予|拨付|筹集|设置|配置)|的(?:(?:较低|较高|合理|良好|低|高|规划|预期|预定|既定|年度)?(?:目标|任务|要求|水平|标准|比例|范围|区间|流行水平))(?:[，。；、]|$))"
)
PREDICATE = re.compile(
    r"(?:能够|均能|都能|可以|均|都|具有|具备|达到|达|设立|设置|设有|成立|建成|建立|建有|配备|配有|开展|提供|实现|完成|纳入|通过|成为|符合|接入|"
    r"使用|拥有|参加|参与|接受|执行|实行|实施|落实|推行|创建|创成|建设|入网|上线|联通|互认|开设|享有|享受|签约|进行|转诊|下沉|掌握|获得|"
    r"取得|得到|覆盖|解决|办理|在)"
)
# What shows that a sentence sets a goal and does not state a fact.
AIM = re.compile(r"目标|指标|力争|确保|争取|努力|到(?:19|20)\d{2}年|20\d{2}年(?:底|末|前)|十[四五六]五|分别为")
_FALLING = re.compile(
    r"死亡率|发病率|患病率|发生率|感染率|吸烟率|流失率|差错|负担|自付|个人卫生支出|次均|费用|平均住院日|等候|排名|时间|患龋|近视率|肥胖|超重|"
    r"缺陷|药占比|耗占比|剖宫产率|抗菌药物使用|漏报率|投诉率|流产|供能比"
)
_PERSONS = re.compile(r"人数|人次|患者|老年人|人员|居民|学生|儿童|妇女|医师|护士|村医|人$")


def falls(name: str) -> bool:
    """Whether less is better, so that a bare value is a ceiling (死亡率, 平均住院日, 个人卫生支出)."""
    return bool(_FALLING.search(name))


def kind_of(quantity: Quantity, metric: str, *, change: bool = False) -> Kind:
    """rate, count, level or change, from the unit and from what is measured."""
    if change or quantity.unit == "个百分点":
        return "change"
    unit = quantity.unit.lstrip("万亿")
    if quantity.is_share or quantity.unit.startswith("/") or quantity.unit in ("1:N", "N:1"):
        return "rate"
    per_head = PER_HEAD.search(metric) and not re.search(r"^每(?:名|个|家|所|位)", metric)
    if per_head or re.search(r"^(?:百|千|万)(?:人|名)", metric) or "人均" in metric:
        return "level" if unit in LEVEL_UNITS else "rate"
    if unit in ("位", "位次", "级", "星", "星级", "等", "分") and not re.search(r"(?:人员?|医[生师]|专家)数?$", metric):
        return "level"
    return "level" if unit in LEVEL_UNITS else "count"


@dataclass(frozen=True)
class Site:
    """A run of numbers with `left` (words of the clause before it, from index `start` of the plain text) and `right`."""

    left: str
    run: tuple[Quantity, ...]
    right: str
    context: Context
    start: int
    noun: str = field(default="", compare=False)

    @classmethod
    def of(cls, left: str, run: list[Quantity], right: str, context: Context, start: int | None = None) -> Site:
        """A site whose `left` ends at the first number, or starts at `start` where words between were taken out."""
        first = run[0].start - len(left) if start is None else start
        return cls(left, tuple(governed(run)), right, context, first, right_noun(right))

    @property
    def first(self) -> Quantity:
        """The first number of the run."""
        return self.run[0]

    def cut(self, left: str) -> Site:
        """The same site seen with fewer (a prefix of the) words on the left."""
        return replace(self, left=left)

    def with_op(self, op: Op | None) -> Site:
        """The same site, its numbers carrying a comparator where they print none."""
        return self if op is None else replace(self, run=tuple(replace(q, op=q.op or op) for q in self.run))

    def about(self) -> Site:
        """The same site with approximate numbers (约, 近)."""
        return replace(self, run=tuple(replace(q, approximate=True) if q.op is None else q for q in self.run))

    def span(self, offset: int | None = 0, used: int = 0) -> tuple[int, int]:
        """From `offset` into `left` (None: from the number itself) to the end of the run and of `used` words right."""
        text = self.context.text
        start = self.first.start if offset is None else min(self.start + offset, self.first.start)
        while start < self.first.start and text[start] in "，、；：。 \n":
            start += 1
        return start, self.run[-1].end + used

    def used(self) -> int:
        """How many characters on the right belong to the promise."""
        return until(self.right, "，。；：\n")

    def refusal(self, reason: str) -> Refusal:
        """The run refused, with the reason in plain words."""
        return Refusal(self.first.start, self.run[-1].end, self.first.printed, reason)

    def reading(
        self, quantity: Quantity, span: tuple[int, int], metric: str, rule: str, *, verb_kind: str = "plain",
        compare: Op | None = None, confidence: float = 0.95, change: bool = False, verb: str = "", per: str = "",
    ) -> Reading:  # fmt: skip
        """A reading of one number of the run."""
        unnamed = not re.search(r"[\u4e00-\u9fffA-Za-z]", metric)
        if unnamed:
            metric = metrics.bare(verb + self.right[: until(self.right, "，。；：\n")].removeprefix("的")) or UNNAMED
            confidence = min(confidence, 0.5)
        op, alternatives, approximate = comparison(quantity, verb_kind, compare)
        if op == "=" and alternatives == [">="] and falls(metric) and not change:
            alternatives = ["<="]
        flags = list(quantity.flags)
        if unnamed:
            flags.append("what is measured is not printed")
        if approximate:
            flags.append("about (左右)")
        if any("misread" in f for f in flags):
            confidence = min(confidence, 0.6)
        if quantity.chinese:
            confidence = min(confidence, 0.75)
        unit = quantity.unit
        if unit == "万" and _PERSONS.search(metric):
            unit = "万人次" if "人次" in metric else "万人"
        return Reading(
            start=span[0], end=span[1], number_at=quantity.start, number_end=quantity.end, metric=metric, op=op,
            value=quantity.value if quantity.upper is None else [quantity.value, quantity.upper], unit=unit,
            kind=kind_of(quantity, metric, change=change), rule=rule, confidence=confidence, flags=flags,
            op_alt=alternatives, approximate=approximate, verb=verb, per=per or per_of(quantity, metric),
        )  # fmt: skip

    def several(self, subject: str, rule: str, *, verb_kind: str = "plain", compare: Op | None = None) -> list[Reading]:
        """One value each for several subjects (分别), or for several years, which the caller deals out."""
        names = metrics.distribute(subject, len(self.run))
        flags, confidence = [], 0.93
        if names is None:
            names = [self.named(subject)] * len(self.run)
            flags, confidence = ["several values for one subject: which belongs to which?"], 0.8
        out = []
        for name, quantity in zip(names, self.run, strict=True):
            reading = self.reading(
                quantity, self.span(), name, rule, verb_kind=verb_kind, compare=compare, confidence=confidence
            )
            reading.flags.extend(flags)
            out.append(reading)
        return out

    def topic(self) -> str:
        """What the clause before was about, for a clause that names no subject of its own."""
        return metrics.bare(self.context.previous_clause)

    def before(self, *, clause: bool = False) -> str:
        """The words of the sentence (or of the clause) before the run, 400 characters at most."""
        since = self.context.clause_start if clause else self.context.sentence_start
        return self.context.text[max(since, self.first.start - 400) : self.first.start]

    def clause(self) -> str:
        """The clause around the run, 200 characters on either side at most."""
        context = self.context
        start, end = max(context.clause_start, self.first.start - 200), min(context.clause_end, self.run[-1].end + 200)
        return context.text[start:end]

    def headed(self) -> str:
        """The measure that opens the sentence before a colon: 平均住院日：三级医院不超过8天，…"""
        start = self.context.clause_start
        before = self.context.text[max(self.context.sentence_start, start - 400) : start]
        heads = [h for h in re.findall(r"([^，。；：]{2,30})：", before) if metrics.is_measure(h)]
        return metrics.bare(heads[-1]) if heads else ""

    def follows(self) -> bool:
        """Whether the promise before stands right before this clause, nothing but a date between them."""
        if self.context.previous is None:
            return False
        gap = self.context.text[self.context.previous.end : self.context.clause_start]
        return len(gap) <= 2 or (len(gap) <= 20 and not metrics.bare(gap))

    def named(self, subject: str) -> str:
        """The subject of a measure; where the clause names none, the clause before gives it."""
        name = metrics.turned(metrics.measured(subject))
        previous = self.context.previous
        near = previous is not None and self.follows()
        if len(name) < 2 or name in ("占比", "比例", "其中", "覆盖率", "数量", "人数", "总数", "每年", "时间", "时长"):
            if previous is not None and near:
                before = re.sub(r"(?:提升|下降)幅度$", "", previous.metric)
                if previous.kind == "count" and name in ("时间", "时长"):
                    before = before.removesuffix("数")
                return before if not name or before.endswith(name) else f"{before}{name}"
            before = self.topic()
            if name.endswith("率"):
                before = re.sub(r"^(?:加强|推进|开展|实施|推动|深化)(?=.{4,}建设$)", "", before)
                before = before.removesuffix("建设")
            return f"{before}{name}" if len(before) <= 24 else name or before[-24:]
        if not metrics.is_measure(name) and (head := self.headed()):
            return name + head
        bare_level = re.fullmatch(r"[国家省市县区厅局部级（）以上及]+", name)
        if (
            previous is not None
            and near
            and previous.unit == self.first.unit
            and (bare_level or not metrics.is_measure(name))
        ):
            place = re.search(r"(?:城区|城市|农村|乡镇|男性|女性)$", previous.metric)
            if place and re.fullmatch(r"城区|城市|农村|乡镇|男性|女性", name):
                return name + previous.metric[: place.start()]
            whose = re.fullmatch(r"(.*(?:率|比例|占比|水平|标准|费用))[\u4e00-\u9fff]{2,6}", previous.metric)
            if whose and re.fullmatch(r"[\u4e00-\u9fff]{2,6}", name) and not metrics.is_measure(previous.metric):
                return name + whose[1]  # 报销比例职工80%、居民70%
            if listed := re.match(r"(.*?(?:数|率|比例|项目))[国省市县区厅局部（）]+级", previous.metric):
                return listed[1] + name  # 项目数省级…，厅级…，市级…
            if (
                previous.kind != "count"
                and metrics.is_measure(previous.metric)
                and (head := metrics.head_of(previous.metric, name))
            ):
                return name + head
        return name


def per_of(quantity: Quantity, metric: str) -> str:
    """The base a value is counted by: 年, 月, 千人口, 每个县; empty where there is none or the unit says it (/10万)."""
    if quantity.unit.startswith("/"):
        return ""
    if quantity.per:
        return quantity.per
    if m := PER_TIME.search(metric):
        return m["per"].removeprefix("每")
    if m := PER_HEAD.search(metric):
        return m[0].removeprefix("每") if re.match(r"每(?:百|千|万|十万|\d|一)", m[0]) else m[0]
    return ""


def governed(run: list[Quantity]) -> list[Quantity]:
    """以上 after a later number governs the bare ones before it: 95%和90%以上; 30%、18%、20%及以上."""
    out = list(run)
    for i in range(len(out) - 2, -1, -1):
        here, after = out[i], out[i + 1]
        if here.op is None and not here.approximate and here.upper is None and after.op in (">=", "<="):
            out[i] = replace(here, op=after.op)
    return out


def comparison(quantity: Quantity, verb_kind: str, compare: Op | None) -> tuple[Op, list[Op], bool]:
    """The comparator of a value, the other readings the print allows, and whether it is only approximate."""
    if quantity.upper is not None:
        return "between", [], quantity.approximate
    if quantity.approximate:
        return "=", [], True
    if quantity.op in (">=", "<="):
        other: list[Op] = [">"] if compare == ">" else ["<"] if quantity.op == "<=" else []
        return quantity.op, other, False
    if compare is not None:
        return compare, [], False
    if quantity.op == ">":
        return ">", [">=", "="], False
    if quantity.op is not None:
        return quantity.op, [], False
    if verb_kind == "cap":
        return "<=", ["="], False
    if verb_kind == "down":
        return "=", ["<="], False
    if quantity.is_share and quantity.value == 100:
        return "=", [], False
    return "=", [">="], False


def right_noun(right: str, marks: str = "，。；、：\n") -> str:
    """The noun phrase that begins right of a number, without 的; empty where a mark or nothing follows."""
    if BOUNDARY.match(right):
        return ""
    text = right[1:] if right.startswith("的") else right
    text = text[: until(text, marks)]
    return "" if not text or text[0] in "）)”" else text.strip()


def until(text: str, marks: str) -> int:
    """How many characters stand before the first of `marks` that is outside brackets."""
    depth = 0
    for i, char in enumerate(text):
        if char in "（《〔":
            depth += 1
        elif char in "）》〕":
            if depth == 0:
                return i
            depth -= 1
        elif depth == 0 and char in marks:
            return i
    return len(text) if depth == 0 else min((text.find(c) for c in marks if c in text), default=len(text))


def counts_persons(quantity: Quantity) -> bool:
    """Whether the unit counts persons or households."""
    return quantity.unit.lstrip("万亿") in (*PERSON_UNITS, "户")
