"""The manifest of the appraisal desk."""

from __future__ import annotations

from luoshi.web.manifest import Nav, Service


class AppraisalDeskConfig(Service):
    """Appraisal (考核) and dispatch meetings (调度会)."""

    default = True  # the imported base class is in this module too
    name = "luoshi.services.appraisal_desk"
    label = "appraisal_desk"
    slug = "appraisal_desk"
    area = "supervise"
    title = "考核与调度"
    title_en = "Appraisal and meetings"
    prefix = "appraisal"
    permissions = {
        "appraisal.manage": "组织考核并复核申诉",
        "appraisal.appeal": "对考核结果提出申诉",
        "meeting.hold": "召开调度会并记录议定事项",
    }
    navigation = (
        Nav("考核", "Appraisal", "appraisal_desk:home", "board.read", order=40),
        Nav("调度会", "Meetings", "appraisal_desk:meetings", "board.read", order=41),
    )
