"""The rectification desk (整改): findings, notices, plans, checks, the ladder of 催办 → 约谈 → 通报, and the closing.

Serves the clauses on 检查—反馈—整改—销号 and 督查督办、跟踪问效. A finding closes by the value computed anew, or by the
signature of a named official; the page says which, with the figures.
"""
