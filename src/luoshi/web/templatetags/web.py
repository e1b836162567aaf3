"""`{% load web %}`: navigation, lights, charts, small marks and the field's way of writing days and numbers."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django import template
from django.template.context import RequestContext
from django.urls import NoReverseMatch, reverse
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import get_language

from luoshi.kernel import clock
from luoshi.web import charts, numbers, table_html
from luoshi.web.lights import LIGHTS
from luoshi.web.manifest import AREAS, in_language, services
from luoshi.web.tables import Table

register = template.Library()


MOST_ENTRIES = 9  # of the navigation, before they are grouped


@register.simple_tag(takes_context=True)
def navigation(context: RequestContext) -> list[dict[str, Any]]:
    """Entries of all services that the viewer may use: `text`, `href`, `here` (the page lies in that place). Where they
    are many, those of an area other than the first stand together as one with `entries`."""
    request = context.get("request")
    if request is None or not getattr(getattr(request, "user", None), "is_authenticated", False):
        return []
    scope = getattr(request, "scope", None)
    entries = [dict(entry) for entry in _entries(scope.permissions if scope else frozenset(), get_language())]
    # The longest address the page begins with is where we are; the root is only itself.
    matching = [
        e for e in entries if request.path == e["href"] or (e["href"] != "/" and request.path.startswith(e["href"]))
    ]
    if matching:
        max(matching, key=lambda e: len(e["href"]))["here"] = True
    return entries if len(entries) <= MOST_ENTRIES else _by_area(entries)


@lru_cache(256)
def _entries(permissions: frozenset[str], language: str | None) -> tuple[dict[str, Any], ...]:
    """What somebody with those permissions may use, in order, in the language that is on; never changed afterwards."""
    entries: list[dict[str, Any]] = []
    for service in services():
        for nav in service.navigation:
            if nav.permission and nav.permission not in permissions:
                continue
            try:
                href = reverse(nav.url_name)
            except NoReverseMatch:
                continue
            entries.append({"text": nav.text, "href": href, "order": nav.order, "here": False, "area": service.area})
    return tuple(sorted(entries, key=lambda e: e["order"]))


def _by_area(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries of the first area, then one group for each other area; a group of one stands for itself."""
    first, *others = AREAS
    shown = [e for e in entries if e["area"] == first]
    for area in others:
        inside = [e for e in entries if e["area"] == area]
        if len(inside) == 1:
            shown += inside
        elif inside:
            here = next((e for e in inside if e["here"]), None)
            shown.append({"text": in_language(*AREAS[area]), "entries": inside, "here": here})
    return shown


@register.simple_tag
def named_url(*names: str) -> str:
    """The address of the first of these pages that is installed, or nothing."""
    for name in names:
        try:
            return reverse(name)
        except NoReverseMatch:
            continue
    return ""


@register.simple_tag
def demonstration() -> date | None:
    """The day a demonstration lives on; None on a real system."""
    day = clock.demonstration_day()
    return day.date() if day else None


@register.simple_tag
def html_lang() -> str:
    """The language of the page as HTML writes it."""
    return "en" if (get_language() or "").startswith("en") else "zh-Hans"


@register.simple_tag
def light_icon(key: str) -> SafeString:
    """The shape alone, hidden from screen readers: the word must stand beside it."""
    return table_html.light_icon(key)


@register.simple_tag
def light(key: str, word: str = "") -> SafeString:
    """Shape and word in the light's colour: `{% light "red" %}`; `word` replaces the light's own."""
    return table_html.light(key, word)


@register.simple_tag
def all_lights() -> list[Any]:
    """The four lights in the order they are shown."""
    return list(LIGHTS.values())


@register.simple_tag
def chart(spec: charts.Spec) -> SafeString:
    """A Vega-Lite spec drawn as SVG."""
    return charts.svg(spec)


@register.filter
def number(value: Any) -> str:
    """1234567.5 as 1,234,567.5; nothing as a dash."""
    return numbers.number(value)


@register.filter
def day(value: date | datetime | None) -> str:
    """2024-05-31, in Chinese time; nothing as a dash."""
    if value is None or value == "":
        return "—"
    if isinstance(value, datetime):
        value = localtime(value)
    return f"{value:%Y-%m-%d}"


@register.filter
def minute(value: datetime | None) -> str:
    """2024-05-31 08:05, in Chinese time."""
    return f"{localtime(value):%Y-%m-%d %H:%M}" if value else "—"


@register.simple_tag
def table(of: Table, cards: bool = True) -> SafeString:
    """A `Table` as HTML; on a phone each row becomes a card unless `cards=False`."""
    return table_html.table(of, cards=cards)


@register.inclusion_tag("web/paging.html", takes_context=True)
def paging(context: RequestContext, page: Any) -> dict[str, Any]:
    """Which rows are shown, and links to the others."""
    return {"page": page, "request": context.get("request")}


@register.inclusion_tag("web/downloads.html", takes_context=True)
def downloads(context: RequestContext, *kinds: str) -> dict[str, Any]:
    """Print, and the files this page offers: `{% downloads "xlsx" "docx" %}`."""
    return {"kinds": kinds, "request": context.get("request")}
