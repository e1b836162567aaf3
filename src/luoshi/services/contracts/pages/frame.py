"""What the pages of contracts have in common: the tabs, the institution asked for, words of items and groups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.platform.access.scope import Scope
from luoshi.platform.access.views import SignedInRequest
from luoshi.platform.regions.models import Institution
from luoshi.services.contracts import catalogue, queries
from luoshi.services.contracts.rules import Window
from luoshi.web.manifest import in_language

MOST_EXPORTED = 20_000


def tabs(scope: Scope, here: str) -> list[dict[str, Any]]:
    """The pages of the desk that a viewer may open, as links."""
    every = (
        ("mine", _("签约居民"), "contract.read"),
        ("to-sign", _("应签尽签"), "contract.read"),
        ("keeping", _("团队与服务包"), "contract.manage"),
        ("import", _("导入"), "contract.sign"),
        ("rates", _("三率"), "contract.rates"),
        ("settlement", _("结算"), "contract.rates"),
        ("signs", _("异常线索"), "contract.review"),
    )
    return [
        {"href": reverse(f"contracts:{name}"), "text": text, "here": name == here}
        for name, text, permission in every
        if scope.can(permission)
    ]


def asked(request: SignedInRequest) -> Institution:
    """The institution the address names, or the viewer's first. Raises `Http404`."""
    return queries.institution_or_404(request.GET.get("institution", ""), scope=request.scope)


def choices(scope: Scope) -> list[tuple[str, str]]:
    """Institutions a viewer can choose, by code and name."""
    return [(i.code, i.name) for i in queries.institutions(scope=scope)]


def base(request: SignedInRequest, here: str, institution: Institution | None = None) -> dict[str, Any]:
    """What every page of the desk hands to its template."""
    context: dict[str, Any] = {"tabs": tabs(request.scope, here), "here": here}
    if institution is not None:
        context |= {"institution": institution, "institutions": choices(request.scope)}
    return context


def item_name(item: str) -> str:
    """An item in words."""
    known = catalogue.items().items[item]
    return in_language(known.name, known.name_en)


def group_names(groups: Iterable[str]) -> str:
    """Groups in words, joined."""
    known = catalogue.items().groups
    return _("、").join(in_language(known[name].name, known[name].name_en) for name in groups)


def windows_text(windows: Sequence[Window], *, most: int = 3) -> str:
    """What is due until when, in short: the first few windows."""
    told = [_("%(item)s（%(day)s前）") % {"item": item_name(w.item), "day": f"{w.last:%m-%d}"} for w in windows[:most]]
    if len(windows) > most:
        told.append(_("等 %(n)s 项") % {"n": len(windows)})
    return _("；").join(told)


def missed_text(windows: Sequence[Window], *, most: int = 3) -> str:
    """What was not done in time, in short: the last few windows."""
    late = sorted(windows, key=lambda w: w.last, reverse=True)
    told = [
        _("%(item)s %(first)s至%(last)s") % {"item": item_name(w.item), "first": f"{w.first:%Y-%m-%d}", "last": f"{w.last:%m-%d}"}
        for w in late[:most]
    ]  # fmt: skip
    if len(windows) > most:
        told.append(_("等 %(n)s 项") % {"n": len(windows)})
    return _("；").join(told)


def share(done: float | None, asked_: float | None) -> str:
    """`39/55 (71%)`, or a dash where nothing was asked."""
    if not asked_:
        return "—"
    return f"{done or 0:g}/{asked_:g} ({100 * (done or 0) / asked_:.0f}%)"


def days_left(day: Any) -> int | None:
    """Days from today to a day; None for none."""
    return None if day is None else (day - clock.today()).days
