"""The four lights as people see them: a colour, a word and a shape, so that none of them is needed alone.

Which light a promise gets is decided by the indicators (pace against target); here is only how it looks.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Light:
    """`key` names the CSS class and the filter value; `shape` is the inside of a 16×16 SVG; `colour` is for charts."""

    key: str
    name: str | Promise
    word: str | Promise
    meaning: str | Promise
    colour: str
    shape: str


LIGHTS: dict[str, Light] = {
    light.key: light
    for light in (
        Light(
            "green",
            _("绿"),
            _("按期"),
            _("已达到目标，或进度不慢于时间"),
            "#1a7f4b",
            '<circle cx="8" cy="8" r="7.5"/>'
            '<path class="ink" d="M4.4 8.3l2.5 2.6 4.9-5.3" fill="none" stroke="#fff" stroke-width="1.9"/>',
        ),
        Light(
            "yellow",
            _("黄"),
            _("偏慢"),
            _("进度慢于时间，仍可追上"),
            "#e0a100",
            '<path d="M8 .8l7.6 13.9H.4z"/><path class="ink" d="M8 5.6v4.2M8 11.4v1.7" stroke="#3a2a00" stroke-width="1.8"/>',
        ),
        Light(
            "red",
            _("红"),
            _("滞后"),
            _("明显慢于时间，或期限已过而未达到"),
            "#c2261c",
            '<path d="M4.7.5h6.6l4.2 4.2v6.6l-4.2 4.2H4.7L.5 11.3V4.7z"/>'
            '<path class="ink" d="M5 5l6 6M11 5l-6 6" stroke="#fff" stroke-width="1.9"/>',
        ),
        Light(
            "grey",
            _("灰"),
            _("不能判断"),
            _("缺少数据来源、数据过旧或没有分母，不能给出判断"),
            "#6b7684",
            '<circle cx="8" cy="8" r="6.7" fill="#fff" stroke="#6b7684" stroke-width="1.6" stroke-dasharray="2.6 1.8"/>'
            '<path class="ink" d="M4.7 8h6.6" stroke="#6b7684" stroke-width="1.9"/>',
        ),
    )
}


def light(key: str) -> Light:
    """The light of that name; what is unknown is grey, never green."""
    return LIGHTS.get(key, LIGHTS["grey"])
