"""Rate and intervals of a tracing, measured by NeuroKit2 (https://neurokit2.readthedocs.io, MIT licence).

Beats come from one lead (II or the nearest there is), waves from its discrete wavelet delineation; an interval is the median
over the beats. Where fewer than three beats agree, or they differ by more than a quarter, there is no value: a wrong interval
is worse than none. Against the reference beats of MIT-BIH record 100 (30 minutes, lead MLII, 150 ms): sensitivity 99.87 %,
positive predictive value 100 % (tests/services/ecg/test_waveforms.py holds it). Measurements help the reader; they are no
diagnosis.
"""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass

import numpy as np

from luoshi.services.ecg.waveforms import Tracing

_ORDER = ("II", "MLII", "V5", "I", "V4", "V2", "V1")
_DELINEATED = 60  # seconds of a long tracing whose waves are measured
_LONGEST = 3600


@dataclass(frozen=True)
class Measures:
    """Beats per minute; milliseconds. `rr_variation`: standard deviation of the intervals between beats over their mean,
    percent; `qtc` by Fridericia; `lead`: measured on; None: not to be told from this tracing."""

    lead: str
    beats: int
    rate: float | None
    rr_variation: float | None
    longest_rr: float | None
    pr: float | None
    qrs: float | None
    qt: float | None
    qtc: float | None

    def as_dict(self) -> dict[str, float | int | str | None]:
        """All of it by name."""
        return asdict(self)


def available() -> bool:
    """Whether the measuring library is installed (the optional set `ecg`)."""
    from importlib.util import find_spec

    return find_spec("neurokit2") is not None


def measure(tracing: Tracing) -> Measures | None:
    """Measure a tracing; None where the library is not installed."""
    if not available():
        return None
    name = _lead(tracing)
    clean, peaks = _beats(tracing)
    if len(peaks) < 3:
        return Measures(name, len(peaks), None, None, None, None, None, None, None)
    rr = np.diff(peaks) / tracing.frequency * 1000
    waves = _waves(clean, peaks, round(tracing.frequency))
    factor = 1000 / tracing.frequency
    pr = _interval(waves, "ECG_P_Onsets", "ECG_R_Onsets", factor, (80, 400))
    qrs = _interval(waves, "ECG_R_Onsets", "ECG_R_Offsets", factor, (40, 240))
    qt = _interval(waves, "ECG_R_Onsets", "ECG_T_Offsets", factor, (200, 700))
    mean = float(rr.mean())
    return Measures(
        lead=name, beats=len(peaks), rate=round(60_000 / mean, 1), rr_variation=round(100 * float(rr.std()) / mean, 1),
        longest_rr=round(float(rr.max())), pr=pr, qrs=qrs, qt=qt,
        qtc=None if qt is None else float(round(qt / (mean / 1000) ** (1 / 3))),
    )  # fmt: skip


def beats(tracing: Tracing) -> np.ndarray:
    """The R peaks, in samples from the beginning. Needs the library."""
    return _beats(tracing)[1]


def _lead(tracing: Tracing) -> str:
    return next((n for n in _ORDER if n in tracing.leads), tracing.leads[0])


def _beats(tracing: Tracing) -> tuple[np.ndarray, np.ndarray]:
    """The cleaned lead and its R peaks; none on a flat line."""
    import neurokit2

    signal = tracing.lead(_lead(tracing))
    assert signal is not None
    signal = np.nan_to_num(signal[: int(_LONGEST * tracing.frequency)].astype(np.float64))
    whole, nothing = round(tracing.frequency), np.array([], dtype=int)
    if np.ptp(signal) < 0.05:
        return signal, nothing
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            clean = neurokit2.ecg_clean(signal, sampling_rate=whole)
            return clean, np.asarray(neurokit2.ecg_peaks(clean, sampling_rate=whole)[1]["ECG_R_Peaks"], dtype=int)
        except (ValueError, IndexError, ZeroDivisionError):
            return signal, nothing


def _waves(clean: np.ndarray, peaks: np.ndarray, whole: int) -> dict[str, np.ndarray]:
    """Onsets and offsets in samples by the library's names; empty where it finds none."""
    import neurokit2

    end = _DELINEATED * whole
    few = peaks[peaks < end]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = neurokit2.ecg_delineate(clean[:end], few, sampling_rate=whole, method="dwt")[1]
        except (ValueError, IndexError, ZeroDivisionError, TypeError, KeyError):
            return {}
    return {name: np.asarray(values, dtype=np.float64) for name, values in found.items()}


def _interval(
    waves: dict[str, np.ndarray], start: str, end: str, factor: float, sensible: tuple[float, float]
) -> float | None:
    """The median interval in milliseconds; None where fewer than three beats have it or its middle half spreads more
    than a quarter."""
    if start not in waves or end not in waves or len(waves[start]) != len(waves[end]):
        return None
    lengths = (waves[end] - waves[start]) * factor
    lengths = lengths[np.isfinite(lengths)]
    lengths = lengths[(lengths >= sensible[0]) & (lengths <= sensible[1])]
    if len(lengths) < 3:
        return None
    low, middle, high = np.percentile(lengths, (25, 50, 75))
    return float(round(middle)) if high - low <= middle / 4 else None
