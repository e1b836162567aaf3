"""Methods whose answer is no plain fraction: pure functions of arrays, each with its source and a published check.

`life_table` (life expectancy), `premature_mortality` (chance of dying at 30 to 69), `standardise` (age-adjusted rates),
`funnel` (limits for comparing units), `survey` (samples with strata, clusters and weights). They know no cohort, lake or
page. What they need beyond NumPy are the quantiles of SciPy.
"""
