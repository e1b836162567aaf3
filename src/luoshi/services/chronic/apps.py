"""The manifest of chronic care."""

from __future__ import annotations

from luoshi.web.manifest import Nav, Service


class ChronicConfig(Service):
    """Chronic care (慢病管理)."""

    default = True  # the imported base class is in this module too
    name = "luoshi.services.chronic"
    label = "chronic"
    slug = "chronic"
    area = "serve"
    title = "慢病管理"
    title_en = "Chronic care"
    permissions = {
        "chronic.read": "查看慢病名册与今日随访",
        "chronic.visit": "填写慢病随访、领取离线包",
        "chronic.manage": "确诊建档、终止管理、处理离线冲突",
    }
    navigation: tuple[Nav, ...] = (
        Nav("慢病随访", "Chronic visits", "chronic:today", "chronic.visit", order=30),
        Nav("慢病管理", "Chronic care", "chronic:overview", "chronic.read", order=31),
    )
