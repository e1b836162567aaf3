"""What other services may ask of remote ECG."""

from __future__ import annotations

from luoshi.services.ecg.queries import Times, times

__all__ = ["Times", "times"]
