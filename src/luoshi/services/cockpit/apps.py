"""The manifest of the cockpit."""

from __future__ import annotations

from luoshi.web.manifest import Nav, Service


class CockpitConfig(Service):
    """The cockpit (落实大屏)."""

    default = True  # the imported base class is in this module too
    name = "luoshi.services.cockpit"
    label = "cockpit"
    slug = "cockpit"
    area = "measure"
    title = "落实大屏"
    title_en = "Cockpit"
    permissions = {"board.read": "查看落实大屏", "region.edit": "导入区划边界"}
    navigation = (
        Nav("大屏", "Cockpit", "cockpit:cockpit", "board.read", order=12),
        Nav("区划边界", "Boundaries", "cockpit:boundaries", "region.edit", order=95),
    )
