"""The manifest of referrals."""

from __future__ import annotations

from luoshi.kernel.later import later
from luoshi.platform.store import listeners
from luoshi.web.manifest import Nav, Service


class ReferralConfig(Service):
    """Referral up and down (双向转诊)."""

    default = True  # the imported base class is in this module too
    name = "luoshi.services.referral"
    label = "referral"
    slug = "referral"
    area = "serve"
    title = "双向转诊"
    title_en = "Referrals"
    permissions = {
        "referral.send": "发起转诊",
        "referral.receive": "接收转诊",
        "referral.capacity": "维护床位与号源",
        "referral.watch": "查看转诊运行",
        "referral.peer": "登记对接系统",
    }
    navigation = (
        Nav("双向转诊", "Referrals", "referral:mine", "referral.send", order=46),
        Nav("转诊运行", "Referral flows", "referral:watch", "referral.watch", order=47),
        Nav("转诊对接", "Referral peers", "referral:peers", "referral.peer", order=85),
    )

    def ready(self) -> None:
        """Hear of what other systems send about referrals."""
        listeners.add(later("luoshi.services.referral.exchange.inbound.hear"))
