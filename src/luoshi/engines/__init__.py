"""Run an indicator plan. Nothing outside this package imports DuckDB or Spark for measuring.

`engine()` gives the engine in use; `LakeDirectory` is the Parquet both engines read; `ResultStore` keeps what was
evaluated, with the cohort rows behind it, for pages that must answer in milliseconds.
"""

from luoshi.engines.base import Engine, Listed, Request, Results, engine
from luoshi.engines.lake import LakeDirectory
from luoshi.engines.store import ResultStore

__all__ = ["Engine", "LakeDirectory", "Listed", "Request", "ResultStore", "Results", "engine"]
