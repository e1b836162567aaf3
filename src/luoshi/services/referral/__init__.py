"""Referral up and down (分级诊疗双向转诊).

Serves the clauses on tiered care (分级诊疗、双向转诊、县域医共体、县域就诊率).
A township sends a patient up, a hospital answers within the
hours declared, keeps a bed or slot, treats, and sends a return summary; down-referral goes the same way round. Criteria,
diseases, routing and clocks are data (`catalog/rules/referral`); what may be shown of the record follows the resident's
consent and ends with the referral. Two systems refer to each other by FHIR (`exchange`).
Words: sender and receiver are the two institutions; a *peer* is another system; *green channel* is an emergency that is
accepted at once and filed afterwards.
"""
