"""Invented examinations with known truth: laboratory results, reports and studies that may or may not be recognised, and
ECG waveforms made by a formula.

A stream of its own: it changes nothing that the other generators draw. Each examination says what should become of it when
its item is ordered again (`Exam.fate`), decided here and not by the rules that are tested with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import numpy as np

from luoshi.simulate.chance import chance

LOINC: Final = "http://loinc.org"
# item of the list -> LOINC, Chinese name, unit, low, high, mean, spread
TESTS: Final[Mapping[str, tuple[str, str, str, float, float, float, float]]] = {
    "alt": ("1742-6", "丙氨酸氨基转移酶", "U/L", 9, 50, 31, 14),
    "creatinine": ("14682-9", "肌酐", "umol/L", 57, 111, 82, 16),
    "cholesterol": ("14647-2", "总胆固醇", "mmol/L", 3.1, 5.7, 5.0, 0.9),
    "ldl": ("22748-8", "低密度脂蛋白胆固醇", "mmol/L", 1.9, 3.4, 3.0, 0.8),
    "urate": ("14933-6", "尿酸", "umol/L", 208, 428, 350, 80),
    "tsh": ("3016-3", "促甲状腺激素", "mIU/L", 0.27, 4.2, 2.1, 1.0),
    "hbsag": ("5196-1", "乙型肝炎表面抗原", "IU/mL", 0, 0.05, 0.02, 0.01),
}
# What is planted, in turn: (fate, days ago as a share of the item's window, status, whether the maker holds a mark).
_FATES: Final = (
    ("recognise", 0.3, "final", True),
    ("recognise", 1.0, "final", True),
    ("recognise", 0.6, "corrected", True),
    ("too-old", 1.2, "final", True),
    ("no-mark", 0.4, "final", False),
    ("not-final", 0.2, "preliminary", True),
    ("recognise", 0.1, "final", True),
    ("conclusion-only", 0.3, "final", True),
)


@dataclass(frozen=True)
class Exam:
    """One invented examination. `fate`: recognise, too-old, no-mark, not-final or conclusion-only; `resource`: FHIR R4."""

    item: str
    producer: str
    day: date
    fate: str
    resource: dict[str, Any]


def laboratory(
    subjects: Sequence[dict[str, Any]],
    *,
    windows: Mapping[str, int],
    marked: Sequence[str],
    unmarked: Sequence[str],
    today: date,
    seed: int,
) -> list[list[Exam]]:
    """For each subject (a reference to a Patient) three examinations of different items, made by institutions with a
    quality mark or without.

    `windows`: days a result counts, by item. The fates go round, so that each occurs; values are drawn.
    """  # fmt: skip
    draw = chance(seed, "exams")
    names = list(TESTS)
    found: list[list[Exam]] = []
    turn = 0
    for n, subject in enumerate(subjects):
        own: list[Exam] = []
        for k in range(3):
            item = names[(n * 3 + k) % len(names)]
            fate, share, status, mark = _FATES[turn % len(_FATES)]
            turn += 1
            makers = marked if mark else unmarked
            producer = makers[int(draw.integers(len(makers)))]
            # Past the window by a day at least; inside it the last day counts.
            ago = int(windows[item] * share) + (1 if share > 1 else 0)
            day = today - timedelta(days=max(ago, 1 if share < 1 else ago))
            key = f"exam-{seed}-{n}-{k}"
            made = (
                conclusion(key, subject, item, day, producer)
                if fate == "conclusion-only"
                else observation(
                    key, subject, item, float(draw.normal(TESTS[item][5], TESTS[item][6])), day, producer, status
                )
            )
            own.append(Exam(item, producer, day, fate, made))
        found.append(own)
    return found


def observation(
    key: str, subject: dict[str, Any], item: str, value: float, day: date, producer: str, status: str = "final"
) -> dict[str, Any]:
    """A laboratory result as FHIR, its flag by the reference range."""
    code, name, unit, low, high, *_ = TESTS[item]
    value = round(max(value, low / 3 if low else high / 20), 2)
    flag = "H" if value > high else "L" if value < low else "N"
    return {
        "resourceType": "Observation",
        "id": key,
        "status": status,
        "category": [
            {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}]}
        ],
        "code": {"coding": [{"system": LOINC, "code": code}], "text": name},
        "subject": subject,
        "effectiveDateTime": day.isoformat(),
        "performer": [{"reference": f"Organization/{producer}"}],
        "valueQuantity": {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit},
        "interpretation": [
            {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", "code": flag}]}
        ],
        "referenceRange": [{"low": {"value": low, "unit": unit}, "high": {"value": high, "unit": unit}}],
    }


def conclusion(key: str, subject: dict[str, Any], item: str, day: date, producer: str) -> dict[str, Any]:
    """A report that holds a doctor's conclusion and no data: nothing to recognise."""
    code, name, *_ = TESTS[item]
    return {
        "resourceType": "DiagnosticReport",
        "id": key,
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": code}], "text": name},
        "subject": subject,
        "effectiveDateTime": day.isoformat(),
        "performer": [{"reference": f"Organization/{producer}"}],
        "conclusion": "未见明显异常。",
    }


# --- ECG --------------------------------------------------------------------------------------------------------------

LEADS: Final = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
# Waves of a beat: centre (s from the R peak), width (s), and height (mV) in limb lead I and II and in V1 to V6. After McSharry
# and others, IEEE Trans Biomed Eng 2003;50:289 (sums of Gaussians); heights are of a healthy adult, drawn by hand.
_WAVES: Final = (
    ("P", -0.16, 0.025, (0.08, 0.14), (0.05, 0.08, 0.10, 0.10, 0.09, 0.08)),
    ("Q", -0.034, 0.010, (-0.06, -0.09), (0.0, 0.0, -0.02, -0.06, -0.08, -0.08)),
    ("R", 0.0, 0.011, (0.70, 1.15), (0.22, 0.50, 0.85, 1.30, 1.20, 0.95)),
    ("S", 0.034, 0.012, (-0.12, -0.18), (-0.90, -1.15, -0.70, -0.35, -0.18, -0.10)),
    ("T", 0.26, 0.055, (0.18, 0.30), (0.05, 0.35, 0.40, 0.38, 0.32, 0.25)),
)


@dataclass(frozen=True)
class Heart:
    """What an invented ECG is made of, and so the truth about it. `rate` per minute; `irregular`: coefficient of variation
    of the intervals between beats; `st`: mV of elevation in V1 to V4; `noise`: mV."""

    rate: float = 72
    irregular: float = 0.02
    st: float = 0.0
    noise: float = 0.01
    p_wave: bool = True


def ecg(heart: Heart, *, seconds: float = 10, frequency: int = 500, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Twelve leads in millivolts (samples × 12, in the order of `LEADS`) and the true times of the R peaks in seconds."""
    draw = chance(seed, "ecg")
    mean = 60 / heart.rate
    peaks = [0.4]
    while peaks[-1] < seconds:
        peaks.append(peaks[-1] + max(0.3, mean * (1 + heart.irregular * float(draw.standard_normal()))))
    times = np.arange(int(seconds * frequency)) / frequency
    leads = np.zeros((len(times), 12))
    # The heart's repolarisation follows the rate (Bazett); the wave before the beat does not.
    stretch = min(1.15, max(0.7, mean**0.5))
    for name, centre, width, limb, chest in _WAVES:
        if name == "P" and not heart.p_wave:
            continue
        shift = stretch if name == "T" else 1.0
        shape = np.zeros(len(times))
        for peak in peaks:
            shape += np.exp(-(((times - peak - centre * shift) / width) ** 2) / 2)
        leads += np.outer(shape, _twelve(limb, chest))
    if heart.st:
        plateau = np.zeros(len(times))
        for peak in peaks:
            after = times - peak
            plateau += _step((after - 0.06) / 0.006) * _step((0.30 * stretch - after) / 0.02)
        leads += np.outer(plateau, _twelve((0.0, -heart.st / 3), (heart.st,) * 4 + (heart.st / 3, 0.0)))
    leads += draw.normal(0, heart.noise, leads.shape)
    leads += 0.03 * np.sin(2 * np.pi * 0.25 * times + float(draw.uniform(0, 6)))[:, None]
    inside = np.array([p for p in peaks if p < seconds - 0.02])
    return leads, inside


def _twelve(limb: tuple[float, float], chest: tuple[float, ...]) -> np.ndarray:
    """Heights in all twelve leads from those in I and II by Einthoven's and Goldberger's equations."""
    one, two = limb
    return np.array([one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2, *chest])


def _step(x: np.ndarray) -> np.ndarray:
    """A smooth step from 0 to 1."""
    return np.asarray((1 + np.tanh(x / 2)) / 2)
