"""The door for clinical documents: HL7 CDA of the WS/T 500 family into FHIR, the original kept beside.

`translate` is pure: bytes in, a transaction Bundle out. What a document holds is read by `catalog/doors/cda.yaml`.
"""

from luoshi.records.cda.translate import translate

__all__ = ["translate"]
