"""Long work in the background, with progress that survives a restart.

`registry.job("name")` declares a function in the `jobs` module of an application; `queue.start("name", by=user, …)`
queues it; `luoshi server work` runs it and writes how far it is; `/jobs/<id>/` shows that. A job declared with `every`
also runs by the clock: see `timetable`.
"""
