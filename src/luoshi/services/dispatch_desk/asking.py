"""What a form of the desk brings, read strictly."""

from __future__ import annotations

from datetime import date

from django.http import HttpRequest
from django.utils.translation import gettext as _

from luoshi.kernel.errors import InvalidValue

MOST = 500


def day(request: HttpRequest, name: str) -> date:
    """A day of the form. Raises `InvalidValue`."""
    try:
        return date.fromisoformat(request.POST.get(name, ""))
    except ValueError:
        raise InvalidValue(_("日期不是有效的日期。"), where=name) from None


def numbers(request: HttpRequest) -> list[int]:
    """The chosen items. Raises `InvalidValue` for none, too many, or what is no number."""
    chosen = request.POST.getlist("item")
    if not chosen or len(chosen) > MOST or not all(n.isascii() and n.isdigit() and len(n) < 18 for n in chosen):
        raise InvalidValue(_("请选择要处理的事项（一次最多 %(most)s 项）。") % {"most": MOST})
    return [int(n) for n in chosen]


def number(text: str) -> int | None:
    """A number of an address, None for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None
