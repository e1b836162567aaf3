"""The manifest of the dispatch desk."""

from __future__ import annotations

from luoshi.web.manifest import Nav, Service


class DispatchDeskConfig(Service):
    """Dispatches (派单)."""

    default = True  # the imported base class is in this module too
    name = "luoshi.services.dispatch_desk"
    label = "dispatch_desk"
    slug = "dispatch_desk"
    area = "supervise"
    title = "派单"
    title_en = "Dispatches"
    prefix = "dispatches"
    permissions = {"dispatch.read": "查看派单进展", "dispatch.send": "派单", "dispatch.act": "办理派单"}
    navigation = (
        Nav("派单", "Dispatches", "dispatch_desk:dispatches", "dispatch.read", order=32),
        Nav("我的清单", "My worklist", "dispatch_desk:mine", "dispatch.act", order=33),
    )
