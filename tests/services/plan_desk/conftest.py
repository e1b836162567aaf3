"""A short plan of our own, loaded for the city of the small region."""

from __future__ import annotations

import pytest

from luoshi.platform.access.scope import Scope
from luoshi.services.plan_desk import actions

TEXT = """云岭市2025年卫生健康工作要点

云岭市卫生健康委员会
2025年1月10日

一、提升基层服务能力
1.做实家庭医生签约。家庭医生签约服务覆盖率达到60%以上，签约居民续约率不低于75%。（责任单位：市卫生健康委、市医保局）
2.管好慢性病。高血压患者基层规范管理服务率达到62%以上，2型糖尿病患者基层规范管理服务率达到62%以上。（责任单位：市卫生健康委）
二、保障妇女儿童健康
3.守住母婴安全。住院分娩率达到99%以上，婴儿死亡率控制在5‰以下。（责任单位：市卫生健康委、市妇联）
4.建设县域医疗服务次中心。新建县域医疗服务次中心2个左右。（责任单位：市卫生健康委、市财政局）
"""


@pytest.fixture
def officer(make_user):
    """The city's plan officer."""
    return make_user("plan-officer", division="9901")


@pytest.fixture
def plan(officer):
    """The plan, loaded and not yet confirmed."""
    return actions.load(content=TEXT.encode(), name="要点.txt", by=officer, scope=Scope.of(officer)).plan


@pytest.fixture
def target(plan):
    """The first target of the plan."""
    return plan.targets.order_by("start").first()
