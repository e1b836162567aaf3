"""The manifest of the plan desk."""

from __future__ import annotations

from luoshi.web.manifest import Nav, Service


class PlanDeskConfig(Service):
    """Plans (规划): load, check, confirm."""

    default = True  # the imported base class is in this module too
    name = "luoshi.services.plan_desk"
    label = "plan_desk"
    slug = "plan_desk"
    area = "measure"
    title = "规划"
    title_en = "Plans"
    prefix = "plans"
    permissions = {
        "plan.read": "查看规划",
        "plan.edit": "载入并更正规划条目",
        "plan.confirm": "确认规划条目",
    }
    navigation = (Nav("规划", "Plans", "plan_desk:list", "plan.read", order=30),)
