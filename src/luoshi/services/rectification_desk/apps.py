"""The manifest of the rectification desk."""

from __future__ import annotations

from luoshi.web.manifest import Nav, Service


class RectificationDeskConfig(Service):
    """Findings and how they are put right (整改)."""

    default = True  # the imported base class is in this module too
    name = "luoshi.services.rectification_desk"
    label = "rectification_desk"
    slug = "rectification_desk"
    area = "supervise"
    title = "整改"
    title_en = "Rectification"
    prefix = "rectification"
    permissions = {
        "rectify.read": "查看整改",
        "rectify.issue": "下达整改通知",
        "rectify.act": "制定方案、提交整改",
        "rectify.check": "复核整改",
        "rectify.sign": "签字销号",
    }
    navigation = (Nav("整改", "Rectification", "rectification_desk:findings", "rectify.read", order=31),)
