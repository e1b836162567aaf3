"""What other services ask of the visit plan.

    rule = visits.programme("hypertension")
    found = visits.standing(rule, Subject(entered=…, visits=…), today)     # one person, one programme
    visits.merged([…])                                                     # one visit for all of a person's programmes

A list of thousands is a loop over values the caller fetched in one query; nothing here reads anything.
"""

from luoshi.services.visits.conditions import holds
from luoshi.services.visits.judging import judge, values_of
from luoshi.services.visits.merging import Merged, merged
from luoshi.services.visits.planning import eligible, measure, standing, state
from luoshi.services.visits.rulebook import Programme, Version, programme, programmes
from luoshi.services.visits.subjects import Due, Judged, Measure, Standing, Subject, Visit

__all__ = [
    "Due",
    "Judged",
    "Measure",
    "Merged",
    "Programme",
    "Standing",
    "Subject",
    "Version",
    "Visit",
    "eligible",
    "holds",
    "judge",
    "measure",
    "merged",
    "programme",
    "programmes",
    "standing",
    "state",
    "values_of",
]
