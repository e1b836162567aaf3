"""The manifest of the assistant's door."""

from __future__ import annotations

from luoshi.web.manifest import Nav, Service


class McpServerConfig(Service):
    """Tokens for assistants, and the tools they may call."""

    default = True  # the imported base class is in this module too
    name = "luoshi.services.mcp_server"
    label = "mcp_server"
    slug = "mcp_server"
    area = "data"
    title = "智能助手"
    title_en = "Assistants"
    prefix = "assistant"
    permissions = {"assistant.use": "用令牌连接智能助手"}
    navigation = (Nav("智能助手", "Assistants", "mcp_server:tokens", "assistant.use", order=96),)
