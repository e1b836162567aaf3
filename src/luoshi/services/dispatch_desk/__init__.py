"""The dispatch desk (派单): from a failing target to the people and places behind it, sent to those who can act.

Serves the clauses on 调度督导 and 跟踪问效: a leader sends the gap of a target; an institution finds its items grouped by
what to do, says what it did or why it cannot; the data confirm; the page shows how much of the gap the dispatch closed.
"""
