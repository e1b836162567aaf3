"""Chronic care (慢病管理): the register of six diseases, today's visits, the visit form, the village's offline pack.

Serves the clauses on chronic disease (高血压、糖尿病规范管理率;三高共管六病同防;两慢病). Patients are those with an open
EpisodeOfCare of a disease; when each is due is told by the visit plan (`services.visits`); what is saved here is written
as FHIR through the store's door, so that indicators count it like every other record. Words: a *member* is a person
managed for at least one disease, with the standing of each; a *candidate* is a resident whose records speak for a
disease nobody manages; an *enrolment* is the state of one person in one disease; a *pack* is a part of the register
taken to a village without network.
"""
