"""The cockpit (落实大屏): plan → action → target at a glance, for a leader on a large screen and on a phone.

Serves the clauses on 常态化调度, 跟踪问效 and 挂图作战. The board at `/` is for working through promises; the cockpit shows
the same standings on one screen: the map of divisions, every promise as one mark, what moved, what needs a decision, who
has never opened theirs.
"""
