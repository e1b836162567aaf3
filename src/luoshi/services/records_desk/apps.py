"""The manifest of the records desk."""

from __future__ import annotations

from luoshi.web.manifest import Nav, Service


class RecordsDeskConfig(Service):
    """Residents (居民档案)."""

    default = True  # the imported base class is in this module too
    name = "luoshi.services.records_desk"
    label = "records_desk"
    slug = "records_desk"
    area = "serve"
    title = "居民档案"
    title_en = "Residents"
    prefix = "people"
    permissions = {
        "person.list": "查找居民",
        "person.read": "查看居民档案",
        "record.read": "查看原始记录",
        "record.break-glass": "紧急调阅",
        "consent.review": "复核紧急调阅",
        "dispute.answer": "答复居民异议",
        "resident.invite": "为居民开通",
    }
    navigation = (
        Nav("居民档案", "Residents", "records_desk:search", "person.list", order=40),
        Nav("居民异议", "Disputes", "records_desk:disputes", "dispute.answer", order=42),
        Nav("档案保护", "Privacy", "records_desk:privacy", "consent.review", order=43),
    )
