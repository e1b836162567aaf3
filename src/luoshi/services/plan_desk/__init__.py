"""The plan desk: a plan document goes in, is read into items, and an officer confirms every promise in it.

Serves every plan; no clause of its own. Words: an *item* is an action (section), a task or a target; a *target* is one
promise with a number; a *binding* says how the promise can be measured: from an indicator, a register, a dated
deliverable, or only by report. Nothing reaches the board before its plan is confirmed. A correction never overwrites
silently: what stood there, what stands there now, who and when are kept.
"""
