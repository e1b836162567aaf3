"""Referrals between two systems, as FHIR: ServiceRequest (what is asked), Task (where it stands), Appointment (what is
kept), DocumentReference (the attached record, taken back when the referral ends).

The receiving side is the authority once a referral is submitted: what the sender does then is a proposal, applied there
or answered with how it stands. Every message carries its version and the last version heard from the other side, so
that what is sent twice or too late changes nothing, and both end in the same state whatever was lost in between.
"""
