"""Titles that institutions, villages and counties hold beside the first ones: departments, specialties, levels, pilots."""

from __future__ import annotations

from typing import Any

from luoshi.simulate.chance import Span, chance, iso
from luoshi.simulate.geography import Geography, Institution

# title -> (types, lowest level, share). Held at most once.
_OF_INSTITUTIONS: dict[str, tuple[tuple[str, ...], int, float]] = {
    "hp-hospital": (("general-hospital", "tcm-hospital", "mch-hospital", "specialist-hospital"), 2, 0.68),
    "tcm-corner": (("township-centre", "community-centre"), 1, 0.42),
    "tcm-6x10": (("township-centre", "community-centre"), 1, 0.85),
    "tcm-hall-model": (("township-centre", "community-centre"), 1, 0.12),
    "tcm-hall-flagship": (("township-centre", "community-centre"), 1, 0.06),
    "tcm-room": (("village-room", "community-station"), 0, 0.16),
    "tcm-dept": (("general-hospital", "mch-hospital"), 2, 0.75),
    "rehab-dept": (("tcm-hospital",), 2, 0.7),
    "county-tcm-recommended": (("tcm-hospital",), 2, 0.6),
    "thousand-county": (("general-hospital",), 2, 0.5),
    "foodborne-sentinel": (("general-hospital", "tcm-hospital", "township-centre", "community-centre"), 1, 0.72),
    "neonatal-centre": (("general-hospital", "mch-hospital"), 2, 0.4),
    "picu": (("general-hospital", "mch-hospital"), 2, 0.3),
    "bsl2-plus": (("cdc", "general-hospital"), 0, 0.3),
    "epidemic-base": (("general-hospital", "specialist-hospital"), 2, 0.2),
    "subcentre": (("township-centre",), 1, 0.12),
    "tcm-studio": (("township-centre", "community-centre"), 1, 0.3),
    "mch-two-centres": (("mch-hospital",), 2, 0.6),
}  # fmt: skip
# title -> (types, lowest level, how many on average): specialties and disciplines, several in one house
_SEVERAL: dict[str, tuple[tuple[str, ...], int, float]] = {
    "specialty-national": (("general-hospital", "tcm-hospital"), 3, 0.7),
    "specialty-provincial": (("general-hospital", "tcm-hospital", "mch-hospital"), 3, 1.6),
    "specialty-city": (("general-hospital", "tcm-hospital", "mch-hospital", "specialist-hospital"), 2, 1.4),
    "specialty-county": (("general-hospital", "tcm-hospital", "mch-hospital"), 2, 1.2),
    "specialty-mch": (("mch-hospital",), 2, 0.6),
    "specialty-tcm": (("tcm-hospital",), 2, 0.9),
    "discipline-provincial": (("general-hospital", "tcm-hospital"), 3, 0.8),
    "discipline-city": (("general-hospital", "tcm-hospital", "mch-hospital"), 2, 0.7),
    "discipline-district": (("general-hospital", "tcm-hospital", "mch-hospital"), 2, 0.9),
}
# graded reviews: lowest and highest grade of hospitals of level 2, and of level 3
_GRADES = {"emr-level": ((2, 4), (3, 5)), "smart-service": ((0, 2), (1, 3)), "interop-level": ((0, 3), (2, 4))}
# title -> (level of division, urban only, share)
_OF_DIVISIONS: dict[str, tuple[int, bool, float]] = {
    "healthy-community": (5, True, 0.31), "vph-committee": (5, False, 0.94), "sanitary-town": (4, False, 0.55),
    "telemedicine": (3, False, 0.8), "hpv-vaccine-county": (3, False, 0.6), "fluoride-tooth": (3, False, 0.4),
    "myopia-pilot": (3, False, 0.5), "ncd-demo": (3, False, 0.4),
}  # fmt: skip


def honours(where: Geography, span: Span, seed: int) -> list[dict[str, Any]]:
    """More rows of the register of titles."""
    draw = chance(seed, "honours")
    rows: list[dict[str, Any]] = []
    taken: set[tuple[str, str, int]] = set()

    def grant(title: str, *, institution: str = "", division: str = "", lasts: bool = True) -> None:
        day = span.end - int(draw.integers(5, 1500))
        while (institution or division, title, day) in taken:
            day -= 1
        taken.add((institution or division, title, day))
        revoked = "" if lasts or draw.random() > 0.05 else iso(day + int(draw.integers(5, 700)))
        rows.append(
            {"institution": institution, "division": division, "title": title, "granted": iso(day),
             "revoked": revoked}
        )  # fmt: skip

    for place in where.institutions:
        for title, (types, low, share) in _OF_INSTITUTIONS.items():
            if place.type in types and place.level >= low and draw.random() < share:
                grant(title, institution=place.code, lasts=False)
        for title, (types, low, often) in _SEVERAL.items():
            if place.type in types and place.level >= low:
                for _ in range(int(draw.poisson(often))):
                    grant(title, institution=place.code)
        for title, ranges in _GRADES.items():
            if _reviewed(place):
                low, high = ranges[place.level - 2]
                grade = int(draw.integers(low, high + 1))
                if grade:
                    grant(f"{title}-{grade}", institution=place.code)
    for division in where.divisions:
        for title, (level, urban, share) in _OF_DIVISIONS.items():
            if division.level == level and (division.urban or not urban) and draw.random() < share:
                grant(title, division=division.code, lasts=False)
    return rows


def _reviewed(place: Institution) -> bool:
    return (
        place.type in ("general-hospital", "tcm-hospital", "mch-hospital", "specialist-hospital") and place.level >= 2
    )
