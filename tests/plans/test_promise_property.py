"""Sentences made by rule in the genre, each with the answer it was made from: the reader recovers them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from luoshi.plans.targets import find_targets

_RATES = (
    "孕产妇系统管理率", "产前筛查率", "高血压患者规范管理率", "适龄儿童疫苗接种率", "居民健康素养水平",
    "65岁及以上老年人健康管理率",
    "普惠性托位占比", "5岁以下儿童贫血患病率", "二级以上综合医院设立老年医学科比例", "村（居）覆盖率", "人员支出占业务支出的比重",
)  # fmt: skip
_MORTALITIES = ("婴儿死亡率", "孕产妇死亡率", "5岁以下儿童死亡率", "结核病报告发病率")
_THINGS = (
    ("新建", "社区卫生服务中心", "家"), ("培育", "省级临床重点专科", "个"), ("培训", "乡村医生", "名"),
    ("建设", "标准化村卫生室", "所"),
    ("举办", "健康讲座", "场"), ("新增", "普惠托位", "个"), ("招录", "定向医学生", "人"),
    ("创建", "省级卫生村", "个"),
    ("配备", "巡回医疗车", "辆"), ("引进", "高层次人才", "人"),
)  # fmt: skip
_SUBJECTS = ("乡镇卫生院", "县级综合医院", "社区卫生服务中心（站）", "基层医疗卫生机构", "公立中医医院")
_DOES = ("达到推荐标准", "设立中医馆", "建成标准化门诊", "提供安宁疗护服务", "开展远程会诊")
_NOISE = (
    "健全“五大中心”", "推进“三高共管”试点", "完善“1+N”模式", "落实18项核心制度", "加强65岁及以上老年人健康教育",
    "按照〔2021〕36号文件要求", "优化15分钟医疗服务圈", "推广12345热线", "规范二级以上医院管理", "深化“两癌”防治",
)  # fmt: skip


@dataclass(frozen=True)
class Clause:
    """A clause and the (comparator, value, unit) of each promise in it, in order."""

    text: str
    answers: tuple[tuple[str, Any, str], ...]


def figure(value: float) -> str:
    return f"{value:g}"


_values = st.one_of(st.integers(1, 99), st.integers(10, 999).map(lambda n: n / 10))
_counts = st.integers(1, 9000)
# words before, words after, comparator
_COMPARING = (
    ("达到", "以上", ">="), ("达", "及以上", ">="), ("不低于", "", ">="), ("保持在", "以上", ">="), ("提高到", "", "="),
    ("达到", "", "="),
    ("稳定在", "左右", "="), ("超过", "", ">"), ("力争达到", "以上", ">="), ("均不低于", "", ">="), ("≥", "", ">="),
    ("", "以上", ">="),
)  # fmt: skip
_CAPPING = (
    ("控制在", "以下", "<="), ("控制在", "以内", "<="), ("下降到", "及以下", "<="), ("不高于", "", "<="), ("降至", "", "="),
    ("低于", "", "<"),
    ("≤", "", "<="),
)  # fmt: skip


@st.composite
def rates(draw: st.DrawFn) -> Clause:
    before, after, op = draw(st.sampled_from(_COMPARING))
    value = draw(st.integers(1, 99) if not before else _values)
    return Clause(f"{draw(st.sampled_from(_RATES))}{before}{figure(value)}%{after}", ((op, value, "%"),))


@st.composite
def mortalities(draw: st.DrawFn) -> Clause:
    before, after, op = draw(st.sampled_from(_CAPPING))
    value, unit = draw(_values), draw(st.sampled_from(("‰", "/10万")))
    return Clause(f"{draw(st.sampled_from(_MORTALITIES))}{before}{figure(value)}{unit}{after}", ((op, value, unit),))


@st.composite
def counts(draw: st.DrawFn) -> Clause:
    verb, thing, unit = draw(st.sampled_from(_THINGS))
    number = draw(_counts)
    mark, op = draw(
        st.sampled_from((("", "="), ("以上", ">="), ("不少于", ">="), ("至少", ">="), ("余", ">"), ("左右", "=")))
    )
    pre, post = (mark, "") if mark in ("不少于", "至少") else ("", mark)
    printed = f"{number}余{unit}" if mark == "余" else f"{number}{unit}{post}"
    text = f"{verb}{thing}{pre}{printed}" if draw(st.booleans()) else f"{verb}{pre}{printed}{thing}"
    return Clause(text, ((op, number, unit),))


@st.composite
def shares(draw: st.DrawFn) -> Clause:
    value, subject, does = draw(st.integers(1, 99)), draw(st.sampled_from(_SUBJECTS)), draw(st.sampled_from(_DOES))
    more = draw(st.booleans())
    lead = draw(st.sampled_from(("", "推动", "实现", "力争", "确保")))
    joint = draw(st.sampled_from(("的", "")))
    return Clause(
        f"{lead}{value}%{'以上' if more else ''}{joint}{subject}{does}", ((">=" if more else "=", value, "%"),)
    )


@st.composite
def changes(draw: st.DrawFn) -> Clause:
    value = draw(st.sampled_from((1, 2, 3, 5, 8, 0.5, 1.5)))
    verb = draw(st.sampled_from(("提升", "提高", "增加")))
    after, op = draw(st.sampled_from((("", "="), ("以上", ">="), ("左右", "="))))
    return Clause(
        f"{draw(st.sampled_from(_RATES[:5]))}{verb}{figure(value)}个百分点{after}", ((op, value, "个百分点"),)
    )


@st.composite
def respective(draw: st.DrawFn) -> Clause:
    names = draw(st.lists(st.sampled_from(_RATES[:6]), min_size=2, max_size=4, unique=True))
    values = draw(st.lists(st.integers(1, 99), min_size=len(names), max_size=len(names)))
    each = draw(st.booleans())
    printed = [f"{v}%{'以上' if each else ''}" for v in values]
    end = "" if each else "以上"
    text = f"{'、'.join(names[:-1])}和{names[-1]}分别达到{'、'.join(printed[:-1])}和{printed[-1]}{end}"
    return Clause(text, tuple((">=", v, "%") for v in values))


@st.composite
def ranges(draw: st.DrawFn) -> Clause:
    low = draw(st.integers(1, 90))
    high = low + draw(st.integers(1, 9))
    dash = draw(st.sampled_from(("-", "—", "～", "至")))
    verb, thing, unit = draw(st.sampled_from(_THINGS))
    return Clause(f"{verb}{low}{dash}{high}{unit}{thing}", (("between", [low, high], unit),))


@st.composite
def baselines(draw: st.DrawFn) -> Clause:
    start, end = sorted(draw(st.lists(st.integers(1, 99), min_size=2, max_size=2, unique=True)))
    base = draw(st.sampled_from(("", "2020年的", "目前的")))
    return Clause(f"{draw(st.sampled_from(_RATES))}从{base}{start}%提高到{end}%以上", ((">=", end, "%"),))


_clauses = st.one_of(rates(), mortalities(), counts(), shares(), changes(), respective(), ranges(), baselines())
_noise = st.sampled_from(_NOISE).map(lambda text: Clause(text, ()))
_WIDE = str.maketrans("0123456789.%", "０１２３４５６７８９．％")


def _seen(text: str, years: tuple[int, int]) -> list[tuple[str, Any, str, str | None]]:
    found = find_targets(text, offset_of=lambda i: i, year=years[1], plan_years=years)
    return [(t.op, t.value, t.unit, t.deadline) for t in found]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.one_of(_clauses, _noise), min_size=1, max_size=4),
    st.sampled_from((("", "2027"), ("到2025年，", "2025"), ("2026年底前，", "2026"), ("到2025年底，全市", "2025"))),
    st.sampled_from(("，", "；", "。")),
    st.booleans(),
)
def test_made_promises_are_recovered(clauses: list[Clause], when: tuple[str, str], joint: str, wide: bool) -> None:
    text = when[0] + joint.join(c.text for c in clauses) + "。"
    if wide:
        text = text.translate(_WIDE)
    wanted = []
    for clause in clauses:
        deadline = when[1]  # the year that opens a paragraph goes on over its sentences
        wanted.extend((*answer, deadline) for answer in clause.answers)
    assert _seen(text, (2023, 2027)) == wanted


@settings(max_examples=150, deadline=None)
@given(_clauses, st.lists(st.integers(0, 60), max_size=4))
def test_blanks_inside_words_change_nothing(clause: Clause, places: list[int]) -> None:
    text = clause.text + "。"
    for place in places:
        at = place % len(text)
        if text[at - 1 : at].isascii() and text[at : at + 1].isascii():
            continue  # a blank between two figures parts them
        text = text[:at] + " " + text[at:]
    assert [(op, value, unit) for op, value, unit, _ in _seen(text, (2023, 2027))] == list(clause.answers)


@settings(max_examples=100, deadline=None)
@given(_clauses)
def test_quotes_stand_in_the_text_where_the_offsets_say(clause: Clause) -> None:
    text = f"优化服务，{clause.text}。"
    for target in find_targets(text, offset_of=lambda i: i, year=2027, plan_years=(2023, 2027)):
        assert text[target.start : target.end] in text
        assert 5 <= target.start < target.end <= len(text) - 1


@settings(max_examples=100, deadline=None)
@given(
    _clauses.filter(lambda c: "力争" not in c.text and "确保" not in c.text),
    st.sampled_from(("截至2021年底，", "2021年，", "目前，")),
)
def test_results_are_not_promises(clause: Clause, when: str) -> None:
    assert _seen(f"{when}{clause.text}。", (2023, 2027)) == []
