"""`{% load records %}`: the name behind a code, what is disputed, names in a line."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from django import template
from django.utils.translation import gettext as _

from luoshi.services.records_desk.rules import Entry

register = template.Library()


@register.filter
def named(names: Mapping[str, str], code: str) -> str:
    """The name of a code, or the code itself where nobody named it."""
    return names.get(code, code)


@register.filter
def disputes(disputed: Collection[tuple[str, str]], entry: Entry) -> bool:
    """Whether the resident holds this entry to be wrong."""
    return (entry.type, entry.id) in disputed


@register.filter
def joined(names: Iterable[str]) -> str:
    """Names in one line, with the comma of the language."""
    return _("、").join(names)
