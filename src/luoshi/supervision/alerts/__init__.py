"""Alerts (消息): what happened, what to do, where; to the person who can do it, once.

Serves the clauses on timely reminders and early warning (预警提醒、跟踪问效). A *message* is one event for one reader, read
in the page; what leaves the house by mail or webhook is one *digest* a reader and day, and a few urgent messages. Nothing
that leaves names a resident.
"""
