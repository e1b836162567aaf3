"""What the cockpit makes of standings: shares, classes of colour, who is silent. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from luoshi.supervision.sources import Standing

LIGHTS = ("green", "yellow", "red", "grey")
# Lower ends of the five classes of the share of promises on time.
CLASSES = (0.0, 0.2, 0.4, 0.6, 0.8)


def count(standings: Iterable[Standing]) -> dict[str, int]:
    """Number of each light, every light present."""
    counts = dict.fromkeys(LIGHTS, 0)
    for one in standings:
        counts[one.light] += 1
    return counts


def class_of(counts: Mapping[str, int]) -> int | None:
    """The class (0 to 4) of the share on time among those that can be judged; None where nothing can."""
    judged = sum(counts[key] for key in ("green", "yellow", "red"))
    if not judged:
        return None
    share = counts["green"] / judged
    return max(n for n, low in enumerate(CLASSES) if share >= low)


@dataclass(frozen=True)
class Seat:
    """Accounts of a division and below: how many there are, how many ever signed in."""

    division: str
    name: str
    accounts: int
    opened: int

    @property
    def silent(self) -> bool:
        """Whether nobody there ever opened anything."""
        return self.opened == 0


def seats(divisions: Sequence[tuple[str, str, str]], accounts: Iterable[tuple[str, bool]]) -> list[Seat]:
    """For each division (code, name, path) the accounts (path of their place, whether they ever signed in) in it."""
    held = list(accounts)
    found = []
    for code, name, path in divisions:
        here = [opened for place, opened in held if place.startswith(path)]
        found.append(Seat(code, name, len(here), sum(here)))
    return found
