"""Appraisal (考核) and dispatch meetings (调度会): the scores an office publishes, and what it decides about them.

Serves the clauses on the index that steers (考核“指挥棒”), 季度调度 and 跟踪问效. Words: a *scheme* says what is scored
and how; a *run* applies one version of it to the divisions below an office on a day and keeps everything it was reckoned
from; an *appeal* contests one score of an announced run; a *meeting* goes through the divisions one by one, and its
*decisions* become duties.
"""
