"""The manifest of the bulletin desk."""

from __future__ import annotations

from luoshi.web.manifest import Nav, Service


class BulletinDeskConfig(Service):
    """Bulletins and papers (通报与公文)."""

    default = True  # the imported base class is in this module too
    name = "luoshi.services.bulletin_desk"
    label = "bulletin_desk"
    slug = "bulletin_desk"
    area = "supervise"
    title = "通报与公文"
    title_en = "Bulletins and papers"
    prefix = "bulletins"
    permissions = {
        "bulletin.read": "查看已印发的通报与公文",
        "bulletin.make": "拟稿、编号印发与定期发送",
        "bulletin.review": "核稿",
        "bulletin.sign": "签发",
        "bulletin.template": "维护公文模板与发文机关",
    }
    navigation = (Nav("通报与公文", "Bulletins", "bulletin_desk:papers", "bulletin.read", order=35),)
