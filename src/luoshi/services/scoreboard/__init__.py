"""The scoreboard: where each promise stands, from the plan's sentence down to the people not yet counted.

Serves every plan loaded at the plan desk; it adds no data of its own. Words: a *standing* is one target measured for
one place on one day; a *light* is green, yellow, red or grey, and grey says what is missing; a *place* is a division,
or a single institution for those who see no more than that; the *missed* are those in the denominator of an indicator
and not in its numerator, each with a reason.
"""
