"""A synthetic region whose true answers are known, made without looking at the indicator SQL.

`luoshi.simulate.city.invent` decides everything in arrays; `fhir`, `lake` and `registers` write what was decided;
`truth` counts the answers from the same arrays. See `docs/explanation/synthetic-region.md`.
"""
