"""The inbox (消息): a person's own messages, what to do about each, and how they want to be reached.

Serves the clauses on timely reminders (提醒、预警、催办). Nobody reads another's messages; what leaves by mail or by a
group robot is decided in `luoshi.supervision.alerts` and shown here as sent, waiting or given up.
"""
