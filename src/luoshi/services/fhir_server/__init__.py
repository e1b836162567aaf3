"""The FHIR R4 server (`/fhir/R4`): the door for systems that speak FHIR, to send, read, search and be told.

Plan clauses served: 健康医疗大数据中心, 互联互通, 病历处方实时归集. Words: an *interaction* is what FHIR names so (read, search,
create …); a *mark* is an entry of the search index (`platform.store.marks`); a *way* is how candidates are found; a
*delivery* is one message of a Subscription. It speaks JSON only. Everything is written by `platform.store.writing`, with
its rules: a resource is known by (source, type, id); what was received before changes nothing.
"""
