"""One module per file format; each turns a file into a Document: text, blocks, tables, pages, offsets."""
