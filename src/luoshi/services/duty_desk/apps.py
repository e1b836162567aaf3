"""The manifest of the duty desk."""

from __future__ import annotations

from luoshi.web.manifest import Nav, Service


class DutyDeskConfig(Service):
    """Duties (任务)."""

    default = True  # the imported base class is in this module too
    name = "luoshi.services.duty_desk"
    label = "duty_desk"
    slug = "duty_desk"
    area = "supervise"
    prefix = "duties"
    title = "任务"
    title_en = "Duties"
    permissions = {
        "duty.read": "查看任务",
        "duty.issue": "下达与分解任务",
        "duty.act": "签收任务并报告进展",
        "duty.judge": "验收任务、人工定灯",
    }
    navigation = (Nav("任务", "Duties", "duty_desk:duties", "duty.read", order=25),)
