"""The manifest of the indicator desk."""

from __future__ import annotations

from luoshi.web.manifest import Nav, Service


class IndicatorDeskConfig(Service):
    """Indicators (指标目录)."""

    default = True  # the imported base class is in this module too
    name = "luoshi.services.indicator_desk"
    label = "indicator_desk"
    slug = "indicator_desk"
    area = "measure"
    title = "指标目录"
    title_en = "Indicators"
    prefix = "indicators"
    permissions = {"indicator.read": "查看指标定义与数值"}
    navigation = (Nav("指标", "Indicators", "indicator_desk:indicators", "indicator.read", order=30),)
