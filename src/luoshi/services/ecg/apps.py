"""The manifest of remote ECG."""

from __future__ import annotations

from luoshi.web.manifest import Nav, Service


class EcgConfig(Service):
    """Remote ECG (远程心电)."""

    default = True  # the imported base class is in this module too
    name = "luoshi.services.ecg"
    label = "ecg"
    slug = "ecg"
    area = "serve"
    title = "远程心电"
    title_en = "Remote ECG"
    permissions = {"ecg.request": "申请远程心电", "ecg.report": "判读远程心电", "ecg.follow": "查看远程心电时限"}
    navigation = (
        Nav("远程心电", "Remote ECG", "ecg:mine", "ecg.request", order=46),
        Nav("心电判读", "Read ECGs", "ecg:worklist", "ecg.report", order=46),
        Nav("心电时限", "ECG times", "ecg:times", "ecg.follow", order=47),
    )
