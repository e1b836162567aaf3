"""Duty, report, check, rectify, close: the loop from a gap to a closed item."""
