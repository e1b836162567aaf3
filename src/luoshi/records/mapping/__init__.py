"""The door for tables: CSV and XLSX by a declared mapping (YAML), strict, every row whole or refused in words.

`read_mapping` reads and checks a mapping, `translate` makes a transaction Bundle of every row. Pure.
"""

from luoshi.records.mapping.declared import TableMapping, parse_mapping, read_mapping
from luoshi.records.mapping.translate import RowError, translate

__all__ = ["RowError", "TableMapping", "parse_mapping", "read_mapping", "translate"]
