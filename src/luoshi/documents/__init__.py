"""One module per file format; each turns a file into a Document: text, blocks, tables, pages, offsets."""

from luoshi.documents.model import Block, Document, Table
from luoshi.documents.opening import open_document

__all__ = ["Block", "Document", "Table", "open_document"]
