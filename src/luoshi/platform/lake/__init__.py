"""The lake: the columnar copy of the store, made by the catalogue's ViewDefinitions, rebuilt or updated at any time.

`build` makes it anew, `update` redoes what changed since, `watch` keeps doing so. The layout is
`luoshi.kernel.lake_layout`; `results` and its neighbours hold what the indicators make of it.
"""
