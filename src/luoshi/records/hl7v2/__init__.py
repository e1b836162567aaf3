"""The door for HL7 v2: ADT (who, where, when) and ORU^R01 (results) into FHIR, and the acknowledgement.

`parse` reads a message, `translate` makes a transaction Bundle of it, `answer` acknowledges. All pure.
"""

from luoshi.records.hl7v2.answers import answer
from luoshi.records.hl7v2.message import Message, NotSupported, parse
from luoshi.records.hl7v2.translate import translate

__all__ = ["Message", "NotSupported", "answer", "parse", "translate"]
