"""The manifest of the health code."""

from __future__ import annotations

from luoshi.web.manifest import Nav, Service


class HealthCodeConfig(Service):
    """Health codes (健康码)."""

    default = True  # the imported base class is in this module too
    name = "luoshi.services.health_code"
    label = "health_code"
    slug = "health_code"
    area = "serve"
    title = "健康码"
    title_en = "Health code"
    prefix = "health-code"
    permissions = {"code.verify": "扫验健康码", "code.issue": "发放与注销健康码"}
    navigation = (Nav("扫健康码", "Scan a code", "health_code:scan", "code.verify", order=45),)
