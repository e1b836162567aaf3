"""The manifest of family-doctor contracts."""

from __future__ import annotations

from luoshi.web.manifest import Nav, Service


class ContractsConfig(Service):
    """Family-doctor contracts (家庭医生签约)."""

    default = True  # the imported base class is in this module too
    name = "luoshi.services.contracts"
    label = "contracts"
    slug = "contracts"
    area = "serve"
    title = "家庭医生签约"
    title_en = "Family-doctor contracts"
    permissions = {
        "contract.read": "查看签约居民与履约情况",
        "contract.sign": "签约、续约、解约",
        "contract.manage": "维护签约团队与服务包",
        "contract.rates": "查看签约、续约、履约率与结算",
        "contract.review": "判断签约异常线索",
    }
    navigation = (
        Nav("签约居民", "Contracts", "contracts:mine", "contract.read", order=30),
        Nav("签约率", "Rates of contracts", "contracts:rates", "contract.rates", order=31),
    )
