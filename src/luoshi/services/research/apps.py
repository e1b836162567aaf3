"""The manifest of the research desk."""

from __future__ import annotations

from luoshi.web.manifest import Nav, Service


class ResearchConfig(Service):
    """De-identified data for research (科研数据)."""

    default = True  # the imported base class is in this module too
    name = "luoshi.services.research"
    label = "research"
    slug = "research"
    area = "data"
    title = "科研数据"
    title_en = "Research data"
    permissions = {"research.request": "申请研究用去标识数据", "research.approve": "审批研究用去标识数据"}
    navigation = (
        Nav("科研数据", "Research data", "research:mine", "research.request", order=70),
        Nav("科研数据审批", "Research approvals", "research:approvals", "research.approve", order=71),
    )
