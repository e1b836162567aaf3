"""What a service says of itself, so that navigation, permissions and addresses need no second list.

A service's `apps.py` holds one subclass of `Service`; installing the app is all it takes to appear in the navigation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig, apps
from django.utils.translation import get_language

from luoshi.kernel.machine import Machine


def in_language(chinese: str, english: str) -> str:
    """The Chinese or the English of a text held as data, by the language of the page."""
    return english if english and (get_language() or "").startswith("en") else chinese


# Where a service stands in the navigation, in this order: area -> its name.
AREAS = {
    "measure": ("进展", "Progress"),
    "supervise": ("督办", "Supervision"),
    "serve": ("服务", "Services"),
    "data": ("数据", "Data"),
}


@dataclass(frozen=True)
class Nav:
    """One entry of the navigation: shown to those who hold `permission` (an empty one: to everyone signed in).

    `url_name` is the name of a page without arguments; `order` sorts entries of all services, small first.
    """

    label: str
    label_en: str
    url_name: str
    permission: str = ""
    order: int = 100

    @property
    def text(self) -> str:
        """The label in the language of the page."""
        return in_language(self.label, self.label_en)


class Service(AppConfig):
    """Base of every service's application: its name in two languages, its place in addresses and navigation."""

    slug: str = ""
    title: str = ""
    title_en: str = ""
    area: str = "measure"
    # Where the pages live; None means the slug with dashes. The scoreboard lives at the root.
    prefix: str | None = None
    # Permission -> what it allows, in Chinese.
    permissions: dict[str, str] = {}
    navigation: tuple[Nav, ...] = ()

    @classmethod
    def address(cls) -> str:
        """The first part of every address of this service, ending in a slash unless empty."""
        prefix = cls.slug.replace("_", "-") if cls.prefix is None else cls.prefix
        return f"{prefix.strip('/')}/" if prefix.strip("/") else ""


def services() -> Iterator[Service]:
    """The installed services, in the order they are listed in `project/installed.py`."""
    return (config for config in apps.get_app_configs() if isinstance(config, Service))


def machines() -> Iterator[Machine]:
    """Every state machine of the installed applications: what their `rules` hold, in the order of installation."""
    for config in apps.get_app_configs():
        if config.name.startswith("luoshi.") and find_spec(f"{config.name}.rules"):
            for held in vars(import_module(f"{config.name}.rules")).values():
                if isinstance(held, Machine):
                    yield held
