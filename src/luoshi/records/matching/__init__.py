"""Who is who when no identifier settles it: candidate pairs by keys, levels of agreement, weights learned without being
told the answers, three bands (same, review, different) and the evidence in words.

`scheme()` says what is compared (data of the catalogue), `Matcher` runs it in DuckDB over a million records or for one,
`evidence` words a pair. See docs/explanation/matching.md.
"""

from luoshi.records.matching.engine import BANDS, Matcher, Scored
from luoshi.records.matching.evidence import Finding, evidence
from luoshi.records.matching.model import Model
from luoshi.records.matching.patients import raw_row
from luoshi.records.matching.scheme import Scheme, scheme

__all__ = ["BANDS", "Finding", "Matcher", "Model", "Scheme", "Scored", "evidence", "raw_row", "scheme"]
