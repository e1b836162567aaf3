"""The desk of sources: who sends records, whether they are heard, what was refused, and what waits for a decision.

Serves 病历处方实时归集 and 信息互联互通: an institution's engineer sees the same day what became of what was sent, and the data
steward sees who is silent. Words: those of `platform.sources`; a *standing* is how a source stands now; the *answer*
is what became of a day, for the sender.
"""
