"""What of a resident's record who may see: categories of secrecy, the resident's choices, and the ways around them.

Words: a *category* is a kind of record (`catalog/rules/record-categories.yaml`); a *choice* opens or closes one for
everybody who has no other ground; a *sharing* lets in, or keeps out, one institution for a purpose and a time; *break
glass* is a look in an emergency, with a reason, an end and a review; a *dispute* is what a resident holds to be wrong.

`rules.may_see` decides, purely; `public` is what pages and the FHIR server call.
"""
