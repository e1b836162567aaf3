"""Definitions to checked SQL plans; roll-up, pace, verdicts. Knows no engine and no database.

`Catalogue.load()` reads every cohort and indicator of `luoshi.catalog`; `measure` turns a numerator and a denominator
into a value with its reason and flags; `pace.judge` turns a value into a light.
"""

from luoshi.indicators.catalogue import Catalogue
from luoshi.indicators.cohort import Cohort
from luoshi.indicators.definition import Indicator
from luoshi.indicators.measure import Measured, measure
from luoshi.indicators.pace import Light, judge

__all__ = ["Catalogue", "Cohort", "Indicator", "Light", "Measured", "judge", "measure"]
