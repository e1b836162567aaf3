"""Cloud imaging (云影像).

Serves the clauses on shared imaging centres and recognised examinations (影像云、检查资料共享). Pictures lie in a DICOMweb
archive (Orthanc) that only this platform speaks to; whose they are stands in the record as an ImagingStudy. Everybody - a
doctor's page, another system - comes through our address: scope, the resident's consent and the log of looks are the same as
for every other record.
"""
