"""Long work in the background, with progress that survives a restart.

`@job("name")` declares a function; `start("name", by=user, …)` queues it; the worker runs it and writes how far it is.
"""
