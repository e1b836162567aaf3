"""Luoshi (落实): reads a health work plan, measures its promises from the records, shows who must act."""
