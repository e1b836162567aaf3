"""The `luoshi` command: thin, one module per noun."""
