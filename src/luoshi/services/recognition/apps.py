"""The manifest of mutual recognition."""

from __future__ import annotations

from luoshi.web.manifest import Nav, Service


class RecognitionConfig(Service):
    """Mutual recognition of results (检查检验结果互认)."""

    default = True  # the imported base class is in this module too
    name = "luoshi.services.recognition"
    label = "recognition"
    slug = "recognition"
    area = "serve"
    title = "检查检验互认"
    title_en = "Mutual recognition"
    permissions = {
        "recognition.order": "开立检查检验并处理互认提醒",
        "recognition.read": "查看互认统计与互认项目",
        "recognition.manage": "登记质量评价标识",
    }
    navigation = (
        Nav("开单互认", "Order with recognition", "recognition:start", "recognition.order", order=44),
        Nav("互认统计", "Recognition", "recognition:statistics", "recognition.read", order=45),
    )
