"""One person: who was joined with whom and why, the index new arrivals are matched against, and what waits for a human.

The store gives every Patient the person its identifiers name (`records.identify`); that decision never changes here. On
top of it lies a forest of *links*: a link says that one person is another. A resource counts for the root of the person
it came in under, so taking a link away gives everything back to whom it belonged, whatever came in meanwhile.
`belongings` keep who a resource counted for at any time, so figures of the past stay as they were.

`links` places resources (called by the store's writer), `actions` merges, unmerges and answers reviews, `arrivals`
matches what is new, `queries` reads.
"""
