"""What other services may use: writing records about a resident by the store's normal door, and the list of items."""

from __future__ import annotations

from luoshi.services.recognition.filing import file, recordable, subject
from luoshi.services.recognition.queries import place, workplaces
from luoshi.services.recognition.reading import producer
from luoshi.services.recognition.rules import ITEM_SYSTEM, Catalogue, Listed, catalogue

__all__ = [
    "ITEM_SYSTEM",
    "Catalogue",
    "Listed",
    "catalogue",
    "file",
    "place",
    "producer",
    "recordable",
    "subject",
    "workplaces",
]
