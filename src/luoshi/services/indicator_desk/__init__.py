"""指标目录: every indicator with its definition and its values, for those who reckon on with them.

Serves the clauses of the plans that ask for a 监测评价指标体系 and for data shared between departments. Words: an indicator
is a definition; a value is that definition at one place for one period; a sheet is the values of one indicator for the
places below one place. Sheets leave as CSV, Excel, Parquet, FHIR MeasureReport, DHIS2 and ADX; small numbers are withheld
from all of them alike (`luoshi.platform.lake.withholding`).
"""
