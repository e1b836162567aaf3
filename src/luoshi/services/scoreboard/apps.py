"""The manifest of the scoreboard."""

from __future__ import annotations

from luoshi.kernel.later import later
from luoshi.supervision import sources
from luoshi.web.manifest import Nav, Service


class ScoreboardConfig(Service):
    """The board (总览) at the root, and the targets (目标)."""

    default = True  # the imported base class is in this module too
    name = "luoshi.services.scoreboard"
    label = "scoreboard"
    slug = "scoreboard"
    area = "measure"
    title = "总览与目标"
    title_en = "Board and targets"
    prefix = ""
    permissions = {"board.read": "查看总览与目标", "person.list": "查看人员名单"}
    navigation = (
        Nav("总览", "Board", "scoreboard:overview", "board.read", order=10),
        Nav("目标", "Targets", "scoreboard:targets", "board.read", order=20),
    )

    def ready(self) -> None:
        """Tell supervision where every promise stands."""
        sources.register(later("luoshi.services.scoreboard.public.ScoreboardBoard"))
