"""Where to send a patient: alliance first, then the district, then up; down by disease list and home. Pure and explained.

Every suggestion says why it stands where it does; nothing is hidden, an institution that does not fit comes with what
speaks against it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from luoshi.services.referral import book

# Reasons are keys; `words.reason` says them.
ALLIANCE, DISTRICT, REGION, PEER = "alliance", "district", "region", "peer"


@dataclass(frozen=True)
class Place:
    """An institution as routing sees it. `path` is that of its division, `head` the code of the top of its alliance,
    `free`: beds or slots declared free (None: nothing declared), `fresh`: declared lately. `peer`: it is reached in
    another system."""

    code: str
    name: str
    type: str
    level: int
    path: str
    head: str
    parent: str = ""
    free: int | None = None
    fresh: bool = False
    peer: str = ""
    division_level: int = 0


@dataclass(frozen=True)
class Suggestion:
    """A place with its rank: `ring` is where it stands as seen from the sender, `reasons` speak for it, `doubts`
    against."""

    place: Place
    ring: str
    reasons: tuple[str, ...]
    doubts: tuple[str, ...]


def tier(type_: str, level: int, division_level: int) -> str:
    """The tier of an institution: the first declared rule that fits; "" for one that takes no patients."""
    for rule in book.rules().tiers:
        if (
            type_ in rule.types
            and (rule.level_at_least is None or level >= rule.level_at_least)
            and (rule.division_at_most is None or 0 < division_level <= rule.division_at_most)
        ):
            return rule.tier
    return ""


def tier_of(place: Place) -> str:
    """The tier of a place."""
    return tier(place.type, place.level, place.division_level)


def county_of(path: str) -> str:
    """The part of a division path down to the county: `/99/9901/990102/` of anything below it; the whole path of a
    place above a county."""
    parts = path.strip("/").split("/")
    return "/" + "/".join(parts[:3]) + "/" if path else ""


def up(
    sender: Place, places: Sequence[Place], targets: Collection[str], *, emergency: bool = False
) -> list[Suggestion]:
    """Places above the sender for criteria that ask for `targets` (of `routing.targets`), best first.

    Inside the alliance before the district before the rest of the region; within a ring those that offer what is asked,
    then the next tier before a higher one, then those with something free. An emergency goes to whoever offers what is
    asked, nearest ring first, however high.
    """
    at = book.TIERS.index(tier_of(sender))
    wanted = [book.rules().routing.targets[name] for name in targets if name in book.rules().routing.targets]
    found: list[tuple[tuple[object, ...], Suggestion]] = []
    for place in places:
        level = tier_of(place)
        if not level or place.code == sender.code or book.TIERS.index(level) <= at:
            continue
        ring = _ring(sender, place)
        fits = [target for target in wanted if _fits(target, place)]
        reasons: list[str] = [ring]
        doubts: list[str] = []
        if wanted:
            (reasons if len(fits) == len(wanted) else doubts).append("offers" if len(fits) == len(wanted) else "lacks")
        steps = book.TIERS.index(level) - at
        if steps == 1:
            reasons.append("next-tier")
        elif not emergency:
            doubts.append("skips")
        preferred = any(target.prefer_level and place.level >= target.prefer_level for target in fits)
        if preferred:
            reasons.append("capable")
        _capacity(place, reasons, doubts)
        order: tuple[object, ...] = (
            len(fits) != len(wanted),
            book.rules().routing.order.index(_RINGS[ring]),
            emergency and not preferred,
            steps,
            not place.free or not place.fresh,
            -(place.free or 0),
            place.code,
        )
        found.append((order, Suggestion(place, ring, tuple(reasons), tuple(doubts))))
    return [suggestion for _, suggestion in sorted(found, key=lambda pair: pair[0])]


def down(
    sender: Place,
    places: Sequence[Place],
    disease: book.Disease | None,
    *,
    home: str,
    managed_by: str = "",
    came_from: str = "",
) -> list[Suggestion]:
    """Places below the sender for a patient who lives in the division path `home`, best first: the one the patient came
    from, the one that manages them, the one of their township, then the sender's alliance, then the county."""
    at = book.TIERS.index(tier_of(sender))
    found: list[tuple[tuple[object, ...], Suggestion]] = []
    for place in places:
        level = tier_of(place)
        if not level or place.code == sender.code or book.TIERS.index(level) >= at or level == "village":
            continue
        ring = _ring(sender, place)
        reasons, doubts = [ring], []
        came, manages = place.code == came_from, place.code == managed_by
        near = bool(home) and home.startswith(place.path) and level == "township"
        county = bool(home) and county_of(home) == county_of(place.path)
        for holds, reason in (
            (came, "came-from"),
            (manages, "manages"),
            (near, "home"),
            (county and not near, "home-county"),
        ):
            if holds:
                reasons.append(reason)
        if not county:
            doubts.append("not-home")
        fits = disease is None or book.TIERS.index(level) >= book.TIERS.index(disease.to)
        if disease is not None:
            (reasons if fits else doubts).append("on-list" if fits else "beyond")
        _capacity(place, reasons, doubts)
        order = (
            not fits,
            not came,
            not manages,
            not near,
            not county,
            ring != ALLIANCE,
            level != "township",
            place.code,
        )
        found.append((order, Suggestion(place, ring, tuple(reasons), tuple(doubts))))
    return [suggestion for _, suggestion in sorted(found, key=lambda pair: pair[0])]


_RINGS: Mapping[str, str] = {ALLIANCE: "alliance", DISTRICT: "district", REGION: "up", PEER: "up"}


def _ring(sender: Place, place: Place) -> str:
    if place.peer:
        return PEER
    if place.head == sender.head:
        return ALLIANCE
    if county_of(place.path) == county_of(sender.path) and place.division_level > 2:
        return DISTRICT
    return REGION


def _fits(target: book.Target, place: Place) -> bool:
    return (
        place.type in target.types
        and place.level >= target.least_level
        and (
            not target.words or place.type != "specialist-hospital" or any(word in place.name for word in target.words)
        )
        and (bool(target.words) or place.type != "specialist-hospital")
    )


def _capacity(place: Place, reasons: list[str], doubts: list[str]) -> None:
    if place.free is None:
        return
    if place.free > 0 and place.fresh:
        reasons.append("free")
    elif place.free == 0:
        doubts.append("full")
    else:
        doubts.append("stale")
