"""Decisions, categories and purposes in the language of the page."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from luoshi.kernel.clock import CHINA
from luoshi.platform.consent.categories import book
from luoshi.platform.consent.rules import ANY, Decision


def _in_language(chinese: str, english: str) -> str:
    return english if (get_language() or "").startswith("en") else chinese


def category(name: str) -> str:
    """The name of a category; of `ANY` that it is all."""
    if name == ANY:
        return _("全部类别")
    found = book().categories.get(name)
    return _in_language(found.name, found.name_en) if found else name


def plain(name: str) -> str:
    """What a category holds, in plain words."""
    found = book().categories[name]
    return _in_language(found.plain, found.plain_en)


def purpose(name: str) -> str:
    """The name of a purpose; of `ANY` that it is all."""
    if name == ANY:
        return _("各种用途")
    found = book().purposes.get(name)
    return _in_language(found.name, found.name_en) if found else name


def emergency(kind: str) -> str:
    """The name of a kind of emergency."""
    found = book().break_glass.reasons.get(kind)
    return _in_language(found.name, found.name_en) if found else kind


def say(decision: Decision) -> str:
    """Why a record is shown or not, in one sentence."""
    name = category(decision.category)
    until = decision.until
    day = f"{until.astimezone(CHINA):%Y-%m-%d %H:%M}" if isinstance(until, datetime) else f"{until}" if until else ""
    sentences = {
        "self": _("本人的记录。"),
        "guardian": _("您是监护人，可以查看“%(name)s”。"),
        "guardian-secret": _("孩子已满 14 周岁，“%(name)s”只由本人查看。"),
        "duty": _("依法履行疾病防控职责，可以查看“%(name)s”。"),
        "author": _("这是本机构产生的记录。"),
        "break-glass": _("紧急调阅，至 %(day)s 止；事后将复核，本人可以看到。"),
        "kept-out": _("本人不同意本机构查看“%(name)s”。"),
        "shared": _("本人同意本机构查看“%(name)s”，至 %(day)s 止。") if day else _("本人同意本机构查看“%(name)s”。"),
        "outside": _("本人没有把“%(name)s”开放给本机构。"),
        "opened": _("本人已开放“%(name)s”。"),
        "closed": _("本人已关闭“%(name)s”。"),
        "open-by-default": _("“%(name)s”默认开放，本人没有另作选择。"),
        "closed-by-default": _("“%(name)s”默认不开放，本人没有选择开放。"),
    }
    return sentences[decision.ground] % {"name": name, "day": day}
