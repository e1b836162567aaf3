"""Duties: what a confirmed plan asks of whom, whether they know of it, how far they are, and what they hand in.

Serves 任务分解, 签收, 督查督办 and 跟踪问效 of every plan. Words: a *duty* is one promise or task given to one unit, as lead
or support; a *quota* is the part of a promise a unit answers for after a split; a *share* is one unit's part in a split;
*evidence* is a dated file that shows something was done; an *override* is a light set by hand, with a reason and an end;
a *query* is opened where a report and the data disagree. Pages are in `luoshi.services.duty_desk`.
"""
