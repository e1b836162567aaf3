"""The manifest of the resident portal."""

from __future__ import annotations

from luoshi.web.manifest import Service


class ResidentPortalConfig(Service):
    """我的健康档案. Has no place in the navigation of staff."""

    default = True  # the imported base class is in this module too
    name = "luoshi.services.resident_portal"
    label = "resident_portal"
    slug = "resident_portal"
    area = "serve"
    title = "我的健康档案"
    title_en = "My health record"
    prefix = "my"
