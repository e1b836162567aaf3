"""The manifest of the quality desk."""

from __future__ import annotations

from luoshi.web.manifest import Nav, Service


class QualityConfig(Service):
    """Data quality (数据质量)."""

    default = True  # the imported base class is in this module too
    name = "luoshi.services.quality"
    label = "quality"
    slug = "quality"
    area = "data"
    title = "数据质量"
    title_en = "Data quality"
    permissions = {
        "quality.read": "查看数据质量评分",
        "quality.rows": "查看并退回未通过的记录",
        "authenticity.review": "判断真实性线索",
    }
    navigation = (
        Nav("数据质量", "Data quality", "quality:overview", "quality.read", order=60),
        Nav("真实性", "Authenticity", "quality:findings", "authenticity.review", order=61),
    )
