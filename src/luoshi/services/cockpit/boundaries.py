"""Boundaries from a GeoJSON file into the store: read, matched to divisions, simplified, kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import transaction
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, UnreadableFile
from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.regions.models import Division
from luoshi.services.cockpit import geometry
from luoshi.services.cockpit.geometry import Polygon
from luoshi.services.cockpit.models import Boundary

MOST_BYTES = 50 * 2**20
# Properties that hold the code or the name of a division in files people have.
CODES = ("code", "adcode", "gb", "GB", "id", "ID", "PAC", "pac", "xzqdm", "XZQDM", "代码")
NAMES = ("name", "NAME", "name_zh", "fullname", "xzqmc", "XZQMC", "名称")


@dataclass(frozen=True)
class Imported:
    """What became of the outlines of a file: how many were kept, which names or codes matched no division in sight."""

    kept: int
    points: int
    points_before: int
    unmatched: tuple[str, ...]


def load(content: bytes, *, source: str, approval: str, by: User | str, scope: Scope) -> Imported:
    """Keep the outlines of a GeoJSON FeatureCollection (WGS 84 or CGCS 2000, degrees) for divisions inside the scope; one
    that was there is replaced. Raises `UnreadableFile` for what is no such file, `InvalidValue` where nothing matches,
    `Refused` without the permission."""
    scope.require("region.edit")
    features = read(content)
    known = {d.code: d for d in Division.objects.current().filter(scope.path_filter("path"))}
    named: dict[str, list[str]] = {}
    for division in known.values():
        named.setdefault(division.name, []).append(division.code)
    shapes: dict[str, list[Polygon]] = {}
    unmatched = []
    for properties, polygons in features:
        code = _match(properties, known, named)
        if code:
            shapes.setdefault(code, []).extend(polygons)
        else:
            unmatched.append(str(next((properties[k] for k in (*NAMES, *CODES) if properties.get(k)), "?"))[:40])
    if not shapes:
        raise InvalidValue(
            _("没有一个边界能对上管理范围内的区划。"),
            todo=_("要素属性里应有 code（区划代码）或 name（与区划名称相同）。"),
        )
    simple = geometry.simplified(shapes)
    with transaction.atomic():
        Boundary.objects.filter(division__in=simple).delete()
        name, now = by if isinstance(by, str) else by.get_username(), clock.now()
        Boundary.objects.bulk_create(
            Boundary(
                division=code,
                polygons=polygons,
                source=source.strip()[:200],
                approval=approval.strip()[:60],
                by=name,
                at=now,
            )
            for code, polygons in simple.items()
        )
        audit.record(
            by=by, action="boundary.import", object_type="boundary", object_id="geojson",
            detail={"kept": len(simple), "unmatched": len(unmatched), "source": source[:200]},
        )  # fmt: skip
    return Imported(len(simple), _points(simple), _points(shapes), tuple(unmatched))


def remove(*, division: str, by: User, scope: Scope) -> int:
    """Forget the outlines of a division and of those one step below. Raises `Refused`, `Http404`."""
    scope.require("region.edit")
    scope.division_or_404(division)
    codes = [division, *Division.objects.current().filter(parent__code=division).values_list("code", flat=True)]
    with transaction.atomic():
        count, _rows = Boundary.objects.filter(division__in=codes).delete()
        audit.record(
            by=by, action="boundary.remove", object_type="boundary", object_id=division, scope_division=division,
            detail={"removed": count},
        )  # fmt: skip
    return count


def read(content: bytes) -> list[tuple[Mapping[str, Any], list[Polygon]]]:
    """Properties and polygons of every feature. Raises `UnreadableFile` saying what is wrong."""
    if len(content) > MOST_BYTES:
        raise UnreadableFile(_("文件超过 50 MB。"), todo=_("请先用制图软件简化边界。"))
    try:
        data = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise UnreadableFile(_("不是 JSON 文件。"), todo=_("请导出为 GeoJSON（UTF-8）。")) from None
    features = data.get("features") if isinstance(data, dict) and data.get("type") == "FeatureCollection" else None
    if not isinstance(features, list) or not features:
        raise UnreadableFile(_("不是 GeoJSON 要素集（FeatureCollection），或里面没有要素。"))
    found = []
    for number, feature in enumerate(features, 1):
        geometry_ = feature.get("geometry") if isinstance(feature, dict) else None
        kind = geometry_.get("type") if isinstance(geometry_, dict) else None
        if kind not in ("Polygon", "MultiPolygon"):
            continue
        assert isinstance(geometry_, dict)
        coordinates: Any = geometry_.get("coordinates")
        polygons: Any = [coordinates] if kind == "Polygon" else coordinates
        try:
            made = [[[(float(p[0]), float(p[1])) for p in ring] for ring in polygon] for polygon in polygons]
        except (TypeError, ValueError, IndexError):
            raise UnreadableFile(_("第 %(n)s 个要素的坐标读不出来。") % {"n": number}) from None
        if any(abs(x) > 180 or abs(y) > 90 for polygon in made for ring in polygon for x, y in ring):
            raise UnreadableFile(
                _("第 %(n)s 个要素的坐标不是经纬度。") % {"n": number},
                todo=_("请转为 WGS 84 或 CGCS 2000 经纬度后导出。"),
            )
        whole = [[ring for ring in polygon if len(ring) >= 4] for polygon in made]
        properties = feature.get("properties") or {}
        found.append(({"id": feature.get("id"), **properties}, [polygon for polygon in whole if polygon]))
    if not any(polygons for _properties, polygons in found):
        raise UnreadableFile(_("里面没有面要素（Polygon 或 MultiPolygon）。"))
    return [one for one in found if one[1]]


def _match(properties: Mapping[str, Any], known: Mapping[str, Division], named: Mapping[str, Sequence[str]]) -> str:
    """The code of the division a feature is about; empty for none, or for a name that several have."""
    for key in CODES:
        text = str(properties.get(key) or "").strip()
        # 156440100 is how the national base map writes 440100, and codes come padded with zeros.
        for code in (
            text,
            text.removeprefix("156"),
            text.rstrip("0"),
            text.removeprefix("156").rstrip("0"),
            text[:6],
            text[:4],
        ):
            if code in known and (len(code) in (2, 4, 6, 9, 12) or not code.isdigit()):
                padded = code if code == text else ""
                if padded or set(text.removeprefix("156")[len(code) :]) <= {"0"}:
                    return code
    for key in NAMES:
        codes = named.get(str(properties.get(key) or "").strip(), ())
        if len(codes) == 1:
            return codes[0]
    return ""


def _points(shapes: Mapping[str, Sequence[Polygon]]) -> int:
    return sum(len(ring) for polygons in shapes.values() for polygon in polygons for ring in polygon)
