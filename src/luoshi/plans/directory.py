"""The directory of bodies that carry out plans: a printed name leads to one function and a level.

The entries live in `catalog/vocabulary/departments.yaml`; the printed forms of a function at each level of government
follow from its style, so that 省教育厅, 市教育局 and 县教育局 are one function.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from luoshi.catalog.loader import CATALOG, Entry, parse_entry, read_yaml

Style = Literal["厅", "局", "委", "党委", "群团"]
Level = Literal["nation", "province", "prefecture", "county", "township", "village", "all", ""]


class Department(Entry):
    """One function of government, party or society with the names it is printed under."""

    id: str
    name: str
    style: Style
    core: str
    also: tuple[str, ...] = ()
    since: int | None = None
    until: int | None = None
    successor: str | None = None
    seen: tuple[str, ...] = ()


class _File(Entry):
    departments: tuple[Department, ...]


@dataclass(frozen=True)
class Resolved:
    """What a printed name means: the function, the level of government, the place printed before it."""

    department: str
    level: Level
    place: str
    form: str


_SUFFIXES: dict[str, tuple[str, ...]] = {
    "厅": ("厅", "局", "部", "委", "委员会"),
    "局": ("局", "总局", "委"),
    "委": ("委员会", "委", "局"),
    "党委": ("",),
    "群团": ("",),
}
_PLACE = re.compile(
    r"^(?:(?:各级?|有关|相关|本|全)?(?:国家|中央|中共|中国|中华人民共和国|(?:[\u4e00-\u9fff]{2,9}?(?:省|自治区|市|自治州|州|盟|地区|区|县|旗|镇|乡|街道|新区|高新区|开发区|经开区|特区|兵团)"
    r"|省|自治区|兵团|市|州|盟|地区|区|县|旗|特区|镇|乡|街道|村)(?:[（(][^）)]{1,16}[）)])?级?|[\u4e00-\u9fff]{2,3})*)$"
)
_LEVELS: tuple[tuple[str, Level], ...] = (
    ("国家", "nation"), ("中央", "nation"), ("中共", "nation"), ("省", "province"), ("自治区", "province"), ("兵团", "province"),
    ("自治州", "prefecture"), ("地区", "prefecture"), ("州", "prefecture"), ("盟", "prefecture"), ("市", "prefecture"),
    ("街道", "township"), ("镇", "township"), ("乡", "township"), ("县", "county"), ("旗", "county"), ("区", "county"),
    ("村", "village"),
)  # fmt: skip


# Short names of the provinces, as they stand before a form without 省: 贵州银保监局.
PROVINCES = frozenset(
    [
        "北京", "天津", "河北", "山西", "内蒙古", "辽宁", "吉林", "黑龙江", "上海", "江苏", "浙江", "安徽", "福建", "江西",
        "山东", "河南", "湖北", "湖南", "广东", "广西", "海南", "重庆", "四川", "贵州", "云南", "西藏", "陕西", "甘肃", "青海",
        "宁夏", "新疆",
    ]
)  # fmt: skip


@cache
def departments() -> dict[str, Department]:
    """Every function by id. Raises `CatalogError` when the file is wrong."""
    path = CATALOG / "vocabulary" / "departments.yaml"
    data = read_yaml(path)
    for entry in data.get("departments", ()):
        if "from" in entry:
            entry["since"] = entry.pop("from")
    file = parse_entry(data, _File, where=str(path))
    return {entry.id: entry for entry in file.departments}


@cache
def forms() -> dict[str, str]:
    """Every printed form without its level, leading to the id of its function."""
    known: dict[str, str] = {}
    for entry in departments().values():
        for suffix in _SUFFIXES[entry.style]:
            known.setdefault(entry.core + suffix, entry.id)
        for name in (entry.name, *entry.also):
            known.setdefault(name, entry.id)
    return known


@cache
def _by_length() -> tuple[str, ...]:
    return tuple(sorted(forms(), key=len, reverse=True))


# Forms that carry their level inside.
_STANDING_FORMS = frozenset(
    ["省直机关工委", "市直机关工委", "市级机关工委", "团省委", "团市委", "团县委", "团区委", "团州委"]
)
# What cannot stand in a place: other bodies, and words that join.
_NO_PLACE = re.compile(r"[局厅及与、，,]|委(?!员)|[和等](?:[省市县区各]|地方|相关|有关|$)|部门|单位")


@cache
def resolve(printed: str) -> Resolved | None:
    """The directory entry of a printed name, None when the name is not known.

    The longest known form the name ends with decides; what stands before it must be a place or a level.
    """
    name = re.sub(r"\s|[（(](?:牵头|配合|省?直属?|按职责)[）)]", "", printed)
    for form in _by_length():
        if not name.endswith(form):
            continue
        place = name[: len(name) - len(form)]
        entry = departments()[forms()[form]]
        if form in _STANDING_FORMS and not place:
            return Resolved(entry.id, level_of(form.lstrip("团")), "", form)
        if entry.style == "党委":
            committee = re.search(r"(?:委|党委|工委|党工委)$", place)
            if not committee and not form.endswith("机关工委") and (len(form) < 3 or place):
                continue
            place = re.sub(r"(?:党委|党工委|工委|委)$", "", place)
        elif _NO_PLACE.search(_outside_brackets(place)) and (
            not _is_collective(place) or re.search(r"[局厅]|及|委|部门", place)
        ):
            return None
        if _PLACE.match(place) or _is_collective(place):
            return Resolved(entry.id, _level(place, form), place, form)
    return None


@cache
def _functions() -> frozenset[str]:
    cores = {entry.core for entry in departments().values() if entry.style in ("厅", "局", "委")}
    short = {
        re.sub(r"(?:行政)?部门$", "", name)
        for entry in departments().values()
        for name in entry.also
        if name.endswith("部门")
    }
    bodies = {
        re.sub(r"(?:管理|监督管理|监管)?局$", "", entry.core)
        for entry in departments().values()
        if entry.core.endswith("局")
    }
    return frozenset({*cores, *short, *bodies, *_OTHER_FUNCTIONS} - {""})


_OTHER_FUNCTIONS = (
    "卫健", "人社", "医保", "编制", "机构编制", "发改", "共青团", "工会", "总工会", "妇联", "残联", "团委", "宣传",
    "网信", "政法", "组织", "市场监管", "药监", "药品监管", "住建", "工信", "科技", "文旅", "乡村振兴", "疾控", "中医药",
    "大数据", "数据",
)  # fmt: skip


def is_function(name: str) -> bool:
    """Whether a name is a function of government without its 局 or 厅, as in lists like 教育、民政、医保部门; a level may
    stand before it."""
    return name in _functions() or (len(name) > 2 and name[0] in "省市州县区" and name[1:] in _functions())


def _outside_brackets(text: str) -> str:
    return re.sub(r"[（(][^）)]*[）)]", "", text)


def _is_collective(place: str) -> bool:
    """Whether the words before a form name a set of places: 各县（市、区）, 各市州, 有关."""
    return bool(re.fullmatch(r"(?:各|有关|相关|属地|所在地|辖区|全[省市县区州])[\u4e00-\u9fff（）()、]{0,16}", place))


def _level(place: str, form: str) -> Level:
    if place.startswith(("各", "有关", "相关", "全")):
        inside = re.sub(r"[（(].*", "", place)
        return level_of(inside) or "all"
    found: Level = "province" if place in PROVINCES else level_of(place)
    if found == "prefecture" and place.endswith("市") and form.endswith("局") and len(place) > 1:
        return found
    return found or ("province" if form.endswith("厅") else "")


def level_of(text: str) -> Level:
    """The level of government a place or prefix stands for, by its last level word."""
    best: Level = ""
    at = -1
    for word, level in _LEVELS:
        found = text.rfind(word)
        if found > at or (found == at and found >= 0 and len(word) > 1):
            at, best = found, level
    return best


_UNIT_END = re.compile(
    r"(?:委员会|工委|党委|委|厅|局|部|办|办公室|办公厅|处|科|股|室|署|院|所|站|中心|政府|联|会|团|总队|支队|大队|银行|公司|集团|医院|卫生院|学校|大学|学院|机构|部门|单位|领导小组|专班|海关"
    r"|协会|学会|基金会|街道|乡镇|镇街|镇|乡|区县|县区|市县|县市区|市州|开发区|高新区|新区|园区|管理区|社区|机关|企业|基地|委属单位|区|县|市|州|旗)$"
)


def looks_like_unit(name: str) -> bool:
    """Whether an unknown name has the shape of a body: short, ending like one, without the words of a sentence."""
    bare = re.sub(r"[（(][^）)]*[）)]", "", name)
    if not 2 <= len(bare) <= 26 or re.search(
        r"[。：:“”]|(?:加强|推进(?!办|委员会|领导小组|工作组|组)|开展|建立|完善|提升|落实好|达到)", bare
    ):
        return False
    return bool(_UNIT_END.search(bare))
