"""From the bytes of an upload to a reading, and to the division it was made for."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext as _

from luoshi.documents.model import Document
from luoshi.kernel.errors import InvalidValue
from luoshi.plans.model import Plan
from luoshi.plans.read import read_file
from luoshi.platform.access.scope import Scope
from luoshi.platform.regions.models import Division


@dataclass(frozen=True)
class Reading:
    """A document and what was read from it."""

    document: Document
    plan: Plan


def read(content: bytes, name: str, *, page_order: Sequence[tuple[int, int]] | None = None) -> Reading:
    """Read the bytes of a file called `name`, in the order an officer accepted where there is one. Raises
    `UnreadableFile` naming the file as its sender knows it."""
    with tempfile.TemporaryDirectory(prefix="luoshi-plan-") as folder:
        path = Path(folder) / Path(name).name
        path.write_bytes(content)
        document, plan = read_file(path, page_order=page_order)
    return Reading(document, plan)


def division_for(region: str | None, *, scope: Scope) -> Division:
    """The division a document names (浙江省绍兴市上虞区 is the last of the three), if the viewer's subtree holds it;
    else the widest division of the subtree. Raises `InvalidValue` when there is none."""
    inside = Division.objects.current().filter(scope.path_filter("path"))
    if region:
        names = [region[start:] for start in range(len(region) - 1)]
        named = inside.filter(name__in=names, level__lte=4).order_by("level", "code")
        found = [division for division in named if region.endswith(division.name)]
        if found:
            chosen: Division = max(found, key=lambda division: (len(division.name), -division.level))
            return chosen
    root = scope.root_division()
    division: Division | None = inside.filter(code=root).first() if root else None
    if division is None:
        raise InvalidValue(
            _("还没有区划可供规划归属。"), todo=_("请先运行 luoshi region import 导入区划，或用 --region 指定。")
        )
    return division
