"""The manifest of the inbox. It has no entry in the navigation: the head of every page leads to it."""

from __future__ import annotations

from luoshi.web.manifest import Service


class InboxConfig(Service):
    """Messages (消息)."""

    default = True  # the imported base class is in this module too
    name = "luoshi.services.inbox"
    label = "inbox"
    slug = "inbox"
    area = "supervise"
    title = "消息"
    title_en = "Inbox"
    permissions = {"alert.read": "查看消息"}
