"""SQL on FHIR v2: ViewDefinitions read strictly, compiled to one DuckDB query, and run.

`compile_view(view)` gives a `CompiledView` with `.columns` and `.sql(source)`; `run_view(view, source)` gives a DuckDB
relation over an NDJSON file or an Arrow table. `spark_sql(view, source)` is the same query for Spark, which `views.spark`
runs.
"""

from luoshi.records.views.compile import CompiledView, OutputColumn, compile_view
from luoshi.records.views.model import ViewError, read_view
from luoshi.records.views.run import catalog_view, rows, run_view, write
from luoshi.records.views.spark_dialect import spark_sql
from luoshi.records.views.values import quote

__all__ = [
    "CompiledView",
    "OutputColumn",
    "ViewError",
    "catalog_view",
    "compile_view",
    "quote",
    "read_view",
    "rows",
    "run_view",
    "spark_sql",
    "write",
]
