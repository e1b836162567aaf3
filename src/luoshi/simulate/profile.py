"""How well each part of the city does its work: the shares everything else is drawn from.

Columns follow `words.COUNTIES` and the zone. Two counties (望岭, 白泽) lag on hypertension and contracts, and one
(白泽) on the care of mothers; these differences are what a board over the region should find.
"""

from __future__ import annotations

import numpy as np

from luoshi.simulate.chance import Floats, Ints

# Share reached in a year, or per due visit, by county:     明湖   棠溪   望岭   白泽   高新区
_SHARES: dict[str, tuple[float, float, float, float, float]] = {
    "htn-visit": (0.950, 0.940, 0.845, 0.820, 0.955),
    "dm-visit": (0.945, 0.935, 0.880, 0.870, 0.950),
    "pressure-at-goal": (0.66, 0.64, 0.52, 0.50, 0.68),
    "checkup-managed": (0.93, 0.92, 0.85, 0.84, 0.93),
    "checkup-elderly": (0.80, 0.79, 0.73, 0.74, 0.78),
    "tcm-elderly": (0.78, 0.77, 0.74, 0.70, 0.74),
    "tb-screen": (0.70, 0.78, 0.84, 0.80, 0.60),
    "cataract-screen": (0.42, 0.40, 0.30, 0.33, 0.38),
    "contract": (0.66, 0.64, 0.44, 0.41, 0.62),
    "contract-priority": (0.94, 0.93, 0.78, 0.75, 0.92),
    "renewal": (0.95, 0.94, 0.85, 0.83, 0.94),
    "early-card": (0.975, 0.970, 0.965, 0.860, 0.975),
    "antenatal": (0.980, 0.975, 0.970, 0.900, 0.980),
    "postnatal": (0.980, 0.975, 0.970, 0.880, 0.980),
    "newborn-visit": (0.975, 0.970, 0.960, 0.900, 0.970),
    "prenatal-screen": (0.84, 0.82, 0.76, 0.66, 0.85),
    "child-visit": (0.950, 0.945, 0.930, 0.915, 0.945),
    "tcm-child": (0.95, 0.94, 0.90, 0.88, 0.94),
    "eye-check": (0.96, 0.95, 0.90, 0.89, 0.95),
    "smd-visit": (0.965, 0.960, 0.930, 0.935, 0.960),
    "tb-home-visit": (0.96, 0.95, 0.91, 0.92, 0.96),
    "cervical-screen": (0.58, 0.55, 0.46, 0.42, 0.60),
    "ambulance-prompt": (0.97, 0.95, 0.90, 0.88, 0.97),
}


def share(name: str, county: Ints) -> Floats:
    """The county's share for each row of `county`."""
    return np.asarray(np.array(_SHARES[name])[county], dtype=np.float64)


def uptake(name: str, county: Ints, care: Floats, spread: float = 0.7) -> Floats:
    """The share for each person: the county's, moved by how readily the person takes up services (on the log-odds)."""
    base = np.array(_SHARES[name])
    odds = np.log(base / (1 - base))[county] + spread * care
    return np.asarray(1 / (1 + np.exp(-odds)), dtype=np.float64)
