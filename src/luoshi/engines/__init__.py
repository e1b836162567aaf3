"""Run an indicator plan. Nothing outside this package imports DuckDB or Spark for measuring."""
