"""The manifest of the desk of sources."""

from __future__ import annotations

from luoshi.web.manifest import Nav, Service


class SourcesDeskConfig(Service):
    """Sources (数据来源)."""

    default = True  # the imported base class is in this module too
    name = "luoshi.services.sources"
    label = "sources_desk"
    slug = "sources_desk"
    area = "data"
    title = "数据来源"
    title_en = "Sources"
    prefix = "sources"
    permissions = {
        "source.read": "查看数据来源",
        "source.manage": "登记数据来源与凭据",
        "source.quarantine": "处理隔离的记录",
    }
    navigation = (Nav("数据来源", "Sources", "sources_desk:list", "source.read", order=60),)
