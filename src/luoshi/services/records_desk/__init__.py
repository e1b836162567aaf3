"""The records desk: one resident, what is known of them, who knows it from where, and who looked.

Serves 居民电子健康档案 and the last step of every number: from the people not counted to the person, from the person to
the source resource. Words: a *card* names a resident in a list; an *entry* is one thing that happened, with the resource
it was read from; a *trend* is a measured quantity over time; a *standing* here is whether a person counts for an
indicator, and why not.
"""
