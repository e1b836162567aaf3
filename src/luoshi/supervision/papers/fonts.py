"""Which typefaces this machine has for the pdf: the first of each list that is installed, else what stands for it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import typst
from django.conf import settings

from luoshi.kernel.errors import UnreadableFile
from luoshi.supervision.papers.layout import FACES


@dataclass(frozen=True)
class Chosen:
    """The family that is used for a face, and whether it is set bold."""

    family: str
    bold: bool
    genuine: bool


@cache
def installed() -> typst.Fonts:
    """The fonts of the system and of the folder `LUOSHI_FONTS`, read once for the process."""
    folder = settings.LUOSHI_FONTS
    return typst.Fonts(include_system_fonts=True, include_embedded_fonts=False, font_paths=[folder] if folder else [])


@cache
def chosen() -> dict[str, Chosen]:
    """Face -> what is used for it. Raises `UnreadableFile` where no Chinese typeface is installed."""
    families = set(installed().families())
    found = {}
    for name, face in FACES.items():
        family = next((f for f in (*face.names, *face.stand_in) if f in families), None)
        if family is None:
            raise UnreadableFile(
                "no Chinese typeface is installed, a pdf cannot be made.",
                where=name,
                todo="Install fonts-noto-cjk, or name a folder with fonts in LUOSHI_FONTS.",
            )
        genuine = family in face.names
        found[name] = Chosen(family, face.bold and not genuine, genuine)
    if found["second"].family == found["body"].family:
        found["second"] = Chosen(found["second"].family, True, False)  # a heading must differ from its text
    return found


def report() -> list[tuple[str, str, bool]]:
    """For people: the face of the standard, the family in use, and whether it is the genuine one."""
    words = {"title": "小标宋体", "body": "仿宋体", "first": "黑体", "second": "楷体", "song": "宋体"}
    return [(words[name], face.family, face.genuine) for name, face in chosen().items()]
