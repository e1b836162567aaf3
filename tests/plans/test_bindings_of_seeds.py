"""The promises of real plans that the first services exist for lead to the indicators those services feed."""

from __future__ import annotations

from pathlib import Path

import pytest

from luoshi.indicators import Catalogue
from luoshi.plans.binding import propose
from luoshi.plans.read import read_file

pytestmark = pytest.mark.shared
PROMISES = {
    "000": {"高血压、糖尿病患者基层规范管理服务率": {"htn-std", "dm-std"}},
    "001": {"家庭医生居民签约服务覆盖率": {"contract-rate"}},
    "002": {
        "家庭医生全人群签约率": {"contract-rate"},
        "家庭医生老年人签约率": {"contract-elderly"},
        "三级协同管理“三高”患者数": {"three-high-count"},
    },
}


@pytest.mark.parametrize("seed", PROMISES)
def test_promises_lead_to_the_indicators_of_the_services(seed: str, shared_dir: Path) -> None:
    (paper,) = (shared_dir / "seeds").glob(f"{seed}_*.txt")
    _document, plan = read_file(paper)
    catalogue = Catalogue.load().indicators
    bound = {
        target.metric: {(p.indicator, p.verdict) for p in propose(target, catalogue) if p.kind == "indicator"}
        for target in plan.targets
    }
    for metric, indicators in PROMISES[seed].items():
        assert bound[metric] >= {(name, "computable") for name in indicators}, metric
