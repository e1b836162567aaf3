"""The Django applications every service shares: regions, access, audit, store, lake, jobs."""
