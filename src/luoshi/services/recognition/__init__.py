"""Mutual recognition of tests and examinations (检查检验结果互认).

Serves the clauses on recognising results between institutions (检查检验结果互认共享、互认项目数、互认率). When a doctor orders an
examination that the list names, the resident's earlier results are looked up in one query; where one is recent enough and
the laboratory's quality mark reaches the place of ordering, the doctor is alerted - in the page or in their own system by
CDS Hooks - sees the result at one click, and recognises it or repeats with a lawful reason. Every alert and its answer is
kept: the recognition rate, the reasons and the money saved are counted from them. A report's conclusion is never recognised.
"""
