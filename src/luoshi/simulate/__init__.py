"""A synthetic region whose true answers are known, made without looking at the indicator SQL."""
