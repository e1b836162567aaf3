"""The place a plan is for: from its title, its issuer, and the places its text names."""

from __future__ import annotations

import re
from collections import Counter

from luoshi.plans.directory import PROVINCES
from luoshi.plans.model import PlanHead

_NOT_PLACE = re.compile(
    r"^(?:[一二三四五六七八九]是|全|本|各|我|该|县|市|区|省|乡|城(?![关固步口厢阳])|社|园|院|辖|片|山|灾|疫|病|牧|库|地|试点|示范|所在|属地|服务|居住|功能|"
    r"中心|重点|部分|有关|相关|基层|农村|贫困|民族|边远|偏远|经济|开发|高新|创建|健康|国家|跨省|[的及等与]|推进|年|"
    r"[使让将把]|成(?!都|武|安|县)|进(?!贤)|推动|加强|完善|建设|实施|关于|印发|办公|参照|超大|家|卫生|文明|一个|每个|两个|设|新建市|主城)"
)

# One part of a name: 浙江省, 六盘水市; names of one character are those of counties (泸县).
_PART = r"[\u4e00-\u9fff]县|[\u4e00-\u9fff]{2,8}?(?:省|自治区|自治州|自治县|地区|市|州|盟|县|区|旗)"
_HEALTHY = re.compile(
    r"健康(?!中国|城市|城镇|乡村|社区|企业|学校|家庭|细胞|生活|知识|素养|服务|扶贫|老龄|教育)([\u4e00-\u9fff]{2,4}?)(?:行动|建设)"
)


def _places(text: str) -> list[str]:
    """Names of places with their level word, as printed, adjoining ones together: 绍兴市上虞区."""
    text = re.sub(r"中共|(?<=[省市县区州旗])委(?!员)", " ", text)
    found: list[str] = []
    position = 0
    while match := re.compile(r"(?:[\u4e00-\u9fff]{2,4}?(?:省|自治区|自治州|自治县|地区|市|州|盟|县|区|旗))+").search(
        text, position
    ):
        name = re.sub(r"^(?:结合|根据|按照|针对|围绕|立足)", "", match.group(0))
        position = match.end()
        if not _NOT_PLACE.match(name) and not re.search(r"[的和与及等在为对将于以全各我]", name):
            found.append(name)
    return found


def _real_place(name: str) -> bool:
    """Whether what stands before a level word can be a name: no verb, not too long for one."""
    parts = re.findall(_PART, name)
    return (
        bool(parts)
        and all(len(part) <= 9 for part in parts)
        and not re.search(
            r"跨省|[的及等与]|推进|认真|落实|贯彻|坚持|推动|加强|开展|实施|完善|做好|进一步|有序|稳妥|深化|促进|提升|建设|创建|扩大|健康|服务|紧密|资金|"
            r"医疗|试点|直接|结算|办理|卫生|[强健]市|[强健]县",
            name,
        )
    )


def _longest_place(run: str) -> str:
    """The place that a run of names with level words begins with (海南州 of 海南州全面推进紧密型县), empty where none does."""
    parts = re.findall(_PART, run)
    names = ["".join(parts[:count]) for count in range(len(parts), 0, -1)]
    return next((name for name in names if not _NOT_PLACE.match(name) and _real_place(name)), "")


_LEVELS = {
    "市": "全市|我市|市人民政府|市政府|市直",
    "州": "全州|我州|州人民政府",
    "县": "全县|我县|县人民政府",
    "区": "全区|我区|区人民政府",
}


def _healthy_place(title: str, body: str) -> str:
    """六盘水市 of 健康六盘水行动, where the text speaks of that place and says its level; empty else."""
    named = _HEALTHY.search(title)
    if named is None or named[1] in PROVINCES:
        return ""
    if named[1][-1] in _LEVELS:
        return named[1]
    for level, sign in _LEVELS.items():
        if re.search(sign, body) and re.search(rf"{named[1]}(?:{level}|实际)", body):
            return f"{named[1]}{level}"
    return ""


def region_of(head: PlanHead, body: str) -> str | None:
    """The place the plan is for: from the title, then the issuer, then the places the text names most."""
    cited = " ".join(head.based_on) + body[:800]
    for text in (head.title, head.issuer or ""):
        text = re.sub(r"^.*?关于", "", text) if "关于" in text and not _places(text.split("关于")[0]) else text
        text = re.sub(r"^(?:20\d\d年(?:度)?)+(?:全[省市县区])?", "", text)
        text = re.sub(r"^(?:关于)?(?:进一步|全面|持续)?(?:优化|完善|加强|推进|推动|深化|做好|加快|提升)+", "", text)
        start = re.match(
            rf"(?:关于)?(?:印发)?[《“]?(?:健康)?((?:{_PART})+)",
            text,
        )
        name = _longest_place(start.group(1)) if start else ""
        if name:
            if "省" not in name and "自治区" not in name and re.search(r"市.+[区县市]$", name):
                province = next((p for p in PROVINCES if f"{p}省" in cited), None)
                if province:
                    return f"{province}省{name}"
            return name
        for province in PROVINCES:
            if province in text:
                return _full_province(province)
    township = re.match(r"([\u4e00-\u9fff]{2,4}?(?:镇|乡|街道))(?=20\d\d年|“|基本|公共|卫生|关于|人民政府)", head.title)
    if township and not _NOT_PLACE.match(township[1]):
        return township[1]
    if city := _healthy_place(head.title, body):
        return city
    if _national(head, body):
        return "全国"
    for text in (head.title, head.issuer or ""):
        inside = [place for place in _places(text) if body.count(place) >= 2]
        if inside:
            return inside[0]
    counts: Counter[str] = Counter()
    for province in PROVINCES:
        seen = len(re.findall(rf"{province}(?:省|自治区|市)?", body))
        if seen:
            counts[_full_province(province)] = seen + 2 * body.count(f"健康{province}")
    if re.search(r"全省|我省|省委|省卫生健康委|省直", body) and counts:
        return counts.most_common(1)[0][0]
    cities = Counter(
        place for place in _places(body) if place.endswith(("市", "区", "县", "州")) and _real_place(place)
    )
    if re.search(r"全市|我市|全县|我县|全区|我区", body) and cities:
        place, seen = cities.most_common(1)[0]
        if seen >= 2 or re.search(rf"{place}(?:委|政府|人民|卫生|医疗|实际|各|第)", body):
            return place
    return counts.most_common(1)[0][0] if counts and counts.most_common(1)[0][1] >= 3 else None


def _national(head: PlanHead, body: str) -> bool:
    """Whether the paper is for the whole country: its issuer is a national body, or it is addressed to every province."""
    if re.match(r"(?:国家|全国|中国)(?!级|卫生县|卫生城)", head.title):
        return True
    said = (head.issuer or "") + head.title
    if re.search(r"^各省、自治区、直辖市", body, re.M) or re.search(
        r"国家(?:卫生|医保|医疗|疾|中医)|中共中央|国务院|财政部|“?健康中国", said
    ):
        return True
    return (
        not re.search(r"全省|我省|全市|我市|全县|我县|全区|我区|全州|我州", body)
        and len(re.findall("全国|我国", body)) >= 2
    )


def _full_province(short: str) -> str:
    special = {
        "北京": "北京市", "天津": "天津市", "上海": "上海市", "重庆": "重庆市", "内蒙古": "内蒙古自治区", "西藏": "西藏自治区",
        "广西": "广西壮族自治区", "宁夏": "宁夏回族自治区", "新疆": "新疆维吾尔自治区",
    }  # fmt: skip
    return special.get(short, f"{short}省")
