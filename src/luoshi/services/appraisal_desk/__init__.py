"""The appraisal desk (考核与调度): schemes, runs, appeals, and the screens of a dispatch meeting.

Serves the clauses on 考核评价, 结果运用 and 季度调度. The rules, tables and reckoning lie in `luoshi.supervision.appraisal`;
here are the pages, the files and the REST face of them.
"""
