"""Rectification (整改): a finding, its notice, the plan, what was handed in, the check, and the closing (销号).

Serves the clauses on 检查—反馈—整改—销号 and 督查督办. Words: a *finding* is one thing that is wrong at one unit; it is
closed by the data, when the value computed anew passes, or by the signature of a named official; a *step* of the ladder
(催办、约谈、通报) comes by the clock when a date was missed, and is dated both when it was due and when it was done.
"""
