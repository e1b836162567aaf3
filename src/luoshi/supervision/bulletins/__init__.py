"""Bulletins and the other papers an office must issue: made from the standings, signed, issued, kept as they were.

Serves 监测、调度、通报 of every plan. An *issue* is one paper of one division and period, with the day up to which
knowledge counted; its figures carry an index that leads to their evidence; what was issued never changes, and can be
proven again from the lake as it was known then. A *template* is text the office may edit; a *schedule* sends papers.
"""
