"""A machine is checked when it is made, answers what may be done, and draws itself."""

from __future__ import annotations

from typing import Any

import pytest

from luoshi.kernel.errors import Refused
from luoshi.kernel.machine import CLOCK, Machine, Move

LAMP = {
    "name": "lamp",
    "title": "灯",
    "title_en": "Lamp",
    "states": {"off": ("灭", "Off"), "on": ("亮", "On"), "broken-down": ("坏", "Broken")},
    "start": "off",
    "final": frozenset({"broken-down"}),
    "moves": (
        Move("switch", ("off",), "on", "lamp.use", "开灯", "Switch on"),
        Move("switch", ("on",), "off", "lamp.use", "关灯", "Switch off"),
        Move("burn", ("on",), "broken-down", CLOCK, "烧坏", "Burns out"),
    ),
}


def lamp(**changes: Any) -> Machine:
    return Machine(**{**LAMP, **changes})


def test_moves_and_what_is_offered():
    machine = lamp()
    assert machine.move("off", "switch").target == "on"
    assert [m.label_en for m in machine.offered("on", {"lamp.use"})] == ["Switch off"]
    assert machine.offered("on", {"other"}) == []
    with pytest.raises(Refused, match=r"no move 'burn' out of 'off'.*Possible: switch"):
        machine.move("off", "burn")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"start": "dim"}, "unknown states"),
        ({"final": frozenset({"on", "broken-down"})}, "leaves the final state on"),
        ({"states": {**LAMP["states"], "dim": ("暗", "Dim")}}, "no way to"),
        ({"moves": LAMP["moves"][:1], "states": {"off": ("", ""), "on": ("", "")}, "final": frozenset()}, "no way out"),
        ({"moves": (*LAMP["moves"], LAMP["moves"][0])}, "two moves"),
    ],
)
def test_a_wrong_machine_is_not_made(changes: dict[str, Any], said: str):
    with pytest.raises(ValueError, match=said):
        lamp(**changes)


def test_it_draws_itself():
    drawn = lamp().mermaid()
    assert drawn.splitlines()[0] == "stateDiagram-v2"
    assert "    on --> broken_down: 烧坏 (到时自动)" in drawn
    assert "    off: Off" in lamp().mermaid(english=True)
    assert drawn.splitlines()[-1] == "    broken_down --> [*]"
