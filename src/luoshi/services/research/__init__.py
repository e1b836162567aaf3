"""De-identified data for research (科研用去标识数据).

Serves the clauses on opening health data for research with safeguards (数据安全、去标识化、科研应用). A project asks for
columns of one table, blurred to declared steps; two people who are not the applicant approve; the export is made only
where every combination of quasi-identifiers is shared by k residents; who took what is kept, and the project's key is
destroyed when it is closed, so pseudonyms can never be joined again.
"""
