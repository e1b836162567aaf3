"""Are the records right, in time, and real (数据质量与真实性)?

Serves the clauses on quality control of health data (数据质量控制, 数据真实性核查, 同日反馈). The library of checks is data
(`catalog/checks`); they run in sets over the lake, per source and day received, and become a scorecard the sender sees
the same day, with the rows behind it and the promises they touch. Rows given back are watched until they are mended.
The authenticity desk shows statistical signs of records made at the desk; a person judges, never the program.
"""
