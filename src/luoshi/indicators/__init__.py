"""Definitions to checked SQL plans; roll-up, pace, verdicts. Knows no engine and no database."""
