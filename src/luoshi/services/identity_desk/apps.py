"""The manifest of the identity desk."""

from __future__ import annotations

from luoshi.web.manifest import Nav, Service


class IdentityDeskConfig(Service):
    """Who is who (身份核对)."""

    default = True  # the imported base class is in this module too
    name = "luoshi.services.identity_desk"
    label = "identity_desk"
    slug = "identity_desk"
    area = "data"
    title = "身份核对"
    title_en = "Who is who"
    prefix = "identity"
    permissions = {"identity.review": "核对居民身份，合并与拆分"}
    navigation = (Nav("身份核对", "Who is who", "identity_desk:queue", "identity.review", order=45),)
