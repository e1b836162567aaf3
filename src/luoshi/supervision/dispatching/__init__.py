"""Dispatches (派单): the named gap behind a failing target, sent to those who can act, and what the data say became of it.

Serves the clauses on 调度督导 and 跟踪问效. Words: a *dispatch* is what was sent for one target at one division on one
day; an *item* is one subject of it (a resident, a birth, a place) with the reason it was missing then. An item has two
sides that never mix: what people say they did (`state`), and what the data show (`data`), which alone settles it.
"""
