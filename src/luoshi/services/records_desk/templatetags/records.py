"""`{% load records %}`: the name behind a code."""

from __future__ import annotations

from collections.abc import Mapping

from django import template

register = template.Library()


@register.filter
def named(names: Mapping[str, str], code: str) -> str:
    """The name of a code, or the code itself where nobody named it."""
    return names.get(code, code)
