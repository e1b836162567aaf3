"""Who a bare rate is about: 规范管理率 in a sentence on 严重精神障碍患者 is theirs."""

from __future__ import annotations

import re

from luoshi.plans.clauses import sentence_start
from luoshi.plans.reading import Reading

_DISEASE = (
    r"(?:严重精神障碍|精神分裂症|高血压|(?:2型)?糖尿病|肺结核|结核病|艾滋病|慢阻肺|尘肺病|职业病|"
    r"慢性病|脑卒中|冠心病|恶性肿瘤|癌症)"
)
_PEOPLE = (
    r"(?:孕产妇|新生儿|婴幼儿|0-6岁儿童|3岁以下儿童|适龄儿童|65岁(?:及)?以上老年人|老年人|"
    r"适龄妇女|妇女|中小学生|残疾人|重点人群)"
)
_TOPIC = re.compile(rf"{_DISEASE}(?:、{_DISEASE})*(?:患者|病例|病人)?|{_PEOPLE}(?:“?两癌”?)?")
_HAS_TOPIC = re.compile(
    rf"{_DISEASE}|{_PEOPLE}|患者|居民|儿童|婴儿|围产|青少年|职工|劳动者|医院|机构|人员|人群|人口|托位|医师|村|县|市|企业|学校"
)
_BARE = re.compile(r"^[\u4e00-\u9fff]{2,8}率$")
_CONTRACT = re.compile(r"家庭医生")


def supply(text: str, reading: Reading) -> None:
    """Put the topic of the sentence before a bare rate, in place; 家庭医生 before a rate of contracts also from the
    sentence before."""
    metric = reading.metric
    start = sentence_start(text, reading.start)
    if "签约" in metric and "家庭医生" not in metric:
        earlier = sentence_start(text, max(0, start - 1))
        if _CONTRACT.search(text[earlier : reading.start]):
            reading.metric = f"家庭医生{metric}"
        return
    if not _BARE.match(metric) or _HAS_TOPIC.search(metric):
        return
    found = list(_TOPIC.finditer(text, start, reading.start))
    if found:
        reading.metric = f"{found[-1][0]}{metric}"
