"""What a promise is measured by: proposals, verdicts, units, and the vocabulary they come from."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from luoshi.indicators.catalogue import Catalogue
from luoshi.plans.binding import propose, propose_all, unit_fits
from luoshi.plans.likeness import likeness, vocabulary
from luoshi.plans.model import Target


@dataclass(frozen=True)
class Fake:
    id: str
    name: str
    unit: str
    better: str = "higher"
    kind: str = "ratio"
    missing: str | None = None


INDICATORS = {
    i.id: i
    for i in (
        Fake("htn-std", "高血压患者基层规范管理服务率", "percent"),
        Fake("dm-std", "2型糖尿病患者基层规范管理服务率", "percent"),
        Fake("maternal-mortality", "孕产妇死亡率", "per-100000", "lower"),
        Fake("infant-mortality", "婴儿死亡率", "permille", "lower"),
        Fake("contract-rate", "家庭医生签约服务覆盖率", "percent"),
        Fake("contract-elderly", "老年人签约率", "percent"),
        Fake("elderly-mgmt", "老年人健康管理率", "percent"),
        Fake("elderly-tcm", "老年人中医药健康管理率", "percent"),
        Fake(
            "childcare-per-1000", "每千人口3岁以下婴幼儿托位数", "per-1000", kind="register", missing="托育机构备案名册"
        ),
        Fake("health-literacy", "居民健康素养水平", "percent", kind="report", missing="健康素养监测调查"),
        Fake("hia-cases", "健康影响评价案例数", "count", kind="deliverable", missing="评价报告"),
        Fake("ems-response-urban", "城区院前平均急救反应时间", "minutes", "lower", kind="mean"),
        Fake("doctors-per-1000", "每千人口执业(助理)医师数", "per-1000", kind="per-population"),
    )
}


def target(metric: str, value: float = 90, unit: str = "%", **more: object) -> Target:
    base: dict[str, object] = {"kind": "rate", **more}
    return Target("G1", None, metric, 0, len(metric), metric, ">=", value, unit, **base)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("made", "kind", "indicator", "verdict"),
    [
        (target("高血压患者规范管理率"), "indicator", "htn-std", "computable"),
        (target("孕产妇死亡率", 12, "/10万"), "indicator", "maternal-mortality", "computable"),
        (target("居民签约服务覆盖率"), "indicator", "contract-rate", "computable"),
        (target("家庭医生老年人签约率"), "indicator", "contract-elderly", "computable"),
        (target("65岁以上老年人中医药健康管理率"), "indicator", "elderly-tcm", "computable"),
        (target("城区院前平均急救反应时间", 9, "分钟", kind="level"), "indicator", "ems-response-urban", "computable"),
        (
            target("每千常住人口执业（助理）医师数", 3.2, "人", per="千常住人口"),
            "indicator",
            "doctors-per-1000",
            "computable",
        ),
        (
            target("每千人口拥有3岁以下婴幼儿托位数", 4.5, "个", per="千人口"),
            "register",
            "childcare-per-1000",
            "partly",
        ),
        (target("居民健康素养水平", 30), "report", "health-literacy", "not"),
        (target("每年形成评价案例数", 3, "个", kind="count"), "deliverable", "hia-cases", "not"),
        (target("县域就诊率"), "report", "county-visit-rate", "not"),
        (target("建成县域医疗服务次中心数", 7, "家", kind="count"), "register", "subcentre", "partly"),
        (target("培训乡村医生数", 300, "人", kind="count"), "deliverable", "", "not"),
        (target("新建发热诊室数", 5, "个", kind="count"), "register", "", "partly"),
        (target("某种从未听说的率"), "report", "", "not"),
    ],
    ids=lambda v: v.metric if isinstance(v, Target) else "",
)
def test_first_proposal(made: Target, kind: str, indicator: str, verdict: str) -> None:
    first = propose(made, INDICATORS)[0]
    assert (first.kind, first.indicator, first.verdict) == (kind, indicator, verdict)
    assert first.reason
    assert first.reason_en
    assert (first.missing_source != "") == (verdict != "computable")


def test_a_target_of_two_measures_gets_a_proposal_for_each() -> None:
    found = propose(target("高血压、糖尿病患者基层规范管理服务率", 62), INDICATORS)
    assert {p.indicator for p in found[:2]} == {"htn-std", "dm-std"}


def test_another_unit_is_said_and_never_called_computable() -> None:
    (first, *_) = propose(target("高血压患者规范管理率", 5000, "人", kind="count"), INDICATORS)
    assert first.verdict != "computable"
    assert "单位不同" in first.reason
    assert unit_fits(target("婴儿死亡率", 500, "/10万"), "permille") is None


def test_a_change_needs_the_value_to_compare_with() -> None:
    made = target("高血压患者规范管理率提升幅度", 2, "个百分点", kind="change")
    first = propose(made, INDICATORS)[0]
    assert (first.indicator, first.verdict) == ("htn-std", "partly")
    assert "上年" in first.missing_source
    made.baseline = 58
    assert propose(made, INDICATORS)[0].verdict == "computable"


def test_the_same_words_of_another_group_are_not_the_same_measure() -> None:
    assert likeness("老年人健康管理率", "高血压患者健康管理率") < 0.72
    assert likeness("三级协同管理人数", "三级协同管理人数") == 1.0
    assert likeness("", "率") == 0.0


def test_every_phrase_leads_back_to_its_own_entry() -> None:
    catalogue = Catalogue.load().indicators
    for words in vocabulary().metrics:
        assert words.home is not None or words.id in catalogue, f"{words.id} has neither a definition nor a home"
        for phrase in words.says:
            made = target(phrase.text, unit="%" if phrase.text.endswith(("率", "比例", "占比")) else "个")
            assert words.id in {p.indicator for p in propose(made, catalogue)}, phrase.text


def test_all_at_once() -> None:
    one, other = target("产前筛查率"), target("剖宫产率")
    other.id = "G2"
    assert set(propose_all([one, other], INDICATORS)) == {"G1", "G2"}
